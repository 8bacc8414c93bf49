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
