//! The rows of data files as the table has them, file by file. Past the query engine: whoever wants
//! all of a file needs no plan.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{FieldRef, SchemaRef};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;

use super::{DataFile, ObjectFile, Table, unreadable};
use crate::StoreError;

const BATCH_ROWS: usize = 16_384;

/// Batches of rows.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch, StoreError>>;

impl Table {
    /// The rows of some of its files, in their order: all columns of the table, or those named. A
    /// column that was added after a file was written is blank in its rows.
    ///
    /// # Errors
    /// When a column is named that the table does not have.
    pub(crate) fn rows(
        &self,
        files: Vec<DataFile>,
        columns: Option<&[&str]>,
    ) -> Result<Rows, StoreError> {
        let mut schema = (self.spec.schema)();
        if let Some(columns) = columns {
            let places: Result<Vec<_>, _> =
                columns.iter().map(|name| schema.index_of(name)).collect();
            schema = Arc::new(schema.project(&places?)?);
        }
        let (objects, partition) = (self.objects(), self.spec.partition);
        let opened = stream::iter(files).then(move |file| {
            let (objects, schema) = (Arc::clone(&objects), Arc::clone(&schema));
            async move {
                let object = ObjectFile::new(objects, &file);
                let builder =
                    ParquetRecordBatchStreamBuilder::new(object).await.map_err(unreadable)?;
                let wanted = schema.fields().iter().map(|field| field.name().as_str());
                let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
                let rows = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
                let rows = rows.map_err(unreadable)?.map_err(unreadable);
                Ok::<_, StoreError>(rows.and_then(move |batch| {
                    std::future::ready(complete(&batch, &schema, partition, &file.partition))
                }))
            }
        });
        Ok(opened.try_flatten().boxed())
    }
}

/// The batch with the columns of `schema`, of which the file leaves out that of its partition.
fn complete(
    batch: &RecordBatch,
    schema: &SchemaRef,
    partition: &str,
    value: &str,
) -> Result<RecordBatch, StoreError> {
    let rows = batch.num_rows();
    let column = |field: &FieldRef| -> Result<ArrayRef, StoreError> {
        Ok(match batch.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type())?,
            None if field.name() == partition => {
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows)))
            }
            None => new_null_array(field.data_type(), rows),
        })
    };
    let columns: Result<Vec<_>, _> = schema.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns?)?)
}
