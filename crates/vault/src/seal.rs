//! The format of a sealed file.
//!
//! ```text
//! header   magic "WINSEAL" · format 1 · data key (u32, big-endian) · four zeros · salt (32 bytes)
//! chunks   64 KiB each, the last one shorter; AES-256-GCM, each followed by its tag of 16 bytes
//! ```
//!
//! The key of a file is derived from its data key, its salt and its header. The nonce of a chunk is
//! its number: unique, since the salt makes every file's key its own. Place and path of the file,
//! number of the chunk, and whether it is the last are authenticated with each chunk. An empty file
//! has one empty chunk.

use std::ops::Range;

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use bytes::Bytes;

use crate::{Vault, VaultError};

/// Length of a sealed file's header.
pub const HEADER_BYTES: usize = 48;
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
pub(crate) const TAG_BYTES: usize = 16;
const STORED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
const STORED_CHUNK: u64 = STORED_CHUNK_BYTES as u64;
const MAGIC: &[u8; 8] = b"WINSEAL\x01";
const SALT_BEGINS: usize = 16;

/// The length of the contents of a sealed file; `None` when no sealed file has that length.
pub fn plain_size(stored: u64) -> Option<u64> {
    let body = stored.checked_sub(HEADER_BYTES as u64)?;
    let chunks = body.div_ceil(STORED_CHUNK);
    let last = body - chunks.saturating_sub(1) * STORED_CHUNK;
    let shortest = TAG_BYTES as u64 + u64::from(chunks > 1);
    (chunks > 0 && last >= shortest).then(|| body - chunks * TAG_BYTES as u64)
}

/// The length of a sealed file whose contents have `plain` bytes.
pub fn sealed_size(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK_BYTES as u64).max(1);
    HEADER_BYTES as u64 + plain + chunks * TAG_BYTES as u64
}

/// The number of the data key that a file was sealed with, read from its header.
pub fn data_key_of(header: &[u8]) -> Option<u32> {
    let number = header.strip_prefix(MAGIC)?.get(..4)?;
    number.try_into().ok().map(u32::from_be_bytes)
}

pub(crate) fn new_header(data_key: u32, salt: &[u8; 32]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&data_key.to_be_bytes());
    header[SALT_BEGINS..].copy_from_slice(salt);
    header
}

/// The cipher of one file.
pub(crate) struct FileCipher {
    key: LessSafeKey,
    /// Place and path, and room for what differs from chunk to chunk.
    bound: Vec<u8>,
}

impl FileCipher {
    /// # Errors
    /// [`VaultError::UnknownKey`].
    pub(crate) fn new(
        vault: &Vault,
        path: &str,
        header: &[u8; HEADER_BYTES],
    ) -> Result<Self, VaultError> {
        let not_sealed = || VaultError::NotSealed { path: path.to_owned() };
        let data_key = data_key_of(header).ok_or_else(not_sealed)?;
        let (fixed, salt) = header.split_at(SALT_BEGINS);
        let key = vault.file_key(data_key, salt, fixed)?;
        let key =
            key.ok_or_else(|| VaultError::UnknownKey { path: path.to_owned(), key: data_key })?;
        let place = vault.place().as_bytes();
        let mut bound = Vec::with_capacity(place.len() + path.len() + 10);
        bound.extend_from_slice(place);
        bound.push(0);
        bound.extend_from_slice(path.as_bytes());
        bound.extend_from_slice(&[0; 9]);
        Ok(Self { key, bound })
    }

