use std::io::Write;

use async_trait::async_trait;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use winsight_vault::{SealedWriter, Vault};

/// What is handed on at once. Object stores refuse parts under 5 MiB, and some want all but the
/// last to be of one size.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// An upload in parts that is sealed on its way.
#[derive(Debug)]
pub(super) struct SealedUpload {
    inner: Box<dyn MultipartUpload>,
    /// `None` once the upload is complete.
    writer: Option<SealedWriter<Vec<u8>>>,
}

impl SealedUpload {
    pub(super) fn new(
        inner: Box<dyn MultipartUpload>,
        vault: &Vault,
        location: &Path,
    ) -> Result<Self> {
        let writer = SealedWriter::new(Vec::new(), vault, location.as_ref()).map_err(failed)?;
        Ok(Self { inner, writer: Some(writer) })
    }

    fn seal(&mut self, part: &PutPayload) -> Result<Vec<UploadPart>> {
        let Some(writer) = &mut self.writer else {
            return Err(failed(std::io::Error::other("the upload is complete already")));
        };
        part.iter().try_for_each(|part| writer.write_all(part)).map_err(failed)?;
        let mut uploads = Vec::new();
        while writer.inner_mut().len() >= PART_BYTES {
            let rest = writer.inner_mut().split_off(PART_BYTES);
            let full = std::mem::replace(writer.inner_mut(), rest);
            uploads.push(self.inner.put_part(full.into()));
        }
        Ok(uploads)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Generic { store: "SealedStore", source: error.into() }
}

#[async_trait]
impl MultipartUpload for SealedUpload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        match self.seal(&part) {
            Ok(uploads) => {
                futures::future::try_join_all(uploads).map(|done| done.map(|_| ())).boxed()
            }
            Err(error) => futures::future::ready(Err(error)).boxed(),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if let Some(writer) = self.writer.take() {
            let rest = writer.finish().map_err(failed)?;
            self.inner.put_part(rest.into()).await?;
        }
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
