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
//! load that died earlier leaves Delta versions that no catalog file names; the next load undoes them
//! in the same step in which it writes its own.

mod aggregate;
mod backup;
mod catalog;
mod changed;
mod closed_deals;
mod compare;
mod custom_dimensions;
mod deal_ids;
mod diff;
mod engine;
mod erase;
mod error;
mod examine;
mod export;
mod features;
mod generation;
mod journal;
mod known_days;
mod load;
mod location;
mod lock;
mod moves;
mod objects;
mod part;
mod past;
mod query;
mod rebuild;
mod restatements;
mod revert;
mod scan;
mod spellings;
mod staging;
mod stays;
mod table;
mod tally;
mod training;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;

use objects::SealedStore;
use past::LastPast;
use spellings::LastSpellings;
use table::OpenedTables;

pub use backup::StoredObject;
pub use catalog::{Commit, CommitRequest};
pub use compare::Comparison;
pub use erase::RowsByTable;
pub use error::StoreError;
pub use examine::Examined;
pub use export::{ExportFormat, ExportedTable};
pub use features::{FeatureRequest, FeatureRows};
pub use generation::Generation;
pub use journal::{Journal, MetricRecord, QualityRecord, RecordedRate};
pub use known_days::KnownDays;
pub use load::Loaded;
pub use location::Location;
pub use moves::{DealMoves, MovesRequest};
pub use query::DealCounts;
pub use restatements::{DealChange, DealState};
pub use spellings::Spellings;
pub use staging::Staging;
pub use stays::{CountedStays, DealStays, StageStays, StayRequest};
pub use tally::{CellRequest, Grouping, Tallies, TallyRequest};
pub use training::{FileFormat, TrainingRequest};
pub use upkeep::{UpkeepReport, UpkeepRequest};

/// The feature store of one workspace.
#[derive(Clone, Debug)]
pub struct FeatureStore {
    /// The local folder: rows on their way in, the writer lock, and the objects too unless they
    /// lie elsewhere.
    root: PathBuf,
    objects: Arc<dyn ObjectStore>,
    location: Location,
    past: Arc<LastPast>,
    spelt: Arc<LastSpellings>,
    opened: Arc<OpenedTables>,
}

impl FeatureStore {
    /// Opens the store at a location, creating its folder if needed.
    ///
    /// # Errors
    /// When the folder cannot be created or read, or the URL makes no sense.
    pub fn open(location: impl Into<Location>) -> Result<Self, StoreError> {
        let location = location.into();
        let root = &location.folder;
        std::fs::create_dir_all(root).map_err(|source| StoreError::folder(root, source))?;
        let root = root.canonicalize().map_err(|source| StoreError::folder(root, source))?;
        let stored = location.objects(&root)?;
        let objects = match &location.vault {
            Some(vault) => Arc::new(SealedStore::new(stored, vault.clone())),
            None => stored,
        };
        Ok(Self {
            root,
            objects,
            location,
            past: Arc::default(),
            opened: Arc::default(),
            spelt: Arc::default(),
        })
    }

    /// Opens the store whose objects lie in `objects`. The folder `root` takes the rows of a load
    /// on their way in, and the writer lock.
    ///
    /// # Errors
    /// When the folder cannot be created or read.
    pub fn over(objects: Arc<dyn ObjectStore>, root: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(root).map_err(|source| StoreError::folder(root, source))?;
        let root = root.canonicalize().map_err(|source| StoreError::folder(root, source))?;
        Ok(Self {
            location: Location::folder(&root),
            root,
            objects,
            past: Arc::default(),
            opened: Arc::default(),
            spelt: Arc::default(),
        })
    }
}
