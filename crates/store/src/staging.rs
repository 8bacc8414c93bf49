//! Rows of a load on their way in: plain Parquet files in a folder that is emptied afterwards.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use winsight_model::schema;

use crate::lock::WriterLock;
use crate::{FeatureStore, StoreError};

const BATCH_ROWS: usize = 65_536;

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
        let lock = WriterLock::acquire(&self.root)?;
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
    writer: Option<ArrowWriter<File>>,
    pub(crate) rows: u64,
}

impl StagedTable {
    fn create(path: PathBuf, schema: SchemaRef) -> Result<Self, StoreError> {
        let file = File::create(&path).map_err(|source| StoreError::folder(&path, source))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::LZ4_RAW)
            .set_max_row_group_row_count(Some(BATCH_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))?;
        Ok(Self { path, writer: Some(writer), rows: 0 })
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
            writer.close()?;
        }
        Ok(())
    }

    /// The staged rows, all columns or those named.
    pub(crate) fn read(
        &self,
        columns: Option<&[&str]>,
    ) -> Result<ParquetRecordBatchReader, StoreError> {
        open(&self.path, columns)
    }
}

fn open(path: &Path, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::folder(path, source))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH_ROWS);
    if let Some(columns) = columns {
        let mask = parquet::arrow::ProjectionMask::columns(
            builder.parquet_schema(),
            columns.iter().copied(),
        );
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
}
