//! Win rates over time, taken apart.

use winsight_insight::{
    Breadth, GatedChange, Indicator, IndicatorMove, LOOKS_PER_QUARTER, PeriodCount, SegmentPair,
    Share, Trend, breadth, gate_changes, indicator_moves, tested_segments, trend,
};
use winsight_model::{Dimension, Grain, Segment, Tally, Window};
use winsight_store::Commit;

use crate::{JobError, Workspace};

/// Share of series without a change of level in which one is shown, over all series of a question.
const FALSE_ALARMS: f64 = 0.05;
/// Periods looked back at: about three years of weeks, ten of months.
const MOST_PERIODS: usize = 157;

/// Which series to take apart.
#[derive(Clone, Debug, Default)]
pub struct TrendsQuery {
    /// Length of the periods; months by default.
    pub grain: Option<Grain>,
    /// One series for each value of it; one of all deals otherwise.
    pub by: Option<Dimension>,
}

/// Series taken apart, and what moved around them.
#[derive(Clone, Debug)]
pub struct TrendReport {
    /// Length of the periods.
    pub grain: Grain,
    /// A series for each segment.
    pub series: Vec<(Segment, Trend)>,
    /// The window that alerts look at.
    pub window: Window,
    /// The one they compare it with.
    pub baseline: Window,
    /// How far the change between the two is shared by all segments; `None` without one.
    pub breadth: Option<Breadth>,
    /// How external series moved between the two.
    pub indicators: Vec<IndicatorMove>,
}

impl Workspace {
    /// Win rates and bookings over time: level, season, changes of level, the year before, what comes.
    pub async fn trends(&self, query: &TrendsQuery) -> Result<TrendReport, JobError> {
        let commit = self.loaded().await?;
        let grain = query.grain.unwrap_or(Grain::Month);
        let grouping: Vec<Dimension> = query.by.iter().cloned().collect();
        let series = self.series(&commit, grain, grouping).await?;
        let (window, baseline) = self.windows(Some(&commit)).await?;
        let (overall, pairs) = self
            .pairs(&commit, window, baseline, &Dimension::known_while_open(), &Segment::all())
            .await?;
        Ok(TrendReport {
            grain,
            series,
            window,
            baseline,
            breadth: self.breadth_of(&overall, &pairs),
            indicators: self.moves(&commit, window, baseline).await?,
        })
    }

    /// The series of each value of a grouping, over the periods up to the last known day.
    pub(crate) async fn series(
        &self,
        commit: &Commit,
        grain: Grain,
        grouping: Vec<Dimension>,
    ) -> Result<Vec<(Segment, Trend)>, JobError> {
        let last = self.windows(Some(commit)).await?.0.to;
        let Some(from) = self.store.first_closed_day(commit).await? else {
            return Ok(vec![(Segment::all(), trend(grain, &[], FALSE_ALARMS))]);
        };
        let mut periods = Window { from, to: last }.periods(grain);
        let skipped = periods.len().saturating_sub(MOST_PERIODS);
        periods.drain(..skipped);
        let windows: Vec<Window> = periods.iter().map(|period| period.window).collect();
        let tables = self.tally(commit, windows, vec![grouping.clone()], &[]).await?;
        let by_period = tables.into_iter().next().unwrap_or_default();
        let mut values: Vec<&Vec<String>> = by_period.iter().flat_map(|one| one.keys()).collect();
        values.sort_unstable();
        values.dedup();
        let everything = Vec::new();
        if grouping.is_empty() && values.is_empty() {
            values.push(&everything);
        }
        let false_alarms = FALSE_ALARMS / values.len().max(1) as f64;
        let none = Tally::default();
        let taken_apart = |values: &Vec<String>| {
            let counts = by_period.iter().zip(&periods).map(|(tallies, period)| {
                let tally = tallies.get(values).unwrap_or(&none);
                PeriodCount {
                    period: period.clone(),
                    share: Share::from(tally),
                    won_amount: tally.won.amount,
                }
            });
            let counts: Vec<PeriodCount> = counts.collect();
            let parts = grouping.iter().cloned().zip(values.iter().cloned()).collect();
            (Segment::of(parts), trend(grain, &counts, false_alarms))
        };
        Ok(values.into_iter().map(taken_apart).collect())
    }

    /// How far the change of all deals is shared.
    pub(crate) fn breadth_of(
        &self,
        overall: &SegmentPair,
        pairs: &[SegmentPair],
    ) -> Option<Breadth> {
        let tested = tested_segments(overall, pairs);
        let gated = gate_changes(&tested, &self.settings, LOOKS_PER_QUARTER);
        let changes: Vec<_> = gated.into_iter().map(|GatedChange { change, .. }| change).collect();
        let (all, segments) = changes.split_first()?;
        breadth(all, segments)
    }

    /// How external series moved between two windows.
    pub(crate) async fn moves(
        &self,
        commit: &Commit,
        window: Window,
        baseline: Window,
    ) -> Result<Vec<IndicatorMove>, JobError> {
        let series = self.store.indicators(commit, self.clock.today()).await?;
        let indicators: Vec<Indicator> =
            series.into_iter().map(|(name, values)| Indicator { name, values }).collect();
        Ok(indicator_moves(&indicators, window, baseline))
    }
}
