//! Writes new data files of a table. Its partitions are shared out between the cores, and rows are
//! gathered until there are enough of each partition to be worth a call.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use deltalake_core::writer::{DeltaWriter, RecordBatchWriter, WriteMode};
use indexmap::IndexMap;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::{DEAL, Table, TableSpec};
use crate::StoreError;
use crate::diff::text;
use crate::tally::deal_files::cores;

/// Rows per row group: small enough that dozens of open partitions stay in bounded memory.
const ROW_GROUP_ROWS: usize = 65_536;
/// Bytes of a page. Each grows in a buffer of its own, for every column of every open partition: below
/// the size from which the allocator asks the system for fresh memory, buffers are used again.
const PAGE_BYTES: usize = 64 * 1024;
/// Rows of a page. Until it is complete, each takes some hundred bytes: the place of every text in its
/// dictionary.
const PAGE_ROWS: usize = 20_000;
/// Bytes of those pages in the partitions that are mostly open, for each of their rows.
const PAGE_ROW_BYTES: usize = 16_384;
/// Rows that are gathered before they go to their partitions.
const GATHERED_ROWS: usize = 65_536;
/// About the bytes of a deal in memory, with what waits beside it.
const ROW_BYTES: usize = 2048;
/// Encoded bytes of the files that are written at the same time, one for every partition. Much of each waits
/// in memory until it is complete: beyond so many bytes all of them are completed, and others begun.
const UNFINISHED_BYTES: usize = 256 << 20;
/// With less of them for each worker there would be too many files.
const LEAST_SHARE: usize = 4 << 20;
/// A worker that waits until the disk has a file leaves its core to another one.
const WORKERS_PER_CORE: usize = 2;
/// Below so many rows, one worker is enough.
const FEW_ROWS: usize = 16_384;
/// Texts and hashes that are another one in nearly every row of the tables about deals: looking for
/// repeated values would cost more than everything else about them.
pub(crate) const UNIQUE: [&str; 3] = ["deal_id", "name", "row_hash"];

/// Writes new data files of a table; they belong to it only once committed.
pub(crate) struct TableWriter {
    table: DeltaTable,
    spec: TableSpec,
    gathered: Vec<RecordBatch>,
    gathered_rows: usize,
    /// Rows that are gathered before they are shared out.
    enough_rows: usize,
    page_rows: usize,
    unfinished_bytes: usize,
    /// The worker of each partition.
    homes: BTreeMap<String, usize>,
    workers: Vec<Sender<Work>>,
    tasks: JoinSet<Result<Vec<Add>, StoreError>>,
}

/// Rows for one worker: for each partition, the batch and the row of each of its rows.
struct Work {
    batches: Arc<[RecordBatch]>,
    parts: Vec<(String, Vec<(usize, usize)>)>,
}

impl Table {
    /// A writer of new data files, partitioned as the table is.
    pub(crate) fn writer(&self) -> TableWriter {
        TableWriter {
            table: self.delta.clone(),
            spec: self.spec,
            gathered: Vec::new(),
            gathered_rows: 0,
            enough_rows: GATHERED_ROWS,
            page_rows: PAGE_ROWS,
            unfinished_bytes: UNFINISHED_BYTES,
            homes: BTreeMap::new(),
            workers: Vec::new(),
            tasks: JoinSet::new(),
        }
    }
}

impl TableWriter {
    /// With pages so short, and files completed and others begun so often, that they take about so many
    /// bytes.
    pub(crate) fn within(self, bytes: usize) -> Self {
        Self {
            enough_rows: self.enough_rows.min(bytes / ROW_BYTES),
            page_rows: self.page_rows.min(bytes / PAGE_ROW_BYTES).max(1),
            unfinished_bytes: self.unfinished_bytes.min(bytes),
            ..self
        }
    }

    pub(crate) async fn add(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        if batch.num_rows() > 0 {
            self.gathered_rows += batch.num_rows();
            self.gathered.push(batch);
        }
        if self.gathered_rows >= self.enough_rows { self.share_out().await } else { Ok(()) }
    }

    pub(crate) async fn finish(mut self) -> Result<Vec<Add>, StoreError> {
        self.share_out().await?;
        // Workers end when nobody can give them more.
        self.workers.clear();
        let mut added = Vec::new();
        while let Some(files) = self.tasks.join_next().await {
            added.extend(files??);
        }
        added.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(added)
    }

