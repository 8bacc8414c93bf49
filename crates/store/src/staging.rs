//! Rows of a load on their way in: plain Parquet files in a folder that is emptied afterwards.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use crate::lock::WriterLock;
use crate::table::{ACTIVITIES, DEALS, INDICATORS, STAGE_EVENTS, TableSpec};
use crate::{FeatureStore, StoreError};

const BATCH_ROWS: usize = 65_536;
const STAGING: &str = "staging";
const HELD: &str = "held";
const SCOPE: &str = "scope.json";

/// Takes the rows of one load. Nothing is visible to readers before [`FeatureStore::load`].
///
/// Holds the workspace's writer lock. Dropping it discards the rows.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    tables: [StagedTable; 4],
    pub(crate) scope: Scope,
    _lock: WriterLock,
}

/// What a load covers besides its rows. Deals are named by source and id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Sources of which every deal is staged: those missing are gone.
    pub(crate) complete: BTreeSet<String>,
    /// Deals that are gone.
    pub(crate) deleted: Vec<(String, String)>,
    /// Deals to leave as they are stored.
    pub(crate) left: Vec<(String, String)>,
}

impl FeatureStore {
    /// Begins a load.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another load runs; otherwise when the disk refuses.
    pub fn stage(&self) -> Result<Staging, StoreError> {
        let lock = WriterLock::acquire(&self.root)?;
        let folder = self.root.join(STAGING);
        remove(&folder)?;
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::folder(&folder, source))?;
        Ok(Staging::new(folder, Scope::default(), lock))
    }

    /// Takes up a load that was held; see [`Staging::hold`].
    ///
    /// # Errors
    /// As [`FeatureStore::stage`]; also when nothing is held under this number.
    pub fn take_up(&self, load: i64) -> Result<Staging, StoreError> {
        let mut staging = self.stage()?;
        let held = self.held_folder(load);
        let path = held.join(SCOPE);
        let bytes = std::fs::read(&path).map_err(|source| StoreError::folder(&path, source))?;
        staging.scope = serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Catalog { path: path.display().to_string(), source })?;
        for table in &mut staging.tables {
            let name = table.file_name();
            let (from, to) = (held.join(&name), table.path.clone());
            if from.exists() {
                std::fs::copy(&from, &to).map_err(|source| StoreError::folder(&from, source))?;
                table.rows = stored_rows(&to)?;
            }
        }
        Ok(staging)
    }

    /// Throws the rows of a held load away.
    pub fn discard_held(&self, load: i64) -> Result<(), StoreError> {
        remove(&self.held_folder(load))
    }

    fn held_folder(&self, load: i64) -> PathBuf {
        self.root.join(HELD).join(load.to_string())
    }
}

impl Staging {
    fn new(folder: PathBuf, scope: Scope, lock: WriterLock) -> Self {
        let table = |spec| StagedTable::new(&folder, spec);
        let tables = [table(DEALS), table(STAGE_EVENTS), table(ACTIVITIES), table(INDICATORS)];
        Self { tables, folder, scope, _lock: lock }
    }

    /// Adds rows of `deals`, in the schema of [`winsight_model::schema::deals`].
    pub fn add_deals(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[0].add(batch)
    }

    /// Adds rows of `stage_events`, in the schema of [`winsight_model::schema::stage_events`]. A deal that appears
    /// here has all its earlier events replaced.
    pub fn add_stage_events(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[1].add(batch)
    }

    /// Adds rows of `activities`, in the schema of [`winsight_model::schema::activities`]. A deal that appears here
    /// has all its earlier activities replaced.
    pub fn add_activities(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[2].add(batch)
    }

    /// Adds rows of `indicators`, in the schema of [`winsight_model::schema::indicators`]. A series that appears
    /// here is replaced as a whole.
    pub fn add_indicators(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[3].add(batch)
    }

    /// Declares that every deal of a source is staged: stored ones that are not will be deleted.
    pub fn is_complete(&mut self, source: &str) {
        self.scope.complete.insert(source.to_owned());
    }

    /// Deletes a deal, with its events and activities, unless a row of it is staged.
    pub fn delete_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.deleted.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Leaves a deal as it is stored, even if a row of it is staged.
    pub fn leave_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.left.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Keeps the rows aside under the number of their load instead of discarding them, until
    /// [`FeatureStore::take_up`] or [`FeatureStore::discard_held`].
    pub fn hold(mut self, store: &FeatureStore, load: i64) -> Result<(), StoreError> {
        for table in &mut self.tables {
            table.finish()?;
        }
        let path = self.folder.join(SCOPE);
        let scope = serde_json::to_vec(&self.scope)
            .map_err(|source| StoreError::Catalog { path: path.display().to_string(), source })?;
        std::fs::write(&path, scope).map_err(|source| StoreError::folder(&path, source))?;
        let held = store.held_folder(load);
        remove(&held)?;
        let parent = store.root.join(HELD);
        std::fs::create_dir_all(&parent).map_err(|source| StoreError::folder(&parent, source))?;
        std::fs::rename(&self.folder, &held).map_err(|source| StoreError::folder(&held, source))
    }

    /// Ends the writing; from here on the rows can be read.
    pub(crate) fn finish(&mut self) -> Result<&[StagedTable], StoreError> {
        for table in &mut self.tables {
            table.finish()?;
        }
        Ok(&self.tables)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "staged rows were left behind; the next load removes them");
        }
    }
}

#[derive(Debug)]
pub(crate) struct StagedTable {
    pub(crate) spec: TableSpec,
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
    pub(crate) rows: u64,
}

impl StagedTable {
    fn new(folder: &Path, spec: TableSpec) -> Self {
        let path = folder.join(format!("{}.parquet", spec.name));
        Self { spec, path, writer: None, rows: 0 }
    }

    fn file_name(&self) -> String {
        format!("{}.parquet", self.spec.name)
    }

    fn create(&self, batch: &RecordBatch) -> Result<ArrowWriter<File>, StoreError> {
        let file =
            File::create(&self.path).map_err(|source| StoreError::folder(&self.path, source))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::LZ4_RAW)
            .set_max_row_group_row_count(Some(BATCH_ROWS))
            .build();
        Ok(ArrowWriter::try_new(file, batch.schema(), Some(properties))?)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None if self.rows == 0 => self.create(batch)?,
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

    fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(writer) = self.writer.take() {
            writer.close()?;
        }
        Ok(())
    }

    /// The staged rows, all columns or those named.
    pub(crate) fn read(&self, columns: Option<&[&str]>) -> Result<StagedRows, StoreError> {
        if self.rows == 0 {
            return Ok(StagedRows(None));
        }
        let mut builder = builder(&self.path)?.with_batch_size(BATCH_ROWS);
        if let Some(columns) = columns {
            let mask = parquet::arrow::ProjectionMask::columns(
                builder.parquet_schema(),
                columns.iter().copied(),
            );
            builder = builder.with_projection(mask);
        }
        Ok(StagedRows(Some(builder.build()?)))
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

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::folder(path, source))?;
    Ok(ParquetRecordBatchReaderBuilder::try_new(file)?)
}

fn stored_rows(path: &Path) -> Result<u64, StoreError> {
    let rows = builder(path)?.metadata().file_metadata().num_rows();
    Ok(u64::try_from(rows).unwrap_or_default())
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::folder(folder, source))
        }
        _ => Ok(()),
    }
}
