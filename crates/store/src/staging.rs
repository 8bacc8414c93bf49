//! Rows of a load on their way in: Parquet files in a folder that is emptied afterwards, sealed with
//! a key that only this process has. What a crash leaves behind cannot be read by anybody.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, Length};
use winsight_model::schema;
use winsight_vault::{SealedReader, SealedWriter, Vault};

use crate::lock::WriterLock;
use crate::{FeatureStore, StoreError};

const BATCH_ROWS: usize = 65_536;
/// Each staged file has a key of its own, so that its name need not tell it from others.
const SEALED_AS: &str = "staged rows";
/// What is opened at once where Parquet reads on and on: two chunks.
const READ_AHEAD: usize = 128 * 1024;

/// Takes the rows of one load. Nothing is visible to readers before [`FeatureStore::load`].
///
/// Holds the workspace's writer lock. Dropping it discards the rows.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    pub(crate) deals: StagedTable,
    pub(crate) stage_events: StagedTable,
    _lock: WriterLock,
}

impl FeatureStore {
    /// Begins a load.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another load runs; otherwise when the disk refuses.
    pub fn stage(&self) -> Result<Staging, StoreError> {
        self.begin(WriterLock::acquire(&self.root)?)
    }

    /// Begins a load, and waits for a load that runs for about as long as `patience`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it still runs then; otherwise when the disk refuses.
    pub async fn stage_when_free(&self, patience: Duration) -> Result<Staging, StoreError> {
        self.begin(WriterLock::wait(&self.root, patience).await?)
    }

    fn begin(&self, lock: WriterLock) -> Result<Staging, StoreError> {
        if let Some(vault) = &self.location.vault {
            // A rotation of the keys may have held the lock before.
            vault.check_current()?;
        }
        let folder = self.root.join("staging");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .map_err(|source| StoreError::folder(&folder, source))?;
        }
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::folder(&folder, source))?;
        let deals = StagedTable::create(folder.join("deals.parquet"), schema::deals())?;
        let events = folder.join("stage_events.parquet");
        let stage_events = StagedTable::create(events, schema::stage_events())?;
        Ok(Staging { folder, deals, stage_events, _lock: lock })
    }
}

impl Staging {
    /// Adds rows of `deals`, in the schema of [`schema::deals`].
    pub fn add_deals(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.deals.add(batch)
    }

    /// Adds rows of `stage_events`, in the schema of [`schema::stage_events`]. A deal that appears
    /// here has all its earlier events replaced.
    pub fn add_stage_events(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.stage_events.add(batch)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "staged rows were left behind; the next load removes them");
        }
    }
}

#[derive(Debug)]
pub(crate) struct StagedTable {
    path: PathBuf,
    vault: Vault,
    writer: Option<ArrowWriter<SealedWriter<BufWriter<File>>>>,
    pub(crate) rows: u64,
}

impl StagedTable {
    fn create(path: PathBuf, schema: SchemaRef) -> Result<Self, StoreError> {
        let file = File::create(&path).map_err(|source| StoreError::folder(&path, source))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::LZ4_RAW)
            .set_max_row_group_row_count(Some(BATCH_ROWS))
            .build();
        let vault = Vault::ephemeral()?;
        let sealed = SealedWriter::new(BufWriter::new(file), &vault, SEALED_AS)
            .map_err(|source| StoreError::folder(&path, source))?;
        let writer = ArrowWriter::try_new(sealed, schema, Some(properties))?;
        Ok(Self { path, vault, writer: Some(writer), rows: 0 })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let writer = self.writer.as_mut().ok_or_else(|| {
            StoreError::Damaged("rows were added after the load began".to_owned())
        })?;
        writer.write(batch)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends the writing; from here on the rows can be read.
    pub(crate) fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(writer) = self.writer.take() {
            let sealed = writer.into_inner()?;
            sealed.finish().map_err(|source| StoreError::folder(&self.path, source))?;
        }
        Ok(())
    }

    /// The staged rows, all columns or those named.
    pub(crate) fn read(
        &self,
        columns: Option<&[&str]>,
    ) -> Result<ParquetRecordBatchReader, StoreError> {
        open(&self.path, &self.vault, columns)
    }
}

fn open(
    path: &Path,
    vault: &Vault,
    columns: Option<&[&str]>,
) -> Result<ParquetRecordBatchReader, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::folder(path, source))?;
    let file = SealedReader::new(file, vault, SEALED_AS)
        .map_err(|source| StoreError::folder(path, source))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(StagedFile(Arc::new(file)))?
        .with_batch_size(BATCH_ROWS);
    if let Some(columns) = columns {
        let mask = parquet::arrow::ProjectionMask::columns(
            builder.parquet_schema(),
            columns.iter().copied(),
        );
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
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
