use std::io::{self, Write};

use crate::Vault;
use crate::key::random;
use crate::seal::{CHUNK_BYTES, FileCipher, new_header};

/// Seals what is written to it. The file is whole only after [`SealedWriter::finish`].
pub struct SealedWriter<W> {
    inner: W,
    cipher: FileCipher,
    /// At most one chunk: it is held back until it is known whether another follows.
    pending: Vec<u8>,
    chunk: u64,
}

impl<W: Write> SealedWriter<W> {
    /// Begins a sealed file that will lie at `path`.
    ///
    /// # Errors
    /// When `inner` refuses the header, or the system has no random numbers.
    pub fn new(mut inner: W, vault: &Vault, path: &str) -> io::Result<Self> {
        let salt = random()?;
        let header = new_header(vault.newest_data_key(), &salt);
        let cipher = FileCipher::new(vault, path, &header)?;
        inner.write_all(&header)?;
        Ok(Self { inner, cipher, pending: Vec::with_capacity(CHUNK_BYTES), chunk: 0 })
    }

    /// Writes the last chunk and hands `inner` back.
    ///
    /// # Errors
    /// When `inner` refuses.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_pending(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// What has been written to so far.
    pub fn inner_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    fn seal_pending(&mut self, is_last: bool) -> io::Result<()> {
        let tag = self.cipher.seal(self.chunk, is_last, &mut self.pending)?;
        self.inner.write_all(&self.pending)?;
        self.inner.write_all(tag.as_ref())?;
        self.pending.clear();
        self.chunk += 1;
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, contents: &[u8]) -> io::Result<usize> {
        if self.pending.len() == CHUNK_BYTES && !contents.is_empty() {
            self.seal_pending(false)?;
        }
        let taken = contents.len().min(CHUNK_BYTES - self.pending.len());
        self.pending.extend_from_slice(&contents[..taken]);
        Ok(taken)
    }

    /// Flushes what is sealed. The chunk that is held back is not written before the end.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: std::fmt::Debug> std::fmt::Debug for SealedWriter<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SealedWriter({:?}, chunk {})", self.inner, self.chunk)
    }
}
