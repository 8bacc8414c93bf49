//! What a load would do, found out before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use futures::StreamExt;
use hashbrown::HashSet;
use winsight_model::{LoadCounts, Outcome};

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

    /// Of the deals that the load updates: in how many each field loses its value.
    pub async fn blanked(
        &self,
        staging: &mut Staging,
        comparison: &Comparison,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (Some(base), Some(change)) = (&comparison.base, comparison.tables.first()) else {
            return Ok(BTreeMap::new());
        };
        let mut fields = nullable_fields();
        let mut blank_now = vec![0_u64; change.diff.len()];
        for batch in staging.finish()?[0].read(Some(&read_for(&fields)))? {
            blank_fields(&batch?, &fields, &change.diff, |place, blank| {
                blank_now[place as usize] = blank;
            })?;
        }
        // What no deal of the load lacks, none of them loses.
        let blank_in_any = blank_now.iter().fold(0, |any, blank| any | blank);
        fields.retain(|field| blank_in_any & field.bit != 0);
        let mut lost = vec![0; fields.len()];
        let version = base.tables.get(DEALS.name).filter(|_| !fields.is_empty());
        if let Some(version) = version {
            let stored = self.table(base.generation, DEALS, *version).await?;
            // Deals that are updated lie in files that are rewritten.
            let files = stored.files()?.into_iter().zip(&change.rewritten);
            let files: Vec<_> = files.filter(|(_, it)| **it).map(|(file, _)| file).collect();
            let mut rows = stored.rows(files, Some(&read_for(&fields)))?;
            while let Some(batch) = rows.next().await {
                blank_fields(&batch?, &fields, &change.diff, |place, blank_before| {
                    if change.diff.change_at(place) == Some(Change::Updated) {
                        let blanked = blank_now[place as usize] & !blank_before;
                        for (field, lost) in fields.iter().zip(&mut lost) {
                            *lost += u64::from(blanked & field.bit != 0);
                        }
                    }
                })?;
            }
        }
        let lost = fields.into_iter().map(|field| field.name).zip(lost);
        Ok(lost.filter(|(_, deals)| *deals > 0).collect())
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
            let diff = Arc::new(Diff::Compared(diff));
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
        let diff = Arc::new(Diff::Compared(diff));
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
    /// Keys of the load, by their place in the diff, with the hash of the stored row.
    found: Vec<(u32, u64)>,
    /// Deals of a complete source that the load lacks.
    missing: Vec<Key>,
    /// Deals of the sources of the load.
    stored: u64,
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
                    seen.found.push((place, hash));
                }
            } else if complete[source] {
                seen.missing.push(key);
            }
        }
    }
    Ok(seen)
}

/// A field that may be blank, and the bit that says so.
struct Nullable {
    name: String,
    bit: u64,
}

fn nullable_fields() -> Vec<Nullable> {
    let schema = winsight_model::schema::deals();
    let nullable = schema.fields().iter().filter(|field| field.is_nullable());
    let numbered = nullable.enumerate();
    numbered
        .map(|(place, field)| Nullable { name: field.name().clone(), bit: 1 << place })
        .collect()
}

/// The columns that [`blank_fields`] reads.
fn read_for(fields: &[Nullable]) -> Vec<&str> {
    let names = fields.iter().map(|field| field.name.as_str());
    DEALS.key.into_iter().chain(["outcome"]).chain(names).collect()
}

/// Whether a deal in this state has the field: one that closed is no longer expected to, and one that
/// was reopened has not closed. That it goes blank then is no loss.
fn belongs(field: &str, is_open: bool) -> bool {
    match field {
        "expected_close_date" => is_open,
        "closed_date" => !is_open,
        _ => true,
    }
}

/// Calls `each` with every row whose key is in the diff, and the bits of the fields that are blank and
/// should not be.
fn blank_fields(
    batch: &RecordBatch,
    fields: &[Nullable],
    diff: &Diff,
    mut each: impl FnMut(u32, u64),
) -> Result<(), StoreError> {
    let (source, id) = (text(batch, DEALS.key[0])?, text(batch, DEALS.key[1])?);
    let columns: Result<Vec<_>, _> =
        fields.iter().map(|field| column(batch, &field.name)).collect();
    let columns = columns?;
    let outcome = text(batch, "outcome")?;
    for row in 0..batch.num_rows() {
        if let Some(place) = diff.find(Key::of(source.value(row), id.value(row))) {
            let is_open = outcome.value(row) == Outcome::Open.as_str();
            let blank = fields
                .iter()
                .zip(&columns)
                .filter(|(field, column)| column.is_null(row) && belongs(&field.name, is_open));
            each(place, blank.map(|(field, _)| field.bit).sum());
        }
    }
    Ok(())
}
