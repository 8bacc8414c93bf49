//! Scenario files: the default one, moved ones, and bad ones.

use jiff::civil::date;
use serde::Deserialize;
use winsight_simulate::{Scenario, SimulateError};

use crate::written::{edited, tidy_scenario, write};

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

/// A change to the default scenario, and what the message about it must contain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    replace: String,
    with: String,
    says: Vec<String>,
}

#[test]
fn a_bad_scenario_says_what_is_wrong_with_it() {
    let cases: Cases = toml::from_str(include_str!("bad_scenarios.toml")).unwrap();
    for Case { replace, with, says } in cases.case {
        let refused = Scenario::from_toml(&edited(&[(&replace, &with)]));
        let Err(error) = refused else {
            panic!("accepted: {with}");
        };
        let message = error.to_string();
        for words in says.iter().map(String::as_str).chain(["hint:"]) {
            assert!(message.contains(words), "{with}: expected {words:?} in\n{message}");
        }
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let text = edited(&[
        ("reps = 30", "reps = 0"),
        ("blank_region = 0.02", "blank_region = 2"),
        ("size = 2.0", "size = 20"),
    ]);
    let Err(SimulateError::ScenarioContent(problems)) = Scenario::from_toml(&text) else {
        panic!("accepted");
    };
    for key in ["people.reps", "mess.blank_region", "incident 3 (cycle)"] {
        assert!(problems.iter().any(|problem| problem.contains(key)), "{key}: {problems:?}");
    }
}

#[test]
fn the_default_scenario_spans_two_and_a_half_years() {
    let scenario = Scenario::default_scenario();
    assert_eq!((scenario.starts(), scenario.ends()), (date(2024, 1, 1), date(2026, 6, 30)));
    assert_eq!(Scenario::from_toml(Scenario::DEFAULT_TOML).unwrap(), scenario);
    assert_ne!(Scenario::quiet(), scenario);
}

#[test]
fn a_moved_scenario_moves_its_incidents() {
    let ends = date(2024, 12, 31);
    let moved = Scenario::default_scenario().ending(ends).unwrap();
    let written = write(2_000, 1, &moved);
    let truth = &written.truth;
    assert_eq!((truth.starts, truth.ends), (date(2022, 7, 4), ends));
    let enterprise = &truth.incidents[0];
    assert_eq!((enterprise.from, enterprise.to), (date(2024, 10, 2), ends));
    assert!(written.closed().all(|(_, closed)| closed <= ends));
    assert!(Scenario::default_scenario().ending(date(1800, 1, 1)).is_err());
}

#[test]
fn companies_of_one_deal_work() {
    let scenario = tidy_scenario("");
    for seed in 0..50 {
        let written = write(1, seed, &scenario);
        assert_eq!(written.deals.len(), 1);
        assert_eq!(written.truth.totals.deals, 1);
    }
}
