use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::Kind;
use crate::{Issue, Reason};

/// How good a file is, from 0 (useless) to 100: the five parts and their weighted mean.
///
/// | part | weight | 100 times |
/// |---|---|---|
/// | completeness | 30% | filled cells / cells of the accepted deals, over created date, amount, and those grouping fields that the file or a lookup has |
/// | validity | 30% | rows without an invalid value or structure / rows read |
/// | consistency | 15% | 1 − contradictions / accepted deals: the counts of all issues of kind inconsistent |
/// | uniqueness | 15% | rows that are no copy and in no conflict / rows read |
/// | timeliness | 10% | 1 while the newest date is at most 31 days old, falling evenly to 0 at 396 days |
///
/// A file without rows scores 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// The weighted mean of the parts.
    pub score: f64,
    /// How much of what matters is filled in.
    pub completeness: f64,
    /// How many rows could be read as deals.
    pub validity: f64,
    /// How rarely values contradict each other.
    pub consistency: f64,
    /// How rarely a deal appears more than once.
    pub uniqueness: f64,
    /// How recent the newest row is.
    pub timeliness: f64,
    /// The quality of each field that the file has.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldQuality>,
}

/// How good one field of a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldQuality {
    /// Share of the accepted deals that have a value, from 0 to 1; of a closed date and a cycle
    /// length among the closed deals, of an expected close date among the open ones.
    pub filled: f64,
    /// Values that could not be read, or could not be true; their rows are in the quarantine.
    pub invalid: u64,
    /// Values that contradict something else.
    pub inconsistent: u64,
}

impl FieldQuality {
    /// Counts what the reasons and issues about `field` say.
    pub(crate) fn new<'a>(
        field: &str,
        filled: f64,
        reasons: impl Iterator<Item = &'a Reason>,
        issues: &[Issue],
    ) -> Self {
        let mut quality = Self { filled, ..Self::default() };
        for reason in reasons.filter(|reason| reason.field.as_deref() == Some(field)) {
            match reason.kind() {
                Kind::Inconsistent => quality.inconsistent += 1,
                Kind::Invalid | Kind::Implausible => quality.invalid += 1,
                Kind::Missing | Kind::Duplicate | Kind::Stale => {}
            }
        }
        for issue in issues.iter().filter(|issue| issue.field.as_deref() == Some(field)) {
            if issue.kind == Kind::Inconsistent {
                quality.inconsistent += issue.count;
            }
        }
        quality
    }
}

/// The counts that the score is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QualityCounts {
    pub(crate) rows: u64,
    pub(crate) accepted: u64,
    pub(crate) cells: u64,
    pub(crate) filled: u64,
    pub(crate) invalid_rows: u64,
    pub(crate) contradictions: u64,
    pub(crate) repeated_rows: u64,
    /// Days from the newest date to today.
    pub(crate) age_days: Option<i32>,
}

impl QualityCounts {
    /// The score.
    pub(crate) fn quality(&self, fields: BTreeMap<String, FieldQuality>) -> Quality {
        let rest = |bad: u64, all: u64| {
            if all == 0 { 0.0 } else { 100.0 * (1.0 - bad.min(all) as f64 / all as f64) }
        };
        let freshness = |days: i32| (1.0 - f64::from(days - 31) / 365.0).clamp(0.0, 1.0);
        let completeness = rest(self.cells - self.filled, self.cells);
        let validity = rest(self.invalid_rows, self.rows);
        let consistency = rest(self.contradictions, self.accepted);
        let uniqueness = rest(self.repeated_rows, self.rows);
        let timeliness = self.age_days.map_or(0.0, |days| 100.0 * freshness(days));
        let score = 0.30 * completeness
            + 0.30 * validity
            + 0.15 * consistency
            + 0.15 * uniqueness
            + 0.10 * timeliness;
        Quality { score, completeness, validity, consistency, uniqueness, timeliness, fields }
    }
}
