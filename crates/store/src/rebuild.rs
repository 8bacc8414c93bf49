//! The next generation, built from the one in use: every retained version and the journals, with
//! some rows changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::RecordBatch;
use deltalake_core::kernel::Add;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::catalog::{self, Commit};
use crate::generation::Generation;
use crate::journal::Journal;
use crate::table::{DataFile, Table, TableSpec, VERSIONED};
use crate::{FeatureStore, StoreError};

/// What changes from one generation to the next.
pub(crate) trait Rewrite {
    /// The rows as they are to be from now on; `None` when these may stay.
    fn rewrite(
        &mut self,
        spec: TableSpec,
        rows: &RecordBatch,
    ) -> Result<Option<RecordBatch>, StoreError>;

    /// A value of a dimension as it is to be from now on; `None` when it may stay.
    fn rewrite_value(&mut self, value: &str) -> Option<String>;
}

impl FeatureStore {
    /// Builds the generation after the one of `commits`, with these commits, and returns them as
    /// they are there. It is not in use before [`FeatureStore::switch_to`].
    pub(crate) async fn rebuild(
        &self,
        commits: &[Commit],
        rewrite: &mut impl Rewrite,
    ) -> Result<Vec<Commit>, StoreError> {
        let Some(from) = commits.last().map(|commit| commit.generation) else {
            return Ok(Vec::new());
        };
        self.remove_generations_except(from).await?;
        let mut rebuilt = commits.to_vec();
        for commit in &mut rebuilt {
            commit.generation = from.next();
            commit.revision = 0;
            // Counted anew when they are needed.
            commit.spellings = None;
        }
        for spec in VERSIONED {
            let mut table = Rebuilding::new(self, spec, from);
            for commit in &mut rebuilt {
                if let Some(version) = commit.tables.get_mut(spec.name) {
                    *version = table.version(*version, rewrite).await?;
                }
            }
        }
        for spec in Journal::ALL.map(Journal::spec) {
            let newest = self.newest_table(from, spec).await?;
            if let Some(version) = newest.and_then(|table| table.version()) {
                Rebuilding::new(self, spec, from).version(version, rewrite).await?;
            }
        }
        self.carry_aggregates(&mut rebuilt, from, rewrite).await?;
        for commit in &rebuilt {
            catalog::append(self.objects.as_ref(), commit).await?;
        }
        Ok(rebuilt)
    }
}

/// A table on its way into the next generation.
struct Rebuilding<'a> {
    store: &'a FeatureStore,
    spec: TableSpec,
    from: Generation,
    /// What became of each file.
    files: HashMap<Path, Vec<Add>>,
    /// What became of each version.
    versions: BTreeMap<u64, u64>,
    /// Files, by their old names, of the newest version so far.
    present: HashSet<Path>,
    newest: Option<u64>,
}

impl<'a> Rebuilding<'a> {
    fn new(store: &'a FeatureStore, spec: TableSpec, from: Generation) -> Self {
        Self {
            store,
            spec,
            from,
            files: HashMap::new(),
            versions: BTreeMap::new(),
            present: HashSet::new(),
            newest: None,
        }
    }

    /// Brings a version over and returns its new number.
    async fn version(&mut self, old: u64, rewrite: &mut impl Rewrite) -> Result<u64, StoreError> {
        if let Some(known) = self.versions.get(&old) {
            return Ok(*known);
        }
        let table = self.store.table(self.from, self.spec, old).await?;
        let mut entries = table.log_entries()?;
        let target = self.store.writable_table(self.from.next(), self.spec, self.newest).await?;
        let mut added = Vec::new();
        let mut wanted = HashSet::new();
        for file in table.files()? {
            wanted.insert(file.path.clone());
            if !self.files.contains_key(&file.path) {
                let entry = entries.remove(&file.path);
                let carried = self.carry(&table, &target, file.clone(), entry, rewrite).await?;
                self.files.insert(file.path.clone(), carried);
            }
            if !self.present.contains(&file.path) {
                added.extend(self.files[&file.path].iter().cloned());
            }
        }
        let gone = self.present.difference(&wanted).flat_map(|path| &self.files[path]);
        let gone: Result<HashSet<_>, _> =
            gone.map(|file| Path::from_url_path(&file.path)).collect();
        let gone = gone.map_err(object_store::Error::from)?;
        let version = target.commit(added, &gone).await?;
        self.present = wanted;
        self.newest = Some(version);
        self.versions.insert(old, version);
        Ok(version)
    }

    /// Copies a file as it is stored, or writes it anew if some of its rows change.
    async fn carry(
        &self,
        table: &Table,
        target: &Table,
        file: DataFile,
        entry: Option<Add>,
        rewrite: &mut impl Rewrite,
    ) -> Result<Vec<Add>, StoreError> {
        let path = file.path.clone();
        let mut rows = table.rows(vec![file], None)?;
        let mut batches = Vec::new();
        let mut is_changed = false;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let rewritten = rewrite.rewrite(self.spec, &batch)?;
            is_changed |= rewritten.is_some();
            batches.push(rewritten.unwrap_or(batch));
        }
        if is_changed {
            let mut writer = target.writer();
            for batch in batches {
                writer.add(batch).await?;
            }
            return writer.finish().await;
        }
        let place = |generation: Generation| generation.path(&format!("{}/{path}", self.spec.name));
        self.store.objects.copy(&place(self.from), &place(self.from.next())).await?;
        Ok(entry.into_iter().collect())
    }
}
