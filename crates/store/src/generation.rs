//! Generations: the whole of a store below one folder, so that it can be replaced in one step.
//!
//! Whatever rewrites history builds the next generation beside the one in use, completely, and then
//! names it in the object `CURRENT`. Killed at any moment it leaves the old one or the new one in
//! use; what lies in neither is removed by the next writer.

use std::fmt;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::{FeatureStore, StoreError};

pub(crate) const CURRENT: &str = "CURRENT";
const PREFIX: char = 'g';

/// The number of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u32);

/// The one that a store begins with.
impl Default for Generation {
    fn default() -> Self {
        Self(1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:04}", self.0)
    }
}

impl Generation {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// A place inside this generation.
    pub(crate) fn path(self, inside: &str) -> Path {
        Path::from(format!("{self}/{inside}"))
    }

    fn read(name: &str) -> Option<Self> {
        let digits = name.strip_prefix(PREFIX)?;
        let is_number = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok().map(Self))?
    }
}

impl FeatureStore {
    /// The generation in use.
    pub(crate) async fn generation(&self) -> Result<Generation, StoreError> {
        let name = match self.objects.get(&Path::from(CURRENT)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(Generation::default()),
            Err(error) => return Err(error.into()),
        };
        let name = std::str::from_utf8(&name).unwrap_or_default();
        Generation::read(name.trim())
            .ok_or_else(|| StoreError::Damaged(format!("{CURRENT} names {name:?}")))
    }

    /// Fails when the first generation is empty although another exists: then it is not that
    /// nothing was loaded, but that `CURRENT` is lost.
    pub(crate) async fn is_really_empty(&self, generation: Generation) -> Result<(), StoreError> {
        if generation == Generation::default() {
            let others = self.generations().await?;
            if let Some(other) = others.into_iter().find(|other| *other != generation) {
                return Err(StoreError::Damaged(format!("{CURRENT} is gone, {other} is there")));
            }
        }
        Ok(())
    }

    /// Puts a complete generation into use and removes the others.
    pub(crate) async fn switch_to(&self, generation: Generation) -> Result<(), StoreError> {
        let name = PutPayload::from(format!("{generation}\n"));
        self.objects.put(&Path::from(CURRENT), name).await?;
        self.remove_generations_except(generation).await
    }

    /// Removes what an interrupted writer left in other generations. Only for whoever holds the
    /// writer lock.
    pub(crate) async fn remove_generations_except(
        &self,
        current: Generation,
    ) -> Result<(), StoreError> {
        for generation in self.generations().await? {
            if generation != current {
                // One of the same number may be built again.
                self.opened.forget();
                self.spelt.forget();
                self.remove_below(&Path::from(generation.to_string())).await?;
            }
        }
        Ok(())
    }

    /// Deletes every object below a folder.
    pub(crate) async fn remove_below(&self, folder: &Path) -> Result<(), StoreError> {
        let objects: Vec<_> = self.objects.list(Some(folder)).try_collect().await?;
        for object in objects {
            self.remove_object(&object.location).await?;
        }
        Ok(())
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn remove_object(&self, path: &Path) -> Result<(), StoreError> {
        match self.objects.delete(path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => Ok(done?),
        }
    }

    async fn generations(&self) -> Result<Vec<Generation>, StoreError> {
        let listed = self.objects.list_with_delimiter(None).await?;
        let names = listed.common_prefixes.iter().filter_map(|folder| folder.filename());
        Ok(names.filter_map(Generation::read).collect())
    }
}
