//! How often each way of looking names the planted segment.

use statrs::distribution::{ContinuousCDF, Normal};
use winsight_insight::CauseKind;
use winsight_model::{CellCounts, CellTable};

use super::adtributor::adtributor;
use super::company::{Incident, holds, plant};
use super::rankings::{Parts, SEARCH, by_contribution, by_largest_drop, by_likelihood};

/// Names of the ways that are compared.
pub(crate) const WAYS: [&str; 5] = [
    "Winsight",
    "largest drop",
    "largest contribution",
    "Adtributor",
    "Adtributor, combinations as dimensions",
];

/// What came of one incident.
pub(crate) struct Outcome {
    pub(crate) kind: CauseKind,
    /// Attributes of the planted segment.
    pub(crate) dimensions: usize,
    /// Whether the effect is there to be seen: the planted segment's own statistic lies beyond the
    /// bound for everything that was tested. A shift of the mix must be seen twice, in the segment's
    /// share and in the difference of its win rate that makes it matter.
    pub(crate) detectable: bool,
    /// For each way the rank of the planted segment, from 0; `None` beyond the third.
    pub(crate) ranks: [Option<usize>; 5],
    /// What Winsight named first.
    pub(crate) first: Option<Parts>,
    pub(crate) segment: Parts,
}

/// Plants incident number `seed` and looks for it in every way.
pub(crate) fn examine(seed: u64) -> Outcome {
    let kind = if seed.is_multiple_of(2) { CauseKind::Rate } else { CauseKind::Mix };
    let incident = plant(seed, kind);
    let (found, tested) = by_likelihood(&incident.table);
    let detectable = is_detectable(&incident, tested);
    let (table, planted) = (&incident.table, &incident.segment);
    let rank = |named: &[Parts]| named.iter().position(|parts| same_deals(table, parts, planted));
    // A set of elements counts as right when the segment is in it, which is generous.
    let rank_of_sets = |sets: Vec<Vec<Parts>>| {
        sets.iter().position(|set| set.iter().any(|parts| same_deals(table, parts, planted)))
    };
    let ranks = [
        rank(&found),
        rank(&by_largest_drop(table)),
        rank(&by_contribution(table)),
        rank_of_sets(adtributor(table, false)),
        rank_of_sets(adtributor(table, true)),
    ];
    Outcome {
        kind,
        dimensions: planted.len(),
        detectable,
        ranks,
        first: found.into_iter().next(),
        segment: incident.segment,
    }
}

fn is_detectable(incident: &Incident, tested: usize) -> bool {
    let (inside, all) = incident.counts();
    let chance = SEARCH.level / tested.max(1) as f64;
    let bound = Normal::standard().inverse_cdf(1.0 - chance / 2.0);
    let [won, deals, won_then, deals_then] = floats(&inside);
    let [all_won, all_deals, all_won_then, all_deals_then] = floats(&all);
    if deals.min(deals_then) < 10.0 || deals + deals_then < (all_deals + all_deals_then) / 1_000.0 {
        return false;
    }
    match incident.kind {
        CauseKind::Rate => z(won, deals, won_then, deals_then) > bound,
        CauseKind::Mix => {
            let share = z(deals, all_deals, deals_then, all_deals_then);
            let (inside_won, inside) = (won + won_then, deals + deals_then);
            let outside_won = all_won + all_won_then - inside_won;
            let outside = all_deals + all_deals_then - inside;
            share > bound && z(inside_won, inside, outside_won, outside) > bound
        }
    }
}

/// The z-test with pooled variance of two proportions.
fn z(part: f64, whole: f64, part_then: f64, whole_then: f64) -> f64 {
    let pooled = (part + part_then) / (whole + whole_then);
    let variance = pooled * (1.0 - pooled) * (1.0 / whole + 1.0 / whole_then);
    if variance > 0.0 {
        (part / whole - part_then / whole_then).abs() / variance.sqrt()
    } else {
        0.0
    }
}

fn floats(counts: &CellCounts) -> [f64; 4] {
    [counts.won, counts.deals, counts.baseline_won, counts.baseline_deals].map(f64::from)
}

/// Whether two segments are the same deals: a rep's deals are also those of the rep in her team.
fn same_deals(table: &CellTable, one: &Parts, other: &Parts) -> bool {
    one == other
        || (0..table.counts().len())
            .all(|cell| holds(table, one, cell) == holds(table, other, cell))
}
