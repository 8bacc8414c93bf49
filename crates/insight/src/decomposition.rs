use winsight_model::Segment;

use crate::{SegmentPair, Share};

/// Units per whole: every figure of a decomposition is a whole number of 10⁻¹².
const GRID: i128 = 1_000_000_000_000;

/// A win-rate change split into mix and rate. Figures are differences of rates (0.05 is five
/// points) on a grid of 10⁻¹², on which the parts add up to the totals to the last digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// Current minus baseline win rate over all values.
    pub total: f64,
    /// The part due to deals moving between values.
    pub mix: f64,
    /// The part due to win rates moving inside values.
    pub rate: f64,
    /// The contribution of each value, in the order given.
    pub parts: Vec<Part>,
}

/// What one value contributes to the change.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The value.
    pub segment: Segment,
    /// Change of its share of deals × its mean win rate. Single parts depend on the level of the
    /// win rate; their sum over values is what mix means.
    pub mix: f64,
    /// Change of its win rate × its mean share of deals.
    pub rate: f64,
    /// Won and closed in the current window.
    pub current: Share,
    /// Won and closed in the baseline window.
    pub baseline: Share,
}

/// Splits the change of the overall win rate over the values of one dimension, which partition the
/// deals. `None` when either window has no deals.
///
/// Kitagawa's symmetric identity (1955). A value absent from one window takes its win rate from the
/// other, and so is pure mix. Exact integer arithmetic, rounded to the grid by largest remainder.
pub fn decompose(pairs: &[SegmentPair]) -> Option<Decomposition> {
    let shares: Vec<(Share, Share)> = pairs
        .iter()
        .map(|pair| (Share::from(&pair.current), Share::from(&pair.baseline)))
        .collect();
    let now = sum(shares.iter().map(|&(current, _)| current));
    let then = sum(shares.iter().map(|&(_, baseline)| baseline));
    if now.deals == 0 || then.deals == 0 {
        return None;
    }

    let exact: Vec<Fraction> = shares
        .iter()
        .flat_map(|&(current, baseline)| terms(current, baseline, now.deals, then.deals))
        .collect();
    let total = Fraction {
        numerator: product(now.won, then.deals) - product(then.won, now.deals),
        denominator: product(now.deals, then.deals),
    }
    .rounded();
    let units = apportion(&exact, total);

    let parts =
        pairs.iter().zip(&shares).zip(units.chunks_exact(2)).map(|((pair, share), units)| Part {
            segment: pair.segment.clone(),
            mix: on_grid(units[0]),
            rate: on_grid(units[1]),
            current: share.0,
            baseline: share.1,
        });
    Some(Decomposition {
        total: on_grid(total),
        mix: on_grid(units.iter().step_by(2).sum()),
        rate: on_grid(units.iter().skip(1).step_by(2).sum()),
        parts: parts.collect(),
    })
}

/// The mix and the rate term of one value: Δshare × mean rate and Δrate × mean share.
fn terms(current: Share, baseline: Share, deals_now: u64, deals_then: u64) -> [Fraction; 2] {
    let (rate_now, rate_then) = match (current.deals, baseline.deals) {
        (0, 0) => return [Fraction::ZERO, Fraction::ZERO],
        (0, _) => (baseline, baseline),
        (_, 0) => (current, current),
        _ => (current, baseline),
    };
    let moved = product(current.deals, deals_then) - product(baseline.deals, deals_now);
    let both = product(current.deals, deals_then) + product(baseline.deals, deals_now);
    let rose = product(rate_now.won, rate_then.deals) - product(rate_then.won, rate_now.deals);
    let rates = product(rate_now.won, rate_then.deals) + product(rate_then.won, rate_now.deals);
    let denominator = 2 * product(deals_now, deals_then) * product(rate_now.deals, rate_then.deals);
    [
        Fraction { numerator: moved * rates, denominator },
        Fraction { numerator: rose * both, denominator },
    ]
}

/// Rounds every term down to the grid, then gives the units still missing from `total` to the terms
/// that lost most by it.
fn apportion(exact: &[Fraction], total: i128) -> Vec<i128> {
    let (mut units, remainders): (Vec<i128>, Vec<f64>) =
        exact.iter().map(Fraction::floored).unzip();
    let missing = total - units.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..units.len()).collect();
    by_remainder.sort_by(|&a, &b| remainders[b].total_cmp(&remainders[a]));
    for (index, _) in by_remainder.into_iter().zip(0..missing) {
        units[index] += 1;
    }
    units
}

/// An exact difference of rates, between −1 and 1. The denominator is positive.
#[derive(Clone, Copy)]
struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// Whole grid units at or below it, and the share of a unit left over.
    fn floored(&self) -> (i128, f64) {
        let mut units = self.numerator.div_euclid(self.denominator);
        let mut rest = self.numerator.rem_euclid(self.denominator);
        // Digit by digit, because numerator × grid would overflow beyond some ten thousand deals.
        let mut scale = 1;
        while scale < GRID {
            scale *= 10;
            units = units * 10 + rest * 10 / self.denominator;
            rest = rest * 10 % self.denominator;
        }
        (units, rest as f64 / self.denominator as f64)
    }

    /// Grid units nearest to it.
    fn rounded(&self) -> i128 {
        let (units, rest) = self.floored();
        units + i128::from(rest >= 0.5)
    }
}

fn sum(shares: impl Iterator<Item = Share>) -> Share {
    shares.fold(Share::default(), |sum, share| Share {
        won: sum.won + share.won,
        deals: sum.deals + share.deals,
    })
}

fn product(a: u64, b: u64) -> i128 {
    i128::from(a) * i128::from(b)
}

fn on_grid(units: i128) -> f64 {
    units as f64 / GRID as f64
}
