//! Rows of a load on their way in: in memory, and as far as they are too many for it in Parquet files
//! in a folder that is emptied afterwards, sealed with a key that only this process has. What a crash
//! leaves behind cannot be read by anybody.

mod held;
mod staged_file;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use winsight_vault::ErasedNames;

use crate::erase::Erasing;
use crate::lock::WriterLock;
use crate::rebuild::Rewrite;
use crate::table::{ACTIVITIES, DEALS, INDICATORS, STAGE_EVENTS, TableSpec};
use crate::{FeatureStore, StoreError};
pub(crate) use held::HELD;
use staged_file::{StagedFile, StagedFileWriter};

const BATCH_ROWS: usize = 16_384;
const ROW_GROUP_ROWS: usize = 65_536;
/// Rows beyond this are written to files: a million deals are less.
const MEMORY_BYTES: usize = 384 << 20;
const STAGING: &str = "staging";

/// Takes the rows of one load. Nothing is visible to readers before [`FeatureStore::load`].
///
/// Holds the workspace's writer lock. Dropping it discards the rows.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    tables: [StagedTable; 4],
    pub(crate) scope: Scope,
    erased: ErasedNames,
    /// Bytes of rows, and later of files that are being written, that may be in memory.
    pub(crate) memory: usize,
    /// Bytes of rows that are still kept in memory.
    room: usize,
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
    /// Whether events, activities and indicators may be only some of what there is.
    #[serde(default)]
    pub(crate) histories_in_part: bool,
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
        let folder = self.root.join(STAGING);
        remove(&folder)?;
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::folder(&folder, source))?;
        Ok(Staging::new(folder, Scope::default(), lock))
    }
}

impl Staging {
    fn new(folder: PathBuf, scope: Scope, lock: WriterLock) -> Self {
        let table = |spec| StagedTable::new(&folder, spec);
        let tables = [table(DEALS), table(STAGE_EVENTS), table(ACTIVITIES), table(INDICATORS)];
        let (erased, memory) = (ErasedNames::default(), MEMORY_BYTES);
        Self { tables, folder, scope, erased, memory, room: memory, _lock: lock }
    }

    /// Replaces these names in all rows that are added from here on: people who were erased must not
    /// come back with the next load.
    pub fn replace_names(&mut self, names: ErasedNames) {
        self.erased = names;
    }

    /// Keeps so many bytes of the rows that are added from here on in memory, and the others on disk; and
    /// then of the files that are written of them.
    pub fn keep_in_memory(&mut self, bytes: usize) {
        (self.memory, self.room) = (bytes, bytes);
    }

    fn add(&mut self, table: usize, batch: &RecordBatch) -> Result<(), StoreError> {
        let table = &mut self.tables[table];
        let replaced = Erasing::new(&self.erased).rewrite(table.spec, batch)?;
        table.add(replaced.as_ref().unwrap_or(batch), &mut self.room)
    }

    /// Adds rows of `deals`, in the schema of [`winsight_model::schema::deals`].
    pub fn add_deals(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.add(0, batch)
    }

    /// Adds rows of `stage_events`, in the schema of [`winsight_model::schema::stage_events`]. A deal that appears
    /// here has all its earlier events replaced, unless [`Staging::is_part_of_histories`].
    pub fn add_stage_events(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.add(1, batch)
    }

    /// Adds rows of `activities`, in the schema of [`winsight_model::schema::activities`]. A deal that appears here
    /// has all its earlier activities replaced.
    pub fn add_activities(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.add(2, batch)
    }

    /// Adds rows of `indicators`, in the schema of [`winsight_model::schema::indicators`]. A series that appears
    /// here is replaced as a whole.
    pub fn add_indicators(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.add(3, batch)
    }

    /// Declares that every deal of a source is staged: stored ones that are not will be deleted.
    pub fn is_complete(&mut self, source: &str) {
        self.scope.complete.insert(source.to_owned());
    }

    /// Declares that the events and activities of a deal, and the values of an indicator, may be only
    /// those of some days, like the newest ones: they replace what is stored from their first day to
    /// their last, and nothing before or after.
    pub fn is_part_of_histories(&mut self) {
        self.scope.histories_in_part = true;
    }

    /// Deletes a deal, with its events and activities, unless a row of it is staged.
    pub fn delete_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.deleted.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Leaves a deal as it is stored, even if a row of it is staged.
    pub fn leave_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.left.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Ends the writing; from here on the rows can be read.
    pub(crate) fn finish(&mut self) -> Result<&mut [StagedTable], StoreError> {
        for table in &mut self.tables {
            table.finish()?;
        }
        Ok(&mut self.tables)
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
    in_memory: Vec<RecordBatch>,
    /// Takes the rows for which there is no room in memory.
    writer: Option<ArrowWriter<StagedFileWriter>>,
    file: Option<StagedFile>,
    is_finished: bool,
    pub(crate) rows: u64,
}

impl StagedTable {
    fn new(folder: &Path, spec: TableSpec) -> Self {
        Self {
            spec,
            path: folder.join(format!("{}.parquet", spec.name)),
            in_memory: Vec::new(),
            writer: None,
            file: None,
            is_finished: false,
            rows: 0,
        }
    }

