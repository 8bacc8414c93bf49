//! One Delta table at one version: its files, and the step to its next version.

mod object_file;
mod opened;
mod rows;
mod writer;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add};
use deltalake_core::logstore::{StorageConfig, default_logstore};
use deltalake_core::protocol::checkpoints::create_checkpoint;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;
use winsight_model::schema;

use crate::generation::Generation;
use crate::{FeatureStore, StoreError};
pub(crate) use object_file::{ObjectFile, unreadable};
pub(crate) use opened::OpenedTables;
pub(crate) use rows::Rows;
pub(crate) use writer::{TableWriter, UNIQUE};

/// What distinguishes the tables of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableSpec {
    pub(crate) name: &'static str,
    pub(crate) partition: &'static str,
    pub(crate) schema: fn() -> SchemaRef,
    /// The two text columns that identify what a row belongs to.
    pub(crate) key: [&'static str; 2],
    /// The columns in which two states of a key can differ.
    pub(crate) content: &'static [&'static str],
    pub(crate) statistics: &'static str,
}

pub(crate) const DEALS: TableSpec = TableSpec {
    name: schema::DEALS,
    partition: "created_month",
    schema: schema::stored_deals,
    key: DEAL,
    content: &["row_hash"],
    statistics: "created_date,closed_date",
};

pub(crate) const DEAL_VERSIONS: TableSpec = TableSpec {
    name: schema::DEAL_VERSIONS,
    partition: "superseded_month",
    schema: schema::deal_versions,
    key: DEAL,
    content: &["row_hash"],
    statistics: "known_at,superseded_at",
};

pub(crate) const STAGE_EVENTS: TableSpec = TableSpec {
    name: schema::STAGE_EVENTS,
    partition: "month",
    schema: schema::stage_events,
    key: DEAL,
    content: &["date", "position", "stage", "outcome"],
    statistics: "date",
};

pub(crate) const ACTIVITIES: TableSpec = TableSpec {
    name: schema::ACTIVITIES,
    partition: "month",
    schema: schema::activities,
    key: DEAL,
    content: &["date", "kind"],
    statistics: "date",
};

pub(crate) const INDICATORS: TableSpec = TableSpec {
    name: schema::INDICATORS,
    partition: "month",
    schema: schema::indicators,
    key: ["source", "name"],
    content: &["date", "value"],
    statistics: "date",
};

/// The tables of a data version.
pub(crate) const VERSIONED: [TableSpec; 5] =
    [DEALS, DEAL_VERSIONS, STAGE_EVENTS, ACTIVITIES, INDICATORS];

pub(crate) const DEAL: [&str; 2] = ["source", "deal_id"];

/// A data file of a table.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    /// Path below the table's folder.
    pub(crate) path: object_store::path::Path,
    pub(crate) bytes: u64,
    /// Value of the partition column.
    pub(crate) partition: String,
    /// Its row count and the ranges of its columns, as the Delta log has them.
    pub(crate) statistics: Option<String>,
}

/// A Delta table, read at one version.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) spec: TableSpec,
    delta: DeltaTable,
    /// The newest version there is, when the table was opened for writing. It is ahead of the one
    /// read when a load died before its last step.
    head: Option<DeltaTable>,
}

impl FeatureStore {
    /// The table at a Delta version that the catalog names.
    pub(crate) async fn table(
        &self,
        generation: Generation,
        spec: TableSpec,
        version: u64,
    ) -> Result<Table, StoreError> {
        let delta = self.delta_at(generation, spec, version).await?;
        self.opened.add((generation, spec.name, version), &delta);
        Ok(Table { spec, delta, head: None })
    }

    async fn delta_at(
        &self,
        generation: Generation,
        spec: TableSpec,
        version: u64,
    ) -> Result<DeltaTable, StoreError> {
        if let Some(delta) = self.opened.find((generation, spec.name, version)) {
            return Ok(delta);
        }
        let mut delta = self.delta(generation, spec)?;
        delta.load_version(version).await?;
        Ok(delta)
    }

    /// The table ready for writing on top of the version that the catalog names; created if new.
    pub(crate) async fn writable_table(
        &self,
        generation: Generation,
        spec: TableSpec,
        pinned: Option<u64>,
    ) -> Result<Table, StoreError> {
        let delta = self.delta(generation, spec)?;
        if !delta.verify_deltatable_existence().await? {
            if pinned.is_some() {
                return Err(StoreError::Damaged(format!("the table {} is gone", spec.name)));
            }
            return Table::create(&delta, spec).await;
        }
        // Version 0 is the creation: an empty table.
        let delta = self.delta_at(generation, spec, pinned.unwrap_or(0)).await?;
        let mut head = delta.clone();
        head.load().await?;
        Ok(Table { spec, delta, head: Some(head) })
    }

    /// The table at its newest version; `None` before its first row.
    pub(crate) async fn newest_table(
        &self,
        generation: Generation,
        spec: TableSpec,
    ) -> Result<Option<Table>, StoreError> {
        let mut delta = self.delta(generation, spec)?;
        if !delta.verify_deltatable_existence().await? {
            return Ok(None);
        }
        delta.load().await?;
        Ok(Some(Table { spec, delta, head: None }))
    }

