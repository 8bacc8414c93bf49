//! Bringing staged rows into the tables, and making the result visible in one step.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use futures::StreamExt;
use winsight_model::DataVersion;

use crate::aggregate::{Month, closed_months};
use crate::catalog::{self, Commit, CommitRequest};
use crate::diff::{Change, Diff, Key, KeyedRows, key_columns};
use crate::engine::Engine;
use crate::scan::TableScan;
use crate::staging::{StagedTable, Staging};
use crate::table::{DEALS, DataFile, STAGE_EVENTS, Table, TableSpec};
use crate::{FeatureStore, StoreError};

/// What a load did to the deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadCounts {
    /// Deals that were not in the store.
    pub inserted: u64,
    /// Deals whose contents differ from the stored ones.
    pub updated: u64,
    /// Deals that are stored just so.
    pub unchanged: u64,
}

/// The result of a load.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The new version; `None` when nothing differed and so none was made.
    pub commit: Option<Commit>,
    /// What happened to the deals.
    pub deals: LoadCounts,
}

impl FeatureStore {
    /// Merges the staged rows into the tables and commits them as one new version.
    ///
    /// The staging keeps its writer lock until it is dropped, so that the caller can finish its own
    /// books first. Deals in `excluded` (source, deal id) are left as they were.
    ///
    /// # Errors
    /// On any failure, and when killed at any moment, readers keep the version they had.
    pub async fn load(
        &self,
        staging: &mut Staging,
        excluded: &[(String, String)],
        request: CommitRequest,
    ) -> Result<Loaded, StoreError> {
        let excluded: Vec<_> = excluded.iter().map(|(source, id)| Key::of(source, id)).collect();
        let latest = self.latest().await?;
        let mut tables = latest.as_ref().map(|commit| commit.tables.clone()).unwrap_or_default();
        let mut touched = BTreeSet::new();
        let (deals, deals_changed) =
            self.merge(DEALS, &mut staging.deals, &excluded, &mut tables, &mut touched).await?;
        let (_, events_changed) = self
            .merge(STAGE_EVENTS, &mut staging.stage_events, &excluded, &mut tables, &mut touched)
            .await?;
        if !deals_changed && !events_changed {
            return Ok(Loaded { commit: None, deals });
        }
        let version = DataVersion(latest.as_ref().map_or(1, |commit| commit.version.0 + 1));
        // A back-dated load must not slip in before one that was known already.
        let known_at = latest
            .as_ref()
            .map_or(request.known_at, |latest| latest.known_at.max(request.known_at));
        let (known_days, aggregates) = (None, BTreeMap::new());
        let mut commit =
            Commit { version, load: request.load, known_at, tables, known_days, aggregates };
        self.refresh_aggregates(&mut commit, latest.as_ref(), &touched).await?;
        catalog::append(self.objects.as_ref(), &commit).await?;
        Ok(Loaded { commit: Some(commit), deals })
    }

    /// Merges one table. Returns what happened to its keys and whether it has a new version.
    async fn merge(
        &self,
        spec: TableSpec,
        staged: &mut StagedTable,
        excluded: &[Key],
        versions: &mut BTreeMap<String, u64>,
        touched: &mut BTreeSet<Month>,
    ) -> Result<(LoadCounts, bool), StoreError> {
        staged.finish()?;
        if staged.rows == 0 {
            return Ok((LoadCounts::default(), false));
        }
        let table = self.writable_table(spec, versions.get(spec.name).copied()).await?;
        let files = table.files()?;
        let diff = compare(&table, &files, staged, excluded).await?;
        let counts = LoadCounts {
            inserted: diff.count(Change::Inserted),
            updated: diff.count(Change::Updated),
            unchanged: diff.count(Change::Unchanged),
        };
        if counts.inserted + counts.updated == 0 {
            return Ok((counts, false));
        }
        let mut writer = table.writer()?;
        let mut replaced = HashSet::new();
        if counts.updated > 0 {
            for file in &files {
                if holds_updated(&table, file, &diff).await? {
                    replaced.insert(file.path.clone());
                    let mut rows = read(&table, std::slice::from_ref(file), None).await?;
                    while let Some(batch) = rows.next().await {
                        let batch = stored(spec, &batch?)?;
                        let is_updated = |key| diff.change(key) == Some(Change::Updated);
                        touch(touched, spec, &keep(spec, &batch, is_updated)?)?;
                        writer.add(keep(spec, &batch, |key| !is_updated(key))?).await?;
                    }
                }
            }
        }
        for batch in staged.read(None)? {
            let changed = keep(spec, &batch?, |key| {
                matches!(diff.change(key), Some(Change::Inserted | Change::Updated))
            })?;
            touch(touched, spec, &changed)?;
            writer.add(changed).await?;
        }
        let version = table.commit(writer.finish().await?, &replaced).await?;
        versions.insert(spec.name.to_owned(), version);
        Ok((counts, true))
    }
}

/// Notes the months in which deals of `batch` closed.
fn touch(
    touched: &mut BTreeSet<Month>,
    spec: TableSpec,
    batch: &RecordBatch,
) -> Result<(), StoreError> {
    if spec.name == DEALS.name {
        touched.extend(closed_months(batch)?);
    }
    Ok(())
}

async fn compare(
    table: &Table,
    files: &[DataFile],
    staged: &StagedTable,
    excluded: &[Key],
) -> Result<Diff, StoreError> {
    let mut diff = Diff::default();
    for batch in staged.read(Some(key_columns(table.spec)))? {
        diff.add_staged(&KeyedRows::of(table.spec, &batch?)?);
    }
    for key in excluded {
        diff.remove(*key);
    }
    if !files.is_empty() {
        let mut rows = read(table, files, Some(key_columns(table.spec))).await?;
        while let Some(batch) = rows.next().await {
            diff.add_stored(&KeyedRows::of(table.spec, &batch?)?);
        }
    }
    Ok(diff)
}

async fn holds_updated(table: &Table, file: &DataFile, diff: &Diff) -> Result<bool, StoreError> {
    let mut rows = read(table, std::slice::from_ref(file), Some(key_columns(table.spec))).await?;
    while let Some(batch) = rows.next().await {
        let keyed = KeyedRows::of(table.spec, &batch?)?;
        if keyed.keys.iter().any(|key| diff.change(*key) == Some(Change::Updated)) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn read(
    table: &Table,
    files: &[DataFile],
    columns: Option<&[&str]>,
) -> Result<datafusion::physical_plan::SendableRecordBatchStream, StoreError> {
    let engine = Engine::new()?;
    let scan = TableScan::of(engine.context(), table, files)?;
    let mut rows = engine.context().read_table(Arc::new(scan))?;
    if let Some(columns) = columns {
        rows = rows.select_columns(columns)?;
    }
    Ok(rows.execute_stream().await?)
}

/// The batch in the columns and types in which the table is stored.
fn stored(spec: TableSpec, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let schema = (spec.schema)();
    let columns: Result<Vec<_>, StoreError> = schema
        .fields()
        .iter()
        .map(|field| {
            let column = crate::diff::column(batch, field.name())?;
            Ok(cast(column, field.data_type())?)
        })
        .collect();
    Ok(RecordBatch::try_new(schema, columns?)?)
}

fn keep(
    spec: TableSpec,
    batch: &RecordBatch,
    wanted: impl Fn(Key) -> bool,
) -> Result<RecordBatch, StoreError> {
    let keyed = KeyedRows::of(spec, batch)?;
    let mask: BooleanArray = keyed.keys.iter().map(|key| Some(wanted(*key))).collect();
    Ok(filter_record_batch(batch, &mask)?)
}
