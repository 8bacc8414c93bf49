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
mod export;
mod generation;
mod load;
mod lock;
mod query;
mod rebuild;
mod revert;
mod scan;
mod staging;
mod table;
mod tally;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

pub use catalog::{Commit, CommitRequest};
pub use compare::{Comparison, LoadCounts};
pub use error::StoreError;
pub use export::{ExportFormat, ExportedTable};
pub use load::Loaded;
pub use query::{DealCounts, Spellings};
pub use staging::Staging;
pub use tally::{Grouping, Tallies, TallyRequest};
pub use upkeep::{UpkeepReport, UpkeepRequest};

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
        let objects = LocalFileSystem::new_with_prefix(root)?;
        Self::over(Arc::new(objects), root)
    }

    /// Opens the store whose objects lie in `objects`. The folder `root` takes the rows of a load
    /// on their way in, and the writer lock.
    ///
    /// # Errors
    /// When the folder cannot be created or read.
    pub fn over(objects: Arc<dyn ObjectStore>, root: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(root).map_err(|source| StoreError::folder(root, source))?;
        let root = root.canonicalize().map_err(|source| StoreError::folder(root, source))?;
        Ok(Self { root, objects })
    }
}