    fn delta(&self, generation: Generation, spec: TableSpec) -> Result<DeltaTable, StoreError> {
        let folder = generation.path(spec.name);
        // A scheme of our own, for which nobody has another store at hand.
        let url = Url::parse(&format!("winsight-store:///{folder}/"))
            .map_err(|error| StoreError::Damaged(format!("{folder}: {error}")))?;
        let table = Arc::new(PrefixStore::new(Arc::clone(&self.objects), folder));
        let root = Arc::clone(&self.objects);
        Ok(DeltaTable::new(default_logstore(table, root, &url, &StorageConfig::default())))
    }
}

async fn create(delta: &DeltaTable, spec: TableSpec) -> Result<DeltaTable, StoreError> {
    let schema = (spec.schema)();
    let columns: deltalake_core::kernel::StructType =
        deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel::try_into_kernel(
            schema.as_ref(),
        )?;
    let table = delta
        .create()
        .with_table_name(spec.name)
        .with_columns(columns.fields().cloned())
        .with_partition_columns([spec.partition])
        .with_configuration([
            ("delta.dataSkippingStatsColumns".to_owned(), Some(spec.statistics.to_owned())),
            // Old versions are pinned by the catalog: nothing may expire behind its back.
            ("delta.enableExpiredLogCleanup".to_owned(), Some("false".to_owned())),
        ])
        .await?;
    Ok(table)
}

impl Table {
    /// Makes a new table where `delta` points to.
    pub(crate) async fn create(delta: &DeltaTable, spec: TableSpec) -> Result<Self, StoreError> {
        let delta = create(delta, spec).await?;
        Ok(Self { spec, head: Some(delta.clone()), delta })
    }

    /// The Delta version.
    pub(crate) fn version(&self) -> Option<u64> {
        self.delta.version()
    }

    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.delta.object_store()
    }

    /// The data files of this version, in a stable order.
    pub(crate) fn files(&self) -> Result<Vec<DataFile>, StoreError> {
        let mut files: Vec<_> = self
            .delta
            .snapshot()?
            .log_data()
            .iter()
            .map(|file| DataFile {
                path: file.object_store_path(),
                bytes: u64::try_from(file.size()).unwrap_or_default(),
                statistics: file.stats(),
                partition: file
                    .partition_values_map()
                    .remove(self.spec.partition)
                    .flatten()
                    .unwrap_or_else(|| schema::UNKNOWN_MONTH.to_owned()),
            })
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// The data files of this version as the Delta log has them, by path.
    #[expect(deprecated, reason = "the Arrow form would have to be turned into actions by hand")]
    pub(crate) fn log_entries(&self) -> Result<HashMap<object_store::path::Path, Add>, StoreError> {
        let files = self.delta.snapshot()?.log_data();
        Ok(files.iter().map(|file| (file.object_store_path(), file.add_action())).collect())
    }

    /// Writes a checkpoint of this version, from which readers need no earlier part of the log.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(create_checkpoint(&self.delta, None).await?)
    }

    /// Commits the next version: this one with the `added` files in and the `replaced` ones out.
    ///
    /// Whatever a dead load left in the newest version is undone by the same step. Files that only
    /// rearrange rows (`data_change` is false in each) leave others in the same manner.
    pub(crate) async fn commit(
        &self,
        added: Vec<Add>,
        replaced: &HashSet<object_store::path::Path>,
    ) -> Result<u64, StoreError> {
        self.commit_with(added, replaced, CommitProperties::default()).await
    }

    /// As [`Table::commit`], but fails if the table has a newer version than this one.
    pub(crate) async fn commit_next(
        &self,
        added: Vec<Add>,
        replaced: &HashSet<object_store::path::Path>,
    ) -> Result<u64, StoreError> {
        self.commit_with(added, replaced, CommitProperties::default().with_max_retries(0)).await
    }

    async fn commit_with(
        &self,
        added: Vec<Add>,
        replaced: &HashSet<object_store::path::Path>,
        properties: CommitProperties,
    ) -> Result<u64, StoreError> {
        let head = self.head.as_ref().unwrap_or(&self.delta).snapshot()?;
        let changes_data = added.is_empty() || added.iter().any(|file| file.data_change);
        let mut kept = self.log_entries()?;
        kept.retain(|path, _| !replaced.contains(path));
        let mut present = HashSet::new();
        let mut actions = Vec::new();
        for file in head.log_data().iter() {
            let path = file.object_store_path();
            if kept.contains_key(&path) {
                present.insert(path);
            } else {
                actions.push(Action::Remove(file.remove_action(changes_data)));
            }
        }
        let again = kept.into_iter().filter(|(path, _)| !present.contains(path));
        actions.extend(again.map(|(_, add)| Action::Add(add)));
        actions.extend(added.into_iter().map(Action::Add));
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![self.spec.partition.to_owned()]),
            predicate: None,
        };
        let done = CommitBuilder::from(properties.with_cleanup_expired_logs(Some(false)))
            .with_actions(actions)
            .build(Some(head), self.delta.log_store(), operation)
            .await?;
        Ok(done.version())
    }
}
