//! What must hold for any deals.

use proptest::prelude::*;
use winsight_insight::{
    Cell, DriverError, Interval, SegmentPair, Share, dfi_change_p_value, difference_p_value,
    drivers, gate_changes, headline_changes, metrics, newcombe, rep_spread, segment_change, wilson,
};
use winsight_model::{Dimension, Money, Outcome, Segment, Settings, Tally};

use crate::{pair, segment};

fn any_share(most: u64) -> impl Strategy<Value = Share> {
    (0..=most).prop_flat_map(|deals| (0..=deals).prop_map(move |won| Share { won, deals }))
}

fn any_tally() -> impl Strategy<Value = Tally> {
    let amount = prop_oneof![Just(None), Just(Some(0)), (1_i128..1_000_000_000_000).prop_map(Some)];
    let days = prop_oneof![Just(None), (0_u32..5).prop_map(Some), (0_u32..2_000).prop_map(Some)];
    let deal = (any::<bool>(), amount, days);
    prop::collection::vec(deal, 0..40).prop_map(|deals| {
        let mut tally = Tally::default();
        for (won, cents, days) in deals {
            let outcome = if won { Outcome::Won } else { Outcome::Lost };
            tally.add(outcome, cents.map(Money::from_cents), days);
        }
        tally
    })
}

/// Both given or neither; finite; in order; around the estimate.
fn surrounds(interval: Option<Interval>, estimate: Option<f64>) -> bool {
    match (interval, estimate) {
        (Some(interval), Some(estimate)) => {
            interval.low.is_finite()
                && interval.high.is_finite()
                && interval.low <= estimate + 1e-12
                && estimate - 1e-12 <= interval.high
        }
        (None, estimate) => estimate.is_none_or(f64::is_finite),
        (Some(_), None) => false,
    }
}

fn is_probability(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

proptest! {
    #[test]
    fn metrics_of_any_deals_are_finite_and_inside_their_intervals(tally in any_tally()) {
        for min_deals in [0, 10] {
            let found = metrics(&tally, min_deals);
            prop_assert!(surrounds(found.win_rate_interval, found.win_rate));
            prop_assert!(surrounds(found.rwwr_interval, found.rwwr));
            prop_assert!(surrounds(found.dfi_interval, found.dfi));
            prop_assert!(found.median_cycle_days.is_none_or(f64::is_finite));
            prop_assert_eq!(found.won + found.lost, found.deals);
            prop_assert_eq!(found.enough_data, found.deals >= min_deals);
            let rates = [found.win_rate, found.rwwr];
            prop_assert!(rates.into_iter().flatten().all(is_probability));
            if !found.enough_data {
                prop_assert_eq!([found.win_rate, found.rwwr, found.dfi, found.median_cycle_days], [None; 4]);
            }
        }
    }

    #[test]
    fn comparisons_of_any_deals_are_finite(current in any_tally(), baseline in any_tally()) {
        prop_assert!(is_probability(dfi_change_p_value(&current, &baseline)));
        let pair = SegmentPair { segment: Segment::all(), current, baseline };
        let headline = headline_changes(&pair, &Settings::default(), 13);
        for change in [headline.rwwr, headline.dfi] {
            prop_assert!(surrounds(change.interval, change.change));
            prop_assert!(is_probability(change.p_value));
        }
        for min_deals in [0, 10] {
            let change = segment_change(&pair, min_deals);
            prop_assert!(surrounds(change.interval, change.change));
            prop_assert!(is_probability(change.p_value));
        }
    }

    #[test]
    fn intervals_surround_their_estimate(current in any_share(5_000), baseline in any_share(5_000)) {
        prop_assert!(surrounds(wilson(current.won, current.deals), current.rate()));
        let difference = current.rate().zip(baseline.rate()).map(|(now, then)| now - then);
        prop_assert!(surrounds(newcombe(current, baseline), difference));
        prop_assert!(is_probability(difference_p_value(current, baseline)));
        // The comparison read backwards is the same comparison.
        let backwards = difference_p_value(baseline, current);
        prop_assert!((difference_p_value(current, baseline) - backwards).abs() < 1e-12);
    }

    #[test]
    fn spreads_of_any_reps_are_finite(reps in prop::collection::vec(any_share(60), 0..6)) {
        if let Some(spread) = rep_spread(&reps, 0) {
            prop_assert!(spread.srwv.is_finite());
            prop_assert!(spread.chance_low <= spread.chance_high);
        }
    }

    #[test]
    fn drivers_of_any_cells_are_finite(
        counts in prop::collection::vec(((0_u8..4, 0_u8..4, 0_u8..3), 0_u64..60, 0_u64..60), 0..40),
    ) {
        let cells: Vec<Cell> = counts
            .into_iter()
            .map(|((a, b, c), won, lost)| Cell {
                values: [a, b, c].iter().map(u8::to_string).collect(),
                won,
                lost,
                ..Cell::default()
            })
            .collect();
        let dimensions = &Dimension::known_while_open()[..3];
        match drivers(&cells, dimensions) {
            Ok(analysis) => {
                prop_assert!(analysis.dimensions.iter().all(|test| is_probability(test.p_value)));
                prop_assert!(analysis.dimensions.iter().all(|test| test.statistic.is_finite()));
                for driver in &analysis.drivers {
                    prop_assert!(surrounds(Some(driver.interval), Some(driver.odds_ratio)));
                    prop_assert!(is_probability(driver.p_value));
                    if driver.significant {
                        prop_assert!(!driver.interval.contains(1.0));
                    }
                }
            }
            Err(error) => {
 let misread = matches!(error, DriverError::WrongShape { .. });
 prop_assert!(!misread);
}
        }
    }
}

#[test]
fn the_gate_asks_for_size_evidence_and_enough_deals() {
    let settings = Settings::default();
    let quiet = |index: usize| pair(segment("rep", &format!("rep {index}")), (50, 50), (51, 49));
    let mut pairs: Vec<SegmentPair> = (0..20).map(quiet).collect();
    pairs.push(pair(segment("region", "collapsed"), (40, 160), (110, 90)));
    pairs.push(pair(segment("region", "rose"), (160, 40), (90, 110)));
    pairs.push(pair(segment("region", "tiny"), (0, 9), (9, 0)));
    pairs.push(pair(segment("region", "small but sure"), (48_000, 52_000), (52_000, 48_000)));
    let gated = gate_changes(&pairs, &settings, 13);
    let real: Vec<String> = gated
        .iter()
        .filter(|gated| gated.real)
        .map(|gated| gated.change.segment.value_label())
        .collect();
    assert_eq!(real, ["collapsed", "rose"]);
    assert!(gated.iter().all(|gated| (gated.adjusted_level - 0.05 / 3.0 / 13.0).abs() < 1e-15));
    assert!(!gated[22].change.enough_data && gated[22].change.change.is_none());

    let alone = [pair(segment("region", "moderate"), (80, 120), (110, 90))];
    assert!(gate_changes(&alone, &settings, 1)[0].real);
    assert!(!gate_changes(&alone, &settings, 91)[0].real, "more looks ask for more evidence");
}
