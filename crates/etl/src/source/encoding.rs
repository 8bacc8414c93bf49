use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::EtlError;

/// Smallest part of a file that is worth a thread.
const PART_BYTES: u64 = 8 << 20;

/// The encoding of a file, and how it was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detected {
    encoding: &'static Encoding,
    evidence: &'static str,
}

impl Detected {
    /// The name in mappings.
    pub(super) fn name(self) -> &'static str {
        self.encoding.name()
    }

    pub(super) fn describe(self) -> String {
        format!("{} ({})", self.encoding.name(), self.evidence)
    }

    /// The bytes as UTF-8 without byte-order mark. UTF-8 passes as it is, so that a bad byte is
    /// found in its row.
    pub(super) fn decode(self, bytes: impl Read + 'static) -> Decoded {
        let reader: Box<dyn Read> = if self.encoding == UTF_8 {
            Box::new(bytes)
        } else {
            let mut builder = DecodeReaderBytesBuilder::new();
            Box::new(builder.encoding(Some(self.encoding)).bom_sniffing(false).build(bytes))
        };
        Decoded { reader, lossy: self.encoding != UTF_8 }
    }

    /// The start of the file as UTF-8.
    pub(super) fn decode_head(self, head: &[u8]) -> Vec<u8> {
        if self.encoding == UTF_8 {
            head.to_vec()
        } else {
            self.encoding.decode(head).0.into_owned().into_bytes()
        }
    }
}

/// Text in UTF-8.
pub(super) struct Decoded {
    pub(super) reader: Box<dyn Read>,
    /// Whether replacement characters may stand for bytes that could not be decoded.
    pub(super) lossy: bool,
}

/// The encoding of a label such as `latin1`.
///
/// # Errors
/// When it is none of the encodings of the web.
pub(crate) fn encoding_named(name: &str) -> Result<&'static Encoding, EtlError> {
    Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        EtlError::Mapping(format!(
            "encoding {name:?} is not known; use \"utf-8\", \"utf-16le\", \"windows-1252\" or another name of the web"
        ))
    })
}

/// Finds the encoding: as named, by byte-order mark, or by the bytes of the whole file.
pub(super) fn detect(path: &Path, head: &[u8], named: Option<&str>) -> Result<Detected, EtlError> {
    match of_head(head, named)? {
        Some(found) => Ok(found),
        None => by_bytes(path).map_err(|error| EtlError::io(path, error)),
    }
}

/// The encoding as far as the header is concerned, for which the beginning of the file will do.
pub(super) fn detect_for_header(path: &Path, head: &[u8]) -> Result<Detected, EtlError> {
    let has_invalid = std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some());
    if has_invalid {
        detect(path, head, None)
    } else {
        let evidence = "its beginning is valid";
        Ok(of_head(head, None)?.unwrap_or(Detected { encoding: UTF_8, evidence }))
    }
}

fn of_head(head: &[u8], named: Option<&str>) -> Result<Option<Detected>, EtlError> {
    if let Some(name) = named {
        let encoding = encoding_named(name)?;
        return Ok(Some(Detected { encoding, evidence: "given by the mapping" }));
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(Some(Detected { encoding, evidence: "it begins with a byte-order mark" }));
    }
    let evidence = "every other byte is NUL";
    Ok(utf16_without_mark(head).map(|encoding| Detected { encoding, evidence }))
}

