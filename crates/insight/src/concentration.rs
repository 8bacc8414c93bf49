use winsight_model::Segment;

use crate::SegmentPair;

/// How many values of a dimension the ratio looks at.
const TOP: usize = 3;

/// Whether losses gather in a few values of a dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct LossConcentration {
    /// Loss Concentration Ratio: share of all losses in the three values with the most.
    pub lcr: f64,
    /// The same values' share of all closed deals: losses that only follow the deals are no finding.
    pub share_of_deals: f64,
    /// The ratio of the baseline window, over its own three values; `None` without losses there.
    pub baseline: Option<f64>,
    /// The three values, most losses first, with their lost deals.
    pub values: Vec<(Segment, u64)>,
    /// Lost deals over all values.
    pub lost: u64,
}

/// The loss concentration over the values of one dimension, which partition the deals. `None`
/// without losses in the current window.
pub fn loss_concentration(pairs: &[SegmentPair]) -> Option<LossConcentration> {
    let mut now: Vec<&SegmentPair> = pairs.iter().collect();
    now.sort_by_key(|pair| std::cmp::Reverse(pair.current.lost.deals));
    let lost: u64 = now.iter().map(|pair| pair.current.lost.deals).sum();
    let deals: u64 = now.iter().map(|pair| pair.current.deals()).sum();
    if lost == 0 {
        return None;
    }
    let top = &now[..now.len().min(TOP)];
    let deals_of_top: u64 = top.iter().map(|pair| pair.current.deals()).sum();
    let values: Vec<_> = top
        .iter()
        .filter(|pair| pair.current.lost.deals > 0)
        .map(|pair| (pair.segment.clone(), pair.current.lost.deals))
        .collect();
    let lost_of_top: u64 = values.iter().map(|(_, lost)| lost).sum();

    let mut before: Vec<u64> = pairs.iter().map(|pair| pair.baseline.lost.deals).collect();
    before.sort_unstable_by(|a, b| b.cmp(a));
    let lost_before: u64 = before.iter().sum();
    let top_before: u64 = before.iter().take(TOP).sum();
    Some(LossConcentration {
        lcr: lost_of_top as f64 / lost as f64,
        share_of_deals: deals_of_top as f64 / deals as f64,
        baseline: (lost_before > 0).then(|| top_before as f64 / lost_before as f64),
        values,
        lost,
    })
}
