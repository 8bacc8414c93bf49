//! What changed between two windows, why, and the deals behind it.

use jiff::civil::Date;
use winsight_alert::{AlertState, Rule};
use winsight_insight::{
    CauseSearch, Causes, Decomposition, GatedChange, HeadlineChanges, LOOKS_PER_QUARTER,
    LossConcentration, SegmentPair, ShapleySplit, SplitMetric, change_remarks, decompose,
    decompose_rwwr, find_causes, gate_changes, headline_changes, level_of_a_look,
    loss_concentration, shapley, tested_segments,
};
use winsight_model::{ClosedDeal, Dimension, Segment, Window};
use winsight_store::{CellRequest, Commit};

use crate::{Days, JobError, Workspace};

/// Dimensions that a change can be split by together, and that a cause can combine.
const MOST_DIMENSIONS: usize = 3;
/// Changes that are told apart from those that only share their deals; each costs a pass over the deals.
const MOST_CAUSES: usize = 4;

/// Which windows to compare.
#[derive(Clone, Debug)]
pub struct ChangesQuery {
    /// The dimensions that the change is split by: one to three, each once.
    pub by: Vec<Dimension>,
    /// Default: the trailing alert window.
    pub window: Days,
    /// Default: the window of equal length before.
    pub baseline: Days,
    /// Whether to look for causes, which reads the deals of both windows. Not done within a segment.
    pub causes: bool,
    /// Only deals of this segment.
    pub within: Segment,
}

/// What changed between two windows.
#[derive(Clone, Debug)]
pub struct ChangesTable {
    /// The later window.
    pub window: Window,
    /// The earlier one.
    pub baseline: Window,
    /// The win rate of all deals together.
    pub overall: GatedChange,
    /// The other headline metrics of all deals together.
    pub headline: HeadlineChanges,
    /// The exact split into mix and rate; `None` when a window has no closed deal.
    pub decomposition: Option<Decomposition>,
    /// The same of the revenue-weighted win rate; `None` when a window has none.
    pub rwwr_decomposition: Option<Decomposition>,
    /// What the mix of each dimension contributes, when there are several.
    pub shapley: Option<ShapleySplit>,
    /// The same for the revenue-weighted win rate.
    pub rwwr_shapley: Option<ShapleySplit>,
    /// Each value of the dimension, or combination of values. These and all deals are judged within
    /// everything that the alert rules look at, so that a table never says more than an alert would.
    pub segments: Vec<GatedChange>,
    /// Whether losses gather in a few of them; `None` without losses.
    pub concentration: Option<LossConcentration>,
    /// What the change comes from; `None` when not asked for.
    pub causes: Option<Causes>,
    /// What keeps parts of this empty, in sentences.
    pub remarks: Vec<String>,
}

/// The deals behind a number: closed in a window, in a segment.
#[derive(Clone, Debug)]
pub struct ClosedDealsQuery {
    /// Which deals; by default all.
    pub segment: Segment,
    /// First closed date; default the first there is.
    pub from: Option<Date>,
    /// First closed date after the window; default the day after the as-of day.
    pub to: Option<Date>,
    /// How many at most, latest first.
    pub limit: usize,
}

/// Closed deals, as many as asked for, and how many there are.
#[derive(Clone, Debug)]
pub struct ClosedDeals {
    /// The deals, latest first.
    pub deals: Vec<ClosedDeal>,
    /// How many match.
    pub matching: u64,
}

