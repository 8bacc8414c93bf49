//! Looking after the files of a store: reading all of them, and sealing them anew.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::objects::SealedStore;
use crate::table::VERSIONED;
use crate::{FeatureStore, Staging, StoreError};

/// What reading every file of a store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Files read.
    pub files: u64,
    /// Bytes of their contents.
    pub bytes: u64,
    /// What is wrong; empty for a sound store.
    pub problems: Vec<String>,
}

impl FeatureStore {
    /// Reads every file, which checks every sealed chunk, and opens every table of the newest
    /// version. `progress` is told how many files are done, and of how many.
    ///
    /// # Errors
    /// When the files cannot even be listed. What is wrong with one of them is part of the answer.
    pub async fn examine(
        &self,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Examined, StoreError> {
        let files = self.files().await?;
        let mut examined = Examined::default();
        let mut sizes = BTreeMap::new();
        for file in &files {
            match self.read(&file.location).await {
                Ok(bytes) => examined.bytes += bytes,
                Err(error) => examined.problems.push(StoreError::from(error).to_string()),
            }
            examined.files += 1;
            sizes.insert(file.location.clone(), file.size);
            progress(examined.files, files.len() as u64);
        }
        match self.missing(&sizes).await {
            Ok(missing) => examined.problems.extend(missing),
            Err(error) => examined.problems.push(error.to_string()),
        }
        Ok(examined)
    }

    /// Seals anew, with the newest data key, every file that is sealed with another one, and returns
    /// how many there were. Killed at any moment it can be begun again, and goes on.
    ///
    /// The staging holds the writer lock.
    ///
    /// # Errors
    /// When a file cannot be read or written. All files remain readable.
    pub async fn reseal(
        &self,
        _staging: &Staging,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<u64, StoreError> {
        let Some(vault) = &self.location.vault else { return Ok(0) };
        let sealed = SealedStore::new(self.location.objects(&self.root)?, vault.clone());
        let files = self.files().await?;
        let mut resealed = 0;
        for (done, file) in files.iter().enumerate() {
            resealed += u64::from(sealed.reseal(&file.location).await?);
            progress(done as u64 + 1, files.len() as u64);
        }
        Ok(resealed)
    }

    async fn files(&self) -> Result<Vec<ObjectMeta>, StoreError> {
        Ok(self.objects.list(None).try_collect().await?)
    }

    async fn read(&self, location: &Path) -> object_store::Result<u64> {
        let mut contents = self.objects.get(location).await?.into_stream();
        let mut bytes = 0;
        while let Some(part) = contents.try_next().await? {
            bytes += part.len() as u64;
        }
        Ok(bytes)
    }

    /// The data files that the newest version names and that are not there as it describes them.
    async fn missing(&self, sizes: &BTreeMap<Path, u64>) -> Result<Vec<String>, StoreError> {
        let Some(commit) = self.latest().await? else { return Ok(Vec::new()) };
        let mut missing = Vec::new();
        for spec in VERSIONED {
            let Some(version) = commit.tables.get(spec.name) else { continue };
            for file in self.table(commit.generation, spec, *version).await?.files()? {
                let path = commit.generation.path(&format!("{}/{}", spec.name, file.path));
                if sizes.get(&path) != Some(&file.bytes) {
                    missing.push(format!(
                        "{path} is missing or was cut off; restore it from a backup"
                    ));
                }
            }
        }
        Ok(missing)
    }
}
