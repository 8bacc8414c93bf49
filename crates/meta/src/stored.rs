//! How values are written into columns.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::MetaError;

/// A count as a column holds it.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was before [`count`].
pub(crate) fn counted(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// An instant as a column holds it, in microseconds since 1970: what is finer is cut off.
pub(crate) fn instant(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant in a column.
pub(crate) fn read_instant(column: i64) -> Result<Timestamp, MetaError> {
    Timestamp::from_microsecond(column).map_err(|error| MetaError::unreadable("instant", error))
}

/// A value as a JSON column.
pub(crate) fn json(what: &'static str, value: &impl Serialize) -> Result<Value, MetaError> {
    serde_json::to_value(value).map_err(|error| MetaError::unreadable(what, error))
}

/// The value in a JSON column.
pub(crate) fn read_json<T: DeserializeOwned>(
    what: &'static str,
    column: Value,
) -> Result<T, MetaError> {
    serde_json::from_value(column).map_err(|error| MetaError::unreadable(what, error))
}

/// Text that any database takes: `PostgreSQL` refuses NUL, so its picture stands in for it.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "␀")
}
