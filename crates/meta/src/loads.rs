use std::fmt;

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, NotSet,
    QueryFilter, QueryOrder, QuerySelect, Select, Set,
};
use serde_json::Value;
use winsight_model::{DataVersion, LoadCounts, WorkspaceId};
use winsight_vault::ErasedNames;

use crate::entity::load;
use crate::erasures::{scrub_json, scrub_text};
use crate::mappings::keep_mapping;
use crate::quarantine::{QuarantineRow, make_current, store_refused};
use crate::stored::{count, counted, instant, json, read_instant, read_json};
use crate::{MetaError, Metadata};

/// The number of a load.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct LoadId(pub i64);

impl fmt::Display for LoadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A load that has been read and validated, before anything of it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLoad {
    /// The files read, as the user named them.
    pub files: Vec<String>,
    /// Where the deals come from; deal ids are unique within it.
    pub source: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The mapping used.
    pub mapping_toml: String,
    /// What validation and cleaning found, as it is shown to the user. With a member `amends`, the
    /// number of a load, it reads some rows of that load again, not a whole file.
    pub report: Value,
    /// Data-quality score, 0 to 100.
    pub quality_score: f64,
    /// Rows read, good and bad.
    pub rows_read: u64,
    /// The rows refused.
    pub quarantined: Vec<QuarantineRow>,
    /// Deal ids among those about to be stored that stand in the quarantine; see
    /// [`Metadata::quarantined_deals`].
    pub repaired: Vec<String>,
    /// What it will do to the deals.
    pub counts: LoadCounts,
}

/// What the store did with a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOutcome {
    /// The version it became; `None` when it changed nothing.
    pub data_version: Option<DataVersion>,
    /// How long it took, in milliseconds; `None` when the process that did it died.
    pub duration_ms: Option<u64>,
}

/// Where a load stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadState {
    /// Validated; nobody has said yet whether the store committed it. After a crash, ask the store.
    Staged,
    /// Kept aside by the quality gate until a person releases it or a better load replaces it.
    Held,
    /// Committed as a new version.
    Committed,
    /// Stored, and found to change nothing.
    Unchanged,
    /// Given up; nothing of it is in the store.
    Failed,
}

impl LoadState {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Held => "held",
            Self::Committed => "committed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }

    fn read(word: &str) -> Result<Self, MetaError> {
        let all = [Self::Staged, Self::Held, Self::Committed, Self::Unchanged, Self::Failed];
        let known = all.into_iter().find(|state| state.as_str() == word);
        known.ok_or_else(|| MetaError::unreadable("state of a load", word.to_owned()))
    }
}

/// A load as it is on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Its number.
    pub id: LoadId,
    /// Where it stands.
    pub state: LoadState,
    /// The files read.
    pub files: Vec<String>,
    /// Where the deals come from.
    pub source: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The mapping used.
    pub mapping_toml: String,
    /// What validation and cleaning found.
    pub report: Value,
    /// Data-quality score, 0 to 100.
    pub quality_score: f64,
    /// Rows read, good and bad.
    pub rows_read: u64,
    /// Rows refused.
    pub quarantined: u64,
    /// What it does to the deals.
    pub counts: LoadCounts,
    /// What the store did with it, once finished.
    pub outcome: Option<LoadOutcome>,
    /// Why it failed or is held; one sentence per line.
    pub failure: Option<String>,
}

impl NewLoad {
    /// Replaces erased names in all that is about to be stored.
    fn hide(&mut self, names: &ErasedNames) {
        for file in &mut self.files {
            scrub_text(names, file);
        }
        scrub_text(names, &mut self.mapping_toml);
        scrub_json(names, &mut self.report);
        for row in &mut self.quarantined {
            scrub_text(names, &mut row.file);
            scrub_text(names, &mut row.raw);
            for reason in &mut row.reasons {
                scrub_text(names, &mut reason.message);
            }
        }
    }
}

