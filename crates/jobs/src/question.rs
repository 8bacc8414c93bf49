//! The questions people ask of a workspace: metrics, changes, alerts, insights, status.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use winsight_alert::{Action, Alert, AlertEvent, AlertState};
use winsight_insight::{
    Cadence, Insight, Metrics, Pool, PooledRate, SegmentPair, Share, metrics,
    metrics_without_dfi_interval, rolled_up,
};
use winsight_meta::Load;
use winsight_model::{DataVersion, Dimension, Grain, Period, Segment, Window};
use winsight_store::{Commit, Grouping, Tallies, TallyRequest};

use crate::{Days, JobError, Workspace};

/// Dimensions that one table can combine; see the store's tallies.
const MOST_DIMENSIONS: usize = 8;

/// Which metrics to tabulate.
#[derive(Clone, Debug, Default)]
pub struct MetricsQuery {
    /// One row per combination of values; none for all deals together.
    pub by: Vec<Dimension>,
    /// One row per value of each dimension of `by` instead, or of every one there is.
    pub each: bool,
    /// Leave out the interval of the deal friction index, which costs more than all the rest.
    pub quick: bool,
    /// First closed date; default the first there is.
    pub from: Option<Date>,
    /// First closed date after the window; default the day after the as-of day.
    pub to: Option<Date>,
    /// One row per period; `None` for the whole window.
    pub grain: Option<Grain>,
    /// Only deals of this segment.
    pub within: Segment,
}

/// One row of the table of metrics.
#[derive(Clone, Debug)]
pub struct MetricRow {
    /// Whose metrics.
    pub segment: Segment,
    /// `all`, or the label of the period.
    pub period: String,
    /// Closed dates counted.
    pub window: Window,
    /// The numbers.
    pub metrics: Metrics,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// The version they were counted in.
    pub data_version: DataVersion,
    /// The day on which that version was loaded.
    pub data_as_of: Date,
    /// The win rate once the other rows of the table are known; `None` for a row of its own.
    pub pooled: Option<PooledRate>,
    /// The segment to read instead, where this one has too few deals.
    pub rolled_up_to: Option<Segment>,
}

/// Where a workspace stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its name.
    pub workspace: String,
    /// The version answered from; `None` before the first load.
    pub data_version: Option<DataVersion>,
    /// The last day seen.
    pub as_of: Date,
    /// The day on which that version was loaded.
    pub data_as_of: Option<Date>,
    /// Newer loads that the quality gate holds back, oldest first.
    pub held: Vec<Load>,
    /// Deals that existed then.
    pub deals: u64,
    /// Those open then.
    pub open_deals: u64,
    /// ISO 4217 code of all amounts.
    pub currency: String,
    /// Quality score of the last load, 0 to 100.
    pub quality_score: Option<f64>,
    /// When the last load was made.
    pub last_load_at: Option<Timestamp>,
    /// The window that alerts look at.
    pub window: Window,
    /// The one they compare it with.
    pub baseline_window: Window,
}

impl Workspace {
    /// The window that alerts and insights look at, and the one before it.
    ///
    /// It ends with the last day of which anything is known: days that have not been loaded yet
    /// must not look like a drop.
    pub(crate) async fn windows(
        &self,
        commit: Option<&Commit>,
    ) -> Result<(Window, Window), JobError> {
        let known = match commit {
            Some(commit) => self.store.last_known_day(commit).await?,
            None => None,
        };
        let today = self.clock.today();
        let last = known.map_or(today, |known| known.min(today));
        let window = Window::trailing(self.settings.alerts.window_days, last);
        Ok((window, window.preceding()))
    }

