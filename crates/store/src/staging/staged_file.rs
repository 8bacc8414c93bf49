//! A sealed file of staged rows, as Parquet writes and reads it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};
use winsight_vault::{SealedReader, SealedStream, SealedWriter, Vault};

use crate::StoreError;

/// Each staged file has a key of its own, so that its name need not tell it from others.
const SEALED_AS: &str = "staged rows";

/// A file that is being written.
pub(super) struct StagedFileWriter {
    vault: Vault,
    sealed: SealedWriter<BufWriter<File>>,
}

impl StagedFileWriter {
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let refused = |source| StoreError::folder(path, source);
        let file = BufWriter::new(File::create(path).map_err(refused)?);
        let vault = Vault::ephemeral()?;
        let sealed = SealedWriter::new(file, &vault, SEALED_AS).map_err(refused)?;
        Ok(Self { vault, sealed })
    }

    /// Ends the writing of the file, which is at `path`.
    pub(super) fn finish(self, path: &Path) -> Result<StagedFile, StoreError> {
        let refused = |source| StoreError::folder(path, source);
        self.sealed.finish().map_err(refused)?;
        let file = File::open(path).map_err(refused)?;
        let sealed = SealedReader::new(file, &self.vault, SEALED_AS).map_err(refused)?;
        Ok(StagedFile(Arc::new(sealed)))
    }
}

impl fmt::Debug for StagedFileWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StagedFileWriter")
    }
}

impl Write for StagedFileWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.sealed.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sealed.flush()
    }
}

/// A file that is written.
#[derive(Clone)]
pub(super) struct StagedFile(Arc<SealedReader<File>>);

impl fmt::Debug for StagedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StagedFile")
    }
}

impl Length for StagedFile {
    fn len(&self) -> u64 {
        self.0.plain_size()
    }
}

impl ChunkReader for StagedFile {
    type T = BufReader<SealedStream<File>>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(SealedStream::new(Arc::clone(&self.0), start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.0.read(start..start + length as u64)?)
    }
}
