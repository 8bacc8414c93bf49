//! How far a query for changes has been read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::describe::records;
use super::rows::value;
use super::soql;
use crate::text::microseconds;

/// How far a query has been read.
///
/// Salesforce keeps ten open queries for a user and forgets the oldest, which may be this one. It then
/// goes on after the last record: from the beginning it might never come to its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// The time of the last record, or the one to begin with.
    from: i64,
    /// The id of the last record.
    pub(super) after: Option<String>,
    /// Where its next records are.
    pub(super) next: Option<String>,
}

impl Place {
    pub(super) fn beginning(from: i64) -> Self {
        Self { from, ..Self::default() }
    }

    /// After the records of an answer.
    pub(super) fn following(&self, answer: &Value, next: String) -> Self {
        let last = records(answer).last();
        let time = last.map(|record| microseconds(&value(record, "SystemModstamp")));
        Self {
            from: time.unwrap_or(self.from).max(self.from),
            after: last.map(|record| value(record, "Id")).or_else(|| self.after.clone()),
            next: Some(next),
        }
    }

    /// Without the query that is forgotten.
    pub(super) fn anew(&self) -> Self {
        Self { next: None, ..self.clone() }
    }

    /// What comes after it in the order of time and id.
    pub(super) fn later(&self) -> String {
        let from = soql::instant(self.from);
        match self.after.as_ref().filter(|id| soql::is_id(id)) {
            Some(id) => {
                format!("(SystemModstamp > {from} OR (SystemModstamp = {from} AND Id > '{id}'))")
            }
            None => format!("SystemModstamp >= {from}"),
        }
    }
}
