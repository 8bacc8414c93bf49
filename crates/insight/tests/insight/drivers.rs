//! Drivers: found where planted, not where not, and never an infinite odds ratio.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{Cell, DriverAnalysis, DriverError, drivers};
use winsight_model::Dimension;

fn dimensions(names: &[&str]) -> Vec<Dimension> {
    names.iter().map(|name| Dimension::built_in(name).expect("built in")).collect()
}

fn cell(values: &[&str], won: u64, lost: u64) -> Cell {
    Cell {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        won,
        lost,
        ..Cell::default()
    }
}

fn significant(analysis: &DriverAnalysis) -> Vec<&str> {
    let tests = analysis.dimensions.iter().filter(|test| test.significant);
    tests.map(|test| test.dimension.as_str()).collect()
}

/// One deal per cell, its values drawn evenly, won with the chance that `chance` gives them.
fn draw(
    random: &mut Pcg64Mcg,
    deals: usize,
    levels: &[usize],
    chance: impl Fn(&[usize]) -> f64,
) -> Vec<Cell> {
    (0..deals)
        .map(|_| {
            let drawn: Vec<usize> =
                levels.iter().map(|&levels| random.random_range(0..levels)).collect();
            let won = random.random_bool(chance(&drawn));
            Cell {
                values: drawn.iter().map(|level| format!("level {level:02}")).collect(),
                won: u64::from(won),
                lost: u64::from(!won),
                ..Cell::default()
            }
        })
        .collect()
}

#[test]
fn a_planted_driver_is_found_and_only_that() {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let names = dimensions(&["region", "lead_source", "rep"]);
    let cells =
        draw(&mut random, 3_000, &[4, 5, 20], |drawn| if drawn[1] == 2 { 0.3 } else { 0.5 });
    let analysis = drivers(&cells, &names).expect("enough deals");
    assert_eq!(significant(&analysis), ["lead_source"]);
    let reported: Vec<_> = analysis.drivers.iter().filter(|driver| driver.significant).collect();
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].value, "level 02");
    let planted = (0.3_f64 / 0.7) / (0.5 / 0.5);
    let standard_error = (reported[0].interval.high / reported[0].interval.low).ln() / (2.0 * 1.96);
    let error = (reported[0].odds_ratio / planted).ln() / standard_error;
    assert!(error.abs() < 3.0, "{error} standard errors off: {:?}", reported[0]);
    assert!(reported[0].interval.high < 1.0);
}

/// With barely five won deals per coefficient, where likelihood-ratio tests are worst.
#[test]
fn noise_is_seldom_a_driver() {
    let mut random = Pcg64Mcg::seed_from_u64(2);
    let names = dimensions(&["region", "lead_source", "rep"]);
    let trials = 300;
    let (mut tested, mut found) = (0, 0);
    for _ in 0..trials {
        let cells = draw(&mut random, 800, &[4, 5, 20], |_| 0.2);
        let analysis = drivers(&cells, &names).expect("enough deals");
        tested += u32::from(analysis.dimensions.iter().all(|test| test.untested.is_none()));
        found += u32::from(!significant(&analysis).is_empty());
    }
    assert!(tested > trials * 9 / 10, "{tested} of {trials} analyses tested every dimension");
    assert!(found < trials * 9 / 100, "{found} of {trials} analyses found a driver in noise");
}

/// With one dimension the maximum is known in closed form: odds ratios are those of the counts.
#[test]
fn one_dimension_gives_the_odds_ratios_of_the_counts() {
    let counts: [(&str, u32, u32); 4] =
        [("a", 4_000, 3_000), ("b", 11, 2_900), ("c", 610, 17), ("d", 25, 26)];
    let cells: Vec<Cell> =
        counts.iter().map(|&(name, won, lost)| cell(&[name], won.into(), lost.into())).collect();
    let analysis = drivers(&cells, &dimensions(&["region"])).expect("enough deals");
    assert_eq!(analysis.drivers.len(), 3);
    for (driver, &(name, won, lost)) in analysis.drivers.iter().zip(&counts[1..]) {
        assert_eq!((driver.value.as_str(), driver.reference.as_str()), (name, "a"));
        let expected = (f64::from(won) / f64::from(lost)) / (4_000.0 / 3_000.0);
        let error = driver.odds_ratio / expected - 1.0;
        assert!(error.abs() < 1e-10, "{name}: {error}");
        let variance = (1.0 / f64::from(won) + 1.0 / f64::from(lost)) + (1.0 / 4e3 + 1.0 / 3e3);
        let half = (driver.interval.high / driver.interval.low).ln() / 2.0;
        let error = half / (1.959_963_984_540_054 * variance.sqrt()) - 1.0;
        assert!(error.abs() < 1e-9, "{name}: {error}");
    }
}

