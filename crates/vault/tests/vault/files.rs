//! The format of a sealed file: what goes in comes out, and nothing else does.

use std::io::Write;

use proptest::prelude::*;
use winsight_vault::{SealedReader, SealedWriter, Vault, VaultError, plain_size, sealed_size};

const CHUNK: usize = 64 * 1024;
const STORED_CHUNK: usize = CHUNK + 16;
const HEADER: usize = 48;

fn vault() -> Vault {
    Vault::ephemeral().expect("a vault")
}

fn contents(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 31 % 251).expect("small")).collect()
}

fn sealed(vault: &Vault, path: &str, contents: &[u8]) -> Vec<u8> {
    let mut writer = SealedWriter::new(Vec::new(), vault, path).expect("begins");
    // In uneven pieces, so that nothing depends on how a file is written.
    for piece in contents.chunks(10_007) {
        writer.write_all(piece).expect("writes");
    }
    writer.finish().expect("ends")
}

fn read(vault: &Vault, path: &str, stored: &[u8]) -> std::io::Result<Vec<u8>> {
    let reader = SealedReader::new(stored, vault, path)?;
    Ok(reader.read(0..u64::MAX)?.to_vec())
}

fn is_tampered(error: &std::io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<VaultError>());
    matches!(
        cause,
        Some(
            VaultError::Tampered { .. }
                | VaultError::NotSealed { .. }
                | VaultError::UnknownKey { .. }
        )
    )
}

/// Lengths around the borders of chunks.
const LENGTHS: [usize; 9] =
    [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK + 17];

#[test]
fn what_was_sealed_is_read_back_whole() {
    let vault = vault();
    for length in LENGTHS {
        let contents = contents(length);
        let stored = sealed(&vault, "deals/one", &contents);
        assert_eq!(read(&vault, "deals/one", &stored).expect("opens"), contents, "{length}");
        assert_eq!(stored.len() as u64, sealed_size(length as u64), "{length}");
        assert_eq!(plain_size(stored.len() as u64), Some(length as u64), "{length}");
    }
}

#[test]
fn the_same_contents_never_look_the_same() {
    let vault = vault();
    let (one, other) = (sealed(&vault, "a", b"deal"), sealed(&vault, "a", b"deal"));
    assert_ne!(one[HEADER..], other[HEADER..]);
}

#[test]
fn a_file_is_refused_under_another_name_and_with_other_keys() {
    let vault = vault();
    let stored = sealed(&vault, "deals/one", b"won");
    for (vault, path) in
        [(&vault, "deals/two"), (&vault, "deals/on"), (&self::vault(), "deals/one")]
    {
        let error = read(vault, path, &stored).expect_err("refused");
        assert!(is_tampered(&error), "{path}: {error}");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let vault = vault();
    let stored = sealed(&vault, "deals/one", &contents(300));
    for place in 0..stored.len() {
        for bit in [1, 128] {
            let mut changed = stored.clone();
            changed[place] ^= bit;
            let error = read(&vault, "deals/one", &changed).expect_err("refused");
            assert!(is_tampered(&error), "byte {place}: {error}");
        }
    }
}

#[test]
fn a_changed_byte_in_any_chunk_is_noticed() {
    let vault = vault();
    let stored = sealed(&vault, "deals/one", &contents(3 * CHUNK + 17));
    for chunk in 0..4 {
        for within in [0, 16] {
            let mut changed = stored.clone();
            changed[HEADER + chunk * STORED_CHUNK + within] ^= 1;
            let error = read(&vault, "deals/one", &changed).expect_err("refused");
            assert!(is_tampered(&error), "chunk {chunk}: {error}");
        }
    }
}

#[test]
fn every_truncation_is_noticed() {
    let vault = vault();
    let small = sealed(&vault, "deals/one", &contents(300));
    for length in 0..small.len() {
        let error = read(&vault, "deals/one", &small[..length]).expect_err("refused");
        assert!(is_tampered(&error), "{length}: {error}");
    }
    let large = sealed(&vault, "deals/one", &contents(3 * CHUNK + 17));
    for chunks in 0..4 {
        for more in [0, 1, 15, 16, 17] {
            let length = HEADER + chunks * STORED_CHUNK + more;
            let error = read(&vault, "deals/one", &large[..length]).expect_err("refused");
            assert!(is_tampered(&error), "{chunks} chunks and {more} bytes: {error}");
        }
    }
}

#[test]
fn added_and_exchanged_chunks_are_noticed() {
    let vault = vault();
    let stored = sealed(&vault, "deals/one", &contents(3 * CHUNK));
    let chunk =
        |number: usize| HEADER + number * STORED_CHUNK..HEADER + (number + 1) * STORED_CHUNK;
    let mut exchanged = stored.clone();
    exchanged[chunk(0)].copy_from_slice(&stored[chunk(1)]);
    exchanged[chunk(1)].copy_from_slice(&stored[chunk(0)]);
    let mut added = stored.clone();
    added.extend_from_slice(&stored[chunk(2)]);
    let mut headed_by_another = stored.clone();
    let another = sealed(&vault, "deals/one", &contents(3 * CHUNK));
    headed_by_another[..HEADER].copy_from_slice(&another[..HEADER]);
    for changed in [exchanged, added, headed_by_another] {
        assert!(is_tampered(&read(&vault, "deals/one", &changed).expect_err("refused")));
    }
}

#[test]
fn a_range_of_no_length_has_no_contents() {
    let vault = vault();
    for (length, offset) in [(0, 0), (1, 0), (1, 1), (CHUNK, CHUNK), (CHUNK + 1, CHUNK - 1)] {
        let stored = sealed(&vault, "deals/one", &contents(length));
        let reader = SealedReader::new(stored.as_slice(), &vault, "deals/one").expect("opens");
        let offset = offset as u64;
        assert_eq!(reader.read(offset..offset).expect("reads").len(), 0, "{offset} of {length}");
    }
}

#[test]
fn something_that_was_never_sealed_is_named() {
    for stored in [&b""[..], b"PAR1", &[7; 5000]] {
        let error = read(&vault(), "deals/one", stored).expect_err("refused");
        assert!(error.to_string().contains("deals/one is not a sealed file"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_range_of_any_file_is_what_was_written(
        length in prop_oneof![0..200usize, 0..(3 * CHUNK + 100), Just(CHUNK), Just(2 * CHUNK)],
        (one, other) in (0..1000u64, 0..1000u64),
    ) {
        let vault = vault();
        let contents = contents(length);
        let stored = sealed(&vault, "deals/one", &contents);
        let reader = SealedReader::new(stored.as_slice(), &vault, "deals/one").expect("opens");
        let place = |share: u64| share * (length as u64 + 2) / 1000;
        let range = place(one.min(other))..place(one.max(other));
        let read = reader.read(range.clone()).expect("reads");
        let cut = |offset: u64| usize::try_from(offset).expect("small").min(length);
        prop_assert_eq!(&read[..], &contents[cut(range.start)..cut(range.end)]);
    }

    #[test]
    fn a_stored_length_has_contents_of_one_length_at_most(stored in 0..300_000u64) {
        if let Some(plain) = plain_size(stored) {
            prop_assert_eq!(sealed_size(plain), stored);
        }
    }
}
