//! Journals: tables of what was derived and shown, written one entry at a time.
//!
//! They are no part of a data version. Readers take the newest version of a journal, and an entry
//! (a run, a day, a load) that is recorded again replaces its rows in one Delta commit.

mod record;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::Add;
use deltalake_core::kernel::transaction::TransactionError;
use futures::{Stream, StreamExt, stream};
use winsight_model::schema;

use crate::diff::text;
use crate::engine::Engine;
use crate::scan::TableScan;
use crate::table::{DEAL, Table, TableSpec};
use crate::{FeatureStore, StoreError};

pub(crate) use record::instant_literal;
pub use record::{MetricRecord, QualityRecord, RecordedRate};

/// How often an entry is tried again after another writer was faster. Each such loss is the gain of
/// somebody else, so it ends when they do.
const ATTEMPTS: usize = 100;

/// The journals of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// Features of the open deals, an entry per day: [`schema::deal_snapshots`].
    DealSnapshots,
    /// Metrics that were shown, an entry per run: [`schema::metric_history`].
    MetricHistory,
    /// Data quality, an entry per load: [`schema::quality_history`].
    QualityHistory,
}

impl Journal {
    pub(crate) const ALL: [Self; 3] =
        [Self::DealSnapshots, Self::MetricHistory, Self::QualityHistory];

    /// The table behind it.
    pub(crate) fn spec(self) -> TableSpec {
        match self {
            Self::DealSnapshots => TableSpec {
                name: schema::DEAL_SNAPSHOTS,
                partition: "day",
                schema: schema::deal_snapshots,
                key: DEAL,
                content: &[],
                statistics: "created_date",
            },
            Self::MetricHistory => TableSpec {
                name: schema::METRIC_HISTORY,
                partition: "month",
                schema: schema::metric_history,
                key: ["dimension", "value"],
                content: &[],
                statistics: "as_of",
            },
            Self::QualityHistory => TableSpec {
                name: schema::QUALITY_HISTORY,
                partition: "month",
                schema: schema::quality_history,
                key: ["source", "part"],
                content: &[],
                statistics: "loaded_at",
            },
        }
    }

    /// The column that names the entry of a row.
    fn entry(self) -> &'static str {
        match self {
            Self::DealSnapshots => "day",
            Self::MetricHistory => "run",
            Self::QualityHistory => "load",
        }
    }
}

impl FeatureStore {
    /// Records an entry of a journal; rows that the partition held of it are replaced.
    ///
    /// Every row is of this `partition` and `entry`. Without rows the entry is removed.
    ///
    /// # Errors
    /// [`StoreError::Contended`] when other processes kept writing to the journal.
    pub async fn record(
        &self,
        journal: Journal,
        partition: &str,
        entry: &str,
        rows: Vec<RecordBatch>,
    ) -> Result<(), StoreError> {
        self.record_stream(journal, partition, entry, stream::iter(rows.into_iter().map(Ok))).await
    }

    pub(crate) async fn record_stream(
        &self,
        journal: Journal,
        partition: &str,
        entry: &str,
        mut rows: impl Stream<Item = Result<RecordBatch, StoreError>> + Unpin,
    ) -> Result<(), StoreError> {
        let spec = journal.spec();
        let mut table = self.journal_table(spec).await?;
        let mut writer = table.writer();
        while let Some(batch) = rows.next().await {
            writer.add(batch?).await?;
        }
        let added = writer.finish().await?;
        for _ in 0..ATTEMPTS {
            let (mut files, replaced) = without(&table, journal, partition, entry).await?;
            files.extend(added.iter().cloned());
            if files.is_empty() && replaced.is_empty() {
                return Ok(());
            }
            match table.commit_next(files, &replaced).await {
                Err(error) if is_lost_race(&error) => table = self.journal_table(spec).await?,
                done => return done.map(drop),
            }
        }
        Err(StoreError::Contended(spec.name))
    }

    async fn journal_table(&self, spec: TableSpec) -> Result<Table, StoreError> {
        let generation = self.generation().await?;
        if let Some(table) = self.newest_table(generation, spec).await? {
            return Ok(table);
        }
        let created = self.writable_table(generation, spec, None).await;
        match self.newest_table(generation, spec).await? {
            Some(table) => Ok(table),
            // Whoever else creates it at the same moment makes our attempt fail, not theirs.
            None => created,
        }
    }

    /// An engine in which the journals are registered under their names.
    pub(crate) async fn journals(&self) -> Result<Engine, StoreError> {
        let engine = Engine::new()?;
        let generation = self.generation().await?;
        for journal in Journal::ALL {
            let spec = journal.spec();
            let scan = match self.newest_table(generation, spec).await? {
                Some(table) => TableScan::of(engine.context(), &table, &table.files()?)?,
                None => TableScan::empty(spec)?,
            };
            engine.context().register_table(spec.name, Arc::new(scan))?;
        }
        Ok(engine)
    }
}

/// The files of a partition that hold rows of an entry, and new ones with their other rows.
async fn without(
    table: &Table,
    journal: Journal,
    partition: &str,
    entry: &str,
) -> Result<(Vec<Add>, HashSet<object_store::path::Path>), StoreError> {
    let mut replaced = HashSet::new();
    let mut others = table.writer();
    for file in table.files()? {
        if file.partition != partition {
            continue;
        }
        let path = file.path.clone();
        if journal.entry() == table.spec.partition {
            replaced.insert(path);
            continue;
        }
        let mut kept = Vec::new();
        let mut is_touched = false;
        let mut rows = table.rows(vec![file], None)?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let entries = text(&batch, journal.entry())?;
            let is_other: BooleanArray =
                entries.iter().map(|value| Some(value != Some(entry))).collect();
            is_touched |= is_other.false_count() > 0;
            kept.push(filter_record_batch(&batch, &is_other)?);
        }
        if is_touched {
            replaced.insert(path);
            for batch in kept {
                others.add(batch).await?;
            }
        }
    }
    Ok((others.finish().await?, replaced))
}

pub(crate) fn is_lost_race(error: &StoreError) -> bool {
    let StoreError::Delta(error) = error else { return false };
    match error.as_ref() {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => matches!(
            source,
            TransactionError::VersionAlreadyExists(_)
                | TransactionError::MaxCommitAttempts(_)
                | TransactionError::CommitConflict(_)
        ),
        _ => false,
    }
}