    /// The table of metrics, ordered by period and value; of each dimension after the other.
    ///
    /// # Errors
    /// [`JobError::Usage`] for an empty window, a dimension named twice or unknown, or more than eight
    /// of them.
    pub async fn metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricRow>, JobError> {
        let groupings = groupings(query)?;
        let commit = self.loaded().await?;
        let periods = self.periods(&commit, query).await?;
        let windows = periods.iter().map(|period| period.window).collect();
        self.check_dimensions(&commit, &query.by, &query.within).await?;
        let tables = self.tally_within(&commit, windows, &groupings, &query.within).await?;
        let metrics = if query.quick { metrics_without_dfi_interval } else { metrics };
        let mut rows = Vec::new();
        for (grouping, by_window) in groupings.iter().zip(tables) {
            for (period, mut tallies) in periods.iter().zip(by_window) {
                if grouping.is_empty() {
                    tallies.entry(Vec::new()).or_default();
                }
                let siblings = || tallies.values().map(Share::from).collect::<Vec<_>>();
                // A pool for every one of many periods would cost more than all the rest.
                let pool = if periods.len() == 1 { Pool::of(&siblings()) } else { None };
                let minimum = self.settings.min_deals;
                let deals: Vec<(Segment, u64)> = tallies
                    .iter()
                    .map(|(values, tally)| (segment(grouping, values.clone()), tally.deals()))
                    .collect();
                rows.extend(tallies.into_iter().map(|(values, tally)| {
                    let segment = segment(grouping, values);
                    let has_few = tally.deals() < minimum && !grouping.is_empty();
                    MetricRow {
                        rolled_up_to: has_few.then(|| parent(&segment, minimum, &deals)),
                        segment,
                        period: period.label.clone(),
                        window: period.window,
                        metrics: metrics(&tally, minimum),
                        currency: self.settings.reporting_currency.clone(),
                        pooled: pool.as_ref().map(|pool| pool.rate(Share::from(&tally))),
                        data_version: commit.version,
                        data_as_of: self.loaded_on(&commit),
                    }
                }));
            }
        }
        Ok(rows)
    }

    async fn periods(
        &self,
        commit: &Commit,
        query: &MetricsQuery,
    ) -> Result<Vec<Period>, JobError> {
        let known = Window::until(self.clock.today());
        Days { from: query.from, to: query.to }.check(known.last_day())?;
        let to = query.to.map_or(known.to, |to| to.min(known.to));
        let Some(grain) = query.grain else {
            let from = query.from.unwrap_or(known.from);
            return Ok(vec![Period { label: "all".to_owned(), window: Window { from, to } }]);
        };
        // A period that has not been loaded to its end must not look like a bad one.
        let to = to.min(self.windows(Some(commit)).await?.0.to);
        let first = self.store.first_closed_day(commit).await?.unwrap_or(to);
        let from = query.from.map_or(first, |from| from.max(first)).min(to);
        Ok(Window { from, to }.periods(grain))
    }

    /// The alerts in a state, or all of them, as far as they were found by the clock's instant; newest
    /// first.
    pub async fn alerts(&self, state: Option<AlertState>) -> Result<Vec<Alert>, JobError> {
        let now = self.clock.instant();
        let mut alerts = self.metadata.alerts(&self.id, None).await?;
        alerts.retain_mut(|alert| {
            if alert.resolved_at.is_some_and(|at| at > now) {
                alert.resolved_at = None;
                alert.state = AlertState::Open;
            }
            alert.opened_at <= now && state.is_none_or(|state| state == alert.state)
        });
        Ok(alerts)
    }

