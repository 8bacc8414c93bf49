//! The win rates to come: the present level and the season, with an interval as wide as earlier
//! projections were wrong.

use statrs::distribution::{ContinuousCDF, StudentsT};
use winsight_model::{Grain, Period, Window};

use super::likelihood::{Counts, Sums};
use super::segmentation::{Levels, partition, shortest_level};
use super::{Backtest, Projected, Projection, Season, TrendPart};

/// Fewest periods that a projection starts from.
const FEWEST_PERIODS: usize = 6;
/// Fewest earlier projections that an interval is made from.
pub(super) const FEWEST_ERRORS: usize = 6;
/// Periods that give the number of deals to expect.
const RECENT: usize = 6;

/// How many periods ahead.
pub(super) fn horizon(grain: Grain) -> usize {
    match grain {
        Grain::Week => 6,
        Grain::Month => 3,
        Grain::Quarter => 2,
    }
}

/// The periods after the last one.
pub(super) fn coming(grain: Grain, points: &[TrendPart]) -> Vec<Period> {
    let Some(last) = points.last() else { return Vec::new() };
    let from = last.count.period.window.to;
    // A quarter has at most 92 days.
    let days = i64::try_from(93 * (horizon(grain) + 1)).unwrap_or(i64::MAX);
    let Ok(to) = from.checked_add(jiff::Span::new().days(days)) else { return Vec::new() };
    let mut periods = Window { from, to }.periods(grain);
    periods.truncate(horizon(grain));
    periods
}

/// Projects the win rate from the level of the last periods.
pub(super) fn project_win_rate(
    grain: Grain,
    points: &[TrendPart],
    counts: &Counts,
    season: Option<&Season>,
    levels: &Levels,
) -> Projection {
    let mut projection = Projection::default();
    let adjusted = counts.less(season);
    let sums = Sums::new(&adjusted);
    let ahead = horizon(grain);
    let forecast = |origin: usize| {
        let penalty = levels.penalty * levels.dispersion;
        let starts = partition(&sums, origin, penalty, shortest_level(grain));
        let start = starts.last().copied().unwrap_or(0);
        let recent = RECENT.min(origin);
        let deals_to_come = sums.deals(origin - recent, origin) / recent as f64;
        Forecast {
            level: sums.rate(start, origin),
            deals: sums.deals(start, origin),
            deals_to_come,
        }
    };
    let mut misses = Misses::new(ahead);
    for origin in FEWEST_PERIODS..counts.len() {
        let made = forecast(origin);
        for step in 0..ahead.min(counts.len() - origin) {
            let target = origin + step;
            let seen = counts.won[target] / counts.deals[target];
            let day = counts.periods[target].window.from;
            let expected = made.level + season.map_or(0.0, |season| season.of(day));
            let miss = Miss { origin, target, error: (seen - expected) / made.error(expected) };
            misses.add(step, miss, &mut projection.win_rate_backtest);
        }
    }
    if counts.len() < FEWEST_PERIODS {
        return projection;
    }
    let made = forecast(counts.len());
    for (step, period) in coming(grain, points).into_iter().enumerate() {
        let Some(width) = misses.width(step, counts.len(), 1.0) else { break };
        let value = made.level + season.map_or(0.0, |season| season.of(period.window.from));
        let value = value.clamp(0.0, 1.0);
        let half = width * made.error(value);
        let (low, high) = ((value - half).max(0.0), (value + half).min(1.0));
        projection.win_rates.push(Projected { period, value, low, high });
    }
    projection
}

struct Forecast {
    level: f64,
    /// Deals that the level was estimated from.
    deals: f64,
    deals_to_come: f64,
}

impl Forecast {
    /// The standard error of what will be seen, if the level stays and deals are independent.
    fn error(&self, rate: f64) -> f64 {
        // One deal that never happened keeps a rate of 0 or 1 from looking certain.
        let margin = 0.5 / (self.deals + 1.0);
        let rate = rate.clamp(margin, 1.0 - margin);
        (rate * (1.0 - rate) * (1.0 / self.deals.max(1.0) + 1.0 / self.deals_to_come.max(1.0)))
            .sqrt()
    }
}

/// By how much a projection missed, in its own standard errors.
pub(super) struct Miss {
    pub(super) origin: usize,
    pub(super) target: usize,
    pub(super) error: f64,
}

/// The misses of earlier projections, by how far they looked ahead.
pub(super) struct Misses {
    by_step: Vec<Vec<Miss>>,
}

impl Misses {
    pub(super) fn new(ahead: usize) -> Self {
        Self { by_step: (0..ahead).map(|_| Vec::new()).collect() }
    }

    /// Records a miss, and whether an interval made from what was known at its origin held it.
    pub(super) fn add_to(&mut self, step: usize, miss: Miss, floor: f64, backtest: &mut Backtest) {
        if let Some(width) = self.width(step, miss.origin, floor) {
            backtest.of += 1;
            backtest.inside += u32::from(miss.error.abs() <= width);
        }
        self.by_step[step].push(miss);
    }

    fn add(&mut self, step: usize, miss: Miss, backtest: &mut Backtest) {
        self.add_to(step, miss, 1.0, backtest);
    }

    /// Half the width of a 95% interval in standard errors, from the misses known at `origin`. `None`
    /// with too few. `floor` is the least root mean square that is believed.
    ///
    /// Student's t with as many degrees of freedom as there are misses that do not overlap.
    pub(super) fn width(&self, step: usize, origin: usize, floor: f64) -> Option<f64> {
        let mut largest = floor;
        let mut freedom = 0.0;
        // Farther projections are never surer than nearer ones.
        for (step, misses) in self.by_step.iter().enumerate().take(step + 1) {
            let known = misses.iter().filter(|miss| miss.target < origin);
            let (count, squares) =
                known.fold((0_usize, 0.0), |sum, miss| (sum.0 + 1, sum.1 + miss.error.powi(2)));
            if count < FEWEST_ERRORS {
                return None;
            }
            largest = largest.max((squares / count as f64).sqrt());
            freedom = (count as f64 / (step + 1) as f64).max(2.0);
        }
        let quantile = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
        Some(largest * quantile)
    }
}
