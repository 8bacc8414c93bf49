//! The training set: features of deals as they were at chosen ages, with how they ended beside.
//!
//! Nothing that happened after that day, or was loaded after it, is in the features. Stage events
//! and activities count by their own date: sources keep them as a record of what happened when. The
//! state of a deal is overwritten in place, so what counts is the state that had been loaded by the
//! end of the day; where none had, the dimensions of the first state ever loaded stand in, and what
//! changes with time is null.

mod file;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Int32Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema};
use datafusion::datasource::MemTable;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use winsight_model::{FiscalYearStart, schema};

use crate::diff::column;
use crate::engine::Engine;
use crate::features::{FeatureRows, Finish, features_of};
use crate::known_days::{epoch_day, from_epoch_day};
use crate::{Commit, FeatureStore, StoreError};

pub use file::FileFormat;

/// Which training set to make.
#[derive(Clone, Debug)]
pub struct TrainingRequest {
    /// The last day seen: later ages and outcomes are not known yet.
    pub as_of: Date,
    /// The time zone in which days end.
    pub time_zone: TimeZone,
    /// Ages of deals in whole days, each giving a row per deal that was open then.
    pub ages: Vec<u16>,
    /// Whether deals without an outcome, those that are still open, are in it too.
    pub include_unlabelled: bool,
    /// When fiscal years begin.
    pub fiscal_year_start: FiscalYearStart,
}

impl FeatureStore {
    /// The features of every deal at every age at which it was open, in the columns of
    /// [`schema::training_set`] and in no particular order. A deal that was deleted says nothing
    /// about winning and is not in it.
    ///
    /// The age counts from the created date that was first known of the deal.
    pub async fn training_set(
        &self,
        commit: &Commit,
        request: &TrainingRequest,
    ) -> Result<FeatureRows, StoreError> {
        let engine = self.engine(commit).await?;
        let days = days(&engine, request).await?;
        engine.context().register_table("days", Arc::new(days))?;
        let finish = Finish::new(schema::training_set(), request.fiscal_year_start);
        let open = "WHERE points.last_outcome IS NULL OR points.last_outcome = 'open'";
        features_of(&engine, &points(request), open, finish).await
    }
}

/// For every day from the first creation on the days on which deals created then have the ages, as far
/// as they have been seen, each with its last instant.
async fn days(engine: &Engine, request: &TrainingRequest) -> Result<MemTable, StoreError> {
    let query = "SELECT min(day) AS day FROM (
                   SELECT min(created_date) AS day FROM deals
                   UNION ALL SELECT min(created_date) FROM deal_versions)";
    let mut created = request.as_of;
    for batch in engine.sql(query).await?.collect().await? {
        let first = column(&batch, "day")?.as_primitive::<Date32Type>();
        created = first.iter().flatten().map(from_epoch_day).fold(created, Date::min);
    }
    let (mut births, mut ages) = (Vec::new(), Vec::new());
    let (mut days, mut ends) = (Vec::new(), Vec::new());
    while created <= request.as_of {
        for age in &request.ages {
            let day = created.saturating_add(i64::from(*age).days());
            if day <= request.as_of {
                births.push(epoch_day(created));
                ages.push(i32::from(*age));
                days.push(epoch_day(day));
                ends.push(last_instant(day, &request.time_zone).as_microsecond());
            }
        }
        let Ok(next) = created.tomorrow() else { break };
        created = next;
    }
    let schema = Arc::new(Schema::new(vec![
        Field::new("created_date", DataType::Date32, false),
        Field::new("age_days", DataType::Int32, false),
        Field::new("day", DataType::Date32, false),
        Field::new("until", schema::instant(), false),
    ]));
    let ends = TimestampMicrosecondArray::from_iter_values(ends).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(births)),
        Arc::new(Int32Array::from(ages)),
        Arc::new(Date32Array::from(days)),
        Arc::new(ends),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    Ok(MemTable::try_new(schema, vec![vec![batch]])?)
}

fn last_instant(day: Date, time_zone: &TimeZone) -> Timestamp {
    let midnight = day.saturating_add(1.day()).to_zoned(time_zone.clone());
    midnight
        .and_then(|midnight| midnight.timestamp().checked_sub(1.microsecond()))
        .unwrap_or(Timestamp::MAX)
}

/// What a deal's state says that may be a feature.
const STATE: &str = "source, deal_id, known_at, created_date, region, industry, product,
    lead_source, rep, team, deal_type, amount, acv_bucket, stage, outcome, expected_close_date,
    last_activity_date";

/// Of the dimensions, these are known from the first state on.
const DIMENSIONS: [&str; 7] =
    ["region", "industry", "product", "lead_source", "rep", "team", "deal_type"];

fn points(request: &TrainingRequest) -> String {
    let dimensions = DIMENSIONS.map(|it| {
        format!("CASE WHEN then.known_at IS NULL THEN first.{it} ELSE then.{it} END AS {it}")
    });
    let dimensions = dimensions.join(", ");
    let as_of = request.as_of;
    let labelled = format!("ends.outcome <> 'open' AND ends.closed_date <= DATE '{as_of}'");
    let wanted = if request.include_unlabelled { "true" } else { &labelled };
    format!(
        "WITH numbered AS (
           SELECT {STATE}, superseded_at,
                  row_number() OVER (PARTITION BY source, deal_id
                                     ORDER BY known_at, superseded_at) AS place
           FROM deal_versions
         ),
         never_changed AS (
           SELECT deals.* FROM deals LEFT ANTI JOIN deal_versions
             ON deal_versions.source = deals.source AND deal_versions.deal_id = deals.deal_id
         ),
         first AS (
           SELECT {STATE} FROM numbered WHERE place = 1
           UNION ALL SELECT {STATE} FROM never_changed
         ),
         states AS (
           SELECT {STATE}, superseded_at FROM numbered
           UNION ALL SELECT {STATE}, NULL FROM deals
         )
         SELECT first.source, first.deal_id, days.day, days.until, first.known_at,
                first.created_date, {dimensions}, then.amount, then.acv_bucket,
                CASE WHEN then.outcome = 'open' THEN then.stage END AS stage,
                then.expected_close_date, then.last_activity_date,
                days.age_days, then.known_at IS NOT NULL AS known_then,
                CASE WHEN {labelled} THEN ends.outcome END AS label_outcome,
                CASE WHEN {labelled} THEN ends.cycle_days END AS label_cycle_days
         FROM first JOIN days ON days.created_date = first.created_date
         JOIN deals AS ends ON ends.source = first.source AND ends.deal_id = first.deal_id
         LEFT JOIN states AS then ON then.source = first.source AND then.deal_id = first.deal_id
           AND then.known_at <= days.until
           AND (then.superseded_at IS NULL OR then.superseded_at > days.until)
         WHERE (ends.closed_date IS NULL OR ends.closed_date > days.day)
           AND (then.known_at IS NOT NULL OR first.known_at > days.until)
           AND {wanted}"
    )
}