/// Latin text in UTF-16 has a NUL for every second byte.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let nuls = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let most = head.len() * 2 / 5;
    if odd > most && even < most / 8 {
        Some(UTF_16LE)
    } else if even > most && odd < most / 8 {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn by_bytes(path: &Path) -> io::Result<Detected> {
    if is_valid_utf8(path, PART_BYTES)? {
        return Ok(Detected { encoding: UTF_8, evidence: "every byte is valid" });
    }
    let mut counts = Utf8Counts::default();
    let cut = each_chunk(path, |chunk| counts.add(chunk))?;
    counts.invalid += usize::from(cut);
    if counts.multibyte > counts.invalid {
        return Ok(Detected { encoding: UTF_8, evidence: "most letters are valid, some are not" });
    }
    // Far slower than counting, and needed for few files.
    let mut detector = EncodingDetector::new();
    each_chunk(path, |chunk| {
        detector.feed(chunk, false);
        0
    })?;
    Ok(Detected { encoding: detector.guess(None, false), evidence: "recognised from its letters" })
}

/// Whether every byte of a file belongs to a letter; several threads look.
fn is_valid_utf8(path: &Path, smallest_part: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let part = bytes.div_ceil(threads).max(smallest_part);
    let mut ends = Vec::new();
    let mut end = 0;
    while end < bytes {
        end = letter_from(&mut file, (end + part).min(bytes))?;
        ends.push(end);
    }
    thread::scope(|scope| {
        let begins = [0].into_iter().chain(ends.iter().copied());
        let parts: Vec<_> = begins
            .zip(ends.iter().copied())
            .map(|(from, to)| scope.spawn(move || is_part_valid(path, from, to)))
            .collect();
        let mut valid = true;
        for part in parts {
            valid &= part.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        }
        Ok(valid)
    })
}

/// The first place from `at` on where a letter begins, in valid text.
fn letter_from(file: &mut File, at: u64) -> io::Result<u64> {
    let mut next = [0; 3];
    file.seek(SeekFrom::Start(at))?;
    let read = read_full(file, &mut next)?;
    let is_continuation = |byte: &&u8| **byte & 0xC0 == 0x80;
    Ok(at + next[..read].iter().take_while(is_continuation).count() as u64)
}

fn is_part_valid(path: &Path, from: u64, to: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut part = file.take(to - from);
    let mut chunk = vec![0; 256 * 1024];
    let mut kept = 0;
    loop {
        let length = kept + read_full(&mut part, &mut chunk[kept..])?;
        if length == kept {
            return Ok(kept == 0);
        }
        kept = match std::str::from_utf8(&chunk[..length]) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() => length - error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        chunk.copy_within(length - kept..length, 0);
    }
}

/// Passes a file on in chunks. `take` returns how many of the last bytes are to come again with the
/// next chunk; the result is whether any were left at the end.
fn each_chunk(path: &Path, mut take: impl FnMut(&[u8]) -> usize) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 256 * 1024];
    let mut kept = 0;
    loop {
        let read = read_full(&mut file, &mut chunk[kept..])?;
        if read == 0 {
            return Ok(kept > 0);
        }
        let length = kept + read;
        kept = take(&chunk[..length]);
        chunk.copy_within(length - kept..length, 0);
    }
}

fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = file.read(&mut buffer[filled..])?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

/// How much of a file is valid UTF-8 beyond ASCII, and how much is not.
#[derive(Default)]
struct Utf8Counts {
    multibyte: usize,
    invalid: usize,
}

impl Utf8Counts {
    /// Counts a chunk; returns the length of a letter that is cut by its end.
    fn add(&mut self, chunk: &[u8]) -> usize {
        let mut rest = chunk;
        if rest.is_ascii() {
            return 0;
        }
        loop {
            let (valid, error) = match std::str::from_utf8(rest) {
                Ok(valid) => (valid, None),
                Err(error) => {
                    let valid = &rest[..error.valid_up_to()];
                    (std::str::from_utf8(valid).unwrap_or_default(), Some(error))
                }
            };
            // Every letter beyond ASCII begins with a byte above the continuation bytes.
            self.multibyte += valid.bytes().filter(|byte| *byte >= 0xC0).count();
            let Some(error) = error else { return 0 };
            let Some(length) = error.error_len() else { return rest.len() - error.valid_up_to() };
            self.invalid += 1;
            rest = &rest[error.valid_up_to() + length..];
        }
    }
}

/// Whether nothing but white space and byte-order marks is there.
pub(super) fn is_blank(head: &[u8]) -> bool {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .or_else(|| head.strip_prefix(b"\xff\xfe"))
        .or_else(|| head.strip_prefix(b"\xfe\xff"))
        .unwrap_or(head);
    text.iter().all(u8::is_ascii_whitespace)
}

/// Refuses files that are no text table, by name where their first bytes tell.
pub(super) fn refuse_other_formats(path: &Path, head: &[u8]) -> Result<(), EtlError> {
    const SIGNATURES: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", "an Excel workbook or a zip archive"),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"%PDF", "a PDF document"),
        (b"SQLite format 3", "a SQLite database"),
        (b"\x89PNG", "an image"),
        (b"{", "JSON"),
        (b"<", "HTML or XML"),
    ];
    const HINT: &str = "save it as CSV (in Excel: File, Save As, CSV UTF-8) and import that";
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if let Some((_, what)) = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature)) {
        return Err(EtlError::refused(path, format!("this is {what}, not a CSV file"), HINT));
    }
    let is_utf16 = Encoding::for_bom(head).is_some() || utf16_without_mark(head).is_some();
    let is_control = |byte: &&u8| matches!(byte, 0..=8 | 14..=31);
    let controls = head.iter().filter(is_control).count();
    if !is_utf16 && controls >= 8 && controls * 20 > head.len() {
        return Err(EtlError::refused(path, "this is binary data, not text", HINT));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_valid_utf8;

    proptest! {
        #[test]
        fn parts_are_valid_as_the_whole_is(
            letters in prop::collection::vec(prop_oneof!["[a-zé€😀]", "é"], 0..60),
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut text = letters.concat().into_bytes();
            if let Some((place, byte)) = damage.filter(|_| !text.is_empty()) {
                let place = place.index(text.len());
                text[place] = byte;
            }
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("text");
            std::fs::write(&path, &text).expect("written");
            let expected = std::str::from_utf8(&text).is_ok();
            for part in [1, 7, 1 << 20] {
                prop_assert_eq!(is_valid_utf8(&path, part).expect("reads"), expected);
            }
        }
    }
}
