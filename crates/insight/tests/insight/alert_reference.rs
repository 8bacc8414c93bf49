//! The tests that alerts rest on, against scipy: `reference/alerts_reference.py` made the values.

use serde::Deserialize;
use winsight_insight::{Course, DropCounts, Share, anytime_p_value, below_rate_p_value, drop_test};

#[derive(Deserialize)]
struct Reference {
    anytime: Vec<Anytime>,
    below_rate: Vec<BelowRate>,
    drops: Vec<Drop>,
}

#[derive(Deserialize)]
struct Anytime {
    z: f64,
    fraction: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct BelowRate {
    share: (u64, u64),
    rate: f64,
    deals_at_end: f64,
    p_value: f64,
}

type Counts = ((u64, u64), (u64, u64), Option<(u64, u64)>);

#[derive(Deserialize)]
struct Drop {
    segment: Counts,
    rest: Counts,
    course: (u32, u32, u32),
    p_value: f64,
    market: f64,
    season: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/alerts.json")).expect("valid reference")
}

fn share((won, deals): (u64, u64)) -> Share {
    Share { won, deals }
}

fn counts((current, baseline, season): Counts) -> DropCounts {
    DropCounts { current: share(current), baseline: share(baseline), season: season.map(share) }
}

/// To a millionth of the value, however small it is.
fn assert_near(found: f64, expected: f64, what: &str) {
    let difference = (found - expected).abs();
    assert!(difference <= 1e-6 * expected.abs(), "{what}: found {found}, expected {expected}");
}

#[test]
fn a_p_value_holds_at_any_time() {
    for row in reference().anytime {
        let what = format!("{} at {}", row.z, row.fraction);
        assert_near(anytime_p_value(row.z, row.fraction), row.p_value, &what);
    }
}

#[test]
fn a_rate_below_a_threshold() {
    for row in reference().below_rate {
        let found = below_rate_p_value(share(row.share), row.rate, row.deals_at_end);
        assert_near(found, row.p_value, &format!("{:?} below {}", row.share, row.rate));
    }
}

#[test]
fn a_drop_beside_market_and_season() {
    let drops = reference().drops;
    assert!(drops.iter().any(|row| row.p_value < 1e-4) && drops.iter().any(|row| row.season < 0.0));
    for row in drops {
        let (elapsed, days, baseline_days) = row.course;
        let course = Course { elapsed, days, baseline_days };
        let found = drop_test(&counts(row.segment), &counts(row.rest), &course);
        let what = format!("{:?} beside {:?} on {:?}", row.segment, row.rest, row.course);
        assert_near(found.p_value, row.p_value, &what);
        assert_near(found.market, row.market, &what);
        assert_near(found.season, row.season, &what);
    }
}
