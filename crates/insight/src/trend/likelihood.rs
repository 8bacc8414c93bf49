//! Binomial likelihoods of runs of periods.

use winsight_model::Period;

use super::{PeriodCount, Season};

/// Won and closed deals by period. Won ones are no whole numbers once a season is taken out.
#[derive(Clone)]
pub(super) struct Counts {
    pub(super) won: Vec<f64>,
    pub(super) deals: Vec<f64>,
    pub(super) periods: Vec<Period>,
}

impl Counts {
    pub(super) fn new(periods: &[&PeriodCount]) -> Self {
        Self {
            won: periods.iter().map(|point| point.share.won as f64).collect(),
            deals: periods.iter().map(|point| point.share.deals as f64).collect(),
            periods: periods.iter().map(|point| point.period.clone()).collect(),
        }
    }

    /// Without what the season adds.
    pub(super) fn less(&self, season: Option<&Season>) -> Self {
        let Some(season) = season else { return self.clone() };
        let adjusted = |((won, deals), period): ((&f64, &f64), &Period)| {
            (won - deals * season.of(period.window.from)).clamp(0.0, *deals)
        };
        let won = self.won.iter().zip(&self.deals).zip(&self.periods).map(adjusted).collect();
        Self { won, ..self.clone() }
    }

    pub(super) fn len(&self) -> usize {
        self.won.len()
    }

    /// Won over closed of all periods.
    pub(super) fn rate(&self) -> f64 {
        self.won.iter().sum::<f64>() / self.deals.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }
}

/// Running sums, so that any run of periods costs the same.
pub(super) struct Sums {
    won: Vec<f64>,
    deals: Vec<f64>,
}

impl Sums {
    pub(super) fn new(counts: &Counts) -> Self {
        Self::of(&counts.won, &counts.deals)
    }

    pub(super) fn of(won: &[f64], deals: &[f64]) -> Self {
        let running = |values: &[f64]| {
            let mut sum = 0.0;
            let sums = values.iter().map(|value| {
                sum += value;
                sum
            });
            std::iter::once(0.0).chain(sums).collect()
        };
        Self { won: running(won), deals: running(deals) }
    }

    pub(super) fn deals(&self, from: usize, to: usize) -> f64 {
        self.deals[to] - self.deals[from]
    }

    pub(super) fn rate(&self, from: usize, to: usize) -> f64 {
        let deals = self.deals(from, to);
        if deals > 0.0 { ((self.won[to] - self.won[from]) / deals).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// −2 × the log likelihood of the periods in `from..to` at their common rate.
    pub(super) fn cost(&self, from: usize, to: usize) -> f64 {
        let (won, deals) = (self.won[to] - self.won[from], self.deals(from, to));
        deviance(won, deals, self.rate(from, to))
    }
}

/// −2 × the log likelihood of `won` of `deals` at a rate.
pub(super) fn deviance(won: f64, deals: f64, rate: f64) -> f64 {
    let part = |count: f64, chance: f64| {
        if count > 0.0 { count * chance.max(f64::MIN_POSITIVE).ln() } else { 0.0 }
    };
    -2.0 * (part(won, rate) + part(deals - won, 1.0 - rate))
}
