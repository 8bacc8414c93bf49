use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;
use winsight_vault::Vault;

use crate::StoreError;
use crate::objects::DurableFileSystem;

/// Where a store lies, and with which keys.
#[derive(Clone, Debug)]
pub struct Location {
    pub(crate) folder: PathBuf,
    remote: Option<Remote>,
    pub(crate) vault: Option<Vault>,
}

#[derive(Clone, Debug)]
struct Remote {
    url: String,
    options: BTreeMap<String, String>,
}

impl Location {
    /// A local folder, in clear.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), remote: None, vault: None }
    }

    /// The same, but with the objects at a URL: `s3://BUCKET/PATH`, `gs://…` or `az://…`. The folder
    /// remains for the rows of a load on their way in, and for the writer lock. `options` are those
    /// of `object_store`, such as `aws_region`.
    pub fn with_objects_at(self, url: &str, options: BTreeMap<String, String>) -> Self {
        Self { remote: Some(Remote { url: url.to_owned(), options }), ..self }
    }

    /// The same, sealed.
    pub fn sealed_by(self, vault: Vault) -> Self {
        Self { vault: Some(vault), ..self }
    }

    pub(crate) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// The object store there, without regard to sealing.
    pub(crate) fn objects(&self, root: &Path) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let Some(Remote { url, options }) = &self.remote else {
            return Ok(Arc::new(DurableFileSystem::new(root)?));
        };
        let refused = |why: String| StoreError::Location { url: url.clone(), why };
        let parsed = Url::parse(url).map_err(|error| refused(error.to_string()))?;
        if !matches!(parsed.scheme(), "s3" | "s3a" | "gs" | "az" | "abfs" | "abfss") {
            return Err(refused(format!("{} is not one of s3, gs and az", parsed.scheme())));
        }
        let opened = object_store::parse_url_opts(&parsed, options);
        let (store, prefix) = opened.map_err(|error| refused(error.to_string()))?;
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }
}

impl From<&Path> for Location {
    fn from(folder: &Path) -> Self {
        Self::folder(folder)
    }
}
