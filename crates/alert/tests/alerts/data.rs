//! Tallies, segments and observations to test with.

use std::collections::BTreeMap;

use jiff::civil::date;
use winsight_alert::{Observation, Sequence, SequenceLook};
use winsight_insight::SegmentPair;
use winsight_model::{DataVersion, Dimension, Money, Outcome, Segment, Tally, Window};

/// Second quarter of 2024.
pub(crate) const QUARTER: Window = Window { from: date(2024, 4, 1), to: date(2024, 7, 1) };
/// First quarter of 2024.
pub(crate) const QUARTER_BEFORE: Window = Window { from: date(2024, 1, 1), to: date(2024, 4, 1) };

pub(crate) fn dollars(units: i128) -> Money {
    Money::from_cents(units * 100)
}

pub(crate) fn segment(dimension: &str, value: &str) -> Segment {
    Segment::of(vec![(Dimension::built_in(dimension).expect("built in"), value.to_owned())])
}

/// Deals of one amount; won deals take `won_days` and lost deals `lost_days`, one day more or less.
pub(crate) fn tally(
    (won, won_days): (u64, u32),
    (lost, lost_days): (u64, u32),
    amount: Option<Money>,
) -> Tally {
    let mut tally = Tally::default();
    let sides = [(Outcome::Won, won, won_days), (Outcome::Lost, lost, lost_days)];
    for (outcome, deals, days) in sides {
        for (_, off) in (0..deals).zip([0, 1, 2].into_iter().cycle()) {
            tally.add(outcome, amount, Some(days + off - 1));
        }
    }
    tally
}

/// Won and lost deals of 60,000 dollars.
pub(crate) fn shares((won, lost): (u64, u64)) -> Tally {
    tally((won, 40), (lost, 40), Some(dollars(60_000)))
}

pub(crate) fn pair(segment: Segment, current: Tally, baseline: Tally) -> SegmentPair {
    SegmentPair { segment, current, baseline }
}

/// Every pair together, and each deal in no other segment.
pub(crate) fn overall(pairs: &[SegmentPair]) -> SegmentPair {
    let mut all = pair(Segment::all(), Tally::default(), Tally::default());
    for pair in pairs {
        all.current.merge(&pair.current);
        all.baseline.merge(&pair.baseline);
    }
    all
}

/// The last look of the second quarter of 2024, against the first; it has the whole budget.
pub(crate) fn quarter(pairs: &[SegmentPair], overall: &SegmentPair) -> SequenceLook {
    let sequence = Sequence {
        window: QUARTER,
        ends: QUARTER.to,
        baseline: QUARTER_BEFORE,
        season: None,
        share: 1.0,
    };
    let (overall, pairs) = (overall.clone(), pairs.to_vec());
    SequenceLook { sequence, overall, pairs, seasons: BTreeMap::new() }
}

/// What `pairs` look like at the last look of the second quarter of 2024.
pub(crate) fn observe<'a>(
    pairs: &'a [SegmentPair],
    overall: &'a SegmentPair,
    open_amounts: &'a BTreeMap<Segment, Money>,
) -> Observation<'a> {
    Observation {
        sequences: Box::leak(Box::new([quarter(pairs, overall)])),
        window: QUARTER,
        baseline_window: QUARTER_BEFORE,
        pairs,
        overall,
        open_amounts,
        currency: "USD",
        data_version: DataVersion(7),
        live: &[],
    }
}