    /// Gives the gathered rows to the workers.
    async fn share_out(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.gathered_rows);
        let batches: Arc<[RecordBatch]> = std::mem::take(&mut self.gathered).into();
        let parts = partitions(&batches, self.spec.partition)?;
        let most = if rows >= FEW_ROWS { self.most_workers() } else { 1 };
        let mut shares: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for (partition, rows) in parts {
            let next = self.homes.len() % most;
            let home = *self.homes.entry(partition.clone()).or_insert(next);
            shares.entry(home).or_default().push((partition, rows));
        }
        for (worker, parts) in shares {
            while self.workers.len() <= worker {
                self.hire()?;
            }
            let work = Work { batches: Arc::clone(&batches), parts };
            if self.workers[worker].send(work).await.is_err() {
                return Err(self.failure().await);
            }
        }
        Ok(())
    }

    fn most_workers(&self) -> usize {
        (cores() * WORKERS_PER_CORE).min(self.unfinished_bytes / LEAST_SHARE).max(1)
    }

    fn hire(&mut self) -> Result<(), StoreError> {
        let writer = RecordBatchWriter::for_table(&self.table)?
            .with_writer_properties(properties(self.spec, self.page_rows));
        let (give, work) = channel(1);
        self.workers.push(give);
        let share = self.unfinished_bytes / self.most_workers();
        self.tasks.spawn(write(writer, share, self.spec.partition, work));
        Ok(())
    }

    /// Why a worker takes no more work.
    async fn failure(&mut self) -> StoreError {
        self.workers.clear();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Err(error)) => return error,
                Err(error) => return error.into(),
                Ok(Ok(_)) => {}
            }
        }
        StoreError::Damaged(format!("the writing of {} ended early", self.spec.name))
    }
}

async fn write(
    mut writer: RecordBatchWriter,
    unfinished_bytes: usize,
    column: &str,
    mut work: Receiver<Work>,
) -> Result<Vec<Add>, StoreError> {
    let mut added = Vec::new();
    while let Some(Work { batches, parts }) = work.recv().await {
        // A file does not hold the column that its partition is named by.
        let stored: Result<Vec<_>, ArrowError> = batches
            .iter()
            .map(|batch| {
                let others = (0..batch.num_columns())
                    .filter(|place| batch.schema().field(*place).name() != column);
                batch.project(&others.collect::<Vec<_>>())
            })
            .collect();
        let stored = stored?;
        let stored: Vec<&RecordBatch> = stored.iter().collect();
        for (partition, rows) in parts {
            let rows = interleave_record_batch(&stored, &rows)?;
            let values = IndexMap::from([(column.to_owned(), partition.into())]);
            writer.write_partition(rows, &values, WriteMode::Default).await?;
        }
        if writer.buffer_len() > unfinished_bytes {
            added.extend(writer.flush().await?);
        }
    }
    added.extend(writer.flush().await?);
    Ok(added)
}

/// The places of the rows of each partition, by its value.
fn partitions(
    batches: &[RecordBatch],
    column: &str,
) -> Result<BTreeMap<String, Vec<(usize, usize)>>, StoreError> {
    let mut found: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for (place, batch) in batches.iter().enumerate() {
        let values = text(batch, column)?;
        for row in 0..batch.num_rows() {
            let value = values.value(row);
            if let Some(rows) = found.get_mut(value) {
                rows.push((place, row));
            } else {
                found.insert(value.to_owned(), vec![(place, row)]);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Amounts seldom repeat: see [`UNIQUE`].
fn is_amount(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Decimal128(..))
}

fn properties(spec: TableSpec, page_rows: usize) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_data_page_row_count_limit(page_rows)
        .set_statistics_enabled(EnabledStatistics::None);
    for field in (spec.schema)().fields() {
        let column = ColumnPath::from(field.name().as_str());
        if matches!(field.data_type(), DataType::Date32 | DataType::Timestamp(..)) {
            // By these, row groups are left out.
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Chunk);
        } else if spec.key == DEAL && UNIQUE.contains(&field.name().as_str()) || is_amount(field) {
            properties = properties.set_column_dictionary_enabled(column, false);
        }
    }
    properties.build()
}