    fn file_name(&self) -> String {
        format!("{}.parquet", self.spec.name)
    }

    fn create(&self, batch: &RecordBatch) -> Result<ArrowWriter<StagedFileWriter>, StoreError> {
        let file = StagedFileWriter::create(&self.path)?;
        Ok(ArrowWriter::try_new(file, batch.schema(), Some(as_staged()))?)
    }

    /// Adds rows: to those in memory as long as there is room.
    fn add(&mut self, batch: &RecordBatch, room: &mut usize) -> Result<(), StoreError> {
        if self.is_finished {
            let late = "rows were added after the load began".to_owned();
            return Err(StoreError::Damaged(late));
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        let bytes = batch.get_array_memory_size();
        if self.writer.is_none() && bytes <= *room {
            *room -= bytes;
            self.in_memory.push(batch.clone());
            return Ok(());
        }
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.create(batch)?,
        };
        writer.write(batch)?;
        self.writer = Some(writer);
        Ok(())
    }

    /// Takes the rows of a Parquet file.
    fn fill(&mut self, contents: &[u8]) -> Result<(), StoreError> {
        let mut writer = StagedFileWriter::create(&self.path)?;
        writer.write_all(contents).map_err(|source| StoreError::folder(&self.path, source))?;
        let file = writer.finish(&self.path)?;
        let rows = ParquetRecordBatchReaderBuilder::try_new(file.clone())?;
        self.rows = u64::try_from(rows.metadata().file_metadata().num_rows()).unwrap_or_default();
        self.file = Some(file);
        self.is_finished = true;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.is_finished = true;
        if let Some(writer) = self.writer.take() {
            self.file = Some(writer.into_inner()?.finish(&self.path)?);
        }
        Ok(())
    }

    /// The rows as a Parquet file.
    fn to_parquet(&self) -> Result<Vec<u8>, StoreError> {
        let mut file = Vec::new();
        let mut rows = self.read(None)?;
        if let Some(first) = rows.next() {
            let first = first?;
            let mut writer = ArrowWriter::try_new(&mut file, first.schema(), Some(as_staged()))?;
            writer.write(&first)?;
            for batch in rows {
                writer.write(&batch?)?;
            }
            writer.close()?;
        }
        Ok(file)
    }

    /// Hands the rows over, so that the memory of each batch is free once it is used up.
    pub(crate) fn take(&mut self) -> Result<StagedRows, StoreError> {
        let rows = self.read(None)?;
        Ok(StagedRows { in_memory: std::mem::take(&mut self.in_memory).into_iter(), ..rows })
    }

    /// The staged rows, all columns or those named.
    pub(crate) fn read(&self, columns: Option<&[&str]>) -> Result<StagedRows, StoreError> {
        let in_memory: Result<Vec<_>, StoreError> = match columns {
            None => Ok(self.in_memory.clone()),
            Some(columns) => self.in_memory.iter().map(|batch| projected(batch, columns)).collect(),
        };
        let in_memory = in_memory?.into_iter();
        let Some(file) = self.file.clone() else { return Ok(StagedRows { in_memory, file: None }) };
        let mut builder =
            ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH_ROWS);
        if let Some(columns) = columns {
            let mask = parquet::arrow::ProjectionMask::columns(
                builder.parquet_schema(),
                columns.iter().copied(),
            );
            builder = builder.with_projection(mask);
        }
        Ok(StagedRows { in_memory, file: Some(builder.build()?) })
    }
}

fn as_staged() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

/// The columns named, in the order of the batch.
fn projected(batch: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, StoreError> {
    let schema = batch.schema();
    let fields = schema.fields().iter().enumerate();
    let wanted = fields.filter(|(_, field)| columns.contains(&field.name().as_str()));
    let wanted: Vec<_> = wanted.map(|(place, _)| place).collect();
    Ok(batch.project(&wanted)?)
}

/// The batches of a staged table.
pub(crate) struct StagedRows {
    in_memory: std::vec::IntoIter<RecordBatch>,
    file: Option<ParquetRecordBatchReader>,
}

impl Iterator for StagedRows {
    type Item = Result<RecordBatch, arrow::error::ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.in_memory.next() {
            Some(batch) => Some(Ok(batch)),
            None => self.file.as_mut()?.next(),
        }
    }
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::folder(folder, source))
        }
        _ => Ok(()),
    }
}
