//! Bringing staged rows into the tables, and making the result visible in one step.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use futures::future::{OptionFuture, join};
use jiff::Timestamp;
use winsight_model::{DataVersion, LoadCounts};

use crate::catalog::{self, Commit, CommitRequest};
use crate::changed::Changed;
use crate::compare::{Comparison, TableChange};
use crate::diff::{Change, Diff, Key, KeyedRows};
use crate::part::{Parted, PartedRows};
use crate::staging::{StagedTable, Staging};
use crate::table::{DEAL_VERSIONS, DEALS, Table, TableSpec, TableWriter};
use crate::{FeatureStore, StoreError};

/// The result of a load.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The new version; `None` when nothing differed and so none was made.
    pub commit: Option<Commit>,
    /// What happened to the deals.
    pub deals: LoadCounts,
}

impl FeatureStore {
    /// Brings the staged rows into the tables and commits them as one new version.
    ///
    /// The staging keeps its writer lock until it is dropped, so that the caller can finish its own
    /// books first.
    ///
    /// # Errors
    /// On any failure, and when killed at any moment, readers keep the version they had.
    pub async fn load(
        &self,
        staging: &mut Staging,
        comparison: Comparison,
        request: CommitRequest,
    ) -> Result<Loaded, StoreError> {
        let Comparison { deals, base, tables: changes, .. } = comparison;
        if changes.iter().all(TableChange::is_empty) {
            return Ok(Loaded { commit: None, deals });
        }
        let mut next = self.next_version(base.as_ref(), request).await?;
        next.memory = staging.memory;
        for (change, staged) in changes.iter().zip(staging.finish()?) {
            if !change.is_empty() {
                self.apply(change, staged, &mut next).await?;
            }
        }
        Ok(Loaded { commit: Some(self.commit_next(next, base.as_ref()).await?), deals })
    }

    /// Begins the version after `base`.
    pub(crate) async fn next_version(
        &self,
        base: Option<&Commit>,
        request: CommitRequest,
    ) -> Result<NextVersion, StoreError> {
        let generation = match base {
            Some(base) => base.generation,
            None => self.generation().await?,
        };
        self.remove_generations_except(generation).await?;
        let commit = Commit {
            version: DataVersion(base.map_or(1, |base| base.version.0 + 1)),
            load: request.load,
            // A back-dated load must not slip in before one that was known already.
            known_at: base.map_or(request.known_at, |base| base.known_at.max(request.known_at)),
            tables: base.map(|base| base.tables.clone()).unwrap_or_default(),
            known_days: None,
            aggregates: BTreeMap::new(),
            spellings: None,
            generation,
            revision: 0,
        };
        Ok(NextVersion { commit, changed: Changed::default(), memory: usize::MAX })
    }

    /// Makes the version visible.
    pub(crate) async fn commit_next(
        &self,
        next: NextVersion,
        base: Option<&Commit>,
    ) -> Result<Commit, StoreError> {
        let NextVersion { mut commit, changed, .. } = next;
        commit.known_days = Some(self.known_days(&commit).await?);
        let spellings = self.spellings_after(&commit, base, &changed);
        let aggregates = self.aggregates_after(&commit, base, &changed);
        let (spellings, aggregates) = if changed.deals().is_some() {
            join(spellings, aggregates).await
        } else {
            // Both count all deals, on every core.
            (spellings.await, aggregates.await)
        };
        (commit.spellings, commit.aggregates) = (Some(spellings?), aggregates?);
        catalog::append(self.objects.as_ref(), &commit).await?;
        Ok(commit)
    }