impl Workspace {
    /// What changed between two windows, split by dimensions.
    ///
    /// # Errors
    /// [`JobError::Usage`] for no dimension, more than three, one named twice, and windows that share
    /// days.
    pub async fn changes(&self, query: &ChangesQuery) -> Result<ChangesTable, JobError> {
        let by = &query.by;
        let repeats = (1..by.len()).any(|place| by[..place].contains(&by[place]));
        if by.is_empty() || by.len() > MOST_DIMENSIONS || repeats {
            return Err(JobError::Usage(format!(
                "a change is split by one to {MOST_DIMENSIONS} dimensions, each named once"
            )));
        }
        let commit = self.loaded().await?;
        self.check_dimensions(&commit, by, &query.within).await?;
        let trailing = self.windows(Some(&commit)).await?.0;
        let window = query.window.window(trailing)?;
        let baseline = query.baseline.baseline(window.preceding())?;
        apart(window, baseline)?;
        let dimensions = Dimension::known_while_open();
        let (overall, pairs) =
            self.pairs(&commit, window, baseline, &dimensions, &query.within).await?;
        let asked = match &by[..] {
            [one] if dimensions.contains(one) => {
                let of_one = pairs.iter().filter(|pair| is_of(&pair.segment, by));
                of_one.cloned().collect()
            }
            _ => self.combinations(&commit, (window, baseline), by, &query.within).await?,
        };
        let mut family = tested_segments(&overall, &pairs);
        for pair in &asked {
            if !family.iter().any(|tested| tested.segment == pair.segment) {
                family.push(pair.clone());
            }
        }
        let mut judged = gate_changes(&family, &self.settings, LOOKS_PER_QUARTER);
        let judged_overall = judged.remove(0);
        judged.retain(|gated| is_of(&gated.change.segment, by));
        let several = by.len() > 1;
        let split = |metric| if several { shapley(&asked, metric) } else { None };
        let of_all = query.within == Segment::all();
        let causes = if query.causes && of_all {
            Some(self.causes(&commit, window, baseline).await?)
        } else {
            None
        };
        let last_known = trailing.last_day();
        let mut remarks = change_remarks(
            (window, baseline, last_known),
            &overall,
            by,
            &asked,
            self.settings.min_deals,
        );
        if overall.current.deals() == 0 || overall.baseline.deals() == 0 {
            remarks.push(self.covered_by(&commit).await?);
        }
        remarks.extend(self.alerts_besides().await?);
        Ok(ChangesTable {
            window,
            baseline,
            headline: headline_changes(&overall, &self.settings, LOOKS_PER_QUARTER),
            decomposition: decompose(&asked),
            rwwr_decomposition: decompose_rwwr(&asked),
            shapley: split(SplitMetric::WinRate),
            rwwr_shapley: split(SplitMetric::RevenueWeighted),
            concentration: loss_concentration(&asked),
            remarks,
            overall: judged_overall,
            segments: judged,
            causes,
        })
    }

    /// Which win rates have an alert: alerts compare other windows than the table.
    async fn alerts_besides(&self) -> Result<Option<String>, JobError> {
        let mut live = self.live_alerts().await?;
        let now = self.clock.instant();
        live.retain(|alert| {
            alert.finding.rule == Rule::WinRateDrop
                && alert.state != AlertState::Pending
                && alert.opened_at <= now
        });
        let names: Vec<String> =
            live.iter().map(|alert| alert.finding.segment.to_string()).collect();
        Ok((!names.is_empty()).then(|| {
            format!(
                "alerts compare with the year before, every day, and one is open on {}; the verdicts \
                 here are about these two windows alone",
                names.join(", ")
            )
        }))
    }

    /// What the change of the win rate between two windows comes from, over combinations of up to
    /// three dimensions known while a deal is open.
    pub(crate) async fn causes(
        &self,
        commit: &Commit,
        window: Window,
        baseline: Window,
    ) -> Result<Causes, JobError> {
        let request = CellRequest {
            as_of: self.clock.today(),
            window,
            baseline,
            dimensions: Dimension::known_while_open(),
            cycle_buckets: self.settings.cycle_buckets.clone(),
        };
        let cells = self.store.cells(commit, &request).await?;
        let search = CauseSearch {
            min_deals: self.settings.min_deals,
            most_dimensions: MOST_DIMENSIONS,
            level: level_of_a_look(&self.settings, LOOKS_PER_QUARTER),
            length_ratio: f64::from(window.days().max(1)) / f64::from(baseline.days().max(1)),
        };
        Ok(find_causes(&cells, &search))
    }

