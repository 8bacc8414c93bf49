//! Queries, and how values are written in them.

use jiff::Timestamp;

/// An instant in microseconds since 1970, as a query has it.
pub(super) fn instant(microseconds: i64) -> String {
    let instant = Timestamp::from_microsecond(microseconds.max(0)).unwrap_or(Timestamp::UNIX_EPOCH);
    // To the millisecond, which is how Salesforce keeps them.
    format!("{instant:.3}")
}

/// Whether this can be an id.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A list of ids. What is not an id is left out: ids have only letters and digits.
pub(super) fn ids<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<_> =
        ids.into_iter().filter(|id| is_id(id)).map(|id| format!("'{id}'")).collect();
    format!("({})", quoted.join(","))
}

#[cfg(test)]
mod tests {
    use super::{ids, instant};

    #[test]
    fn values_are_written_as_queries_have_them() {
        assert_eq!(instant(1_709_287_200_123_456), "2024-03-01T10:00:00.123Z");
        let wanted = ["006A1".to_owned(), "x' OR Name != '".to_owned(), "006B2".to_owned()];
        assert_eq!(ids(&wanted), "('006A1','006B2')");
    }
}
