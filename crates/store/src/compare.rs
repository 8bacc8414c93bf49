//! What a load would do, found out before anything is written.

mod blanked;

use std::sync::Arc;

use arrow::array::AsArray;
use hashbrown::HashSet;
use winsight_model::LoadCounts;

use crate::catalog::Commit;
use crate::diff::{Change, Compared, Diff, Key, KeyedRows, column, key_columns, text};
use crate::generation::Generation;
use crate::staging::{Scope, StagedTable, Staging};
use crate::table::{DEALS, TableSpec};
use crate::tally::deal_files::{RowGroup, dictionary_of, on_every_core, row_groups};
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
    /// Every staged row is inserted.
    fn all_new(table: &StagedTable) -> Self {
        let diff = Arc::new(Diff::AllNew(table.rows));
        Self { spec: table.spec, diff, rewritten: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.diff.is_empty()
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
            let stored_at = base
                .as_ref()
                .and_then(|base| Some((base.generation, *base.tables.get(table.spec.name)?)));
            if stored_at.is_none() && scope.left.is_empty() {
                let change = TableChange::all_new(table);
                if of_deals {
                    deals = change.diff.counts();
                }
                tables.push(change);
                continue;
            }
            // Of other tables, one deal has many rows.
            let keys = if of_deals { usize::try_from(table.rows).unwrap_or(0) } else { 0 };
            let mut diff = Compared::with_capacity(keys, scope.histories_in_part);
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
            let seen = self.add_stored(stored_at, table.spec, diff, sources).await?;
            if of_deals {
                deals = seen.change.diff.counts();
                stored = seen.stored;
                gone = seen.change.diff.keys(Change::Deleted);
            }
            tables.push(seen.change);
        }
        Ok(Comparison { deals, stored, base, tables })
    }

    async fn add_stored(
        &self,
        stored_at: Option<(Generation, u64)>,
        spec: TableSpec,
        mut diff: Compared,
        sources: Sources,
    ) -> Result<Seen, StoreError> {
        let idle = diff.is_empty() && sources.complete.is_empty();
        let Some((generation, version)) = stored_at.filter(|_| !idle) else {
            let diff = Arc::new(Diff::Compared(diff.changed_only()));
            return Ok(Seen {
                change: TableChange { spec, diff, rewritten: Vec::new() },
                stored: 0,
            });
        };
        let table = self.table(generation, spec, version).await?;
        let mut hits: Vec<Vec<u32>> = vec![Vec::new(); table.files()?.len()];
        let mut stored = 0;
        let known = Arc::new(diff);
        let sources = Arc::new(sources);
        let columns: Arc<[&'static str]> = key_columns(spec).into();
        let groups = row_groups(&table, |_, _| true).await?;
        let mut workers = on_every_core(groups, |queue| {
            let (known, sources, columns) =
                (Arc::clone(&known), Arc::clone(&sources), Arc::clone(&columns));
            async move {
                let mut seen = Vec::new();
                while let Some(group) = queue.next() {
                    let file = group.of_file;
                    seen.push((file, compare_rows(spec, group, &columns, &known, &sources).await?));
                }
                Ok::<_, StoreError>(seen)
            }
        });
        let mut found = Vec::new();
        while let Some(seen) = workers.join_next().await {
            found.extend(seen??);
        }
        diff = Arc::into_inner(known)
            .ok_or_else(|| StoreError::Damaged("a comparison did not end".to_owned()))?;
        for (file, rows) in found {
            stored += rows.stored;
            for (key, hash) in rows.found {
                diff.add_stored(key, hash);
                hits[file].push(key);
            }
            for key in rows.missing {
                let key = diff.delete(key);
                diff.add_stored(key, 0);
                hits[file].push(key);
            }
        }
        let goes =
            |key: &u32| matches!(diff.change_at(*key), Some(Change::Updated | Change::Deleted));
        let rewritten = hits.iter().map(|keys| keys.iter().any(goes)).collect();
        let diff = Arc::new(Diff::Compared(diff.changed_only()));
        Ok(Seen { change: TableChange { spec, diff, rewritten }, stored })
    }
}

struct Seen {
    change: TableChange,
    stored: u64,
}

/// The sources of the staged deals, and of those that are to be deleted.
#[derive(Default)]
struct Sources {
    staged: HashSet<String>,
    complete: HashSet<String>,
}

impl Sources {
    fn of(deals: &StagedTable, scope: &Scope) -> Result<Self, StoreError> {
        let deleted = scope.deleted.iter().map(|(source, _)| source);
        let mut staged: HashSet<String> = scope.complete.iter().chain(deleted).cloned().collect();
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

/// The stored rows of one row group that matter to a load.
#[derive(Default)]
struct StoredRows {
    /// Keys of the load, by their place in the diff, with the sum of the hashes of stored rows.
    found: Vec<(u32, u64)>,
    /// Deals of a complete source that the load lacks.
    missing: Vec<Key>,
    /// Deals of the sources of the load.
    stored: u64,
}

impl StoredRows {
    /// Adds a row; the rows of a deal mostly lie together.
    fn found(&mut self, place: u32, hash: u64) {
        match self.found.last_mut() {
            Some((last, sum)) if *last == place => *sum = sum.wrapping_add(hash),
            _ => self.found.push((place, hash)),
        }
    }
}

async fn compare_rows(
    spec: TableSpec,
    group: RowGroup,
    columns: &[&str],
    diff: &Compared,
    sources: &Sources,
) -> Result<StoredRows, StoreError> {
    let mut seen = StoredRows::default();
    for batch in group.read(columns).await?.into_iter().flatten() {
        let batch = batch?;
        let keyed = KeyedRows::of(spec, &batch)?;
        let source = dictionary_of(column(&batch, "source")?)?;
        let names = source.values().as_string::<i32>();
        let among = |known: &HashSet<String>| -> Vec<bool> {
            names.iter().map(|name| name.is_some_and(|name| known.contains(name))).collect()
        };
        let (staged, complete) = (among(&sources.staged), among(&sources.complete));
        let rows = keyed.iter().zip(source.keys().values()).enumerate();
        for (row, ((key, hash), source)) in rows {
            let source = source.cast_unsigned() as usize;
            seen.stored += u64::from(staged[source]);
            if let Some(place) = diff.find(key) {
                if diff.covers(place, keyed.day(row)) {
                    seen.found(place, hash);
                }
            } else if complete[source] {
                seen.missing.push(key);
            }
        }
    }
    Ok(seen)
}
