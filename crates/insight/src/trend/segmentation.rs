//! Where the level of a win rate changes.

use rand::SeedableRng;
use rand_distr::{Binomial, Distribution};
use rand_pcg::Pcg64Mcg;
use winsight_model::Grain;

use super::likelihood::{Counts, Sums};
use crate::quantiles::quantile;

/// Fewest and most simulated series, and how many of them are to be false alarms.
const SIMULATIONS: (f64, f64) = (499.0, 4_999.0);
const ALARMS: f64 = 20.0;
const SEED: u64 = 0x007E_11E7;
/// Share of the differences of neighbours that are left out: some are changes of level.
const TRIMMED: f64 = 0.10;
/// Mean of a squared standard normal number that is not among the largest 10%.
const TRIMMED_MEAN: f64 = 0.623_015_484_134_682;

/// The levels of a series.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// Places at which a new level starts; the first level starts at 0, which is not among them.
    pub(super) starts: Vec<usize>,
    /// What each of them must gain in −2 × log likelihood, over the dispersion.
    pub(super) penalty: f64,
    /// Variation of neighbours over that of binomial counts, 1 at least.
    pub(super) dispersion: f64,
}

impl Levels {
    /// One level throughout.
    pub(super) fn one(counts: &Counts) -> Self {
        let dispersion = dispersion(&counts.won, &counts.deals, counts.rate());
        Self { starts: Vec::new(), penalty: f64::INFINITY, dispersion }
    }

    pub(super) fn of(grain: Grain, counts: &Counts, false_alarms: f64) -> Self {
        Self::at_penalty(grain, counts, penalty(counts, shortest_level(grain), false_alarms))
    }

    /// With a penalty found before: it depends on the numbers of deals, and hardly on the outcomes.
    pub(super) fn at_penalty(grain: Grain, counts: &Counts, penalty: f64) -> Self {
        let shortest = shortest_level(grain);
        let dispersion = dispersion(&counts.won, &counts.deals, counts.rate());
        let starts = partition(&Sums::new(counts), counts.len(), penalty * dispersion, shortest);
        Self { starts, penalty, dispersion }
    }
}

/// Fewest periods of a level.
pub(super) fn shortest_level(grain: Grain) -> usize {
    match grain {
        Grain::Week => 4,
        Grain::Month | Grain::Quarter => 2,
    }
}

/// The level of every period.
pub(super) fn level_starts(levels: &Levels, counts: &Counts) -> Vec<f64> {
    let sums = Sums::new(counts);
    let mut bounds = vec![0];
    bounds.extend(&levels.starts);
    bounds.push(counts.len());
    let level = |run: &[usize]| vec![sums.rate(run[0], run[1]); run[1] - run[0]];
    bounds.windows(2).flat_map(level).collect()
}

/// The starts of the levels that cost least, when each start costs `penalty`.
pub(super) fn partition(sums: &Sums, periods: usize, penalty: f64, shortest: usize) -> Vec<usize> {
    let mut best = vec![f64::INFINITY; periods + 1];
    let mut last_start = vec![0; periods + 1];
    best[0] = -penalty;
    for end in shortest..=periods {
        for start in 0..=end - shortest {
            let cost = best[start] + sums.cost(start, end) + penalty;
            if cost < best[end] {
                (best[end], last_start[end]) = (cost, start);
            }
        }
    }
    let mut starts = Vec::new();
    let mut end = periods;
    while last_start[end] > 0 {
        end = last_start[end];
        starts.push(end);
    }
    starts.reverse();
    starts
}

/// The penalty with which a change is found in a share `false_alarms` of series that have none.
fn penalty(counts: &Counts, shortest: usize, false_alarms: f64) -> f64 {
    let rate = counts.rate();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole counts of deals"
    )]
    let draws: Option<Vec<Binomial>> =
        counts.deals.iter().map(|&deals| Binomial::new(deals as u64, rate).ok()).collect();
    let Some(draws) = draws else { return f64::INFINITY };
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut won = vec![0.0; draws.len()];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the bounds of simulations"
    )]
    let simulations = (ALARMS / false_alarms).clamp(SIMULATIONS.0, SIMULATIONS.1) as usize;
    let mut gains: Vec<f64> = (0..simulations)
        .map(|_| {
            for (won, draw) in won.iter_mut().zip(&draws) {
                *won = draw.sample(&mut random) as f64;
            }
            let sums = Sums::of(&won, &counts.deals);
            let rate = sums.rate(0, won.len());
            largest_gain(&sums, won.len(), shortest) / dispersion(&won, &counts.deals, rate)
        })
        .collect();
    gains.sort_by(f64::total_cmp);
    quantile(&gains, 1.0 - false_alarms).unwrap_or(f64::INFINITY)
}

/// The largest gain for each start, of one start or of two.
fn largest_gain(sums: &Sums, periods: usize, shortest: usize) -> f64 {
    let whole = sums.cost(0, periods);
    let mut largest: f64 = 0.0;
    for second in shortest..periods.saturating_sub(shortest - 1) {
        let after = sums.cost(second, periods);
        largest = largest.max(whole - sums.cost(0, second) - after);
        for first in shortest..second.saturating_sub(shortest - 1) {
            let gain = whole - sums.cost(0, first) - sums.cost(first, second) - after;
            largest = largest.max(gain / 2.0);
        }
    }
    largest
}

/// How many times as much neighbours differ as counts of one rate do, 1 at least.
///
/// From squared differences of neighbours, which a change of level touches only once (von Neumann
/// 1941), without the largest.
pub(super) fn dispersion(won: &[f64], deals: &[f64], rate: f64) -> f64 {
    let variance = rate * (1.0 - rate);
    if variance <= 0.0 {
        return 1.0;
    }
    let square = |(won, deals): (&[f64], &[f64])| {
        let difference = won[1] / deals[1] - won[0] / deals[0];
        difference * difference / (variance * (1.0 / deals[0] + 1.0 / deals[1]))
    };
    let mut squares: Vec<f64> = won.windows(2).zip(deals.windows(2)).map(square).collect();
    squares.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small count"
    )]
    squares.truncate(squares.len() - (TRIMMED * squares.len() as f64).ceil() as usize);
    if squares.is_empty() {
        return 1.0;
    }
    (squares.iter().sum::<f64>() / squares.len() as f64 / TRIMMED_MEAN).max(1.0)
}
