use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, Length};
use winsight_vault::{SealedReader, SealedWriter, Vault};

use crate::StoreError;
use crate::table::TableSpec;

const BATCH_ROWS: usize = 65_536;
/// Each staged file has a key of its own, so that its name need not tell it from others.
const SEALED_AS: &str = "staged rows";
/// What is opened at once where Parquet reads on and on: two chunks.
const READ_AHEAD: usize = 128 * 1024;

/// The staged rows of one table. There is no file before the first row.
#[derive(Debug)]
pub(crate) struct StagedTable {
    pub(crate) spec: TableSpec,
    path: PathBuf,
    vault: Vault,
    writer: Option<ArrowWriter<SealedFile>>,
    pub(crate) rows: u64,
}

type SealedFile = SealedWriter<BufWriter<File>>;

impl StagedTable {
    pub(super) fn new(folder: &Path, spec: TableSpec) -> Result<Self, StoreError> {
        let path = folder.join(format!("{}.parquet", spec.name));
        Ok(Self { spec, path, vault: Vault::ephemeral()?, writer: None, rows: 0 })
    }

    fn create(&self) -> Result<SealedFile, StoreError> {
        let failed = |source| StoreError::folder(&self.path, source);
        let file = File::create(&self.path).map_err(failed)?;
        SealedWriter::new(BufWriter::new(file), &self.vault, SEALED_AS).map_err(failed)
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None if self.rows == 0 => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::LZ4_RAW)
                    .set_max_row_group_row_count(Some(BATCH_ROWS))
                    .build();
                ArrowWriter::try_new(self.create()?, batch.schema(), Some(properties))?
            }
            None => {
                let late = "rows were added after the load began".to_owned();
                return Err(StoreError::Damaged(late));
            }
        };
        writer.write(batch)?;
        self.rows += batch.num_rows() as u64;
        self.writer = Some(writer);
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(writer) = self.writer.take() {
            self.end(writer.into_inner()?)?;
        }
        Ok(())
    }

    fn end(&self, file: SealedFile) -> Result<(), StoreError> {
        file.finish().map(drop).map_err(|source| StoreError::folder(&self.path, source))
    }

    /// The staged rows, all columns or those named.
    pub(crate) fn read(&self, columns: Option<&[&str]>) -> Result<StagedRows, StoreError> {
        if self.rows == 0 {
            return Ok(StagedRows(None));
        }
        let mut builder = self.builder()?.with_batch_size(BATCH_ROWS);
        if let Some(columns) = columns {
            let mask = parquet::arrow::ProjectionMask::columns(
                builder.parquet_schema(),
                columns.iter().copied(),
            );
            builder = builder.with_projection(mask);
        }
        Ok(StagedRows(Some(builder.build()?)))
    }

    fn builder(&self) -> Result<ParquetRecordBatchReaderBuilder<StagedFile>, StoreError> {
        Ok(ParquetRecordBatchReaderBuilder::try_new(self.file()?)?)
    }

    fn file(&self) -> Result<StagedFile, StoreError> {
        let failed = |source| StoreError::folder(&self.path, source);
        let file = File::open(&self.path).map_err(failed)?;
        Ok(StagedFile(Arc::new(SealedReader::new(file, &self.vault, SEALED_AS).map_err(failed)?)))
    }

    /// The bytes of the file, part after part.
    pub(super) fn contents(
        &self,
    ) -> Result<impl Iterator<Item = Result<Bytes, StoreError>> + '_, StoreError> {
        let file = self.file()?;
        let size = file.len();
        let parts = (0..size).step_by(READ_AHEAD);
        Ok(parts.map(move |start| {
            let part = file.0.read(start..size.min(start + READ_AHEAD as u64));
            part.map_err(|source| StoreError::folder(&self.path, source))
        }))
    }

    /// Takes the place of a file whose bytes [`StagedTable::contents`] gave.
    pub(super) async fn receive(
        &mut self,
        mut parts: impl Stream<Item = object_store::Result<Bytes>> + Unpin,
    ) -> Result<(), StoreError> {
        let mut file = self.create()?;
        while let Some(part) = parts.next().await {
            file.write_all(&part?).map_err(|source| StoreError::folder(&self.path, source))?;
        }
        self.end(file)?;
        let rows = self.builder()?.metadata().file_metadata().num_rows();
        self.rows = u64::try_from(rows).unwrap_or_default();
        Ok(())
    }
}

/// The batches of a staged table.
pub(crate) struct StagedRows(Option<ParquetRecordBatchReader>);

impl Iterator for StagedRows {
    type Item = Result<RecordBatch, arrow::error::ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next()
    }
}

/// A staged file as Parquet reads it.
#[derive(Clone)]
struct StagedFile(Arc<SealedReader<File>>);

/// Reads on from an offset.
struct StagedRead {
    file: StagedFile,
    offset: u64,
}

impl Length for StagedFile {
    fn len(&self) -> u64 {
        self.0.plain_size()
    }
}

impl ChunkReader for StagedFile {
    type T = BufReader<StagedRead>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let read = StagedRead { file: self.clone(), offset: start };
        Ok(BufReader::with_capacity(READ_AHEAD, read))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.0.read(start..start + length as u64)?)
    }
}

impl Read for StagedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let contents = self.file.0.read(self.offset..self.offset + buffer.len() as u64)?;
        buffer[..contents.len()].copy_from_slice(&contents);
        self.offset += contents.len() as u64;
        Ok(contents.len())
    }
}
