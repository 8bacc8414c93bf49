//! What a load would do, found out before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::StreamExt;
use hashbrown::HashSet;
use tokio::task::JoinSet;
use winsight_model::LoadCounts;

use crate::catalog::Commit;
use crate::diff::{Change, Diff, Key, KeyedRows, column, key_columns, text};
use crate::engine::Engine;
use crate::scan::TableScan;
use crate::staging::{Scope, StagedTable, Staging};
use crate::table::{DEALS, DataFile, Table, TableSpec};
use crate::{FeatureStore, StoreError};

/// A staged load compared with what is stored: what [`FeatureStore::load`] will do.
#[derive(Debug)]
pub struct Comparison {
    /// What happens to the deals.
    pub deals: LoadCounts,
    /// Deals that the store holds of the sources of the load.
    pub stored: u64,
    pub(crate) base: Option<Commit>,
    pub(crate) tables: Vec<TableChange>,
}

/// What happens to one table.
#[derive(Debug)]
pub(crate) struct TableChange {
    pub(crate) spec: TableSpec,
    pub(crate) diff: Arc<Diff>,
    /// Which of the files, in the order of [`Table::files`], hold rows that go.
    pub(crate) rewritten: Vec<bool>,
}

impl TableChange {
    pub(crate) fn is_empty(&self) -> bool {
        [Change::Inserted, Change::Updated, Change::Deleted]
            .into_iter()
            .all(|change| self.diff.keys(change).next().is_none())
    }
}

impl FeatureStore {
    /// Compares the staged rows with the newest version.
    pub async fn compare(&self, staging: &mut Staging) -> Result<Comparison, StoreError> {
        let base = self.latest().await?;
        let scope = staging.scope.clone();
        let staged = staging.finish()?;
        let mut deals = LoadCounts::default();
        let mut stored = 0;
        let mut gone: Vec<Key> = Vec::new();
        let mut tables = Vec::new();
        for table in staged {
            let of_deals = table.spec.name == DEALS.name;
            let mut diff = Diff::default();
            if table.spec.key == DEALS.key {
                for (source, id) in &scope.left {
                    diff.leave(Key::of(source, id));
                }
            }
            for batch in table.read(Some(&key_columns(table.spec)))? {
                diff.add_staged(&KeyedRows::of(table.spec, &batch?)?);
            }
            if of_deals {
                for (source, id) in &scope.deleted {
                    diff.delete(Key::of(source, id));
                }
            } else if table.spec.key == DEALS.key {
                for key in &gone {
                    diff.delete(*key);
                }
            }
            let sources = if of_deals { Sources::of(table, &scope)? } else { Sources::default() };
            let seen = self.add_stored(base.as_ref(), table.spec, diff, sources).await?;
            if of_deals {
                deals = counts(&seen.change.diff);
                stored = seen.stored;
                gone = seen.change.diff.keys(Change::Deleted).collect();
            }
            tables.push(seen.change);
        }
        Ok(Comparison { deals, stored, base, tables })
    }

    /// Of the deals that the load updates: in how many each field loses its value.
    pub async fn blanked(
        &self,
        staging: &mut Staging,
        comparison: &Comparison,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (Some(base), Some(change)) = (&comparison.base, comparison.tables.first()) else {
            return Ok(BTreeMap::new());
        };
        let fields = nullable_fields();
        let names: Vec<_> =
            DEALS.key.into_iter().chain(fields.iter().map(String::as_str)).collect();
        let mut blank_now = vec![0_u64; change.diff.len()];
        let table = &staging.finish()?[0];
        for batch in table.read(Some(&names))? {
            blank_fields(&batch?, &fields, &change.diff, |place, blank| {
                blank_now[place as usize] = blank;
            })?;
        }
        let mut counts = vec![0_u64; fields.len()];
        if let Some(version) = base.tables.get(DEALS.name) {
            let stored = self.table(base.generation, DEALS, *version).await?;
            let files = stored.files()?;
            let mut rows = read(&stored, &files, Some(&names)).await?;
            while let Some(batch) = rows.next().await {
                blank_fields(&batch?, &fields, &change.diff, |place, blank_before| {
                    if change.diff.change_at(place) == Some(Change::Updated) {
                        let lost = blank_now[place as usize] & !blank_before;
                        for (field, count) in counts.iter_mut().enumerate() {
                            *count += lost >> field & 1;
                        }
                    }
                })?;
            }
        }
        Ok(fields.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect())
    }

