//! Intervals of the changes of the headline metrics: how often they hold the truth.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{HeadlineChanges, Interval, SegmentPair, headline_changes};
use winsight_model::{Money, Outcome, Segment, Settings, Tally};

/// Deals of skewed amounts and cycles. A deal is won with a chance that falls with its amount, by
/// `steepness`; lost ones take `friction` times as long.
fn window(random: &mut Pcg64Mcg, deals: u32, steepness: f64, friction: f64) -> Tally {
    let amounts = LogNormal::new(10.0, 1.0).expect("valid");
    let cycles = LogNormal::new(4.0, 0.6).expect("valid");
    let mut tally = Tally::default();
    for _ in 0..deals {
        let amount: f64 = amounts.sample(random);
        let chance = 0.5 - steepness * (amount / 100_000.0).min(1.0);
        let won = random.random_bool(chance);
        let length: f64 = cycles.sample(random) * if won { 1.0 } else { friction };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days")]
        let days = length.round() as u32;
        #[expect(clippy::cast_possible_truncation, reason = "some cents")]
        let amount = Money::from_cents((amount * 100.0) as i128);
        let outcome = if won { Outcome::Won } else { Outcome::Lost };
        tally.add(outcome, Some(amount), Some(days));
    }
    tally
}

fn changes(current: Tally, baseline: Tally) -> HeadlineChanges {
    let overall = SegmentPair { segment: Segment::all(), current, baseline };
    headline_changes(&overall, &Settings::default(), 1)
}

#[test]
fn intervals_of_changes_hold_the_truth_as_often_as_they_say() {
    let mut random = Pcg64Mcg::seed_from_u64(12);
    let many = 400_000;
    let truth = changes(window(&mut random, many, 0.3, 1.5), window(&mut random, many, 0.1, 1.2));
    let holds = |interval: Option<Interval>, change: Option<f64>| {
        interval.expect("enough deals").contains(change.expect("enough deals"))
    };
    let trials = 400;
    let (mut rwwr, mut dfi) = (0, 0);
    for _ in 0..trials {
        let found = changes(window(&mut random, 250, 0.3, 1.5), window(&mut random, 200, 0.1, 1.2));
        rwwr += u32::from(holds(found.rwwr.interval, truth.rwwr.change));
        dfi += u32::from(holds(found.dfi.interval, truth.dfi.change));
    }
    // 95%, with three standard errors for the number of trials.
    let (low, high) = (0.95 - 0.033, 0.95 + 0.033);
    let share = |held: u32| f64::from(held) / f64::from(trials);
    assert!((low..=high).contains(&share(rwwr)), "rwwr {}", share(rwwr));
    assert!((low..=high).contains(&share(dfi)), "dfi {}", share(dfi));
}

#[test]
fn what_changed_is_found_and_what_did_not_is_not() {
    let mut random = Pcg64Mcg::seed_from_u64(13);
    let found =
        changes(window(&mut random, 3_000, 0.45, 2.0), window(&mut random, 3_000, 0.0, 1.0));
    assert!(found.rwwr.real && found.rwwr.change < Some(-0.1), "{:?}", found.rwwr);
    assert!(found.dfi.real && found.dfi.change > Some(1.7), "{:?}", found.dfi);
    let quiet = changes(window(&mut random, 3_000, 0.2, 1.2), window(&mut random, 3_000, 0.2, 1.2));
    assert!(!quiet.rwwr.real && !quiet.dfi.real, "{quiet:?}");
}

#[test]
fn too_few_deals_have_no_change() {
    let mut random = Pcg64Mcg::seed_from_u64(14);
    let few = changes(window(&mut random, 9, 0.0, 1.0), window(&mut random, 300, 0.0, 1.0));
    for change in [few.rwwr, few.dfi] {
        assert_eq!((change.change, change.interval, change.real), (None, None, false));
    }
    // Enough for the index, though not to say much of it.
    let some = changes(window(&mut random, 12, 0.0, 1.0), window(&mut random, 300, 0.0, 1.0));
    let interval = some.dfi.interval.expect("three deals on each side");
    assert!(interval.high > 3.0 * interval.low && !some.dfi.real, "{interval:?}");
    // Two won deals do not say how far a third may lie.
    let mut two_won = Tally::default();
    for days in [20, 30] {
        two_won.add(Outcome::Won, None, Some(days));
    }
    for days in 20..40 {
        two_won.add(Outcome::Lost, None, Some(days));
    }
    let unbounded = changes(two_won, window(&mut random, 300, 0.0, 1.0)).dfi;
    assert!(unbounded.change.is_some());
    assert_eq!((unbounded.interval, unbounded.real), (None, false));
}
