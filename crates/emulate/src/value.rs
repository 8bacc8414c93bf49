//! A value of a field, in either CRM.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::clock::instant;
use crate::world::Millis;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Bool(bool),
    Integer(i64),
    /// Hundredths.
    Cents(i64),
    /// Millionths.
    Millionths(i64),
    Date(Date),
    Time(Millis),
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn maybe_text(text: Option<impl AsRef<str>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.as_ref().to_owned()))
    }

    /// The order of query results: nothing first, texts without regard to case.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(one), Self::Text(other)) => fold(one).cmp(&fold(other)),
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Date(one), Self::Date(other)) => one.cmp(other),
            (Self::Time(one), Self::Time(other)) => one.cmp(other),
            (one, other) => one.millionths().cmp(&other.millionths()),
        }
    }

    fn millionths(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(i128::from(*number) * 1_000_000),
            Self::Cents(number) => Some(i128::from(*number) * 10_000),
            Self::Millionths(number) => Some(i128::from(*number)),
            _ => None,
        }
    }

    /// As JSON, with numbers as numbers and times in Salesforce's form.
    pub(crate) fn to_salesforce_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(it) => (*it).into(),
            Self::Integer(it) => (*it).into(),
            Self::Cents(it) => (*it as f64 / 100.0).into(),
            Self::Millionths(it) => (*it as f64 / 1_000_000.0).into(),
            Self::Time(at) => salesforce_time(*at, "+0000").into(),
            Self::Text(_) | Self::Date(_) => self.plain().into(),
        }
    }

    /// As in a CSV file of Salesforce's Bulk API.
    pub(crate) fn to_salesforce_csv(&self) -> String {
        match self {
            Self::Time(at) => salesforce_time(*at, "Z"),
            Self::Cents(it) if it.unsigned_abs() >= LARGE_CENTS => with_exponent(*it),
            Self::Cents(it) if it % 100 == 0 => format!("{}.0", it / 100),
            other => other.plain(),
        }
    }

    /// As HubSpot writes the value of a property; nothing for none.
    pub(crate) fn to_property(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Time(at) => Some(hubspot_time(*at)),
            other => Some(other.plain()),
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(it) => it.clone(),
            Self::Bool(it) => it.to_string(),
            Self::Integer(it) => it.to_string(),
            Self::Cents(it) => decimal(*it, 2),
            Self::Millionths(it) => decimal(*it, 6),
            Self::Date(it) => it.to_string(),
            Self::Time(at) => hubspot_time(*at),
        }
    }
}

/// From ten million on, bulk queries write numbers with an exponent.
const LARGE_CENTS: u64 = 1_000_000_000;

/// Hundredths as one digit, the others after the point, and an exponent.
fn with_exponent(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let digits = cents.unsigned_abs().to_string();
    let (first, others) = digits.split_at(1);
    let exponent = others.len().saturating_sub(2);
    let others = others.trim_end_matches('0');
    let others = if others.is_empty() { "0" } else { others };
    format!("{sign}{first}.{others}E{exponent}")
}

/// A decimal without needless zeros.
fn decimal(number: i64, places: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", number.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

/// ISO 8601 with milliseconds and `Z`.
pub(crate) fn hubspot_time(at: Millis) -> String {
    instant(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// ISO 8601 with milliseconds and the given zone.
pub(crate) fn salesforce_time(at: Millis, zone: &str) -> String {
    format!("{}{zone}", instant(at).strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// Texts are compared without regard to case.
fn fold(text: &str) -> impl Ord + use<> {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn bulk_queries_write_large_amounts_with_an_exponent() {
        for (cents, written) in [
            (1_652_550_000, "1.65255E7"),
            (1_000_000_000, "1.0E7"),
            (-123_456_789_012, "-1.23456789012E9"),
            (999_999_900, "9999999.0"),
            (120_050, "1200.5"),
        ] {
            assert_eq!(Value::Cents(cents).to_salesforce_csv(), written);
        }
    }
}
