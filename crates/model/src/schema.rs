//! The Arrow schema of every table in the feature store.
//!
//! Days are `Date32`, money is `Decimal128(18, 2)`, and every text is UTF-8. A blank is a null.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Name of the table of deals: one row per deal, its latest known state.
pub const DEALS: &str = "deals";
/// Name of the table of superseded states of deals: what we knew, and until when.
pub const DEAL_VERSIONS: &str = "deal_versions";
/// Name of the table of stage events: one row per stage entered.
pub const STAGE_EVENTS: &str = "stage_events";
/// Name of the table of activities: one row per call, meeting, e-mail or task.
pub const ACTIVITIES: &str = "activities";
/// Name of the table of indicators: external market series.
pub const INDICATORS: &str = "indicators";

/// Partition value of deals whose created date is blank.
pub const UNKNOWN_MONTH: &str = "unknown";

/// The type of every amount: up to 16 digits before the point, two after.
pub const MONEY: DataType = DataType::Decimal128(18, 2);

/// The type of every instant: microseconds in UTC.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Columns of [`DEALS`] as they arrive from a source; [`stored_deals`] is what the table holds.
///
/// `(source, deal_id)` is the key. `created_month` (`2024-03`, or [`UNKNOWN_MONTH`]) is the
/// partition. `dimensions` holds the custom dimensions that have a value, as a JSON object of texts
/// with sorted keys. `amount` is in the reporting currency, `amount_original` in `currency`. `row_hash`
/// covers every other column, so that an unchanged deal is recognised without comparing them all.
pub fn deals() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let day = |name: &str| Field::new(name, DataType::Date32, true);
    Arc::new(Schema::new(vec![
        text("source", false),
        text("deal_id", false),
        text("name", true),
        text("account", true),
        day("created_date"),
        day("closed_date"),
        day("expected_close_date"),
        day("last_activity_date"),
        day("updated_date"),
        text("outcome", false),
        text("stage", true),
        Field::new("amount", MONEY, true),
        Field::new("amount_original", MONEY, true),
        text("currency", false),
        Field::new("cycle_days", DataType::Int32, true),
        text("acv_bucket", true),
        text("cycle_bucket", true),
        text("region", true),
        text("industry", true),
        text("product", true),
        text("lead_source", true),
        text("rep", true),
        text("team", true),
        text("deal_type", true),
        text("dimensions", true),
        text("created_month", false),
        Field::new("row_hash", DataType::Int64, false),
    ]))
}

/// Columns of [`DEALS`] as stored: [`deals`], then `known_at`, the instant of the load from which
/// the deal has been known in this state.
pub fn stored_deals() -> SchemaRef {
    let known_at = Field::new("known_at", instant(), false);
    with_columns(&deals(), [known_at])
}

/// Columns of [`DEAL_VERSIONS`]: [`stored_deals`], then `superseded_at`, the instant of the load
/// that changed the deal, `change` (`updated` or `deleted`), and `superseded_month`, the partition.
///
/// Together with [`DEALS`] these are all states that a deal was ever known in.
pub fn deal_versions() -> SchemaRef {
    let added = [
        Field::new("superseded_at", instant(), false),
        Field::new("change", DataType::Utf8, false),
        Field::new("superseded_month", DataType::Utf8, false),
    ];
    with_columns(&stored_deals(), added)
}

fn with_columns<const N: usize>(schema: &SchemaRef, added: [Field; N]) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone());
    Arc::new(Schema::new(fields.chain(added).collect::<Vec<_>>()))
}

/// Columns of [`STAGE_EVENTS`].
///
/// `(source, deal_id, date, position)` is the key, `position` being the event's place among those of
/// its deal on the same day. `outcome` is the deal's state from this event on: `open`, `won` or
/// `lost`. `month` (of the event) is the partition.
pub fn stage_events() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("deal_id", DataType::Utf8, false),
        Field::new("date", DataType::Date32, false),
        Field::new("position", DataType::Int32, false),
        Field::new("stage", DataType::Utf8, false),
        Field::new("outcome", DataType::Utf8, false),
        Field::new("month", DataType::Utf8, false),
    ]))
}

/// Columns of [`ACTIVITIES`]. `kind` is the source's word for it, such as `call`. `month` (of the
/// activity) is the partition.
pub fn activities() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("deal_id", DataType::Utf8, false),
        Field::new("date", DataType::Date32, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("month", DataType::Utf8, false),
    ]))
}

/// Columns of [`INDICATORS`]: the value of the series `name` from `source` on a day. `month` (of
/// the day) is the partition.
pub fn indicators() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("date", DataType::Date32, false),
        Field::new("value", DataType::Float64, false),
        Field::new("month", DataType::Utf8, false),
    ]))
}

/// Name of the journal of what was known about each open deal on each day.
pub const DEAL_SNAPSHOTS: &str = "deal_snapshots";
/// Name of the journal of the metrics that were shown: when, and on which data version.
pub const METRIC_HISTORY: &str = "metric_history";
/// Name of the journal of data quality: one row per load, field and part of the score.
pub const QUALITY_HISTORY: &str = "quality_history";

