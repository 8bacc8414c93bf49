//! Reps: nobody is ranked on luck or on the deals they were given.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{Cell, FunnelPosition, RepAnalysis, reps, rolled_up};
use winsight_model::{Dimension, Segment, Tally};

use crate::estimates::shrunken_reps;

fn dimensions() -> Vec<Dimension> {
    ["lead_source", "rep"].map(|name| Dimension::built_in(name).expect("built in")).to_vec()
}

/// Reps with so many deals each, the later of them mostly from the harder source; a deal is won with
/// the chance of its source, plus what `skill` gives its rep.
fn company(seed: u64, deals: u32, skill: impl Fn(usize) -> f64) -> RepAnalysis {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut cells: BTreeMap<(usize, bool), (u64, u64)> = BTreeMap::new();
    for rep in 0..20 {
        for _ in 0..deals {
            let hard = random.random_bool(0.1 + 0.04 * rep as f64);
            let won = random.random_bool(if hard { 0.25 } else { 0.6 } + skill(rep));
            let cell = cells.entry((rep, hard)).or_default();
            *(if won { &mut cell.0 } else { &mut cell.1 }) += 1;
        }
    }
    let cell = |((rep, hard), (won, lost)): ((usize, bool), (u64, u64))| Cell {
        values: vec![if hard { "Outbound" } else { "Inbound" }.to_owned(), format!("rep {rep:02}")],
        won,
        lost,
        ..Cell::default()
    };
    let cells: Vec<Cell> = cells.into_iter().map(cell).collect();
    reps(&cells, &dimensions(), &BTreeMap::new(), 10).expect("enough deals")
}

#[test]
fn reps_who_were_given_harder_deals_are_not_ranked_below_others() {
    let trials: u32 = 120;
    let (mut plain, mut ranked, mut outside) = (0, 0, 0);
    for seed in 0..trials {
        let found = company(seed.into(), 120, |_| 0.0);
        plain += u32::from(found.spread.is_some_and(|spread| !spread.within_chance));
        ranked += u32::from(found.ranked);
        outside += found.reps.iter().filter(|rep| rep.position != FunnelPosition::Inside).count();
    }
    assert!(plain > trials * 9 / 10, "win rates alone differ in {plain} of {trials}");
    assert!(ranked <= trials / 9, "ranked in {ranked} of {trials}");
    assert!(outside <= 8, "{outside} of {} outside limits that hold 99.8%", trials * 20);
}

#[test]
fn a_rep_who_wins_more_than_expected_is_found() {
    let found = company(99, 300, |rep| if rep == 17 { 0.22 } else { 0.0 });
    assert!(found.ranked);
    let best = &found.reps[0];
    assert_eq!((best.rep.as_str(), best.position), ("rep 17", FunnelPosition::Above));
    assert!(best.share.rate() < Some(0.6), "though its deals were hard");
    assert!(best.shrunken_win_rate < best.adjusted_win_rate, "some of it may be luck");
    assert!(best.shrunken_interval.contains(best.shrunken_win_rate));
    assert!(
        best.limits_998.high > best.limits_95.high && best.limits_95.high < best.adjusted_win_rate
    );
}

#[test]
fn shrunken_intervals_hold_whether_reps_differ_or_not() {
    for (deals, spread) in [(30, 0.0), (100, 0.1), (100, 0.4)] {
        let held = shrunken_reps(deals, spread, 40, 57);
        assert!(held.of == 800 && held.share() > 0.92, "{deals} deals, {spread}: {held:?}");
    }
}

#[test]
fn small_segments_roll_up_to_the_nearest_parent() {
    let part =
        |name: &str, value: &str| (Dimension::built_in(name).expect("built in"), value.to_owned());
    let segment = Segment::of(vec![part("region", "Europe"), part("rep", "Ann")]);
    let europe = Segment::of(vec![part("region", "Europe")]);
    let deals = |wanted: &Segment| match wanted.parts().len() {
        0 => 500,
        1 => 40,
        _ => 6,
    };
    assert_eq!(rolled_up(&segment, 5, deals), segment);
    assert_eq!(rolled_up(&segment, 10, deals), europe);
    assert_eq!(rolled_up(&segment, 41, deals), Segment::all());
    assert_eq!(rolled_up(&segment, 501, deals), Segment::all());
}

#[test]
fn what_cannot_be_said_of_reps_says_why() {
    let cell = |rep: &str, won, lost| Cell {
        values: vec!["Inbound".to_owned(), rep.to_owned()],
        won,
        lost,
        ..Cell::default()
    };
    let none: BTreeMap<String, Tally> = BTreeMap::new();
    for (cells, message) in [
        (vec![], "no closed deals in the window; widen it"),
        (
            vec![cell("Ann", 20, 0)],
            "all 20 deals in the window ended alike, so nothing tells them apart; widen it",
        ),
    ] {
        let error = reps(&cells, &dimensions(), &none, 10).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    let one = reps(&[cell("Ann", 20, 20)], &dimensions(), &none, 10).expect("deals");
    assert_eq!((one.reps.len(), one.ranked), (1, false));
    assert!(one.heterogeneity.is_none() && one.spread.is_none());
    let few = [cell("Ann", 20, 20), cell("Bo", 1, 2)];
    let few = reps(&few, &dimensions(), &none, 10).expect("deals");
    assert_eq!((few.reps.len(), few.with_few_deals), (1, 1));
}
