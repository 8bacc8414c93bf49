//! The exact split of a change into mix and rate, by the values of a dimension or of several.

mod exact;
mod shapley;

use winsight_model::{Segment, Tally};

use crate::metrics::revenue_weighted_win_rate;
use crate::{SegmentPair, Share};
use exact::{Both, Totals, apportion, on_grid};

pub use self::shapley::{ShapleySplit, shapley};

/// A rate that can be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitMetric {
    /// `win_rate`: won deals over closed deals.
    WinRate,
    /// `rwwr`: amount won over amount closed.
    RevenueWeighted,
}

/// A change split into mix and rate. Figures are differences of rates (0.05 is five points) on a
/// grid of 10⁻¹², on which the parts add up to the totals to the last digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// Current minus baseline rate over all values.
    pub total: f64,
    /// The part due to deals, or amounts, moving between values.
    pub mix: f64,
    /// The part due to rates moving inside values.
    pub rate: f64,
    /// The contribution of each value, in the order given.
    pub parts: Vec<Part>,
}

/// What one value contributes to the change.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The value.
    pub segment: Segment,
    /// Change of its share × how far its mean rate lies above that of all values: positive when a
    /// good segment grew or a bad one shrank.
    pub mix: f64,
    /// Change of its rate × its mean share.
    pub rate: f64,
    /// Won and closed in the current window.
    pub current: Share,
    /// Won and closed in the baseline window.
    pub baseline: Share,
}

/// Splits the change of the overall win rate over the values of one dimension, or the combinations
/// of several, which partition the deals. `None` when either window has no deals.
///
/// Kitagawa's symmetric identity (1955), with shares weighed by how a value's rate differs from the
/// overall one; since changes of shares add up to nothing, the sums are Kitagawa's. A value absent
/// from one window takes its rate from the other, and so is pure mix. Every term is an exact
/// fraction, rounded to the grid by largest remainder.
pub fn decompose(pairs: &[SegmentPair]) -> Option<Decomposition> {
    split(pairs, SplitMetric::WinRate)
}

/// The same for the revenue-weighted win rate: shares are shares of the closed amount. `None` when
/// either window has no such rate.
pub fn decompose_rwwr(pairs: &[SegmentPair]) -> Option<Decomposition> {
    split(pairs, SplitMetric::RevenueWeighted)
}

fn split(pairs: &[SegmentPair], metric: SplitMetric) -> Option<Decomposition> {
    let weights = weights(pairs, metric)?;
    let totals = Totals::of(&weights)?;
    let terms: Vec<_> = weights.iter().map(|weight| totals.terms(weight)).collect();
    let (mixes, rates): (Vec<i128>, Vec<i128>) = terms.into_iter().unzip();
    let whole = apportion(&[mixes.iter().sum(), rates.iter().sum()], totals.change_units());
    let (mix_units, rate_units) = (apportion(&mixes, whole[0]), apportion(&rates, whole[1]));
    let parts =
        pairs.iter().zip(mix_units.iter().zip(&rate_units)).map(|(pair, (&mix, &rate))| Part {
            segment: pair.segment.clone(),
            mix: on_grid(mix),
            rate: on_grid(rate),
            current: Share::from(&pair.current),
            baseline: Share::from(&pair.baseline),
        });
    Some(Decomposition {
        total: on_grid(whole[0] + whole[1]),
        mix: on_grid(whole[0]),
        rate: on_grid(whole[1]),
        parts: parts.collect(),
    })
}

/// What `metric` adds up in each segment; `None` when a window has no such rate.
fn weights(pairs: &[SegmentPair], metric: SplitMetric) -> Option<Vec<Both>> {
    if metric == SplitMetric::WinRate {
        return Some(pairs.iter().map(Both::deals).collect());
    }
    let (mut current, mut baseline) = (Tally::default(), Tally::default());
    for pair in pairs {
        current.merge(&pair.current);
        baseline.merge(&pair.baseline);
    }
    revenue_weighted_win_rate(&current).ok()?;
    revenue_weighted_win_rate(&baseline).ok()?;
    Some(pairs.iter().map(Both::amounts).collect())
}
