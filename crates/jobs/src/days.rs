//! Windows as they are asked for, and what is said of those that hold nothing.

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_insight::DriverError;
use winsight_model::Window;
use winsight_store::Commit;

use crate::{JobError, Workspace};

/// The ends of a window, as far as they are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Days {
    /// First day inside.
    pub from: Option<Date>,
    /// First day after.
    pub to: Option<Date>,
}

impl Days {
    /// The window: the usual one where no end is given, as long as the usual one where only its end is,
    /// and up to the usual end, the last known day, where only its beginning is.
    pub(crate) fn window(self, usual: Window) -> Result<Window, JobError> {
        let last = usual.last_day();
        self.resolved(usual).ok_or_else(|| match self.to {
            None => nothing_after(self.from, last),
            Some(_) => self.empty("window"),
        })
    }

    /// The window that another one is compared with, found in the same way; the usual one ends where
    /// that begins.
    pub(crate) fn baseline(self, usual: Window) -> Result<Window, JobError> {
        self.resolved(usual).ok_or_else(|| match self.to {
            None => JobError::Usage(format!(
                "the baseline from {} is empty: without an end of its own it ends on {}, before the \
                 window begins",
                shown(self.from),
                usual.last_day()
            )),
            Some(_) => self.empty("baseline"),
        })
    }

    fn resolved(self, usual: Window) -> Option<Window> {
        let to = self.to.unwrap_or(usual.to);
        let from = self.from.unwrap_or_else(|| match self.to {
            Some(to) => to.saturating_sub(i64::from(usual.days()).days()),
            None => usual.from,
        });
        (from < to).then_some(Window { from, to })
    }

    /// Refuses a window without days, and one that begins after the last day that can be known.
    pub(crate) fn check(self, last: Date) -> Result<(), JobError> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(self.empty("window")),
            (Some(from), _) if from > last => Err(nothing_after(self.from, last)),
            _ => Ok(()),
        }
    }

    fn empty(self, name: &str) -> JobError {
        JobError::Usage(format!(
            "the {name} from {} to {} is empty; its first day comes before its end",
            shown(self.from),
            shown(self.to)
        ))
    }
}

fn nothing_after(from: Option<Date>, last: Date) -> JobError {
    let from = shown(from);
    JobError::Usage(format!("the window from {from} is empty: nothing is known after {last}"))
}

fn shown(day: Option<Date>) -> String {
    day.map_or_else(|| "its usual day".to_owned(), |day| day.to_string())
}

impl Workspace {
    /// Which days the closed deals cover, to be said where a window has none of them.
    pub async fn covered_days(&self) -> Result<String, JobError> {
        self.covered_by(&self.loaded().await?).await
    }

    pub(crate) async fn covered_by(&self, commit: &Commit) -> Result<String, JobError> {
        let last = self.windows(Some(commit)).await?.0.last_day();
        let first = self.store.first_closed_day(commit).await?;
        Ok(match first.filter(|first| *first <= last) {
            Some(first) => format!("closed deals are known from {first} to {last}"),
            None => format!("no deal had closed by {last}"),
        })
    }

    /// The error of an analysis, with what the data covers where the window has no deals.
    pub(crate) async fn explained(
        &self,
        commit: &Commit,
        window: Window,
        error: JobError,
    ) -> Result<JobError, JobError> {
        if !matches!(error, JobError::Drivers(DriverError::NoDeals)) {
            return Ok(error);
        }
        let covered = self.covered_by(commit).await?;
        Ok(JobError::Usage(format!("no deal closed in {window}; {covered}")))
    }
}
