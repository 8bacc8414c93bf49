//! An object store in memory that dies at its n-th write, as a process does that is killed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// Whether the write at which the process dies reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWrite {
    Lost,
    Done,
}

/// Objects that survive, seen by a process that will not.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    objects: Arc<InMemory>,
    /// Writes until death; dead below 1.
    left: Arc<AtomicI64>,
    last: LastWrite,
}

impl Faulty {
    /// Dies at the write of this number, counting from 1.
    pub(crate) fn dying_at(objects: &Arc<InMemory>, write: i64, last: LastWrite) -> Self {
        Self { objects: Arc::clone(objects), left: Arc::new(AtomicI64::new(write)), last }
    }

    fn alive(&self) -> Result<()> {
        if self.left.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err(killed()) }
    }

    /// Does a write, unless dead. At the last one the process dies before it hears of the result.
    async fn write<T>(&self, write: impl Future<Output = Result<T>> + Send) -> Result<T> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            2.. => write.await,
            1 if self.last == LastWrite::Done => write.await.and(Err(killed())),
            _ => Err(killed()),
        }
    }
}

fn killed() -> Error {
    Error::Generic { store: "Faulty", source: "killed".into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.write(self.objects.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.alive()?;
        let upload = self.objects.put_multipart_opts(location, options).await?;
        Ok(Box::new(FaultyUpload { upload, process: self.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.alive()?;
        self.objects.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.alive()?;
        self.objects.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let process = self.clone();
        let delete = move |location: Result<Path>| {
            let process = process.clone();
            async move {
                let location = location?;
                process.write(process.objects.delete(&location)).await?;
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.alive() {
            Ok(()) => self.objects.list(prefix),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.alive()?;
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.write(self.objects.copy_opts(from, to, options)).await
    }
}

/// Parts are seen by nobody until the upload is complete.
#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    process: Faulty,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match self.process.alive() {
            Ok(()) => self.upload.put_part(data),
            Err(error) => async { Err(error) }.boxed(),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let Self { upload, process } = self;
        process.write(upload.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.process.alive()?;
        self.upload.abort().await
    }
}