    /// Makes the next version of one table, and of the versions of deals where deals go.
    pub(crate) async fn apply(
        &self,
        change: &TableChange,
        staged: &mut StagedTable,
        next: &mut NextVersion,
    ) -> Result<(), StoreError> {
        let spec = change.spec;
        let of_deals = spec.name == DEALS.name;
        let known_at = next.commit.known_at;
        let table = next.open(self, spec).await?;
        let mut writer = table.writer().within(next.memory);
        let mut superseded = if of_deals && change.rewritten.contains(&true) {
            Some(Superseded::open(self, next).await?)
        } else {
            None
        };
        if of_deals {
            next.changed.expect(change.diff.arriving());
        }
        let files = table.files()?.into_iter().zip(&change.rewritten);
        let files: Vec<_> =
            files.filter(|(_, rewritten)| **rewritten).map(|(file, _)| file).collect();
        let replaced = files.iter().map(|file| file.path.clone()).collect();
        let mut rows = PartedRows::of(&table, files, change, superseded.is_some())?;
        while let Some(Parted { stays, goes }) = rows.next().await? {
            writer.add(stays).await?;
            if let (Some(superseded), Some(goes)) = (&mut superseded, goes) {
                next.changed.goes(&goes)?;
                superseded.add(&goes, change).await?;
            }
        }
        for batch in staged.take()? {
            let mut rows = arriving(&change.diff, spec, batch?)?;
            if of_deals {
                next.changed.arrives(&rows)?;
                rows = with_columns(DEALS, &rows, vec![instants(known_at, rows.num_rows())])?;
            }
            writer.add(rows).await?;
        }
        let commit = async {
            let added = writer.finish().await?;
            table.commit(added, &replaced).await
        };
        // Neither is cut off where the other fails: a step of a table's log that is under way ends.
        let (version, superseded) =
            join(commit, OptionFuture::from(superseded.map(Superseded::commit))).await;
        next.commit.tables.insert(spec.name.to_owned(), version?);
        if let Some(version) = superseded {
            next.commit.tables.insert(DEAL_VERSIONS.name.to_owned(), version?);
        }
        Ok(())
    }
}

/// The staged rows that are to be stored.
fn arriving(diff: &Diff, spec: TableSpec, batch: RecordBatch) -> Result<RecordBatch, StoreError> {
    if matches!(diff, Diff::AllNew(_)) {
        return Ok(batch);
    }
    let keyed = KeyedRows::of(spec, &batch)?;
    let is_wanted =
        |key: &Key| matches!(diff.change(*key), Some(Change::Inserted | Change::Updated));
    let mask: BooleanArray = keyed.keys.iter().map(|key| Some(is_wanted(key))).collect();
    Ok(filter_record_batch(&batch, &mask)?)
}

/// A version in the making.
pub(crate) struct NextVersion {
    /// Its tables are those that it builds upon, and then those that it makes.
    pub(crate) commit: Commit,
    /// The deals in which it differs from the version before.
    changed: Changed,
    /// Bytes of unfinished files that may be in memory.
    memory: usize,
}

impl NextVersion {
    pub(crate) async fn open(
        &self,
        store: &FeatureStore,
        spec: TableSpec,
    ) -> Result<Table, StoreError> {
        let pinned = self.commit.tables.get(spec.name).copied();
        store.writable_table(self.commit.generation, spec, pinned).await
    }
}

/// The states of deals that a load supersedes, on their way into their table.
struct Superseded {
    table: Table,
    writer: TableWriter,
    known_at: Timestamp,
}

impl Superseded {
    async fn open(store: &FeatureStore, next: &NextVersion) -> Result<Self, StoreError> {
        let table = next.open(store, DEAL_VERSIONS).await?;
        let writer = table.writer().within(next.memory);
        Ok(Self { writer, table, known_at: next.commit.known_at })
    }

    async fn add(&mut self, gone: &RecordBatch, change: &TableChange) -> Result<(), StoreError> {
        let rows = gone.num_rows();
        let keyed = KeyedRows::of(DEALS, gone)?;
        let word = |key: &Key| match change.diff.change(*key) {
            Some(Change::Deleted) => "deleted",
            _ => "updated",
        };
        let words: StringArray = keyed.keys.iter().map(|key| Some(word(key))).collect();
        let month = self.known_at.strftime("%Y-%m").to_string();
        let months: StringArray = std::iter::repeat_n(Some(month), rows).collect();
        let added: Vec<ArrayRef> =
            vec![instants(self.known_at, rows), Arc::new(words), Arc::new(months)];
        self.writer.add(with_columns(DEAL_VERSIONS, gone, added)?).await
    }

    async fn commit(self) -> Result<u64, StoreError> {
        self.table.commit(self.writer.finish().await?, &HashSet::new()).await
    }
}

fn instants(at: Timestamp, rows: usize) -> ArrayRef {
    let at = std::iter::repeat_n(at.as_microsecond(), rows);
    Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))
}

fn with_columns(
    spec: TableSpec,
    batch: &RecordBatch,
    added: Vec<ArrayRef>,
) -> Result<RecordBatch, StoreError> {
    let columns = batch.columns().iter().cloned().chain(added).collect();
    Ok(RecordBatch::try_new((spec.schema)(), columns)?)
}
