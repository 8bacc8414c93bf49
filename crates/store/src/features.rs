//! Features of deals: what was known about each on a day, from every table of a data version.
//!
//! Both users, the open deals of a day and the training set, first list the points that they want
//! features of: a deal, a day, the instant up to which loads count, and the state of the deal. One
//! query then adds what stage events, activities and earlier states have to say.

mod finish;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_model::{FiscalYearStart, schema};

use crate::engine::Engine;
use crate::journal::{Journal, instant_literal};
use crate::query::open_deals_query;
use crate::{Commit, FeatureStore, StoreError};
pub(crate) use finish::Finish;

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
        let open = open_deals_query(&engine, request.as_of).await?;
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
        rows.iter().map(|batch| crate::load::stored(Journal::DealSnapshots.spec(), batch)).collect()
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
    let points = numbered(engine.sql(points).await?.execute_stream().await?).await?;
    engine.context().register_table("points", Arc::new(points))?;
    let rows = engine.sql(&format!("{FEATURES} {condition}")).await?.execute_stream().await?;
    Ok(FeatureRows { rows, finish })
}

/// The rows as a table, each with a number: several parts of the query need them, under one name.
async fn numbered(rows: SendableRecordBatchStream) -> Result<MemTable, StoreError> {
    let fields = rows.schema();
    let fields = fields.fields().iter().map(|field| field.as_ref().clone());
    let point = Field::new("point", DataType::Int64, false);
    let schema = Arc::new(Schema::new(std::iter::once(point).chain(fields).collect::<Vec<_>>()));
    let mut next = 0;
    let batches: Vec<RecordBatch> = rows
        .map_err(StoreError::from)
        .and_then(|batch| {
            let first = next;
            next += i64::try_from(batch.num_rows()).unwrap_or_default();
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(first..next));
            let columns = std::iter::once(numbers).chain(batch.columns().iter().cloned());
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let batch =
                RecordBatch::try_new_with_options(Arc::clone(&schema), columns.collect(), &options);
            std::future::ready(batch.map_err(StoreError::from))
        })
        .try_collect()
        .await?;
    let partitions = spread(batches);
    Ok(MemTable::try_new(schema, partitions)?)
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
    WITH stages AS (
      SELECT point, last_value(stage ORDER BY date, position) AS stage,
             last_value(outcome ORDER BY date, position) AS outcome, max(date) AS entered,
             count(DISTINCT CASE WHEN stage_events.outcome = 'open' THEN stage_events.stage END)
               AS entered_stages
      FROM (SELECT points.point, stage_events.stage, stage_events.outcome, stage_events.date,
                   stage_events.position
            FROM points JOIN stage_events ON stage_events.source = points.source
              AND stage_events.deal_id = points.deal_id AND stage_events.date <= points.day)
        AS stage_events
      GROUP BY point
    ),
    recorded AS (SELECT source, min(date) AS since FROM activities GROUP BY source),
    activity AS (
      SELECT point, min(age) AS days_since, count(*) FILTER (WHERE age < 14) AS in_14,
             count(*) FILTER (WHERE age < 30) AS in_30, count(*) FILTER (WHERE age < 90) AS in_90
      FROM (SELECT points.point, CAST(points.day AS INT) - CAST(activities.date AS INT) AS age
            FROM points JOIN activities ON activities.source = points.source
              AND activities.deal_id = points.deal_id AND activities.date <= points.day)
      GROUP BY point
    ),
    states AS (
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
           coalesce(stages.stage, points.stage) AS stage,
           CAST(points.day AS INT) - CAST(points.created_date AS INT) AS days_since_creation,
           CAST(points.day AS INT) - CAST(stages.entered AS INT) AS days_in_stage,
           CASE WHEN stages.entered_stages > 0 THEN stages.entered_stages - 1
                WHEN stages.entered_stages = 0 THEN 0 END AS stages_passed,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL THEN coalesce(changes.pushes, 0) END AS close_date_pushes,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL THEN coalesce(changes.amounts, 0) END AS amount_changes,
           CASE WHEN points.known_at <= points.until OR changes.point IS NOT NULL THEN coalesce(changes.amount_change, 0) END AS amount_change,
           coalesce(activity.days_since,
                    CASE WHEN points.last_activity_date <= points.day
                         THEN CAST(points.day AS INT) - CAST(points.last_activity_date AS INT) END)
             AS days_since_activity,
           CASE WHEN recorded.since <= points.day THEN coalesce(activity.in_14, 0) END
             AS activities_14_days,
           CASE WHEN recorded.since <= points.day THEN coalesce(activity.in_30, 0) END
             AS activities_30_days,
           CASE WHEN recorded.since <= points.day THEN coalesce(activity.in_90, 0) END
             AS activities_90_days
    FROM points
    LEFT JOIN stages ON stages.point = points.point
    LEFT JOIN activity ON activity.point = points.point
    LEFT JOIN recorded ON recorded.source = points.source
    LEFT JOIN changes ON changes.point = points.point";
