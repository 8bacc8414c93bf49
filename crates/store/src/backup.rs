//! The objects of a store as they are stored, for a backup: what is sealed stays sealed.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::catalog::{CatalogFile, catalog_files};
use crate::generation::{CURRENT, Generation};
use crate::staging::HELD;
use crate::{FeatureStore, StoreError};

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name, sealed if the store is.
    pub path: String,
    /// Its contents, sealed if the store is.
    pub contents: Bytes,
}

impl FeatureStore {
    /// The names of the objects that make up the store now, with the versions of loads up to the
    /// number `newest_load`; later ones are left out, so that a copy of the books that was made
    /// before knows of every version.
    ///
    /// They can be read one after the other while loads run, which only add objects.
    pub async fn stored_names(&self, newest_load: i64) -> Result<Vec<String>, StoreError> {
        let generation = self.generation().await?;
        let mut too_new: Vec<Path> = Vec::new();
        let versions = self.commits().await?;
        let later = versions.iter().filter(|commit| commit.load > newest_load);
        let later: Vec<_> = later.map(|commit| commit.version).collect();
        for file in catalog_files(self.objects.as_ref(), generation).await? {
            if later.contains(&file.version) {
                too_new.push(CatalogFile::path(file, generation));
            }
        }
        let mut names = Vec::new();
        let mut listed = self.objects.list(None);
        while let Some(object) = listed.try_next().await? {
            let path = object.location;
            if is_of(&path, generation) && !too_new.contains(&path) {
                names.push(self.stored_name(&path)?);
            }
        }
        Ok(names)
    }

    /// Reads an object; `None` when it is gone, since upkeep or an erasure came between.
    pub async fn read_stored(&self, name: &str) -> Result<Option<StoredObject>, StoreError> {
        let stored = self.location.objects(&self.root)?;
        let path = Path::parse(name).map_err(object_store::Error::from)?;
        match stored.get(&path).await {
            Ok(found) => {
                Ok(Some(StoredObject { path: name.to_owned(), contents: found.bytes().await? }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts an object of a backup into the store.
    pub async fn write_stored(&self, object: StoredObject) -> Result<(), StoreError> {
        let stored = self.location.objects(&self.root)?;
        let path = Path::parse(object.path).map_err(object_store::Error::from)?;
        stored.put(&path, PutPayload::from(object.contents)).await?;
        Ok(())
    }

    /// Whether the objects lie elsewhere than in the local folder.
    pub fn is_remote(&self) -> bool {
        self.location.is_remote()
    }

    /// Whether there is no object at all.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.objects.list(None).try_next().await?.is_none())
    }

    fn stored_name(&self, path: &Path) -> Result<String, StoreError> {
        match &self.location.vault {
            Some(vault) => Ok(vault.seal_name(path.as_ref())?),
            None => Ok(path.to_string()),
        }
    }
}

fn is_of(path: &Path, generation: Generation) -> bool {
    let first = path.parts().next();
    let first = first.as_ref().map_or("", AsRef::as_ref);
    first == CURRENT || first == HELD || first == generation.to_string()
}
