//! The feature store: the memory of the product.
//!
//! Owns the Delta tables of a workspace, the catalog that makes one load across several tables a
//! single atomic step, and every query over them. The only crate that names DataFusion or Delta.
//! Contains no statistics: it counts and adds, `winsight-insight` interprets.
//!
//! # How a load becomes visible
//!
//! Each load writes new Delta versions of the tables it touches and then one small catalog file
//! that names them. Readers start from the catalog, so they see the whole load or none of it. A
//! load that died earlier leaves Delta versions that no catalog file names; the next load rolls
//! them back before it begins.

mod catalog;
mod compare;
mod diff;
mod engine;
mod error;
mod features;
mod journal;
mod load;
mod lock;
mod query;
mod restatements;
mod scan;
mod staging;
mod table;
mod tally;
mod training;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use winsight_model::DataVersion;

pub use catalog::{Commit, CommitRequest};
pub use compare::{Comparison, LoadCounts};
pub use error::StoreError;
pub use features::{FeatureRequest, FeatureRows};
pub use journal::{Journal, MetricRecord, QualityRecord, RecordedRate};
pub use load::Loaded;
pub use query::{DealCounts, Spellings};
pub use restatements::{DealChange, DealState};
pub use staging::Staging;
pub use tally::{Grouping, Tallies, TallyRequest};
pub use training::{FileFormat, TrainingRequest};

/// The feature store of one workspace.
#[derive(Clone, Debug)]
pub struct FeatureStore {
    root: PathBuf,
    objects: Arc<dyn ObjectStore>,
}

impl FeatureStore {
    /// Opens the store in the folder `root`, creating the folder if needed.
    ///
    /// # Errors
    /// When the folder cannot be created or read.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(root).map_err(|source| StoreError::folder(root, source))?;
        let root = root.canonicalize().map_err(|source| StoreError::folder(root, source))?;
        let objects = LocalFileSystem::new_with_prefix(&root)?;
        Ok(Self { root, objects: Arc::new(objects) })
    }

    /// The newest committed load; `None` before the first.
    pub async fn latest(&self) -> Result<Option<Commit>, StoreError> {
        Ok(self.commits().await?.pop())
    }

    /// The commit with this version number.
    ///
    /// # Errors
    /// When there is none; the message names the versions there are.
    pub async fn commit(&self, version: DataVersion) -> Result<Commit, StoreError> {
        let commits = self.commits().await?;
        let newest = commits.last().map(|commit| commit.version);
        commits
            .into_iter()
            .find(|commit| commit.version == version)
            .ok_or(StoreError::NoSuchVersion { version, newest })
    }

    /// Every commit, oldest first.
    pub async fn commits(&self) -> Result<Vec<Commit>, StoreError> {
        catalog::read(self.objects.as_ref()).await
    }
}