    /// Segments that moved only because they share deals with another one that did: the clearest
    /// change stands, its deals are set aside, and another one stands if the other deals show it too.
    pub(crate) async fn echoes(
        &self,
        commit: &Commit,
        (window, baseline): (Window, Window),
        overall: &SegmentPair,
        pairs: &[SegmentPair],
    ) -> Result<Vec<Segment>, JobError> {
        let all = self.moved(overall, pairs);
        let mut causes: Vec<Segment> = Vec::new();
        let mut left = all.clone();
        while let Some(cause) = left.first() {
            let is_everything = *cause == Segment::all();
            causes.push(cause.clone());
            if is_everything || causes.len() == all.len() {
                break;
            }
            if causes.len() == MOST_CAUSES {
                causes.append(&mut left);
                break;
            }
            let dimensions = Dimension::known_while_open();
            let (overall, pairs) =
                self.pairs_without(commit, (window, baseline), &dimensions, &causes).await?;
            left = self.moved(&overall, &pairs);
            left.retain(|segment| all.contains(segment));
        }
        let is_echo = |segment: &Segment| *segment != Segment::all() && !causes.contains(segment);
        Ok(all.into_iter().filter(is_echo).collect())
    }

    /// What moved beyond chance, the clearest first.
    fn moved(&self, overall: &SegmentPair, pairs: &[SegmentPair]) -> Vec<Segment> {
        let tested = tested_segments(overall, pairs);
        let mut moved = gate_changes(&tested, &self.settings, LOOKS_PER_QUARTER);
        moved.retain(|gated| gated.real);
        moved.sort_by(|a, b| a.change.p_value.total_cmp(&b.change.p_value));
        moved.into_iter().map(|gated| gated.change.segment).collect()
    }

    /// Every combination of the dimensions' values in both windows.
    async fn combinations(
        &self,
        commit: &Commit,
        (window, baseline): (Window, Window),
        by: &[Dimension],
        within: &Segment,
    ) -> Result<Vec<SegmentPair>, JobError> {
        let windows = vec![window, baseline];
        let tallies = self.tally_within(commit, windows, &[by.to_vec()], within).await?;
        let by_window = tallies.into_iter().next().unwrap_or_default();
        Ok(crate::question::paired(by, by_window))
    }

    /// The closed deals of a segment and window, as of the workspace's clock.
    pub async fn closed_deals(&self, query: &ClosedDealsQuery) -> Result<ClosedDeals, JobError> {
        let commit = self.loaded().await?;
        self.check_dimensions(&commit, &[], &query.segment).await?;
        let known = Window::until(self.clock.today());
        Days { from: query.from, to: query.to }.check(known.last_day())?;
        let window = Window {
            from: query.from.unwrap_or(known.from),
            to: query.to.map_or(known.to, |to| to.min(known.to)),
        };
        let as_of = self.clock.today();
        let (deals, matching) =
            self.store.closed_deals(&commit, as_of, window, &query.segment, query.limit).await?;
        Ok(ClosedDeals { deals, matching })
    }
}

/// Refuses windows that share days: a deal closed in both would be compared with itself.
pub(crate) fn apart(window: Window, baseline: Window) -> Result<(), JobError> {
    let from = window.from.max(baseline.from);
    let to = window.to.min(baseline.to);
    if from < to {
        return Err(JobError::Usage(format!(
            "the windows share the days {}; a deal closed then would be compared with itself: choose \
             windows that do not overlap",
            Window { from, to }
        )));
    }
    Ok(())
}

fn is_of(segment: &Segment, dimensions: &[Dimension]) -> bool {
    segment.parts().iter().map(|(dimension, _)| dimension).eq(dimensions)
}
