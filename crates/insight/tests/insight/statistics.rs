//! Against scipy and statsmodels: `reference/statistics_reference.py` made the values.

use serde::Deserialize;
use winsight_insight::{
    Cell, Share, below_p_value, benjamini_hochberg, detectable_drop, difference_p_value, drivers,
    newcombe, wilson,
};
use winsight_model::Dimension;

use crate::assert_close;

#[derive(Deserialize)]
struct Reference {
    wilson: Vec<Wilson>,
    differences: Vec<Difference>,
    below: Vec<Below>,
    detectable: Vec<Detectable>,
    multiplicity: Vec<Multiplicity>,
    logistic: Logistic,
}

#[derive(Deserialize)]
struct Wilson {
    won: u64,
    deals: u64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Difference {
    current: (u64, u64),
    baseline: (u64, u64),
    low: f64,
    high: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Below {
    won: u64,
    deals: u64,
    threshold: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Detectable {
    current: u64,
    baseline: u64,
    rate: f64,
    level: f64,
    drop: f64,
}

#[derive(Deserialize)]
struct Multiplicity {
    p_values: Vec<f64>,
    level: f64,
    rejected: Vec<bool>,
}

#[derive(Deserialize)]
struct Logistic {
    dimensions: Vec<String>,
    cells: Vec<ReferenceCell>,
    levels: Vec<Level>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct ReferenceCell {
    values: Vec<String>,
    won: u64,
    lost: u64,
}

#[derive(Deserialize)]
struct Level {
    dimension: String,
    value: String,
    reference: String,
    coefficient: f64,
    standard_error: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Test {
    dimension: String,
    statistic: f64,
    degrees_of_freedom: usize,
    p_value: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/statistics.json")).expect("valid reference")
}

fn share((won, deals): (u64, u64)) -> Share {
    Share { won, deals }
}

#[test]
fn wilson_intervals_match_statsmodels() {
    for row in reference().wilson {
        let interval = wilson(row.won, row.deals).expect("deals");
        assert_close(interval.low, row.low, 1e-6, "low");
        assert_close(interval.high, row.high, 1e-6, "high");
    }
}

#[test]
fn differences_match_statsmodels() {
    for row in reference().differences {
        let (current, baseline) = (share(row.current), share(row.baseline));
        let interval = newcombe(current, baseline).expect("deals");
        assert_close(interval.low, row.low, 1e-6, "low");
        assert_close(interval.high, row.high, 1e-6, "high");
        assert_close(difference_p_value(current, baseline), row.p_value, 1e-6, "p");
    }
}

#[test]
fn score_tests_match_statsmodels() {
    for row in reference().below {
        let p_value = below_p_value(share((row.won, row.deals)), row.threshold);
        assert_close(p_value, row.p_value, 1e-6, "p");
    }
}

#[test]
fn detectable_drops_match_scipy() {
    for row in reference().detectable {
        let drop = detectable_drop(row.current, row.baseline, row.rate, row.level);
        assert_close(drop.expect("detectable"), row.drop, 1e-6, "drop");
    }
    assert_eq!(detectable_drop(5, 5, 0.2, 0.001), None, "not even a collapse would show");
    assert_eq!(detectable_drop(0, 500, 0.5, 0.05), None);
}

#[test]
fn rejections_match_statsmodels() {
    for row in reference().multiplicity {
        assert_eq!(benjamini_hochberg(&row.p_values, row.level), row.rejected);
    }
    assert!(benjamini_hochberg(&[], 0.05).is_empty());
}

#[test]
fn logistic_regression_matches_statsmodels() {
    let reference = reference().logistic;
    let dimensions: Vec<Dimension> =
        reference.dimensions.iter().map(|name| Dimension::built_in(name).expect("known")).collect();
    let cells: Vec<Cell> = reference
        .cells
        .into_iter()
        .map(|cell| Cell { values: cell.values, won: cell.won, lost: cell.lost, ..Cell::default() })
        .collect();
    let analysis = drivers(&cells, &dimensions).expect("enough deals");

    assert_eq!(analysis.drivers.len(), reference.levels.len());
    for (found, expected) in analysis.drivers.iter().zip(&reference.levels) {
        assert_eq!(found.dimension.as_str(), expected.dimension);
        assert_eq!((&found.value, &found.reference), (&expected.value, &expected.reference));
        assert_close(found.odds_ratio.ln(), expected.coefficient, 1e-6, "coefficient");
        let half = (found.interval.high / found.interval.low).ln() / 2.0;
        assert_close(half / 1.959_963_984_540_054, expected.standard_error, 1e-6, "error");
        assert_close(found.p_value, expected.p_value, 1e-6, "Wald p");
    }
    for (found, expected) in analysis.dimensions.iter().zip(&reference.tests) {
        assert_eq!(found.dimension.as_str(), expected.dimension);
        assert_eq!(found.degrees_of_freedom, expected.degrees_of_freedom);
        assert_close(found.statistic, expected.statistic, 1e-6, "likelihood ratio");
        assert_close(found.p_value, expected.p_value, 1e-6, "likelihood-ratio p");
    }
    let significant: Vec<(&str, bool)> = analysis
        .dimensions
        .iter()
        .map(|test| (test.dimension.as_str(), test.significant))
        .collect();
    assert_eq!(significant, [("region", true), ("lead_source", true), ("deal_type", false)]);
}
