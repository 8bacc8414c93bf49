//! The numbers against scipy, statsmodels and known files; properties; the sentences.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod alert_reference;
mod breadth;
mod bridge;
mod causes;
mod decomposition;
mod driver_reference;
mod drivers;
mod estimates;
mod headline;
mod incidents;
mod known_answers;
mod narrative;
mod narrative_monthly;
mod pipeline;
mod pools;
mod properties;
mod quality;
mod reps;
mod simulation;
mod simulations;
mod statistics;
mod survival;
mod told;
mod trend_reference;
mod trends;

use winsight_insight::SegmentPair;
use winsight_model::{Dimension, Money, Outcome, Segment, Tally};

fn segment(dimension: &str, value: &str) -> Segment {
    Segment::of(vec![(Dimension::built_in(dimension).expect("built in"), value.to_owned())])
}

/// Deals of $1,000 that took 30 days to win and 40 to lose.
fn tally(won: u64, lost: u64) -> Tally {
    let mut tally = Tally::default();
    for (outcome, deals, days) in [(Outcome::Won, won, 30), (Outcome::Lost, lost, 40)] {
        for _ in 0..deals {
            tally.add(outcome, Some(Money::from_cents(100_000)), Some(days));
        }
    }
    tally
}

fn pair(segment: Segment, current: (u64, u64), baseline: (u64, u64)) -> SegmentPair {
    SegmentPair {
        segment,
        current: tally(current.0, current.1),
        baseline: tally(baseline.0, baseline.1),
    }
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let scale = expected.abs().max(1e-9);
    assert!(
        (found - expected).abs() <= tolerance * scale.max(1e-3),
        "{what}: found {found}, expected {expected}"
    );
}