    async fn add_stored(
        &self,
        base: Option<&Commit>,
        spec: TableSpec,
        mut diff: Diff,
        sources: Sources,
    ) -> Result<Seen, StoreError> {
        let version = base.and_then(|base| Some((base.generation, base.tables.get(spec.name)?)));
        let idle = diff.is_empty() && sources.complete.is_empty();
        let Some((generation, version)) = version.filter(|_| !idle) else {
            let change = TableChange { spec, diff: Arc::new(diff), rewritten: Vec::new() };
            return Ok(Seen { change, stored: 0 });
        };
        let table = self.table(generation, spec, *version).await?;
        let files = table.files()?;
        let mut hits: Vec<Vec<u32>> = vec![Vec::new(); files.len()];
        let mut stored = 0;
        let known = Arc::new(diff);
        let sources = Arc::new(sources);
        let mut workers = JoinSet::new();
        let mut waiting = files.into_iter().enumerate();
        let mut found = Vec::new();
        loop {
            while workers.len() < cores()
                && let Some((place, file)) = waiting.next()
            {
                let (table, known, sources) =
                    (table.clone(), Arc::clone(&known), Arc::clone(&sources));
                workers.spawn(async move {
                    (place, compare_file(&table, file, &known, &sources).await)
                });
            }
            let Some(done) = workers.join_next().await else { break };
            let (place, file) = done?;
            found.push((place, file?));
        }
        diff = Arc::into_inner(known)
            .ok_or_else(|| StoreError::Damaged("a comparison did not end".to_owned()))?;
        for (place, file) in found {
            stored += file.stored;
            for (key, hash) in file.found {
                diff.add_stored(key, hash);
                hits[place].push(key);
            }
            for key in file.missing {
                let key = diff.delete(key);
                diff.add_stored(key, 0);
                hits[place].push(key);
            }
        }
        let goes =
            |key: &u32| matches!(diff.change_at(*key), Some(Change::Updated | Change::Deleted));
        let rewritten = hits.iter().map(|keys| keys.iter().any(goes)).collect();
        Ok(Seen { change: TableChange { spec, diff: Arc::new(diff), rewritten }, stored })
    }
}

fn counts(diff: &Diff) -> LoadCounts {
    LoadCounts {
        inserted: diff.count(Change::Inserted),
        updated: diff.count(Change::Updated),
        unchanged: diff.count(Change::Unchanged),
        deleted: diff.count(Change::Deleted),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Seen {
    change: TableChange,
    stored: u64,
}

/// The sources of the staged deals.
#[derive(Default)]
struct Sources {
    staged: HashSet<String>,
    complete: HashSet<String>,
}

impl Sources {
    fn of(deals: &StagedTable, scope: &Scope) -> Result<Self, StoreError> {
        let mut staged: HashSet<String> = scope.complete.iter().cloned().collect();
        for batch in deals.read(Some(&["source"]))? {
            let batch = batch?;
            let sources = text(&batch, "source")?;
            for source in sources.iter().flatten() {
                if !staged.contains(source) {
                    staged.insert(source.to_owned());
                }
            }
        }
        Ok(Self { staged, complete: scope.complete.iter().cloned().collect() })
    }
}

/// The stored rows of one file that matter to a load.
#[derive(Default)]
struct FileRows {
    /// Keys of the load, by their place in the diff, with the hash of the stored row.
    found: Vec<(u32, u64)>,
    /// Deals of a complete source that the load lacks.
    missing: Vec<Key>,
    /// Deals of the sources of the load.
    stored: u64,
}

async fn compare_file(
    table: &Table,
    file: DataFile,
    diff: &Diff,
    sources: &Sources,
) -> Result<FileRows, StoreError> {
    let mut seen = FileRows::default();
    let mut rows = read(table, &[file], Some(&key_columns(table.spec))).await?;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let keyed = KeyedRows::of(table.spec, &batch)?;
        let source = text(&batch, "source")?;
        for (row, (key, hash)) in keyed.iter().enumerate() {
            seen.stored += u64::from(sources.staged.contains(source.value(row)));
            if let Some(place) = diff.find(key) {
                seen.found.push((place, hash));
            } else if sources.complete.contains(source.value(row)) {
                seen.missing.push(key);
            }
        }
    }
    Ok(seen)
}

fn nullable_fields() -> Vec<String> {
    let schema = winsight_model::schema::deals();
    let nullable = schema.fields().iter().filter(|field| field.is_nullable());
    nullable.map(|field| field.name().clone()).collect()
}

/// Calls `each` with every row whose key is in the diff, and a bit for each field that is blank.
fn blank_fields(
    batch: &RecordBatch,
    fields: &[String],
    diff: &Diff,
    mut each: impl FnMut(u32, u64),
) -> Result<(), StoreError> {
    let (source, id) = (text(batch, DEALS.key[0])?, text(batch, DEALS.key[1])?);
    let columns: Result<Vec<_>, _> = fields.iter().map(|name| column(batch, name)).collect();
    let columns = columns?;
    for row in 0..batch.num_rows() {
        if let Some(place) = diff.find(Key::of(source.value(row), id.value(row))) {
            let bits = columns.iter().enumerate();
            each(place, bits.map(|(bit, column)| u64::from(column.is_null(row)) << bit).sum());
        }
    }
    Ok(())
}

/// The rows of some files of a table, all columns or those named.
pub(crate) async fn read(
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
