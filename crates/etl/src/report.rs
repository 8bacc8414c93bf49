use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::Kind;
use crate::field::Field;
use crate::findings::EXAMPLES;
use crate::{Mapping, Quality, check};

/// How far a load has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file read so far.
    pub bytes_read: u64,
    /// Size of the file.
    pub bytes_total: u64,
    /// Rows read so far.
    pub rows: u64,
}

/// What reading a file of deals found.
///
/// `rows_read = accepted + duplicates + quarantined.len()`.
#[derive(Clone, Debug, Serialize)]
pub struct DealsReport {
    /// The header row as text, in the form of [`Quarantined::raw`]: to read quarantined rows again.
    pub header: String,
    /// The mapping used, every part of it filled in.
    pub mapping: Mapping,
    /// How each column and convention was recognised, one sentence each.
    pub mapping_notes: Vec<String>,
    /// Rows of the file, without its header and blank lines.
    pub rows_read: u64,
    /// Deals to load.
    pub accepted: u64,
    /// Identical copies that were dropped.
    pub duplicates: u64,
    /// Rows set aside, in the order of the file.
    pub quarantined: Vec<Quarantined>,
    /// Ids that appear with different contents. All their rows are quarantined; a row that was sent
    /// to the sink before the conflict showed must be dropped by the caller.
    pub conflicting: Vec<String>,
    /// What is odd about the file without making rows unusable.
    pub issues: Vec<Issue>,
    /// The quality of the file.
    pub quality: Quality,
}

/// What reading a file of stage events or activities found. `rows_read = accepted + quarantined.len()`.
#[derive(Clone, Debug, Serialize)]
pub struct EventsReport {
    /// The mapping used, every part of it filled in.
    pub mapping: Mapping,
    /// How each column and convention was recognised, one sentence each.
    pub mapping_notes: Vec<String>,
    /// Rows of the file, without its header and blank lines.
    pub rows_read: u64,
    /// Events to load.
    pub accepted: u64,
    /// Rows set aside, in the order of the file.
    pub quarantined: Vec<Quarantined>,
    /// What is odd about the file without making rows unusable.
    pub issues: Vec<Issue>,
}

/// A row that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// Line of the file where the row begins, from 1; in Parquet the number of the row, from 1.
    pub line: u64,
    /// The deal, where the row names one.
    pub deal_id: Option<String>,
    /// Everything that is wrong with it.
    pub reasons: Vec<Reason>,
    /// The row as text, cut at 4 KiB.
    pub raw: String,
}

/// One thing that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Name of the check, one of [`crate::check::CATALOGUE`].
    pub check: &'static str,
    /// The field it is about.
    pub field: Option<String>,
    /// What is wrong and what to do, in one sentence.
    pub message: String,
}

impl Reason {
    /// A reason about one field.
    pub(crate) fn new(check: &'static str, field: Field, message: String) -> Self {
        Self { check, field: Some(field.name().to_owned()), message }
    }

    /// What sort of fault it is.
    pub fn kind(&self) -> Kind {
        check::named(self.check).map_or(Kind::Invalid, |check| check.kind)
    }

    /// Whether it is about this field.
    pub(crate) fn is_about(&self, field: Field) -> bool {
        self.field.as_deref() == Some(field.name())
    }
}

/// Something odd about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Name of the check, one of [`crate::check::CATALOGUE`].
    pub check: String,
    /// How much it matters.
    pub severity: Severity,
    /// What sort of fault it is.
    pub kind: Kind,
    /// The field it is about.
    pub field: Option<String>,
    /// How many rows (or columns, for checks of the header) it concerns.
    pub count: u64,
    /// A few of the values.
    pub examples: Vec<String>,
    /// The first few rows, where it concerns single rows; at most five.
    pub rows: Vec<ExampleRow>,
    /// What is odd, its consequence and what to do.
    pub message: String,
    /// Lines for the mapping file that settle it, in TOML, where there are such.
    pub fix: Option<String>,
}

/// A row that an issue concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExampleRow {
    /// Line of the file where the row begins, from 1; in Parquet the number of the row, from 1.
    pub line: u64,
    /// The deal, where the row names one.
    pub deal_id: Option<String>,
}

impl Issue {
    /// An issue with the severity and kind that the catalogue gives its check.
    pub(crate) fn new(
        name: &'static str,
        field: Option<Field>,
        count: u64,
        examples: Vec<String>,
        message: String,
    ) -> Self {
        let (severity, kind) = check::named(name)
            .map_or((Severity::Error, Kind::Invalid), |check| (check.severity, check.kind));
        Self {
            check: name.to_owned(),
            severity,
            kind,
            field: field.map(|field| field.name().to_owned()),
            count,
            examples,
            rows: Vec::new(),
            message,
            fix: None,
        }
    }

    /// With the first rows that it concerns.
    pub(crate) fn with_rows(self, rows: Vec<ExampleRow>) -> Self {
        Self { rows, ..self }
    }
}

/// The reasons for quarantine as issues: for each check and field the number of rows, the first of
/// them, and the message of the first. The most frequent come first.
pub fn reasons_for_quarantine(quarantined: &[Quarantined]) -> Vec<Issue> {
    let mut issues: BTreeMap<(&'static str, Option<&str>), Issue> = BTreeMap::new();
    for row in quarantined {
        for reason in &row.reasons {
            let field = reason.field.as_deref();
            let issue = issues.entry((reason.check, field)).or_insert_with(|| Issue {
                field: reason.field.clone(),
                ..Issue::new(reason.check, None, 0, Vec::new(), reason.message.clone())
            });
            issue.count += 1;
            if issue.rows.len() < EXAMPLES {
                issue.rows.push(ExampleRow { line: row.line, deal_id: row.deal_id.clone() });
            }
        }
    }
    let mut issues: Vec<_> = issues.into_values().collect();
    issues.sort_by_key(|issue| Reverse(issue.count));
    issues
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Some numbers are missing or weaker.
    Warning,
    /// Rows or numbers are lost.
    Error,
}
