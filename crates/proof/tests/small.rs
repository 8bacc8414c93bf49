//! `make alert-proof` in small: coarse bounds on few companies, so that a mistake shows early.

use winsight_model::Settings;
use winsight_proof::{Drop, Scenario, Target, score};

const COMPANIES: u32 = 40;

#[test]
fn quiet_where_nothing_happens() {
    let none = Scenario::default();
    for scenario in [none, Scenario { season: true, turnover: true, mix: true, late: true, ..none }]
    {
        let score = score(&scenario, COMPANIES, 0, &Settings::default());
        assert_eq!(score.companies, COMPANIES);
        assert!(score.engine.any <= 6, "{} of {COMPANIES} alerted", score.engine.any);
        assert!(score.five_points.any > COMPANIES * 9 / 10);
    }
}

#[test]
fn a_large_drop_is_found_within_the_quarter() {
    let drop = Drop { target: Target::LargeRegion, by: 0.20, day: 0 };
    let scenario = Scenario { drop: Some(drop), ..Scenario::default() };
    let score = score(&scenario, COMPANIES, 0, &Settings::default());
    let found = score.engine.days.len();
    assert!(found >= COMPANIES as usize * 9 / 10, "{found} of {COMPANIES} found");
    let median = score.engine.days[found / 2];
    assert!(median < 70, "found after {median} days");
    assert_eq!(score, winsight_proof::score(&scenario, COMPANIES, 0, &Settings::default()));
}
