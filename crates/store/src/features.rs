//! Features of deals: what was known about each on a day, from every table of a data version.
//!
//! Both users, the open deals of a day and the training set, first list the points that they want
//! features of: a deal, a day, the instant up to which loads count, and the state of the deal. One
//! pass over each of the other tables then adds what stage events, activities and earlier states have
//! to say.

mod finish;
mod history;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_model::{FiscalYearStart, schema};

use crate::diff::column;
use crate::engine::Engine;
use crate::journal::{Journal, instant_literal};
use crate::{Commit, FeatureStore, StoreError};
pub(crate) use finish::Finish;
use history::{history, history_fields};

/// Which features to compute of the open deals.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRequest {
    /// The day, as of its end: deals open then, and what had happened by then.
    pub as_of: Date,
    /// States of deals that were loaded later are not counted as changes.
    pub known_by: Timestamp,
    /// When fiscal years begin.
    pub fiscal_year_start: FiscalYearStart,
}

/// Rows of features, computed while they are read.
pub struct FeatureRows {
    rows: SendableRecordBatchStream,
    finish: Finish,
}

impl FeatureRows {
    /// The next rows, if any.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, StoreError>> {
        let batch = self.rows.next().await?;
        Some(batch.map_err(StoreError::from).and_then(|batch| self.finish.batch(&batch)))
    }

    /// All rows at once.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, StoreError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    /// Their columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.finish.schema)
    }
}

impl FeatureStore {
    /// The features of the deals that were open on a day, in the columns of
    /// [`schema::deal_features`] and in no particular order.
    pub async fn deal_features(
        &self,
        commit: &Commit,
        request: &FeatureRequest,
    ) -> Result<FeatureRows, StoreError> {
        let engine = self.engine(commit).await?;
        let open = self.open_deals_query(&engine, commit, request.as_of).await?;
        let points = format!(
            "SELECT source, deal_id, DATE '{}' AS day, {} AS until, known_at, created_date,
                    region, industry, product, lead_source, rep, team, deal_type,
                    amount, acv_bucket, stage_then AS stage, expected_close_date,
                    last_activity_date
             FROM ({open})",
            request.as_of,
            instant_literal(request.known_by)
        );
        let finish = Finish::new(schema::deal_features(), request.fiscal_year_start);
        features_of(&engine, &points, "", finish).await
    }

    /// Records the features of the deals that were open on a day in [`Journal::DealSnapshots`],
    /// in place of those recorded before for that day.
    pub async fn record_snapshots(
        &self,
        commit: &Commit,
        request: &FeatureRequest,
    ) -> Result<(), StoreError> {
        let day = request.as_of.to_string();
        let features = self.deal_features(commit, request).await?;
        let finish = Snapshot { day: day.clone(), version: commit.version.0.cast_signed() };
        let rows = futures::stream::unfold(features, |mut features| async move {
            let batch = features.next().await?;
            Some((batch, features))
        });
        let rows = rows.map(move |batch| finish.batch(&batch?));
        self.record_stream(Journal::DealSnapshots, &day, &day, Box::pin(rows)).await
    }

    /// The features recorded for a day, in the columns of [`schema::deal_snapshots`], by source and
    /// deal.
    pub async fn snapshots(&self, day: Date) -> Result<Vec<RecordBatch>, StoreError> {
        let columns: Vec<_> =
            schema::deal_snapshots().fields().iter().map(|field| field.name().clone()).collect();
        let query = format!(
            "SELECT {} FROM deal_snapshots WHERE day = '{day}' ORDER BY source, deal_id",
            columns.join(", ")
        );
        let rows = self.journals().await?.sql(&query).await?.collect().await?;
        rows.iter().map(|batch| in_schema(&schema::deal_snapshots(), batch)).collect()
    }
}

struct Snapshot {
    day: String,
    version: i64,
}

impl Snapshot {
    fn batch(&self, features: &RecordBatch) -> Result<RecordBatch, StoreError> {
        let rows = features.num_rows();
        let versions: ArrayRef = Arc::new(Int64Array::from(vec![self.version; rows]));
        let days = std::iter::repeat_n(Some(&self.day), rows);
        let days: ArrayRef = Arc::new(days.collect::<arrow::array::StringArray>());
        let columns = features.columns().iter().cloned().chain([versions, days]).collect();
        Ok(RecordBatch::try_new(schema::deal_snapshots(), columns)?)
    }
}

/// The features of the points that a query lists, without those that `condition` leaves out.
pub(crate) async fn features_of(
    engine: &Engine,
    points: &str,
    condition: &str,
    finish: Finish,
) -> Result<FeatureRows, StoreError> {
    let points = engine.sql(points).await?.execute_stream().await?;
    let points = with_history(engine, points).await?;
    engine.context().register_table("points", Arc::new(points))?;
    let rows = engine.sql(&format!("{FEATURES} {condition}")).await?.execute_stream().await?;
    Ok(FeatureRows { rows, finish })
}

