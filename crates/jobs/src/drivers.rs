//! What goes with winning, whether it changed, and how reps do with the deals they were given.

use std::collections::BTreeMap;

use winsight_insight::{
    Cell, DriverAnalysis, DriverChanges, RepAnalysis, driver_changes, drivers, reps,
};
use winsight_model::{Dimension, Tally, Window};
use winsight_store::Commit;

use crate::changes::apart;
use crate::{Days, JobError, Workspace};

/// Days looked at, unless a window is given.
const YEAR: i32 = 365;
/// Most combinations of values that a regression is fed with. Each is a row of it; beyond, the window
/// is shortened, for so many deals show differences that nobody would act on.
const MOST_CELLS: u64 = 250_000;

/// Which windows to analyse.
#[derive(Clone, Copy, Debug, Default)]
pub struct DriversQuery {
    /// Default: the year up to the last day of which anything is known.
    pub window: Days,
    /// Default: the window of equal length before.
    pub baseline: Days,
}

/// What goes with winning in a window, and what changed.
#[derive(Clone, Debug)]
pub struct DriverReport {
    /// The window analysed.
    pub window: Window,
    /// The window it is compared with.
    pub baseline: Window,
    /// The analysis, with trends where there is a comparison.
    pub analysis: DriverAnalysis,
    /// The comparison; `None` where the baseline does not allow one.
    pub changes: Option<DriverChanges>,
    /// What is missing, and why.
    pub notes: Vec<String>,
}

/// How reps do in a window.
#[derive(Clone, Debug)]
pub struct RepReport {
    /// The window analysed.
    pub window: Window,
    /// The analysis.
    pub analysis: RepAnalysis,
}

impl Workspace {
    /// Which attributes go with winning, and whether they did so in the window before.
    ///
    /// # Errors
    /// [`JobError::Usage`] for a window without days or deals, [`JobError::Drivers`] for one that does
    /// not allow an analysis.
    pub async fn drivers(&self, query: &DriversQuery) -> Result<DriverReport, JobError> {
        let commit = self.loaded().await?;
        match self.drivers_in(&commit, query).await {
            Err(error) => {
                let window = self.year_or(&commit, query.window).await?;
                Err(self.explained(&commit, window, error).await?)
            }
            report => report,
        }
    }

    pub(crate) async fn drivers_in(
        &self,
        commit: &Commit,
        query: &DriversQuery,
    ) -> Result<DriverReport, JobError> {
        let window = self.year_or(commit, query.window).await?;
        let baseline = query.baseline.baseline(window.preceding())?;
        apart(window, baseline)?;
        let dimensions = Dimension::known_while_open();
        let mut notes = Vec::new();
        let current = self.shortened(commit, window, &dimensions).await?;
        let before = self.shortened(commit, baseline, &dimensions).await?;
        for (asked, used) in [(window, current), (baseline, before)] {
            if asked != used {
                notes.push(format!(
                    "of {asked} the last {} days are analysed: they hold all the deals it takes",
                    used.days()
                ));
            }
        }
        let mut cells = self.cells(commit, &[current, before], &dimensions).await?;
        let (before_cells, cells) =
            (cells.pop().unwrap_or_default(), cells.pop().unwrap_or_default());
        let mut analysis = drivers(&cells, &dimensions)?;
        let changes = match driver_changes(&cells, &before_cells, &dimensions) {
            Ok(changes) => Some(changes),
            Err(error) => {
                notes.push(format!("no comparison with {baseline}: {error}"));
                None
            }
        };
        if let Some(changes) = &changes {
            analysis = analysis.with_trends(changes);
        }
        Ok(DriverReport { window: current, baseline: before, analysis, changes, notes })
    }

    /// How reps do against what the deals they were given let expect, over the closed deals of a
    /// window (default one year).
    ///
    /// # Errors
    /// [`JobError::Usage`] for a window without days or deals, [`JobError::Drivers`] for one that does
    /// not allow an analysis.
    pub async fn reps(&self, days: Days) -> Result<RepReport, JobError> {
        let commit = self.loaded().await?;
        let window = self.year_or(&commit, days).await?;
        match self.reps_in(&commit, window).await {
            Ok(analysis) => Ok(RepReport { window, analysis }),
            Err(error) => Err(self.explained(&commit, window, error).await?),
        }
    }

    pub(crate) async fn reps_in(
        &self,
        commit: &Commit,
        window: Window,
    ) -> Result<RepAnalysis, JobError> {
        let dimensions = Dimension::known_while_open();
        let window = self.shortened(commit, window, &dimensions).await?;
        let mut cells = self.cells(commit, &[window], &dimensions).await?;
        let cells = cells.pop().unwrap_or_default();
        let rep: Vec<Dimension> =
            dimensions.iter().filter(|dimension| dimension.as_str() == "rep").cloned().collect();
        let tallies = self.tally(commit, vec![window], vec![rep], &[]).await?;
        let by_rep: BTreeMap<String, Tally> = tallies
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|(values, tally)| Some((values.into_iter().next()?, tally)))
            .collect();
        Ok(reps(&cells, &dimensions, &by_rep, self.settings.min_deals)?)
    }

    async fn year_or(&self, commit: &Commit, days: Days) -> Result<Window, JobError> {
        let last_known = self.windows(Some(commit)).await?.0.last_day();
        days.window(Window::trailing(YEAR, last_known))
    }

    /// The closed deals of each window by all dimensions at once.
    async fn cells(
        &self,
        commit: &Commit,
        windows: &[Window],
        dimensions: &[Dimension],
    ) -> Result<Vec<Vec<Cell>>, JobError> {
        let groupings = vec![dimensions.to_vec()];
        let tallies = self.tally(commit, windows.to_vec(), groupings, &[]).await?;
        let cell = |(values, tally): (Vec<String>, Tally)| Cell {
            values,
            won: tally.won.deals,
            lost: tally.lost.deals,
            won_amount: tally.won.amount,
            lost_amount: tally.lost.amount,
        };
        let by_window = tallies.into_iter().flatten();
        Ok(by_window.map(|tallies| tallies.into_iter().map(cell).collect()).collect())
    }

    /// As many of the last days of a window as have no more than [`MOST_CELLS`] combinations, by what
    /// the numbers of deals and of values allow.
    async fn shortened(
        &self,
        commit: &Commit,
        window: Window,
        dimensions: &[Dimension],
    ) -> Result<Window, JobError> {
        let groupings = dimensions.iter().map(|dimension| vec![dimension.clone()]).collect();
        let tallies = self.tally(commit, vec![window], groupings, &[]).await?;
        let mut deals = 0;
        let mut combinations: u64 = 1;
        for (dimension, by_window) in dimensions.iter().zip(&tallies) {
            let values = by_window.iter().map(BTreeMap::len).sum::<usize>().max(1) as u64;
            deals = by_window.iter().flatten().map(|(_, tally)| tally.deals()).sum();
            // A rep is of one team, more or less.
            if dimension.as_str() != "team" {
                combinations = combinations.saturating_mul(values);
            }
        }
        if deals.min(combinations) <= MOST_CELLS {
            return Ok(window);
        }
        let first = self.store.first_closed_day(commit).await?.unwrap_or(window.from);
        let from = window.from.max(first);
        let last = window.last_day();
        let days = i64::from(Window { from, to: window.to }.days());
        let kept = days * i64::try_from(MOST_CELLS).unwrap_or(i64::MAX)
            / i64::try_from(deals).unwrap_or(i64::MAX);
        Ok(Window::trailing(i32::try_from(kept.max(1)).unwrap_or(i32::MAX), last))
    }
}
