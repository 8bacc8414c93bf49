//! How well "this segment alone changed" explains two windows.

use winsight_model::CellCounts;

use crate::CauseKind;
use crate::gaussian::{Z_95, beyond_either_side};

/// Variance of a change's logarithm of odds that is expected beforehand: two in three lie within a
/// factor of two either way.
const EXPECTED_VARIANCE: f64 = 0.5;
/// Growth of all other deals that is taken as ordinary, on the logarithm.
const ORDINARY_GROWTH: f64 = 0.1;
/// A contribution below this share of the overall change explains nothing of it.
const SMALLEST_PART: f64 = 0.05;

/// What there is in favour of one explanation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    pub(super) kind: CauseKind,
    /// Likelihood-ratio statistic, one degree of freedom.
    pub(super) statistic: f64,
    /// Variance of the estimated change, on the logarithm of odds.
    pub(super) variance: f64,
    /// Part in the change of the overall win rate.
    pub(super) contribution: f64,
    /// What speaks against it besides, in units of the score.
    pub(super) penalty: f64,
}

impl Evidence {
    /// Logarithm of the Bayes factor against "nothing changed", by Wakefield's approximation
    /// (2009): the change normal about zero with [`EXPECTED_VARIANCE`].
    pub(super) fn log_bayes_factor(&self) -> f64 {
        let shrinkage = EXPECTED_VARIANCE / (EXPECTED_VARIANCE + self.variance);
        0.5 * (1.0 - shrinkage).ln() + 0.5 * self.statistic * shrinkage - self.penalty
    }

    /// Chance of a statistic at least as large if nothing had changed.
    pub(super) fn p_value(&self) -> f64 {
        beyond_either_side(self.statistic.sqrt())
    }
}

/// The win rate inside the segment moved, nothing else did. `None` with too few deals.
pub(super) fn rate_evidence(
    segment: &CellCounts,
    all: &CellCounts,
    min_deals: u64,
) -> Option<Evidence> {
    let [deals, won, deals_then, won_then] = floats(segment);
    if u64::from(segment.deals.min(segment.baseline_deals)) < min_deals.max(1) {
        return None;
    }
    let pooled = (won + won_then + 0.5) / (deals + deals_then + 1.0);
    let share =
        f64::midpoint(deals / f64::from(all.deals), deals_then / f64::from(all.baseline_deals));
    Some(Evidence {
        kind: CauseKind::Rate,
        statistic: homogeneity([won, deals - won], [won_then, deals_then - won_then]),
        variance: (1.0 / deals + 1.0 / deals_then) / (pooled * (1.0 - pooled)),
        contribution: share * (won / deals - won_then / deals_then),
        penalty: 0.0,
    })
}

/// The segment's share of the deals moved, and its win rate lies so far from that of the others that
/// this matters. `None` where it does not.
///
/// A segment that grew cannot be told by shares from all others having shrunk; what tells them apart
/// is that the others are not expected to have grown or shrunk much.
pub(super) fn mix_evidence(
    segment: &CellCounts,
    all: &CellCounts,
    length_ratio: f64,
) -> Option<Evidence> {
    let [deals, won, deals_then, won_then] = floats(segment);
    let [all_deals, all_won, all_then, all_won_then] = floats(all);
    let (rest, rest_then) = (all_deals - deals, all_then - deals_then);
    if rest < 1.0 || rest_then < 1.0 {
        return None;
    }
    let apart = homogeneity(
        [won + won_then, deals + deals_then - won - won_then],
        [all_won + all_won_then - won - won_then, {
            let others = rest + rest_then;
            others - (all_won + all_won_then - won - won_then)
        }],
    );
    if apart < Z_95 * Z_95 {
        return None;
    }
    let mean_rate = |won: f64, deals: f64, won_then: f64, deals_then: f64| match (deals, deals_then)
    {
        (0.0, _) => won_then / deals_then,
        (_, 0.0) => won / deals,
        _ => f64::midpoint(won / deals, won_then / deals_then),
    };
    let inside = mean_rate(won, deals, won_then, deals_then);
    let outside = mean_rate(all_won - won, rest, all_won_then - won_then, rest_then);
    let (share, share_then) = (deals / all_deals, deals_then / all_then);
    let growth = (rest / rest_then / length_ratio).ln() / ORDINARY_GROWTH;
    Some(Evidence {
        kind: CauseKind::Mix,
        statistic: homogeneity([deals, rest], [deals_then, rest_then]),
        variance: 1.0 / (deals + 0.5) + 1.0 / (deals_then + 0.5) + 1.0 / rest + 1.0 / rest_then,
        contribution: (share - share_then) * (inside - outside),
        penalty: (1.0 + growth * growth).ln(),
    })
}

/// Whether a contribution is large enough to explain a part of a change of `total`.
pub(super) fn matters(evidence: &Evidence, total: f64) -> bool {
    evidence.contribution.abs() >= SMALLEST_PART * total.abs()
}

/// Likelihood-ratio statistic of two pairs of counts having the same proportions (Wilks' G).
pub(super) fn homogeneity(one: [f64; 2], other: [f64; 2]) -> f64 {
    let total = one[0] + one[1] + other[0] + other[1];
    let term = |count: f64, row: f64, column: f64| {
        if count > 0.0 { count * (count * total / (row * column)).ln() } else { 0.0 }
    };
    let (row, other_row) = (one[0] + one[1], other[0] + other[1]);
    let columns = [one[0] + other[0], one[1] + other[1]];
    let sum: f64 = (0..2)
        .map(|side| {
            term(one[side], row, columns[side]) + term(other[side], other_row, columns[side])
        })
        .sum();
    (2.0 * sum).max(0.0)
}

fn floats(counts: &CellCounts) -> [f64; 4] {
    [counts.deals, counts.won, counts.baseline_deals, counts.baseline_won].map(f64::from)
}