/// The features of a deal on a day: only what was known about it by the end of that day.
///
/// | column | meaning |
/// |---|---|
/// | `region` … `deal_type` | dimensions |
/// | `amount`, `acv_bucket` | amount in the reporting currency, and its size bucket |
/// | `created_month`, `created_quarter` | `2024-03`, `2024-Q1` |
/// | `fiscal_period` | fiscal quarter of creation, `FY2025-Q1`; a fiscal year is named after the calendar year in which it ends |
/// | `days_since_creation` | whole days |
/// | `stage`, `days_in_stage` | where it stood, and days since its last stage event |
/// | `stages_passed` | different open stages it had entered before the present one; null without stage events |
/// | `stage_velocity` | stages passed per 30 days since creation; null on the day of creation |
/// | `close_date_pushes` | times that a load moved the expected close date to a later day |
/// | `amount_changes`, `amount_change` | times that a load changed the amount, and the sum of these changes |
/// | `days_since_activity` | days since the last activity; without activities, since the last activity date of the deal |
/// | `activities_14_days` … | activities in the 14, 30 and 90 days that end with the day; null when the source records none |
/// | `engagement` | `none`, `low` (1 to 3), `medium` (4 to 7) or `high` (8 or more activities in 30 days); where none are recorded, `medium`, `low` or `none` for a last activity within 14 days, within 30, or earlier |
pub fn deal_features() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let day = |name: &str| Field::new(name, DataType::Date32, true);
    let whole = |name: &str| Field::new(name, DataType::Int32, true);
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("deal_id", DataType::Utf8, false),
        text("region"),
        text("industry"),
        text("product"),
        text("lead_source"),
        text("rep"),
        text("team"),
        text("deal_type"),
        Field::new("amount", MONEY, true),
        text("acv_bucket"),
        day("created_date"),
        text("created_month"),
        text("created_quarter"),
        text("fiscal_period"),
        whole("days_since_creation"),
        text("stage"),
        whole("days_in_stage"),
        whole("stages_passed"),
        Field::new("stage_velocity", DataType::Float64, true),
        day("expected_close_date"),
        whole("close_date_pushes"),
        whole("amount_changes"),
        Field::new("amount_change", MONEY, true),
        whole("days_since_activity"),
        whole("activities_14_days"),
        whole("activities_30_days"),
        whole("activities_90_days"),
        text("engagement"),
    ]))
}

/// Columns of [`DEAL_SNAPSHOTS`]: [`deal_features`], then `data_version`, the version they were
/// computed on, and `day` (`2024-03-31`), the partition.
pub fn deal_snapshots() -> SchemaRef {
    let added = [
        Field::new("data_version", DataType::Int64, false),
        Field::new("day", DataType::Utf8, false),
    ];
    with_columns(&deal_features(), added)
}

/// Columns of a training set: [`deal_features`] as they were `age_days` days after the creation of
/// the deal, which was on `day`.
///
/// `known_then` says whether a state of the deal had been loaded by then. If not, its dimensions are
/// those of the first state ever loaded, and what changes with time is null. `label_outcome` (`won`
/// or `lost`) and `label_cycle_days` are how it ended: never features. They are null while it is
/// open.
pub fn training_set() -> SchemaRef {
    let added = [
        Field::new("age_days", DataType::Int32, false),
        Field::new("day", DataType::Date32, false),
        Field::new("known_then", DataType::Boolean, false),
        Field::new("label_outcome", DataType::Utf8, true),
        Field::new("label_cycle_days", DataType::Int32, true),
    ];
    with_columns(&deal_features(), added)
}

/// Columns of [`METRIC_HISTORY`]: the metrics of one segment in one window, as they were shown.
///
/// `run` names the run that showed them (job, day and data version); a run that is repeated replaces
/// its rows. `as_of` is its instant. The window is `[window_from, window_to)`. Rates are null on too
/// few deals. `month` (of the as-of day) is the partition.
pub fn metric_history() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let count = |name: &str| Field::new(name, DataType::Int64, false);
    let rate = |name: &str| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("run"),
        text("job"),
        Field::new("as_of", instant(), false),
        count("data_version"),
        text("dimension"),
        text("value"),
        Field::new("window_from", DataType::Date32, false),
        Field::new("window_to", DataType::Date32, false),
        count("deals"),
        count("won"),
        count("lost"),
        rate("win_rate"),
        rate("win_rate_low"),
        rate("win_rate_high"),
        rate("rwwr"),
        rate("rwwr_low"),
        rate("rwwr_high"),
        rate("dfi"),
        rate("dfi_low"),
        rate("dfi_high"),
        Field::new("won_amount", MONEY, false),
        Field::new("closed_amount", MONEY, false),
        text("currency"),
        text("month"),
    ]))
}

/// Columns of [`QUALITY_HISTORY`]: the `value` (0 to 100, or a count, as the part says) of one
/// `part` of the quality of one `field` (null for the whole) in one `load`. `data_version` is null
/// for a load that made none. `month` (of the load) is the partition.
pub fn quality_history() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("load", DataType::Int64, false),
        Field::new("loaded_at", instant(), false),
        Field::new("data_version", DataType::Int64, true),
        Field::new("source", DataType::Utf8, false),
        Field::new("field", DataType::Utf8, true),
        Field::new("part", DataType::Utf8, false),
        Field::new("value", DataType::Float64, false),
        Field::new("month", DataType::Utf8, false),
    ]))
}