#[test]
fn a_rep_and_its_team_are_tested_without_each_other() {
    let mut random = Pcg64Mcg::seed_from_u64(3);
    let names = dimensions(&["rep", "team", "region"]);
    let mut cells =
        draw(&mut random, 4_000, &[12, 1, 3], |drawn| if drawn[0] < 4 { 0.3 } else { 0.55 });
    for cell in &mut cells {
        let in_first_team = cell.values[0].as_str() < "level 04";
        cell.values[1] = if in_first_team { "first" } else { "second" }.to_owned();
    }
    let analysis = drivers(&cells, &names).expect("enough deals");
    assert_eq!(significant(&analysis), ["rep", "team"]);
    let freedom: Vec<usize> =
        analysis.dimensions.iter().map(|test| test.degrees_of_freedom).collect();
    assert_eq!(freedom, [11, 1, 2]);
    assert_eq!(analysis.drivers.len(), 11 + 1 + 2, "nothing is an alias");
    assert!(analysis.dropped.is_empty());
}

#[test]
fn levels_that_coincide_are_dropped_once() {
    let names = dimensions(&["industry", "product"]);
    let cells = [
        cell(&["SaaS", "Core"], 40, 50),
        cell(&["SaaS", "Pro"], 45, 40),
        cell(&["Retail", "Core"], 30, 30),
        cell(&["Retail", "Pro"], 22, 35),
        cell(&["(none)", "(none)"], 20, 30),
    ];
    let analysis = drivers(&cells, &names).expect("enough deals");
    let dropped: Vec<(&str, &str)> = analysis
        .dropped
        .iter()
        .map(|level| (level.dimension.as_str(), level.value.as_str()))
        .collect();
    assert_eq!(dropped, [("product", "(none)")]);
    assert_eq!(analysis.dimensions[0].degrees_of_freedom, 1);
    assert_eq!(analysis.dimensions[1].degrees_of_freedom, 1);
}

#[test]
fn a_level_without_wins_has_no_odds_ratio_but_counts_in_the_test() {
    let names = dimensions(&["region", "lead_source"]);
    let cells = [
        cell(&["Europe", "Inbound"], 60, 60),
        cell(&["Europe", "Event"], 0, 30),
        cell(&["India", "Inbound"], 55, 60),
        cell(&["India", "Event"], 0, 25),
    ];
    let analysis = drivers(&cells, &names).expect("enough deals");
    assert_eq!(significant(&analysis), ["lead_source"]);
    assert_eq!(analysis.dropped.len(), 1);
    assert_eq!(analysis.dropped[0].value, "Event");
    assert_eq!(analysis.dropped[0].reason, "all its deals were lost");
    assert!(analysis.drivers.iter().all(|driver| driver.odds_ratio.is_finite()));
    // A level that only ever lost is never what others are compared with, however large.
    let cells = [
        cell(&["Europe", "a"], 0, 500),
        cell(&["India", "a"], 60, 60),
        cell(&["Asia", "a"], 50, 70),
    ];
    let analysis = drivers(&cells, &names).expect("enough deals");
    assert!(analysis.drivers.iter().all(|driver| driver.reference != "Europe"));
    assert_eq!(analysis.dimensions[1].untested.as_deref(), Some("all deals have the same value"));
}

#[test]
fn rare_levels_are_pooled() {
    let names = dimensions(&["region"]);
    let cells = [
        cell(&["Europe"], 60, 60),
        cell(&["Peru"], 4, 5),
        cell(&["Chile"], 5, 4),
        cell(&["India"], 5, 5),
    ];
    let analysis = drivers(&cells, &names).expect("enough deals");
    let values: Vec<&str> = analysis.drivers.iter().map(|driver| driver.value.as_str()).collect();
    assert_eq!(values, ["(other)", "India"]);
    assert!((analysis.drivers[0].odds_ratio - 1.0).abs() < 1e-9);
}

#[test]
fn the_dimension_with_most_values_gives_way_when_deals_are_few() {
    let mut random = Pcg64Mcg::seed_from_u64(4);
    let names = dimensions(&["region", "rep"]);
    let cells = draw(&mut random, 300, &[3, 20], |_| 0.2);
    let analysis = drivers(&cells, &names).expect("enough deals for regions");
    assert_eq!(analysis.dimensions[0].untested, None);
    let reason = analysis.dimensions[1].untested.as_deref();
    assert_eq!(reason, Some("it has too many values for the number of deals"));
    assert!(analysis.drivers.iter().all(|driver| driver.dimension.as_str() == "region"));
}

