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
    /// and up to the usual end where only its beginning is.
    pub(crate) fn window(self, usual: Window) -> Result<Window, JobError> {
        let to = self.to.unwrap_or(usual.to);
        let from = self.from.unwrap_or_else(|| match self.to {
            Some(to) => to.saturating_sub(i64::from(usual.days()).days()),
            None => usual.from,
        });
        self.check(from, usual.last_day())?;
        Ok(Window { from, to })
    }

    /// Refuses a window without days, one that begins after the last known day among them where its
    /// end is left to what is known.
    pub(crate) fn check(self, from: Date, last_known: Date) -> Result<(), JobError> {
        match self.to {
            Some(to) if from >= to => Err(JobError::Usage(format!(
                "the window from {from} to {to} is empty; its first day comes before its end"
            ))),
            None if from > last_known => Err(JobError::Usage(format!(
                "the window from {from} is empty: nothing is known after {last_known}"
            ))),
            _ => Ok(()),
        }
    }
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
