//! Scores, changes of drivers, case mix and pooling against scipy and statsmodels:
//! `reference/drivers_reference.py` made the values.

use std::collections::BTreeMap;

use serde::Deserialize;
use winsight_insight::{
    Cell, DimensionTest, Pool, Share, driver_changes, drivers, heterogeneity, reps,
};
use winsight_model::{Dimension, Money};

use crate::assert_close;

#[derive(Deserialize)]
struct Reference {
    current: Vec<ReferenceCell>,
    baseline: Vec<ReferenceCell>,
    references: Vec<String>,
    scores: Vec<Score>,
    changes: Changes,
    case_mix: CaseMix,
    pooling: Vec<Pooling>,
}

#[derive(Deserialize)]
struct ReferenceCell {
    values: Vec<String>,
    won: u64,
    lost: u64,
    won_cents: i64,
    lost_cents: i64,
}

#[derive(Deserialize)]
struct Score {
    position: usize,
    value: String,
    standardised: f64,
    exposure: f64,
}

#[derive(Deserialize)]
struct Changes {
    tests: Vec<Test>,
    levels: Vec<Level>,
}

#[derive(Deserialize)]
struct Test {
    statistic: f64,
    degrees_of_freedom: usize,
    p_value: f64,
}

#[derive(Deserialize)]
struct Level {
    position: usize,
    value: String,
    coefficient: f64,
    standard_error: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct CaseMix {
    reps: Vec<RepRow>,
    heterogeneity: Spread,
}

#[derive(Deserialize)]
struct RepRow {
    rep: String,
    won: u64,
    deals: u64,
    expected: f64,
    variance: f64,
    shrunken: f64,
    error_of_shrunken: f64,
}

#[derive(Deserialize)]
struct Spread {
    statistic: f64,
    p_value: f64,
    mean: f64,
    variance: f64,
}

#[derive(Deserialize)]
struct Pooling {
    shares: Vec<Share>,
    rates: Vec<PooledReference>,
}

#[derive(Deserialize)]
struct PooledReference {
    share: Share,
    rate: f64,
    low: f64,
    high: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/drivers.json")).expect("valid reference")
}

fn names() -> Vec<Dimension> {
    let name = |name: &&str| Dimension::built_in(name).expect("built in");
    ["region", "lead_source", "rep"].iter().map(name).collect()
}

fn cells(rows: &[ReferenceCell]) -> Vec<Cell> {
    let cell = |row: &ReferenceCell| Cell {
        values: row.values.clone(),
        won: row.won,
        lost: row.lost,
        won_amount: Money::from_cents(row.won_cents.into()),
        lost_amount: Money::from_cents(row.lost_cents.into()),
    };
    rows.iter().map(cell).collect()
}

#[test]
fn scores_match_statsmodels() {
    let reference = reference();
    let analysis = drivers(&cells(&reference.current), &names()).expect("enough deals");
    assert_eq!(analysis.drivers.len(), reference.scores.len());
    for (driver, expected) in analysis.drivers.iter().zip(&reference.scores) {
        assert_eq!(driver.dimension, names()[expected.position]);
        assert_eq!(driver.value, expected.value);
        assert_eq!(driver.reference, reference.references[expected.position]);
        assert_close(driver.standardised, expected.standardised, 1e-6, "standardised");
        assert_close(driver.exposure, expected.exposure, 1e-6, "exposure");
        let score = driver.significant.then(|| expected.standardised.abs() * expected.exposure);
        assert_eq!(driver.wrds.is_some(), score.is_some());
        assert_close(driver.wrds.unwrap_or(0.0), score.unwrap_or(0.0), 1e-6, "wrds");
    }
    let ranked = analysis.ranked();
    assert!(ranked.len() > 1 && ranked.is_sorted_by(|a, b| a.wrds >= b.wrds));
}

#[test]
fn changes_of_drivers_match_statsmodels() {
    let reference = reference();
    let (current, baseline) = (cells(&reference.current), cells(&reference.baseline));
    let found = driver_changes(&current, &baseline, &names()).expect("enough deals");
    for (test, expected) in found.dimensions.iter().zip(&reference.changes.tests) {
        assert_eq!(test.degrees_of_freedom, expected.degrees_of_freedom);
        assert_close(test.statistic, expected.statistic, 1e-6, "likelihood ratio");
        assert_close(test.p_value, expected.p_value, 1e-6, "p");
    }
    assert_eq!(found.changes.len(), reference.changes.levels.len());
    for (change, expected) in found.changes.iter().zip(&reference.changes.levels) {
        assert_eq!(
            (&change.dimension, &change.value),
            (&names()[expected.position], &expected.value)
        );
        assert_close(change.factor.ln(), expected.coefficient, 1e-6, "coefficient");
        let half = (change.interval.high / change.interval.low).ln() / 2.0;
        assert_close(half / 1.959_963_984_540_054, expected.standard_error, 1e-6, "error");
        assert_close(change.p_value, expected.p_value, 1e-6, "Wald p");
    }
    let significant =
        |tests: &[DimensionTest]| tests.iter().map(|test| test.significant).collect::<Vec<_>>();
    assert_eq!(significant(&found.dimensions), [false, true, false]);
    let fallen: Vec<&str> = found
        .changes
        .iter()
        .filter(|change| change.significant)
        .map(|change| change.value.as_str())
        .collect();
    assert_eq!(fallen, ["Outbound"]);

    let analysis = drivers(&current, &names()).expect("enough deals").with_trends(&found);
    let outbound = analysis.drivers.iter().find(|driver| driver.value == "Outbound");
    let outbound = outbound.expect("a level");
    assert_eq!(outbound.trend.as_str(), "worsening");
    let score = outbound.standardised.abs() * outbound.exposure * 1.5;
    assert_close(outbound.wrds.expect("a driver"), score, 1e-12, "the trend counts");
}

#[test]
fn expected_wins_match_statsmodels() {
    let reference = reference().case_mix;
    let current = cells(&self::reference().current);
    let found = reps(&current, &names(), &BTreeMap::new(), 10).expect("enough deals");
    assert_eq!(found.adjusted_for, names()[..2]);
    let by_name: BTreeMap<&str, _> = found.reps.iter().map(|rep| (rep.rep.as_str(), rep)).collect();
    assert_eq!(by_name.len(), reference.reps.len());
    let mut effects = Vec::new();
    for row in &reference.reps {
        let rep = by_name[row.rep.as_str()];
        assert_eq!((rep.share.won, rep.share.deals), (row.won, row.deals));
        assert_close(rep.expected_won, row.expected, 1e-6, "expected");
        let error = row.variance.sqrt() / row.expected;
        let half = found.win_rate * 1.959_963_984_540_054 * error;
        assert_close(rep.limits_95.high - found.win_rate, half, 1e-6, "limit");
        let shrunken = found.win_rate * (1.0 + row.shrunken);
        assert_close(rep.shrunken_win_rate, shrunken, 1e-6, "shrunken");
        let half = found.win_rate * 1.959_963_984_540_054 * row.error_of_shrunken;
        assert_close(rep.shrunken_interval.high - shrunken, half, 1e-6, "its interval");
        effects.push((row.won as f64 / row.expected - 1.0, error * error));
    }
    let spread = heterogeneity(&effects).expect("reps");
    for from in [spread, found.heterogeneity.expect("reps")] {
        assert_close(from.statistic, reference.heterogeneity.statistic, 1e-6, "Q");
        assert_close(from.p_value, reference.heterogeneity.p_value, 1e-6, "p");
        assert_close(from.variance, reference.heterogeneity.variance, 1e-6, "tau squared");
    }
    assert!((spread.mean - reference.heterogeneity.mean).abs() < 1e-6);
}

#[test]
fn pools_match_scipy() {
    for row in reference().pooling {
        let pool = Pool::of(&row.shares).expect("siblings");
        for one in row.rates {
            let found = pool.rate(one.share);
            let name = format!("of {:?} in {:?}", one.share, row.shares);
            assert!((found.rate - one.rate).abs() < 1e-6, "rate {name}");
            assert!((found.interval.low - one.low).abs() < 1e-6, "low {name}");
            assert!((found.interval.high - one.high).abs() < 1e-6, "high {name}");
        }
    }
}
