//! Fractions too large for machine integers, and their rounding to figures that add up.

use num_bigint::BigInt;
use winsight_model::Tally;

use crate::SegmentPair;

/// Units per whole of a figure.
const GRID: i128 = 1_000_000_000_000;
/// Units per whole in which terms are added before they are rounded to the grid; fine enough that
/// rounding a million of them down stays invisible on it.
const FINE: i128 = GRID * GRID;

/// What was won of what was closed: deals, or cents.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    won: i128,
    closed: i128,
}

/// A weight in both windows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Both {
    current: Weight,
    baseline: Weight,
}

impl Both {
    pub(super) fn deals(pair: &SegmentPair) -> Self {
        let weight = |tally: &Tally| Weight {
            won: i128::from(tally.won.deals),
            closed: i128::from(tally.deals()),
        };
        Self { current: weight(&pair.current), baseline: weight(&pair.baseline) }
    }

    pub(super) fn amounts(pair: &SegmentPair) -> Self {
        let weight = |tally: &Tally| Weight {
            won: tally.won.amount.cents(),
            closed: tally.won.amount.cents() + tally.lost.amount.cents(),
        };
        Self { current: weight(&pair.current), baseline: weight(&pair.baseline) }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in
            [(&mut self.current, other.current), (&mut self.baseline, other.baseline)]
        {
            sum.won += more.won;
            sum.closed += more.closed;
        }
    }
}

/// All segments together, as the terms of each need them.
pub(super) struct Totals {
    current: BigInt,
    baseline: BigInt,
    /// Product of both closed weights.
    product: BigInt,
    /// Sum of both rates times that product.
    rates: BigInt,
    change: i128,
}

impl Totals {
    /// `None` when either window holds nothing, or less than nothing.
    pub(super) fn of(weights: &[Both]) -> Option<Self> {
        let mut all = Both::default();
        for weight in weights {
            all.add(weight);
        }
        let sound = |weight: Weight| 0 <= weight.won && weight.won <= weight.closed;
        let each = weights.iter().flat_map(|both| [both.current, both.baseline]);
        if all.current.closed <= 0 || all.baseline.closed <= 0 || !each.into_iter().all(sound) {
            return None;
        }
        let [current, baseline] = [all.current.closed, all.baseline.closed].map(BigInt::from);
        let now = BigInt::from(all.current.won) * &baseline;
        let then = BigInt::from(all.baseline.won) * &current;
        let product = &current * &baseline;
        let change = fine(&now - &then, &product);
        Some(Self { current, baseline, rates: now + then, product, change })
    }

    /// The change of the overall rate in grid units, rounded.
    pub(super) fn change_units(&self) -> i128 {
        (self.change + GRID / 2).div_euclid(GRID)
    }

    /// The mix and the rate term of a segment in fine units.
    ///
    /// With shares s, rates r, the overall rate R and means marked by bars: Δs · (r̄ − R̄) and Δr · s̄.
    pub(super) fn terms(&self, both: &Both) -> (i128, i128) {
        let (now, then) = match (both.current.closed, both.baseline.closed) {
            (0, 0) => return (0, 0),
            (0, _) => (both.baseline, both.baseline),
            (_, 0) => (both.current, both.current),
            _ => (both.current, both.baseline),
        };
        let share_now = BigInt::from(both.current.closed) * &self.baseline;
        let share_then = BigInt::from(both.baseline.closed) * &self.current;
        let rate_now = BigInt::from(now.won) * then.closed;
        let rate_then = BigInt::from(then.won) * now.closed;
        let closed = BigInt::from(now.closed) * then.closed;
        let above = (&rate_now + &rate_then) * &self.product - &self.rates * &closed;
        let twice = &closed * &self.product * 2;
        let mix = fine((&share_now - &share_then) * above, &(&twice * &self.product));
        let rate = fine((rate_now - rate_then) * (share_now + share_then), &twice);
        (mix, rate)
    }
}

/// A fraction in fine units, rounded down. The denominator is positive.
fn fine(numerator: BigInt, denominator: &BigInt) -> i128 {
    let scaled = numerator * FINE;
    let below = i128::from(&scaled % denominator < BigInt::ZERO);
    let whole = i128::try_from(&scaled / denominator);
    // A difference of rates lies between −1 and 1, which is far inside.
    whole.unwrap_or_default() - below
}

/// Rounds every term down from fine to grid units, then gives the units missing from `total` to
/// the terms that lost most by it.
pub(super) fn apportion(terms: &[i128], total: i128) -> Vec<i128> {
    let mut units: Vec<i128> = terms.iter().map(|term| term.div_euclid(GRID)).collect();
    let Ok(count) = i128::try_from(units.len()) else { return units };
    if count == 0 {
        return units;
    }
    let missing = total - units.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..units.len()).collect();
    by_remainder.sort_by_key(|&place| std::cmp::Reverse(terms[place].rem_euclid(GRID)));
    for (index, rank) in by_remainder.into_iter().zip(0..) {
        units[index] += missing.div_euclid(count) + i128::from(rank < missing.rem_euclid(count));
    }
    units
}

pub(super) fn on_grid(units: i128) -> f64 {
    units as f64 / GRID as f64
}