    fn bind(&mut self, chunk: u64, is_last: bool) -> Nonce {
        let varying = self.bound.len() - 9;
        self.bound[varying..varying + 8].copy_from_slice(&chunk.to_be_bytes());
        self.bound[varying + 8] = is_last.into();
        let mut nonce = [0; NONCE_LEN];
        nonce[4..].copy_from_slice(&chunk.to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    }

    /// Seals a chunk in place and returns its tag.
    pub(crate) fn seal(
        &mut self,
        chunk: u64,
        is_last: bool,
        contents: &mut [u8],
    ) -> Result<impl AsRef<[u8]> + use<>, VaultError> {
        let nonce = self.bind(chunk, is_last);
        Ok(self.key.seal_in_place_separate_tag(nonce, Aad::from(&self.bound), contents)?)
    }

    /// Opens a stored chunk into `contents`, which is as long as the chunk without its tag.
    fn open(
        &mut self,
        chunk: u64,
        is_last: bool,
        stored: &[u8],
        contents: &mut [u8],
    ) -> Option<()> {
        let nonce = self.bind(chunk, is_last);
        let (sealed, tag) = stored.split_at_checked(contents.len())?;
        let bound = Aad::from(&self.bound);
        self.key.open_separate_gather(nonce, bound, sealed, tag, contents).ok()
    }
}

/// Opens a sealed file, any part of it, from whatever it is stored in.
pub struct Unsealer {
    header: [u8; HEADER_BYTES],
    vault: Vault,
    path: String,
    plain_size: u64,
}

impl Unsealer {
    /// For the file at `path` with this header and this stored length.
    ///
    /// # Errors
    /// [`VaultError::NotSealed`] and [`VaultError::Tampered`] when it cannot be one.
    pub fn new(
        vault: &Vault,
        path: &str,
        header: &[u8],
        stored_size: u64,
    ) -> Result<Self, VaultError> {
        let header = <[u8; HEADER_BYTES]>::try_from(header);
        let header = header.map_err(|_| VaultError::NotSealed { path: path.to_owned() })?;
        if data_key_of(&header).is_none() {
            return Err(VaultError::NotSealed { path: path.to_owned() });
        }
        let plain_size = plain_size(stored_size);
        let plain_size =
            plain_size.ok_or_else(|| VaultError::Tampered { path: path.to_owned() })?;
        Ok(Self { header, vault: vault.clone(), path: path.to_owned(), plain_size })
    }

    /// The length of the contents.
    pub fn plain_size(&self) -> u64 {
        self.plain_size
    }

    /// The bytes of the stored file that are needed for a range of the contents: whole chunks.
    pub fn stored_range(&self, plain: &Range<u64>) -> Range<u64> {
        let chunks = self.chunks(plain);
        let stored_size = sealed_size(self.plain_size);
        let begins = HEADER_BYTES as u64 + chunks.start * STORED_CHUNK;
        let ends = HEADER_BYTES as u64 + chunks.end * STORED_CHUNK;
        begins..ends.min(stored_size)
    }

    /// The contents in the range `plain`, from the bytes of its [`Unsealer::stored_range`].
    ///
    /// # Errors
    /// [`VaultError::Tampered`] when they are not what was sealed at this place.
    pub fn open(&self, plain: &Range<u64>, stored: &[u8]) -> Result<Bytes, VaultError> {
        let tampered = || VaultError::Tampered { path: self.path.clone() };
        let expected = self.stored_range(plain);
        if stored.len() as u64 != expected.end - expected.start || plain.end > self.plain_size {
            return Err(tampered());
        }
        let mut cipher = FileCipher::new(&self.vault, &self.path, &self.header)?;
        let chunks = self.chunks(plain);
        let last = self.last_chunk();
        let tags = usize::try_from(chunks.end - chunks.start).map_err(|_| tampered())? * TAG_BYTES;
        let mut contents = vec![0; stored.len() - tags];
        let pieces = stored.chunks(STORED_CHUNK_BYTES).zip(contents.chunks_mut(CHUNK_BYTES));
        for (chunk, (stored, contents)) in chunks.clone().zip(pieces) {
            cipher.open(chunk, chunk == last, stored, contents).ok_or_else(tampered)?;
        }
        if contents.is_empty() {
            if !chunks.is_empty() {
                cipher.open(0, true, stored, &mut []).ok_or_else(tampered)?;
            }
            return Ok(Bytes::new());
        }
        let first = chunks.start * CHUNK_BYTES as u64;
        let within = |offset: u64| usize::try_from(offset - first).map_err(|_| tampered());
        Ok(Bytes::from(contents).slice(within(plain.start)?..within(plain.end)?))
    }

    fn last_chunk(&self) -> u64 {
        self.plain_size.div_ceil(CHUNK_BYTES as u64).max(1) - 1
    }

    /// The chunks that a range touches. Every range of an empty file touches its only chunk, so
    /// that emptiness is authenticated too.
    fn chunks(&self, plain: &Range<u64>) -> Range<u64> {
        let first = plain.start / CHUNK_BYTES as u64;
        if self.plain_size == 0 {
            return 0..1;
        }
        if plain.is_empty() {
            return first..first;
        }
        first..plain.end.div_ceil(CHUNK_BYTES as u64)
    }
}
