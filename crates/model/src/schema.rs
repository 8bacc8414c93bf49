//! The Arrow schema of every table in the feature store.
//!
//! Days are `Date32`, money is `Decimal128(18, 2)`, and every text is UTF-8. A blank is a null.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Name of the table of deals: one row per deal, its latest known state.
pub const DEALS: &str = "deals";
/// Name of the table of stage events: one row per stage entered.
pub const STAGE_EVENTS: &str = "stage_events";
/// Name of the table of activities: one row per call, mail or meeting.
pub const ACTIVITIES: &str = "activities";

/// Partition value of deals whose created date is blank.
pub const UNKNOWN_MONTH: &str = "unknown";

/// The type of every amount: up to 16 digits before the point, two after.
pub const MONEY: DataType = DataType::Decimal128(18, 2);

/// Columns of [`DEALS`].
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

/// Columns of [`ACTIVITIES`].
///
/// `kind` is the word of the source, such as `call`. `month` (of the activity) is the partition.
pub fn activities() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("deal_id", DataType::Utf8, false),
        Field::new("date", DataType::Date32, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("month", DataType::Utf8, false),
    ]))
}
