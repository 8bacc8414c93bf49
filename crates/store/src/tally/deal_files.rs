//! The data files of a table, read row group by row group.
//!
//! Past the query engine, since counting needs no plan: dictionaries arrive as the files hold them
//! instead of being merged batch by batch, amounts as 64-bit integers, and row groups rather than
//! files are shared out between the workers, so that one large file keeps every core busy.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use winsight_model::schema;

use crate::StoreError;
use crate::table::{Table, UNIQUE};

/// Rows per batch: a divisor of the rows of a row group, so that dictionaries stay as they are, and
/// few enough for the caches.
const BATCH_ROWS: usize = 16_384;
/// Footers that are read at the same time.
const CONCURRENT_FOOTERS: usize = 16;
/// Bytes at the end of a file that hold its footer, nearly always.
const FOOTER_BYTES: usize = 65_536;

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
        let mut file = ObjectFile {
            objects: Arc::clone(&objects),
            path: data_file.path,
            bytes: data_file.bytes,
        };
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

fn unreadable(error: ParquetError) -> StoreError {
    datafusion::error::DataFusionError::from(error).into()
}

/// A file in the object store, as the Parquet reader asks for it.
#[derive(Clone)]
struct ObjectFile {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ObjectFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { self.objects.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { self.objects.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.bytes;
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
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
