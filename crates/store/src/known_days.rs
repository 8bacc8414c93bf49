//! The first and the last day of which anything is known, from the statistics of the data files.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::query::{first_closed_day, last_known_day};
use crate::table::{DEALS, DataFile, STAGE_EVENTS};
use crate::{Commit, FeatureStore, StoreError};

/// First and last day, if any.
type Days = (Option<Date>, Option<Date>);

const EPOCH: Date = date(1970, 1, 1);

/// The days that a version of the data spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDays {
    /// The first day on which a deal closed.
    pub first_closed: Option<Date>,
    /// The last day on which a deal was created or closed or entered a stage.
    pub last: Option<Date>,
}

/// Days since 1970-01-01, saturating at the ends of the calendar.
pub(crate) fn epoch_day(day: Date) -> i32 {
    EPOCH.until(day).map_or(0, |span| span.get_days())
}

/// The day so many days after 1970-01-01.
pub(crate) fn from_epoch_day(days: i32) -> Date {
    EPOCH.saturating_add(i64::from(days).days())
}

impl FeatureStore {
    /// The days that a commit spans: as the commit says, or by the statistics of its files, or, for
    /// files without, by a query.
    pub(crate) async fn known_days(&self, commit: &Commit) -> Result<KnownDays, StoreError> {
        if let Some(known) = commit.known_days {
            return Ok(known);
        }
        let mut known = KnownDays::default();
        for (spec, columns) in
            [(DEALS, &["closed_date", "created_date"][..]), (STAGE_EVENTS, &["date"][..])]
        {
            let Some(&version) = commit.tables.get(spec.name) else { continue };
            let files = self.table(commit.generation, spec, version).await?.files()?;
            for &column in columns {
                let Some((first, last)) = days_in_files(&files, column) else {
                    let engine = self.engine(commit).await?;
                    let last = last_known_day(&engine).await?;
                    let last = (last != Date::MIN).then_some(last);
                    return Ok(KnownDays { first_closed: first_closed_day(&engine).await?, last });
                };
                known.last = known.last.max(last);
                if column == "closed_date" {
                    known.first_closed = first;
                }
            }
        }
        Ok(known)
    }
}

/// The statistics of a data file, as the Delta log has them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    num_records: u64,
    min_values: BTreeMap<String, Value>,
    max_values: BTreeMap<String, Value>,
    null_count: BTreeMap<String, Value>,
}

impl Statistics {
    /// First and last day in a column; `None` when it does not say.
    fn days(&self, column: &str) -> Option<Days> {
        if self.null_count.get(column)?.as_u64()? == self.num_records {
            return Some((None, None));
        }
        let day = |values: &BTreeMap<String, Value>| -> Option<Date> {
            values.get(column)?.as_str()?.parse().ok()
        };
        Some((Some(day(&self.min_values)?), Some(day(&self.max_values)?)))
    }
}

/// First and last day in a column of all files; `None` when one has no statistics.
fn days_in_files(files: &[DataFile], column: &str) -> Option<Days> {
    let (mut first, mut last): Days = (None, None);
    for file in files {
        let statistics: Statistics = serde_json::from_str(file.statistics.as_deref()?).ok()?;
        let (earliest, latest) = statistics.days(column)?;
        first = [first, earliest].into_iter().flatten().min();
        last = last.max(latest);
    }
    Some((first, last))
}