/// The points as a table, each with a number, since several parts of the query need it, and with what
/// events and activities say about it.
async fn with_history(
    engine: &Engine,
    points: SendableRecordBatchStream,
) -> Result<MemTable, StoreError> {
    let fields = points.schema();
    let fields = fields.fields().iter().map(|field| field.as_ref().clone());
    let point = Field::new("point", DataType::Int64, false);
    let fields = std::iter::once(point).chain(fields).chain(history_fields());
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let points: Vec<RecordBatch> = points.try_collect().await?;
    let history = history(engine, &points).await?;
    let mut next = 0;
    let batches: Result<Vec<_>, StoreError> = points
        .into_iter()
        .zip(history)
        .map(|(batch, history)| {
            let first = next;
            next += i64::try_from(batch.num_rows()).unwrap_or_default();
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(first..next));
            let columns = batch.columns().iter().cloned().chain(history);
            let columns = std::iter::once(numbers).chain(columns).collect();
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        })
        .collect();
    Ok(MemTable::try_new(schema, spread(batches?))?)
}

/// Batches dealt out to as many partitions as there are cores.
fn spread(batches: Vec<RecordBatch>) -> Vec<Vec<RecordBatch>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut partitions = vec![Vec::new(); cores];
    for (place, batch) in batches.into_iter().enumerate() {
        partitions[place % cores].push(batch);
    }
    partitions
}

/// Everything about the points that one day's arithmetic gives is left to [`Finish`].
///
/// A state that was superseded in the instant in which it became known comes before the state that
/// superseded it, which has the later end.
const FEATURES: &str = "
    WITH states AS (
      SELECT source, deal_id, known_at, superseded_at, expected_close_date, amount
      FROM deal_versions
      UNION ALL
      SELECT deals.source, deals.deal_id, deals.known_at, NULL, deals.expected_close_date,
             deals.amount
      FROM deals LEFT SEMI JOIN deal_versions
        ON deal_versions.source = deals.source AND deal_versions.deal_id = deals.deal_id
    ),
    steps AS (
      SELECT source, deal_id, known_at, expected_close_date, amount,
             lag(expected_close_date) OVER history AS expected_before,
             lag(amount) OVER history AS amount_before
      FROM states
      WINDOW history AS (PARTITION BY source, deal_id ORDER BY known_at, superseded_at NULLS LAST)
    ),
    changes AS (
      SELECT points.point,
             count(*) FILTER (WHERE expected_close_date_then > expected_before) AS pushes,
             count(*) FILTER (WHERE amount_then <> amount_before) AS amounts,
             sum(amount_then - amount_before) AS amount_change
      FROM points JOIN (
        SELECT source, deal_id, known_at AS step_known_at,
               expected_close_date AS expected_close_date_then, amount AS amount_then,
               expected_before, amount_before
        FROM steps
      ) AS steps ON steps.source = points.source AND steps.deal_id = points.deal_id
        AND steps.step_known_at <= points.until
      GROUP BY points.point
    )
    SELECT points.* EXCEPT (point, known_at, until, stage, last_activity_date),
           coalesce(points.last_stage, points.stage) AS stage,
           CAST(points.day AS INT) - CAST(points.created_date AS INT) AS days_since_creation,
           CAST(points.day AS INT) - CAST(points.entered AS INT) AS days_in_stage,
           CASE WHEN points.entered_stages > 0 THEN points.entered_stages - 1
                WHEN points.entered_stages = 0 THEN 0 END AS stages_passed,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL
                THEN coalesce(changes.pushes, 0) END AS close_date_pushes,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL
                THEN coalesce(changes.amounts, 0) END AS amount_changes,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL
                THEN coalesce(changes.amount_change, 0) END AS amount_change,
           coalesce(CAST(points.day AS INT) - CAST(points.last_active AS INT),
                    CASE WHEN points.last_activity_date <= points.day
                         THEN CAST(points.day AS INT) - CAST(points.last_activity_date AS INT) END)
             AS days_since_activity,
           points.active_14 AS activities_14_days, points.active_30 AS activities_30_days,
           points.active_90 AS activities_90_days
    FROM points
    LEFT JOIN changes ON changes.point = points.point";

/// The batch in the columns and types of a schema.
fn in_schema(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let columns: Result<Vec<_>, StoreError> = schema
        .fields()
        .iter()
        .map(|field| Ok(cast(column(batch, field.name())?, field.data_type())?))
        .collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns?)?)
}