impl Metadata {
    /// Records a validated load and its refused rows as staged, in one transaction. To be called
    /// before the store commits, so that after a crash the load is known to be in doubt.
    pub async fn begin_load(
        &self,
        workspace: &WorkspaceId,
        mut load: NewLoad,
    ) -> Result<LoadId, MetaError> {
        let failed = self.failed("record the load");
        let transaction = self.begin().await?;
        let names = self.read_erased_names(&transaction, workspace).await?;
        if !names.is_empty() {
            load.hide(&names);
        }
        let row = load::ActiveModel {
            id: NotSet,
            workspace: Set(workspace.to_string()),
            source: Set(load.source.clone()),
            state: Set(LoadState::Staged.as_str().to_owned()),
            files: Set(json("files of a load", &load.files)?),
            started_at: Set(instant(load.started_at)),
            mapping_toml: Set(load.mapping_toml),
            report: Set(load.report),
            quality_score: Set(load.quality_score),
            rows_read: Set(count(load.rows_read)),
            quarantined: Set(count(load.quarantined.len() as u64)),
            repaired: Set(json("repaired deals of a load", &load.repaired)?),
            inserted: Set(Some(count(load.counts.inserted))),
            updated: Set(Some(count(load.counts.updated))),
            unchanged: Set(Some(count(load.counts.unchanged))),
            deleted: Set(Some(count(load.counts.deleted))),
            ..Default::default()
        };
        let id = row.insert(&transaction).await.map_err(&failed)?.id;
        let refused = (workspace, load.source.as_str(), load.quarantined);
        store_refused(&transaction, id, refused).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(LoadId(id))
    }

