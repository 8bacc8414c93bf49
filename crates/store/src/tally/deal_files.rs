//! The data files of a table, read row group by row group.
//!
//! Past the query engine, since counting needs no plan: dictionaries arrive as the files hold them
//! instead of being merged batch by batch, amounts as 64-bit integers, and row groups rather than
//! files are shared out between the workers, so that one large file keeps every core busy.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use futures::{StreamExt, TryStreamExt, stream};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use tokio::task::JoinSet;
use winsight_model::schema;

use crate::StoreError;
use crate::table::{ObjectFile, Table, UNIQUE, unreadable};

/// Rows per batch: a divisor of the rows of a row group, so that dictionaries stay as they are, and
/// few enough for the caches.
const BATCH_ROWS: usize = 16_384;
/// Footers that are read at the same time.
const CONCURRENT_FOOTERS: usize = 16;

/// One row group of a data file.
pub(crate) struct RowGroup {
    /// Which of the files, in the order of [`Table::files`].
    pub(crate) of_file: usize,
    file: ObjectFile,
    metadata: ArrowReaderMetadata,
    place: usize,
}

/// The row groups that may hold a deal closed on a wanted day; `wanted` is asked with the first and
/// the last closed date of each, in days since 1970.
pub(crate) async fn row_groups(
    table: &Table,
    wanted: impl Fn(i32, i32) -> bool,
) -> Result<Vec<RowGroup>, StoreError> {
    let objects = table.objects();
    let footers = table.files()?.into_iter().map(|data_file| {
        let mut file = ObjectFile::new(Arc::clone(&objects), &data_file);
        async move {
            let metadata = file.get_metadata(None).await?;
            let metadata = in_reading_types(metadata)?;
            Ok::<_, ParquetError>((file, metadata))
        }
    });
    let footers: Vec<_> = stream::iter(footers)
        .buffered(CONCURRENT_FOOTERS)
        .try_collect()
        .await
        .map_err(unreadable)?;
    let mut groups = Vec::new();
    for (of_file, (file, metadata)) in footers.into_iter().enumerate() {
        for (place, group) in metadata.metadata().row_groups().iter().enumerate() {
            if closed_days(group).is_none_or(|(first, last)| wanted(first, last)) {
                let (file, metadata) = (file.clone(), metadata.clone());
                groups.push(RowGroup { of_file, file, metadata, place });
            }
        }
    }
    Ok(groups)
}

/// Row groups that workers take one by one.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Mutex<VecDeque<RowGroup>>>);

impl Queue {
    /// The next one that nobody has taken.
    pub(crate) fn next(&self) -> Option<RowGroup> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Workers for each core: while one waits for the disk, another one counts.
const WORKERS_PER_CORE: usize = 2;

/// Keeps every core busy with a queue of row groups; the set holds what the workers make.
pub(crate) fn on_every_core<Made: Send + 'static, Work>(
    groups: Vec<RowGroup>,
    work: impl Fn(Queue) -> Work,
) -> JoinSet<Made>
where
    Work: Future<Output = Made> + Send + 'static,
{
    let workers = (cores() * WORKERS_PER_CORE).min(groups.len());
    let queue = Queue(Arc::new(Mutex::new(VecDeque::from(groups))));
    (0..workers).map(|_| work(queue.clone())).collect()
}

/// Processor cores, each of which takes a part of the work.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl RowGroup {
    /// Its rows in the given columns, as far as the file has them.
    pub(crate) async fn read(
        self,
        columns: &[&str],
    ) -> Result<Option<ParquetRecordBatchReader>, StoreError> {
        let mask = ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied());
        let mut stream =
            ParquetRecordBatchStreamBuilder::new_with_metadata(self.file, self.metadata)
                .with_row_groups(vec![self.place])
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(unreadable)?;
        stream.next_row_group().await.map_err(unreadable)
    }
}

/// Texts as dictionaries, except those of which each is another, and amounts as 64-bit integers; all
/// as the file stores them.
fn in_reading_types(metadata: Arc<ParquetMetaData>) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new();
    let stored = ArrowReaderMetadata::try_new(Arc::clone(&metadata), options.clone())?;
    let fields = stored.schema().fields().iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8 if !UNIQUE.contains(&field.name().as_str()) => dictionary(),
            DataType::Decimal128(precision, scale) if *precision <= 18 => {
                DataType::Decimal64(*precision, *scale)
            }
            other => other.clone(),
        };
        Field::new(field.name(), data_type, field.is_nullable())
    });
    let wanted = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    ArrowReaderMetadata::try_new(metadata, options.with_schema(wanted))
}

/// The type in which texts are read.
pub(crate) fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The type in which amounts are read.
pub(crate) fn money() -> DataType {
    match schema::MONEY {
        DataType::Decimal128(precision, scale) => DataType::Decimal64(precision, scale),
        other => other,
    }
}

/// First and last closed date in a row group; `None` when it does not say.
fn closed_days(group: &RowGroupMetaData) -> Option<(i32, i32)> {
    let is_closed_date = |name: &str| name == "closed_date";
    let column = group.columns().iter().find(|column| is_closed_date(column.column_descr().name()));
    match column?.statistics()? {
        Statistics::Int32(days) => Some((*days.min_opt()?, *days.max_opt()?)),
        _ => None,
    }
}

/// A text column as a dictionary.
pub(crate) fn dictionary_of(column: &dyn Array) -> Result<DictionaryArray<Int32Type>, StoreError> {
    Ok(cast(column, &dictionary())?.as_dictionary::<Int32Type>().clone())
}

/// Whether two dictionaries lie in the same memory.
pub(crate) fn is_same(one: &ArrayRef, other: &ArrayRef) -> bool {
    one.len() == other.len() && one.to_data().ptr_eq(&other.to_data())
}
