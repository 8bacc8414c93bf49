use std::collections::HashMap;

use winsight_model::Dimension;

use super::exact::{Both, Totals, apportion, on_grid};
use super::{SplitMetric, weights};
use crate::SegmentPair;

/// A change split into the mix of each of several dimensions and the rate inside their
/// combinations. Figures as in [`Decomposition`](crate::Decomposition).
#[derive(Clone, Debug, PartialEq)]
pub struct ShapleySplit {
    /// Current minus baseline rate.
    pub total: f64,
    /// What each dimension's mix contributes; together the mix of their combinations.
    pub mixes: Vec<(Dimension, f64)>,
    /// The part due to rates moving inside the combinations.
    pub rate: f64,
}

/// Splits the change of `metric` over several dimensions; `pairs` are the combinations of their
/// values and partition the deals. `None` when there is no change to split, or no dimension.
///
/// The worth of a set of dimensions is the mix part of Kitagawa's split by the combinations of
/// their values; a dimension's figure is its Shapley value (1953), the mean of what it adds over all
/// orders in which the dimensions may be brought in (Shorrocks, 2013). It does not depend on the
/// order of the dimensions, and one that changes nothing gets nothing.
pub fn shapley(pairs: &[SegmentPair], metric: SplitMetric) -> Option<ShapleySplit> {
    let dimensions: Vec<Dimension> =
        pairs.first()?.segment.parts().iter().map(|(dimension, _)| dimension.clone()).collect();
    let same = |pair: &SegmentPair| {
        pair.segment.parts().iter().map(|(dimension, _)| dimension).eq(&dimensions)
    };
    if dimensions.is_empty() || dimensions.len() > MOST_DIMENSIONS || !pairs.iter().all(same) {
        return None;
    }
    let weights = weights(pairs, metric)?;
    let totals = Totals::of(&weights)?;
    let mixes: Vec<i128> =
        (0..1 << dimensions.len()).map(|subset| mix_of(subset, pairs, &weights, &totals)).collect();
    let values: Vec<i128> =
        (0..dimensions.len()).map(|place| value_of(place, dimensions.len(), &mixes)).collect();

    let rates: i128 = weights.iter().map(|weight| totals.terms(weight).1).sum();
    let whole = apportion(&[mixes[mixes.len() - 1], rates], totals.change_units());
    let units = apportion(&values, whole[0]);
    Some(ShapleySplit {
        total: on_grid(whole[0] + whole[1]),
        mixes: dimensions.into_iter().zip(units.into_iter().map(on_grid)).collect(),
        rate: on_grid(whole[1]),
    })
}

/// Eight dimensions are 256 splits.
const MOST_DIMENSIONS: usize = 8;

/// The mix part of the split by the dimensions whose bits are set in `subset`.
fn mix_of(subset: usize, pairs: &[SegmentPair], weights: &[Both], totals: &Totals) -> i128 {
    let mut merged: HashMap<Vec<&str>, Both> = HashMap::new();
    for (pair, weight) in pairs.iter().zip(weights) {
        let parts = pair.segment.parts().iter().enumerate();
        let chosen = parts.filter(|(place, _)| subset >> place & 1 == 1);
        let values = chosen.map(|(_, (_, value))| value.as_str()).collect();
        merged.entry(values).or_default().add(weight);
    }
    merged.values().map(|weight| totals.terms(weight).0).sum()
}

/// The Shapley value of the dimension at `place` among `count`, from the worth of every subset.
fn value_of(place: usize, count: usize, worth: &[i128]) -> i128 {
    let factorial = |n: usize| (1..=n as i128).product::<i128>();
    let without = (0..worth.len()).filter(|subset| subset >> place & 1 == 0);
    let sum: i128 = without
        .map(|subset| {
            let size = subset.count_ones() as usize;
            let orders = factorial(size) * factorial(count - size - 1);
            orders * (worth[subset | 1 << place] - worth[subset])
        })
        .sum();
    sum.div_euclid(factorial(count))
}
