//! Rows of a load on their way in: Parquet files in a folder that is emptied afterwards, sealed with
//! a key that only this process has. What a crash leaves behind cannot be read by anybody.

mod held;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::lock::WriterLock;
use crate::table::{ACTIVITIES, DEALS, INDICATORS, STAGE_EVENTS};
use crate::{FeatureStore, StoreError};
pub(crate) use table::StagedTable;

/// Takes the rows of one load. Nothing is visible to readers before [`FeatureStore::load`].
///
/// Holds the workspace's writer lock. Dropping it discards the rows.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    tables: [StagedTable; 4],
    pub(crate) scope: Scope,
    _lock: WriterLock,
}

/// What a load covers besides its rows. Deals are named by source and id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Sources of which every deal is staged: those missing are gone.
    pub(crate) complete: BTreeSet<String>,
    /// Deals that are gone.
    pub(crate) deleted: Vec<(String, String)>,
    /// Deals to leave as they are stored.
    pub(crate) left: Vec<(String, String)>,
}

impl FeatureStore {
    /// Begins a load.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another load runs; otherwise when the disk refuses.
    pub fn stage(&self) -> Result<Staging, StoreError> {
        self.begin(WriterLock::acquire(&self.root)?)
    }

    /// Begins a load, and waits for a load that runs for about as long as `patience`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it still runs then; otherwise when the disk refuses.
    pub async fn stage_when_free(&self, patience: Duration) -> Result<Staging, StoreError> {
        self.begin(WriterLock::wait(&self.root, patience).await?)
    }

    fn begin(&self, lock: WriterLock) -> Result<Staging, StoreError> {
        if let Some(vault) = &self.location.vault {
            // A rotation of the keys may have held the lock before.
            vault.check_current()?;
        }
        let folder = self.root.join("staging");
        remove(&folder)?;
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::folder(&folder, source))?;
        let table = |spec| StagedTable::new(&folder, spec);
        let tables = [table(DEALS)?, table(STAGE_EVENTS)?, table(ACTIVITIES)?, table(INDICATORS)?];
        Ok(Staging { tables, folder, scope: Scope::default(), _lock: lock })
    }
}

impl Staging {
    /// Adds rows of `deals`, in the schema of [`winsight_model::schema::deals`].
    pub fn add_deals(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[0].add(batch)
    }

    /// Adds rows of `stage_events`, in the schema of [`winsight_model::schema::stage_events`]. A
    /// deal that appears here has all its earlier events replaced.
    pub fn add_stage_events(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[1].add(batch)
    }

    /// Adds rows of `activities`, in the schema of [`winsight_model::schema::activities`]. A deal
    /// that appears here has all its earlier activities replaced.
    pub fn add_activities(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[2].add(batch)
    }

    /// Adds rows of `indicators`, in the schema of [`winsight_model::schema::indicators`]. A series
    /// that appears here is replaced as a whole.
    pub fn add_indicators(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.tables[3].add(batch)
    }

    /// Declares that every deal of a source is staged: stored ones that are not will be deleted.
    pub fn is_complete(&mut self, source: &str) {
        self.scope.complete.insert(source.to_owned());
    }

    /// Deletes a deal, with its events and activities, unless a row of it is staged.
    pub fn delete_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.deleted.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Leaves a deal as it is stored, even if a row of it is staged.
    pub fn leave_deal(&mut self, source: &str, deal_id: &str) {
        self.scope.left.push((source.to_owned(), deal_id.to_owned()));
    }

    /// Ends the writing; from here on the rows can be read.
    pub(crate) fn finish(&mut self) -> Result<&[StagedTable], StoreError> {
        for table in &mut self.tables {
            table.finish()?;
        }
        Ok(&self.tables)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "staged rows were left behind; the next load removes them");
        }
    }
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::folder(folder, source))
        }
        _ => Ok(()),
    }
}
