//! Deals whose part in the numbers of closed months differs between two data versions.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_model::{Money, Outcome};

use crate::diff::{column, text};
use crate::engine::Engine;
use crate::query::from_epoch_day;
use crate::scan::TableScan;
use crate::table::{DEAL_VERSIONS, DEALS, DataFile, Table, TableSpec};
use crate::{Commit, FeatureStore, StoreError};

/// What of a deal counts in the metrics of the month in which it closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DealState {
    /// The day it was created.
    pub created_date: Option<Date>,
    /// The day it was closed.
    pub closed_date: Option<Date>,
    /// How it ended, or that it has not.
    pub outcome: Outcome,
    /// Its amount in the reporting currency.
    pub amount: Option<Money>,
}

/// A deal that counts otherwise in a later version than in an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealChange {
    /// Where it comes from.
    pub source: String,
    /// The CRM's id.
    pub deal_id: String,
    /// As known in the earlier version; `None` if it was loaded later.
    pub before: Option<DealState>,
    /// As known in the later version; `None` if it was deleted.
    pub after: Option<DealState>,
    /// The load from which it is known as it is in the later version.
    pub known_at: Timestamp,
}

impl FeatureStore {
    /// The deals that are closed in either of two versions and count otherwise in the later one, by
    /// source and id.
    ///
    /// Only data files that are not in both versions are read.
    pub async fn changed_deals(
        &self,
        earlier: &Commit,
        later: &Commit,
    ) -> Result<Vec<DealChange>, StoreError> {
        let engine = Engine::new()?;
        let before = self.table_of(earlier, DEALS).await?;
        let after = self.table_of(later, DEALS).await?;
        let (files_before, files_after) = (files(before.as_ref())?, files(after.as_ref())?);
        register(&engine, "before", before.as_ref(), &missing_from(&files_after, &files_before))?;
        register(&engine, "after", after.as_ref(), &missing_from(&files_before, &files_after))?;
        let versions = self.table_of(later, DEAL_VERSIONS).await?;
        let scan = match &versions {
            Some(table) => TableScan::of(engine.context(), table, &table.files()?)?,
            None => TableScan::empty(DEAL_VERSIONS)?,
        };
        engine.context().register_table(DEAL_VERSIONS.name, Arc::new(scan))?;
        let mut changes = Vec::new();
        for batch in engine.sql(CHANGED).await?.collect().await? {
            append(&mut changes, &batch, later.known_at)?;
        }
        Ok(changes)
    }

    async fn table_of(
        &self,
        commit: &Commit,
        spec: TableSpec,
    ) -> Result<Option<Table>, StoreError> {
        match commit.tables.get(spec.name) {
            Some(version) => Ok(Some(self.table(commit.generation, spec, *version).await?)),
            None => Ok(None),
        }
    }
}

const CHANGED: &str = "
    SELECT coalesce(after.source, before.source) AS source,
           coalesce(after.deal_id, before.deal_id) AS deal_id,
           before.created_date AS created_before, after.created_date AS created_after,
           before.closed_date AS closed_before, after.closed_date AS closed_after,
           before.outcome AS outcome_before, after.outcome AS outcome_after,
           before.amount AS amount_before, after.amount AS amount_after,
           coalesce(after.known_at, deleted.at) AS known_at
    FROM before
    FULL OUTER JOIN after ON after.source = before.source AND after.deal_id = before.deal_id
    LEFT JOIN (
      SELECT source, deal_id, max(superseded_at) AS at
      FROM deal_versions WHERE change = 'deleted' GROUP BY source, deal_id
    ) AS deleted ON deleted.source = before.source AND deleted.deal_id = before.deal_id
    WHERE (before.outcome <> 'open' OR after.outcome <> 'open')
      AND ((before.outcome IS DISTINCT FROM after.outcome)
        OR (before.closed_date IS DISTINCT FROM after.closed_date)
        OR (before.created_date IS DISTINCT FROM after.created_date)
        OR (before.amount IS DISTINCT FROM after.amount))
    ORDER BY 1, 2";

fn files(table: Option<&Table>) -> Result<Vec<DataFile>, StoreError> {
    table.map_or(Ok(Vec::new()), Table::files)
}

/// The files of `files` that `others` lacks.
fn missing_from(others: &[DataFile], files: &[DataFile]) -> Vec<DataFile> {
    let known: HashSet<_> = others.iter().map(|file| &file.path).collect();
    files.iter().filter(|file| !known.contains(&file.path)).cloned().collect()
}

fn register(
    engine: &Engine,
    name: &str,
    table: Option<&Table>,
    files: &[DataFile],
) -> Result<(), StoreError> {
    let scan = match table {
        Some(table) => TableScan::of(engine.context(), table, files)?,
        None => TableScan::empty(DEALS)?,
    };
    engine.context().register_table(name, Arc::new(scan))?;
    Ok(())
}

fn append(
    changes: &mut Vec<DealChange>,
    batch: &RecordBatch,
    latest: Timestamp,
) -> Result<(), StoreError> {
    let (source, deal_id) = (text(batch, "source")?, text(batch, "deal_id")?);
    let before = states(batch, "before")?;
    let after = states(batch, "after")?;
    let known_at = column(batch, "known_at")?.as_primitive::<TimestampMicrosecondType>();
    for (row, (before, after)) in before.into_iter().zip(after).enumerate() {
        changes.push(DealChange {
            source: source.value(row).to_owned(),
            deal_id: deal_id.value(row).to_owned(),
            before,
            after,
            known_at: instant(known_at, row).unwrap_or(latest),
        });
    }
    Ok(())
}

fn instant(column: &TimestampMicrosecondArray, row: usize) -> Option<Timestamp> {
    let is_known = column.is_valid(row);
    is_known.then(|| Timestamp::from_microsecond(column.value(row)).ok()).flatten()
}

/// The states on one side; `None` where that version has no such deal.
fn states(batch: &RecordBatch, side: &str) -> Result<Vec<Option<DealState>>, StoreError> {
    let named = |field: &str| column(batch, &format!("{field}_{side}"));
    let outcomes = text(batch, &format!("outcome_{side}"))?;
    let created = named("created")?.as_primitive::<Date32Type>();
    let closed = named("closed")?.as_primitive::<Date32Type>();
    let amounts = named("amount")?.as_primitive::<Decimal128Type>();
    (0..batch.num_rows())
        .map(|row| {
            if outcomes.is_null(row) {
                return Ok(None);
            }
            let word = outcomes.value(row);
            let outcome = Outcome::from_stored(word)
                .ok_or_else(|| StoreError::Damaged(format!("{word:?} is not an outcome")))?;
            Ok(Some(DealState {
                created_date: created.is_valid(row).then(|| from_epoch_day(created.value(row))),
                closed_date: closed.is_valid(row).then(|| from_epoch_day(closed.value(row))),
                outcome,
                amount: amounts.is_valid(row).then(|| Money::from_cents(amounts.value(row))),
            }))
        })
        .collect()
}
