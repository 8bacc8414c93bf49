//! Loads kept aside: their rows as objects beside the tables, under the number of the load.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

use super::Staging;
use crate::{FeatureStore, StoreError};

/// Written last: a load without it was never held completely.
const SCOPE: &str = "scope.json";

fn folder(load: i64) -> Path {
    Path::from(format!("held/{load}"))
}

impl Staging {
    /// Keeps the rows aside under the number of their load instead of discarding them, until
    /// [`FeatureStore::take_up`] or [`FeatureStore::discard_held`].
    pub async fn hold(mut self, store: &FeatureStore, load: i64) -> Result<(), StoreError> {
        let folder = folder(load);
        for table in self.finish()?.iter().filter(|table| table.rows > 0) {
            let upload = store.objects.put_multipart(&folder.clone().join(table.spec.name)).await?;
            let mut upload = WriteMultipart::new(upload);
            for part in table.contents()? {
                upload.put(part?);
            }
            upload.finish().await?;
        }
        let path = folder.join(SCOPE);
        let scope = serde_json::to_vec(&self.scope)
            .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
        store.objects.put(&path, PutPayload::from(scope)).await?;
        Ok(())
    }
}

impl FeatureStore {
    /// Takes up a load that was held; see [`Staging::hold`].
    ///
    /// # Errors
    /// As [`FeatureStore::stage`]; also when nothing is held under this number.
    pub async fn take_up(&self, load: i64) -> Result<Staging, StoreError> {
        let mut staging = self.stage()?;
        let folder = folder(load);
        let path = folder.clone().join(SCOPE);
        let scope = self.objects.get(&path).await?.bytes().await?;
        staging.scope = serde_json::from_slice(&scope)
            .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
        for table in &mut staging.tables {
            match self.objects.get(&folder.clone().join(table.spec.name)).await {
                Ok(rows) => table.receive(rows.into_stream()).await?,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(staging)
    }

    /// Throws the rows of a held load away.
    pub async fn discard_held(&self, load: i64) -> Result<(), StoreError> {
        let objects: Vec<_> = self.objects.list(Some(&folder(load))).try_collect().await?;
        for object in objects {
            self.objects.delete(&object.location).await?;
        }
        Ok(())
    }
}