    /// The alert with this id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn alert(&self, id: &str) -> Result<Alert, JobError> {
        Ok(self.metadata.alert(&self.id, id).await?)
    }

    /// What happened to the alert with this id, the first step first.
    pub async fn alert_events(&self, id: &str) -> Result<Vec<AlertEvent>, JobError> {
        Ok(self.metadata.alert_events(&self.id, id).await?)
    }

    /// Does what a person does with an alert, and returns it as it then is.
    ///
    /// # Errors
    /// When there is none, or when it is resolved and so cannot become live.
    pub async fn act_on_alert(
        &self,
        id: &str,
        action: &Action,
        who: &str,
    ) -> Result<Alert, JobError> {
        let now = self.clock.instant();
        Ok(self.metadata.act_on_alert(&self.id, id, action, who, now).await?)
    }

    /// Where the deals of the latest load came from; `None` before the first.
    pub async fn latest_source(&self) -> Result<Option<String>, JobError> {
        Ok(self.metadata.latest_load(&self.id, None).await?.map(|load| load.source))
    }

    /// The insights of the latest runs by the clock's instant.
    pub async fn insights(&self, cadence: Option<Cadence>) -> Result<Vec<Insight>, JobError> {
        Ok(self.metadata.insights(&self.id, cadence, self.clock.instant()).await?)
    }

    /// Where the workspace stands; answers before the first load, too.
    pub async fn status(&self) -> Result<Status, JobError> {
        let commit = self.commit().await?;
        let today = self.clock.today();
        let counts = match &commit {
            Some(commit) => self.store.deal_counts(commit, today).await?,
            None => winsight_store::DealCounts::default(),
        };
        let load = self.metadata.latest_load(&self.id, None).await?;
        let (window, baseline_window) = self.windows(commit.as_ref()).await?;
        Ok(Status {
            workspace: self.id.to_string(),
            data_version: commit.as_ref().map(|commit| commit.version),
            data_as_of: commit.map(|commit| self.loaded_on(&commit)),
            held: self.newer_held_loads().await?,
            as_of: today,
            deals: counts.deals,
            open_deals: counts.open,
            currency: self.settings.reporting_currency.clone(),
            quality_score: load.as_ref().map(|load| load.quality_score),
            last_load_at: load.map(|load| load.started_at),
            window,
            baseline_window,
        })
    }

    pub(crate) async fn tally(
        &self,
        commit: &Commit,
        windows: Vec<Window>,
        groupings: Vec<Grouping>,
        excluding: &[Segment],
    ) -> Result<Vec<Vec<Tallies>>, JobError> {
        let request = TallyRequest {
            as_of: self.clock.today(),
            windows,
            excluding: excluding.to_vec(),
            groupings,
            cycle_buckets: self.settings.cycle_buckets.clone(),
        };
        Ok(self.store.tally(commit, &request).await?)
    }

    /// The same of the deals of a segment only.
    pub(crate) async fn tally_within(
        &self,
        commit: &Commit,
        windows: Vec<Window>,
        groupings: &[Grouping],
        within: &Segment,
    ) -> Result<Vec<Vec<Tallies>>, JobError> {
        let parts = within.parts();
        let finer = groupings.iter().map(|by| {
            by.iter().chain(parts.iter().map(|(dimension, _)| dimension)).cloned().collect()
        });
        let mut tables = self.tally(commit, windows, finer.collect(), &[]).await?;
        if parts.is_empty() {
            return Ok(tables);
        }
        for (by, by_window) in groupings.iter().zip(&mut tables) {
            for tallies in by_window {
                let all = std::mem::take(tallies).into_iter();
                let inside = all.filter(|(values, _)| {
                    values[by.len()..].iter().eq(parts.iter().map(|(_, value)| value))
                });
                *tallies = inside
                    .map(|(mut values, tally)| {
                        values.truncate(by.len());
                        (values, tally)
                    })
                    .collect();
            }
        }
        Ok(tables)
    }

    /// Refuses dimensions that are neither built in nor among the workspace's own.
    pub(crate) async fn check_dimensions(
        &self,
        commit: &Commit,
        by: &[Dimension],
        within: &Segment,
    ) -> Result<(), JobError> {
        let asked = by.iter().chain(within.parts().iter().map(|(dimension, _)| dimension));
        let asked: Vec<_> = asked.filter(|dimension| !dimension.is_built_in()).cloned().collect();
        if asked.is_empty() {
            return Ok(());
        }
        let own = self.store.custom_dimensions(commit).await?;
        for dimension in asked {
            if !own.contains(dimension.as_str()) {
                let wrong = Dimension::built_in(dimension.as_str()).err().unwrap_or_default();
                let own: Vec<_> = own.into_iter().collect();
                let own = if own.is_empty() {
                    "; the deals have no dimensions of your own".to_owned()
                } else {
                    format!("; your own are: {}", own.join(", "))
                };
                return Err(JobError::Usage(format!("{wrong}{own}")));
            }
        }
        Ok(())
    }

    /// All deals of a segment, and every value of each dimension among them, in both windows.
    pub(crate) async fn pairs(
        &self,
        commit: &Commit,
        window: Window,
        baseline: Window,
        dimensions: &[Dimension],
        within: &Segment,
    ) -> Result<(SegmentPair, Vec<SegmentPair>), JobError> {
        let groupings = one_by_one(dimensions);
        let tallies = self.tally_within(commit, vec![window, baseline], &groupings, within).await?;
        Ok(pairs_of(&groupings, tallies))
    }

    /// The same of all deals but those of some segments.
    pub(crate) async fn pairs_without(
        &self,
        commit: &Commit,
        (window, baseline): (Window, Window),
        dimensions: &[Dimension],
        excluding: &[Segment],
    ) -> Result<(SegmentPair, Vec<SegmentPair>), JobError> {
        let groupings = one_by_one(dimensions);
        let windows = vec![window, baseline];
        let tallies = self.tally(commit, windows, groupings.clone(), excluding).await?;
        Ok(pairs_of(&groupings, tallies))
    }
}

