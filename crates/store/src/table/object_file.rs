//! A data file in the object store, as the Parquet reader asks for it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::DataFile;
use crate::StoreError;

/// Bytes at the end of a file that hold its footer, nearly always.
const FOOTER_BYTES: usize = 65_536;

/// A data file that Parquet cannot read.
pub(crate) fn unreadable(error: ParquetError) -> StoreError {
    datafusion::error::DataFusionError::from(error).into()
}

/// A file in the object store, as the Parquet reader asks for it.
#[derive(Clone)]
pub(crate) struct ObjectFile {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

impl ObjectFile {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, file: &DataFile) -> Self {
        Self { objects, path: file.path.clone(), bytes: file.bytes }
    }
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