#[test]
fn the_order_of_cells_does_not_matter() {
    let mut random = Pcg64Mcg::seed_from_u64(5);
    let names = dimensions(&["region", "lead_source"]);
    let mut cells = draw(&mut random, 800, &[3, 4], |_| 0.5);
    let analysis = drivers(&cells, &names);
    cells.reverse();
    assert_eq!(drivers(&cells, &names), analysis);
}

#[test]
fn what_cannot_be_analysed_says_why() {
    let names = dimensions(&["region"]);
    for (cells, message) in [
        (vec![], "no closed deals in the window; widen it"),
        (vec![cell(&["Europe"], 0, 0)], "no closed deals in the window; widen it"),
        (
            vec![cell(&["Europe"], 12, 0), cell(&["India"], 9, 0)],
            "all 21 deals in the window ended alike, so nothing tells them apart; widen it",
        ),
        (
            vec![cell(&["Europe"], 4, 20), cell(&["India"], 3, 20)],
            "the rarer outcome has too few deals (7) for so many values (2); widen the window or use fewer dimensions",
        ),
        (
            vec![cell(&["Europe", "SaaS"], 4, 20)],
            "a cell has 2 values for 1 dimensions; give every cell one value each",
        ),
    ] {
        let error: DriverError = drivers(&cells, &names).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_is_known_only_afterwards_explains_nothing() {
    let error = drivers(&[cell(&["Fast"], 20, 20)], &dimensions(&["cycle_bucket"]));
    assert_eq!(
        error.expect_err("part of the outcome").to_string(),
        "cycle_bucket is known only once a deal has closed, so it cannot explain how it ended; leave it out"
    );
    // A field that was filled in when the deals were won.
    let cells = [
        cell(&["Europe", "(none)"], 1, 150),
        cell(&["India", "(none)"], 1, 140),
        cell(&["Europe", "signed"], 120, 0),
        cell(&["India", "signed"], 130, 1),
    ];
    let analysis = drivers(&cells, &dimensions(&["region", "product"])).expect("enough deals");
    assert_eq!(
        analysis.dimensions[1].untested.as_deref(),
        Some("it tells nearly every outcome, and so was probably filled in when the deals closed")
    );
    assert!(significant(&analysis).is_empty() && analysis.ranked().is_empty());
}

#[test]
fn a_thousand_values_are_an_answer_too() {
    let mut random = Pcg64Mcg::seed_from_u64(6);
    let names = dimensions(&["region", "rep"]);
    for (deals, tested) in [(3_000, true), (40_000, false)] {
        let cells = draw(&mut random, deals, &[3, 1_000], |_| 0.5);
        let analysis = drivers(&cells, &names).expect("enough deals");
        assert_eq!(analysis.dimensions[0].untested, None);
        // With three deals each the reps are pooled, or left out: never told apart by chance.
        assert!(!tested || analysis.drivers.len() < 50, "{}", analysis.drivers.len());
        let finite = |driver: &winsight_insight::Driver| {
            driver.odds_ratio.is_finite() && driver.interval.high.is_finite()
        };
        assert!(analysis.drivers.iter().all(finite));
    }
}

#[test]
fn windows_that_cannot_be_compared_say_why() {
    use winsight_insight::driver_changes;
    let names = dimensions(&["region"]);
    let some = [cell(&["Europe"], 60, 60), cell(&["India"], 50, 70)];
    for (baseline, message) in [
        (vec![], "in the baseline: no closed deals in the window; widen it"),
        (
            vec![cell(&["Europe"], 9, 0)],
            "in the baseline: all 9 deals in the window ended alike, so nothing tells them apart; widen it",
        ),
    ] {
        let error = driver_changes(&some, &baseline, &names).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    // The same deals in both windows: nothing changed. Other regions in both: nothing to compare.
    let unchanged = driver_changes(&some, &some, &names).expect("enough deals");
    assert!(unchanged.changes.iter().all(|change| (change.factor - 1.0).abs() < 1e-6));
    let elsewhere = [cell(&["Chile"], 60, 60), cell(&["Peru"], 50, 70)];
    let other = driver_changes(&some, &elsewhere, &names).expect("enough deals");
    assert!(other.changes.is_empty() && other.dropped.iter().all(|level| !level.reason.is_empty()));
}
