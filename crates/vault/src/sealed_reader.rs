use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::seal::CHUNK_BYTES;
use crate::{HEADER_BYTES, Unsealer, Vault};

/// What is opened at once where a file is read on and on.
const READ_AHEAD: usize = 2 * CHUNK_BYTES;

/// Something that any range of bytes can be read from.
pub trait ReadRange {
    /// Its length.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn size(&self) -> io::Result<u64>;

    /// The bytes in `range`, all of them.
    ///
    /// # Errors
    /// Also when the range goes beyond the end.
    fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>>;
}

impl ReadRange for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        read_exact_at(self, &mut bytes, range.start)?;
        Ok(bytes)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}

impl ReadRange for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let begins = usize::try_from(range.start).map_err(io::Error::other)?;
        let ends = usize::try_from(range.end).map_err(io::Error::other)?;
        let bytes = self.get(begins..ends).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(bytes.to_vec())
    }
}

impl<T: ReadRange + ?Sized> ReadRange for &T {
    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        (**self).read_range(range)
    }
}

/// Reads any part of a sealed file.
pub struct SealedReader<S> {
    source: S,
    unsealer: Unsealer,
}

impl<S: ReadRange> SealedReader<S> {
    /// Opens the sealed file at `path`, whose bytes are in `source`.
    ///
    /// # Errors
    /// When it cannot be read or is no sealed file of this vault.
    pub fn new(source: S, vault: &Vault, path: &str) -> io::Result<Self> {
        let stored_size = source.size()?;
        let header = source.read_range(0..stored_size.min(HEADER_BYTES as u64))?;
        let unsealer = Unsealer::new(vault, path, &header, stored_size)?;
        Ok(Self { source, unsealer })
    }

    /// The length of the contents.
    pub fn plain_size(&self) -> u64 {
        self.unsealer.plain_size()
    }

    /// The contents in a range, cut off at their end.
    ///
    /// # Errors
    /// When the source cannot be read, or holds something else than was sealed.
    pub fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let ends = range.end.min(self.plain_size());
        let range = range.start.min(ends)..ends;
        let stored = self.source.read_range(self.unsealer.stored_range(&range))?;
        Ok(self.unsealer.open(&range, &stored)?)
    }
}

/// Reads on from some place in a sealed file.
pub struct SealedStream<S> {
    sealed: Arc<SealedReader<S>>,
    offset: u64,
}

impl<S: ReadRange> SealedStream<S> {
    /// The contents from `offset` on.
    pub fn new(sealed: Arc<SealedReader<S>>, offset: u64) -> BufReader<Self> {
        BufReader::with_capacity(READ_AHEAD, Self { sealed, offset })
    }
}

impl<S: ReadRange> Read for SealedStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let contents = self.sealed.read(self.offset..self.offset + buffer.len() as u64)?;
        buffer[..contents.len()].copy_from_slice(&contents);
        self.offset += contents.len() as u64;
        Ok(contents.len())
    }
}