/// All deals together, and each dimension by itself.
fn one_by_one(dimensions: &[Dimension]) -> Vec<Grouping> {
    let each = dimensions.iter().map(|dimension| vec![dimension.clone()]);
    std::iter::once(Grouping::new()).chain(each).collect()
}

/// The first grouping's only pair, and those of all others.
fn pairs_of(groupings: &[Grouping], tallies: Vec<Vec<Tallies>>) -> (SegmentPair, Vec<SegmentPair>) {
    let mut pairs: Vec<_> = groupings
        .iter()
        .zip(tallies)
        .flat_map(|(grouping, by_window)| paired(grouping, by_window))
        .collect();
    let overall = match pairs.first() {
        Some(first) if first.segment == Segment::all() => pairs.remove(0),
        _ => SegmentPair::default(),
    };
    (overall, pairs)
}

/// The tables that a query asks for.
fn groupings(query: &MetricsQuery) -> Result<Vec<Grouping>, JobError> {
    let distinct: BTreeSet<_> = query.by.iter().collect();
    let too_many = !query.each && distinct.len() > MOST_DIMENSIONS;
    if distinct.len() < query.by.len() || too_many {
        return Err(JobError::Usage(format!(
            "metrics are shown by up to {MOST_DIMENSIONS} dimensions, each named once"
        )));
    }
    let each = |dimensions: Vec<Dimension>| dimensions.into_iter().map(|by| vec![by]).collect();
    Ok(match (query.each, query.by.is_empty()) {
        (false, _) => vec![query.by.clone()],
        (true, false) => each(query.by.clone()),
        (true, true) => each(Dimension::all()),
    })
}

/// The segment that one with too few deals is read off, among segments of the same dimensions.
fn parent(segment: &Segment, min_deals: u64, deals: &[(Segment, u64)]) -> Segment {
    rolled_up(segment, min_deals, |parent| {
        let inside = deals.iter().filter(|(one, _)| one.parts().starts_with(parent.parts()));
        inside.map(|(_, deals)| deals).sum()
    })
}

pub(crate) fn segment(by: &[Dimension], values: Vec<String>) -> Segment {
    Segment::of(by.iter().cloned().zip(values).collect())
}

pub(crate) fn paired(grouping: &[Dimension], by_window: Vec<Tallies>) -> Vec<SegmentPair> {
    let mut windows = by_window.into_iter();
    let mut current = windows.next().unwrap_or_default();
    let mut baseline = windows.next().unwrap_or_default();
    let values: BTreeSet<_> = current.keys().chain(baseline.keys()).cloned().collect();
    values
        .into_iter()
        .map(|values| SegmentPair {
            current: current.remove(&values).unwrap_or_default(),
            baseline: baseline.remove(&values).unwrap_or_default(),
            segment: segment(grouping, values),
        })
        .collect()
}
