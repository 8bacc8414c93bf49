use winsight_model::Tally;

use crate::Interval;
use crate::gaussian::{Z_95, below, beyond_either_side, exceeded_with};

/// How many of some closed deals were won. `won` is at most `deals`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Share {
    /// Won deals.
    pub won: u64,
    /// Closed deals.
    pub deals: u64,
}

impl Share {
    /// The win rate, 0 to 1. `None` without deals.
    pub fn rate(self) -> Option<f64> {
        (self.deals > 0).then(|| self.won as f64 / self.deals as f64)
    }
}

impl From<&Tally> for Share {
    fn from(tally: &Tally) -> Self {
        Self { won: tally.won.deals, deals: tally.deals() }
    }
}

/// Wilson's score interval for a win rate, 95%. `None` without deals.
///
/// Wilson (1927), without continuity correction. Always inside 0 to 1.
pub fn wilson(won: u64, deals: u64) -> Option<Interval> {
    Some(score_interval(Share { won, deals }.rate()?, deals as f64, Z_95))
}

/// Wilson's interval of a rate that is worth so many deals, which need not be whole, with `z` standard
/// errors to either side; with none, 0 to 1.
pub(crate) fn score_interval(rate: f64, deals: f64, z: f64) -> Interval {
    if deals <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let z_squared = z * z;
    let denominator = 1.0 + z_squared / deals;
    let centre = (rate + z_squared / (2.0 * deals)) / denominator;
    let variance = rate * (1.0 - rate) / deals + z_squared / (4.0 * deals * deals);
    let half = z * variance.sqrt() / denominator;
    // The ends meet 0 and 1 exactly when no deal, or every deal, was won; rounding must not miss it.
    let low = if rate <= 0.0 { 0.0 } else { (centre - half).clamp(0.0, rate) };
    let high = if rate >= 1.0 { 1.0 } else { (centre + half).clamp(rate, 1.0) };
    Interval { low, high }
}

/// Newcombe's interval of the difference of two rates that are worth so many deals.
pub(crate) fn newcombe_of(now: (f64, f64), before: (f64, f64)) -> Interval {
    newcombe_with(now, before, Z_95)
}

/// The same with `z` standard errors to either side.
pub(crate) fn newcombe_with(
    (rate, deals): (f64, f64),
    (before, deals_before): (f64, f64),
    z: f64,
) -> Interval {
    let now = score_interval(rate, deals, z);
    let then = score_interval(before, deals_before, z);
    let difference = rate - before;
    Interval {
        low: difference - (rate - now.low).hypot(then.high - before),
        high: difference + (now.high - rate).hypot(before - then.low),
    }
}

/// Newcombe's hybrid score interval for the current win rate minus the baseline's, 95%.
/// `None` when either has no deals.
///
/// Newcombe (1998), method 10: the Wilson intervals of both rates, combined.
pub fn newcombe(current: Share, baseline: Share) -> Option<Interval> {
    let (rate, before) = (current.rate()?, baseline.rate()?);
    Some(newcombe_of((rate, current.deals as f64), (before, baseline.deals as f64)))
}

/// Chance of a difference in win rates at least this large, either way, if both windows shared one
/// rate: the two-sided z-test with pooled variance. 1 when either has no deals, or when all deals
/// ended alike.
pub fn difference_p_value(current: Share, baseline: Share) -> f64 {
    let (Some(rate), Some(before)) = (current.rate(), baseline.rate()) else { return 1.0 };
    let pooled = (current.won + baseline.won) as f64 / (current.deals + baseline.deals) as f64;
    let variance = pooled * (1.0 - pooled) * inverse_sum(current.deals, baseline.deals);
    if variance > 0.0 { beyond_either_side((rate - before) / variance.sqrt()) } else { 1.0 }
}

/// [`difference_p_value`] of two rates that are worth so many deals, more than none.
pub(crate) fn difference_p_value_of(
    (rate, deals): (f64, f64),
    (before, deals_before): (f64, f64),
) -> f64 {
    let pooled = (rate * deals + before * deals_before) / (deals + deals_before);
    let variance = pooled * (1.0 - pooled) * (1.0 / deals + 1.0 / deals_before);
    if variance > 0.0 { beyond_either_side((rate - before) / variance.sqrt()) } else { 1.0 }
}

/// Chance of a win rate at least this low if the true one were `threshold`: the one-sided score
/// test. Small values say that the rate lies below. 1 without deals, or when `threshold` is not
/// strictly between 0 and 1.
pub fn below_p_value(share: Share, threshold: f64) -> f64 {
    let Some(rate) = share.rate() else { return 1.0 };
    if !(threshold > 0.0 && threshold < 1.0) {
        return 1.0;
    }
    let standard_error = (threshold * (1.0 - threshold) / share.deals as f64).sqrt();
    below((rate - threshold) / standard_error)
}

/// The smallest drop from `base_rate` (0.05 is five points) that the two-sided z-test at `level`
/// would have found in four of five cases. `None` when it would miss even a drop to zero.
///
/// Normal approximation: pooled variance under no change, separate variances under the drop
/// (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, chapter 4).
pub fn detectable_drop(
    current_deals: u64,
    baseline_deals: u64,
    base_rate: f64,
    level: f64,
) -> Option<f64> {
    const POWER: f64 = 0.8;
    let usable = current_deals > 0
        && baseline_deals > 0
        && base_rate > 0.0
        && base_rate <= 1.0
        && level > 0.0
        && level < 1.0;
    if !usable {
        return None;
    }
    let (now, then) = (current_deals as f64, baseline_deals as f64);
    let critical = exceeded_with(level / 2.0);
    let power = |drop: f64| {
        let dropped = base_rate - drop;
        let pooled = (now * dropped + then * base_rate) / (now + then);
        let unchanged = pooled * (1.0 - pooled) * inverse_sum(current_deals, baseline_deals);
        let changed = dropped * (1.0 - dropped) / now + base_rate * (1.0 - base_rate) / then;
        let margin = drop - critical * unchanged.sqrt();
        // A drop from 1 to 0 leaves no variance: then only the sign of the margin counts.
        if changed > 0.0 { below(margin / changed.sqrt()) } else { f64::from(margin > 0.0) }
    };
    if power(base_rate) < POWER {
        return None;
    }
    let (mut missed, mut found) = (0.0, base_rate);
    for _ in 0..60 {
        let middle = f64::midpoint(missed, found);
        if power(middle) < POWER {
            missed = middle;
        } else {
            found = middle;
        }
    }
    Some(found)
}

fn inverse_sum(current_deals: u64, baseline_deals: u64) -> f64 {
    1.0 / current_deals as f64 + 1.0 / baseline_deals as f64
}
