//! Changing keys: killed at any moment, the key that is stored opens the keyring.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use tempfile::tempdir;
use winsight_vault::{
    KeySource, Keyring, MasterKey, Rotation, SealedReader, SealedWriter, Vault, VaultError,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn seal(vault: &Vault) -> Vec<u8> {
    let mut writer = SealedWriter::new(Vec::new(), vault, "deals").expect("begins");
    writer.write_all(b"won").expect("writes");
    writer.finish().expect("ends")
}

fn open(vault: &Vault, stored: &[u8]) -> std::io::Result<Vec<u8>> {
    Ok(SealedReader::new(stored, vault, "deals")?.read(0..3)?.to_vec())
}

fn vault(ring: &Keyring) -> Vault {
    ring.vault("workspaces/acme").expect("a vault")
}

fn new_ring(home: &Path) -> (Keyring, KeySource) {
    let path = home.join("winsight.key");
    MasterKey::generate().expect("random").write_new(&path).expect("writes");
    let source = KeySource::File(path);
    let master = MasterKey::read(&source).expect("reads");
    (Keyring::create(home, master, NOW).expect("creates"), source)
}

fn begin(home: &Path, source: &KeySource) -> Rotation {
    Rotation::begin(home, source).expect("begins")
}

fn open_ring(home: &Path, source: &KeySource) -> Result<Keyring, VaultError> {
    Keyring::open(home, MasterKey::read(source)?)
}

#[test]
fn a_new_master_key_opens_what_the_old_one_did() {
    let home = tempdir().expect("a folder");
    let (ring, source) = new_ring(home.path());
    let stored = seal(&vault(&ring));
    let KeySource::File(path) = &source else { panic!("a file") };
    let old = MasterKey::read(&source).expect("reads");
    let new = MasterKey::generate().expect("random");
    let mut rotation = begin(home.path(), &source);
    rotation.replace_master(new, |new| new.replace(path)).expect("rotates");
    let ring = open_ring(home.path(), &source).expect("the new key opens it");
    assert_eq!(open(&vault(&ring), &stored).expect("opens"), b"won");
    assert!(!ring.has_other_master().expect("reads"));
    assert!(matches!(Keyring::open(home.path(), old), Err(VaultError::WrongKey { .. })));
}

#[test]
fn an_interrupted_rotation_leaves_a_keyring_that_opens() {
    let died = || VaultError::Cryptography;
    for is_installed in [false, true] {
        let home = tempdir().expect("a folder");
        let (ring, source) = new_ring(home.path());
        let stored = seal(&vault(&ring));
        let KeySource::File(path) = &source else { panic!("a file") };
        let new = MasterKey::generate().expect("random");
        let install = |new: &MasterKey| {
            if is_installed {
                new.replace(path)?;
            }
            Err(died())
        };
        begin(home.path(), &source).replace_master(new, install).expect_err("dies");
        let ring = open_ring(home.path(), &source).expect("opens");
        assert_eq!(open(&vault(&ring), &stored).expect("opens"), b"won");
        assert!(ring.has_other_master().expect("reads"), "the other master is remembered");
        let again = MasterKey::generate().expect("random");
        let mut rotation = begin(home.path(), &source);
        rotation.replace_master(again, |new| new.replace(path)).expect("rotates");
        let ring = open_ring(home.path(), &source).expect("opens");
        assert!(!ring.has_other_master().expect("reads"));
    }
}

#[test]
fn a_new_data_key_seals_what_is_new_and_the_old_one_opens_what_is_old() {
    let home = tempdir().expect("a folder");
    let (ring, source) = new_ring(home.path());
    let before = vault(&ring);
    let name = before.seal_name("deals").expect("seals");
    let old = seal(&before);
    let mut rotation = begin(home.path(), &source);
    rotation.add_data_key(NOW).expect("adds");
    assert!(rotation.ring().has_old_keys());
    let stale = before.check_current().expect_err("newer keys are there");
    assert!(matches!(stale, VaultError::StaleKeys), "{stale}");
    let ring = open_ring(home.path(), &source).expect("opens");
    let after = vault(&ring);
    after.check_current().expect("these are the newest");
    let new = seal(&after);
    assert_eq!(open(&after, &old).expect("opens"), b"won");
    assert_eq!(open(&after, &new).expect("opens"), b"won");
    assert!(open(&before, &new).expect_err("unknown").to_string().contains("start it again"));
    assert_eq!(after.seal_name("deals").expect("seals"), name, "names stay");
    let keys = ring.database_keys();
    assert_eq!(keys.len(), 2);
    let newest = ring.database_key().expect("there is one");
    assert_eq!(keys[1].as_hex(), newest.as_hex());
    assert_ne!(keys[0].as_hex(), newest.as_hex());
    assert_eq!(newest.as_hex().len(), 64);
}

#[test]
fn a_retired_key_opens_nothing_any_more() {
    let home = tempdir().expect("a folder");
    let (ring, source) = new_ring(home.path());
    let old = seal(&vault(&ring));
    let mut rotation = begin(home.path(), &source);
    rotation.add_data_key(NOW).expect("adds");
    let new = seal(&vault(rotation.ring()));
    rotation.retire_old_keys().expect("retires");
    let ring = open_ring(home.path(), &source).expect("opens");
    assert!(!ring.has_old_keys());
    assert!(open(&vault(&ring), &old).is_err());
    assert_eq!(open(&vault(&ring), &new).expect("opens"), b"won");
}

#[test]
fn a_file_of_one_place_is_refused_in_another() {
    let home = tempdir().expect("a folder");
    let (ring, _) = new_ring(home.path());
    let other = ring.vault("workspaces/other").expect("a vault");
    assert!(open(&other, &seal(&vault(&ring))).is_err());
    let name = vault(&ring).seal_name("deals").expect("seals");
    assert!(other.open_name(&name).is_err());
}

#[test]
fn only_one_rotation_runs_at_a_time() {
    let home = tempdir().expect("a folder");
    let (_, source) = new_ring(home.path());
    let running = begin(home.path(), &source);
    let second = Rotation::begin(home.path(), &source).expect_err("one runs");
    assert!(matches!(second, VaultError::RotationRuns), "{second}");
    drop(running);
    begin(home.path(), &source);
}