    /// Records what the store did with a staged or held load, makes its refused rows the current
    /// ones, and its mapping that of its source: older refusals of the same deals, and of the deals
    /// it repaired, are no longer shown.
    ///
    /// # Errors
    /// [`MetaError::NotStaged`] when the load is neither staged nor held.
    pub async fn finish_load(&self, id: LoadId, outcome: LoadOutcome) -> Result<(), MetaError> {
        let failed = self.failed("finish the load");
        let transaction = self.begin().await?;
        let staged = self.pending(&transaction, id).await?;
        let repaired: Vec<String> = read_json("repaired deals of a load", staged.repaired.clone())?;
        make_current(&transaction, &staged, &repaired).await.map_err(&failed)?;
        let kept =
            keep_mapping(&transaction, &staged.workspace, &staged.source, &staged.mapping_toml);
        kept.await.map_err(&failed)?;
        let state = match outcome.data_version {
            Some(_) => LoadState::Committed,
            None => LoadState::Unchanged,
        };
        let mut row = staged.into_active_model();
        row.state = Set(state.as_str().to_owned());
        row.failure = Set(None);
        row.data_version = Set(outcome.data_version.map(|version| count(version.0)));
        row.duration_ms = Set(outcome.duration_ms.map(count));
        row.update(&transaction).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    /// Records that nothing of a staged or held load is in the store, and why.
    ///
    /// # Errors
    /// [`MetaError::NotStaged`] when the load is neither staged nor held.
    pub async fn fail_load(&self, id: LoadId, reason: &str) -> Result<(), MetaError> {
        self.set_aside(id, LoadState::Failed, reason).await
    }

    /// Records that a staged load is held back, and why: one sentence per line.
    ///
    /// # Errors
    /// [`MetaError::NotStaged`] when the load is neither staged nor held.
    pub async fn hold_load(&self, id: LoadId, reasons: &str) -> Result<(), MetaError> {
        self.set_aside(id, LoadState::Held, reasons).await
    }

    async fn set_aside(&self, id: LoadId, state: LoadState, why: &str) -> Result<(), MetaError> {
        let failed = self.failed("record what became of the load");
        let transaction = self.begin().await?;
        let mut row = self.pending(&transaction, id).await?.into_active_model();
        row.state = Set(state.as_str().to_owned());
        row.failure = Set(Some(why.to_owned()));
        row.update(&transaction).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    async fn pending(
        &self,
        transaction: &impl ConnectionTrait,
        id: LoadId,
    ) -> Result<load::Model, MetaError> {
        let found = load::Entity::find_by_id(id.0)
            .filter(
                load::Column::State
                    .is_in([LoadState::Staged, LoadState::Held].map(LoadState::as_str)),
            )
            .one(transaction)
            .await;
        found.map_err(self.failed("read the load"))?.ok_or(MetaError::NotStaged(id))
    }

    /// The last `limit` loads, latest first.
    pub async fn loads(&self, workspace: &WorkspaceId, limit: u64) -> Result<Vec<Load>, MetaError> {
        let query = load::Entity::find().order_by_desc(load::Column::Id).limit(limit);
        self.read_loads(workspace, query).await
    }

    /// The last load that the store took, whether or not it changed anything; of one source, or of
    /// any.
    pub async fn latest_load(
        &self,
        workspace: &WorkspaceId,
        source: Option<&str>,
    ) -> Result<Option<Load>, MetaError> {
        let mut query = taken();
        if let Some(source) = source {
            query = query.filter(load::Column::Source.eq(source));
        }
        Ok(self.read_loads(workspace, query).await?.pop())
    }

    /// The newest load of a source, among those that were let through, with at least so many rows.
    pub async fn latest_load_of(
        &self,
        workspace: &WorkspaceId,
        source: &str,
        rows: u64,
    ) -> Result<Option<Load>, MetaError> {
        let query = taken().filter(load::Column::Source.eq(source));
        let query = query.filter(load::Column::RowsRead.gte(count(rows)));
        Ok(self.read_loads(workspace, query).await?.pop())
    }

    /// The loads in a state, oldest first. For each that is staged after a crash, ask the store
    /// whether it was committed, then finish or fail it.
    pub async fn loads_in(
        &self,
        workspace: &WorkspaceId,
        state: LoadState,
    ) -> Result<Vec<Load>, MetaError> {
        let query = load::Entity::find()
            .filter(load::Column::State.eq(state.as_str()))
            .order_by_asc(load::Column::Id);
        self.read_loads(workspace, query).await
    }

    /// The load of this number, if there is one.
    pub async fn load(
        &self,
        workspace: &WorkspaceId,
        id: LoadId,
    ) -> Result<Option<Load>, MetaError> {
        Ok(self.read_loads(workspace, load::Entity::find_by_id(id.0)).await?.pop())
    }

    async fn read_loads(
        &self,
        workspace: &WorkspaceId,
        query: sea_orm::Select<load::Entity>,
    ) -> Result<Vec<Load>, MetaError> {
        let query = query.filter(load::Column::Workspace.eq(workspace.as_str()));
        let rows = query.all(self.database()).await.map_err(self.failed("read the loads"))?;
        rows.into_iter().map(read_load).collect()
    }
}

fn read_load(row: load::Model) -> Result<Load, MetaError> {
    let state = LoadState::read(&row.state)?;
    let is_finished = matches!(state, LoadState::Committed | LoadState::Unchanged);
    let number = |column: Option<i64>| counted(column.unwrap_or(0));
    let outcome = is_finished.then(|| LoadOutcome {
        data_version: row.data_version.map(|version| DataVersion(counted(version))),
        duration_ms: row.duration_ms.map(counted),
    });
    Ok(Load {
        id: LoadId(row.id),
        state,
        files: read_json("files of a load", row.files)?,
        source: row.source,
        started_at: read_instant(row.started_at)?,
        mapping_toml: row.mapping_toml,
        report: row.report,
        quality_score: row.quality_score,
        rows_read: counted(row.rows_read),
        quarantined: counted(row.quarantined),
        counts: LoadCounts {
            inserted: number(row.inserted),
            updated: number(row.updated),
            unchanged: number(row.unchanged),
            deleted: number(row.deleted),
        },
        outcome,
        failure: row.failure,
    })
}

/// The newest load that was let through.
fn taken() -> Select<load::Entity> {
    let taken = [LoadState::Committed.as_str(), LoadState::Unchanged.as_str()];
    let taken = load::Entity::find().filter(load::Column::State.is_in(taken));
    taken.order_by_desc(load::Column::Id).limit(1)
}
