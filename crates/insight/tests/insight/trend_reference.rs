//! Levels, change points and the year before against `reference/trends_reference.py`.

use jiff::civil::date;
use serde::Deserialize;
use winsight_insight::{PeriodCount, Share, trend};
use winsight_model::{Grain, Money, Window};

#[derive(Deserialize)]
struct Case {
    won: Vec<u64>,
    deals: Vec<u64>,
    dispersion: f64,
    change_at: usize,
    between: (usize, usize),
    before: f64,
    after: f64,
    interval: (f64, f64),
    year_over_year: Year,
}

#[derive(Deserialize)]
struct Year {
    change: f64,
    low: f64,
    high: f64,
    p_value: f64,
}

fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} instead of {expected}");
}

#[test]
fn changes_of_level_are_where_the_likelihood_is_largest() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../reference/trends.json")).expect("valid reference");
    for case in cases {
        let periods = Window { from: date(2021, 1, 1), to: date(2026, 1, 1) }.periods(Grain::Month);
        let counts = periods.iter().zip(case.won.iter().zip(&case.deals));
        let points: Vec<PeriodCount> = counts
            .map(|(period, (&won, &deals))| PeriodCount {
                period: period.clone(),
                share: Share { won, deals },
                won_amount: Money::ZERO,
            })
            .collect();
        let found = trend(Grain::Month, &points, 0.05);
        assert!(found.season.is_none());
        // The mean of trimmed squares is rounded here, to 0.03%.
        close(found.dispersion, case.dispersion, 1e-3);
        let [change] = &found.change_points[..] else { panic!("{:?}", found.change_points) };
        let day = |place: usize| points[place].period.window.from;
        assert_eq!(change.date, day(case.change_at));
        assert_eq!(change.between, (day(case.between.0), day(case.between.1)));
        close(change.before, case.before, 1e-9);
        close(change.after, case.after, 1e-9);
        let within = if case.dispersion > 1.0 { 1e-4 } else { 1e-9 };
        close(change.interval.low, case.interval.0, within);
        close(change.interval.high, case.interval.1, within);
        let year = found.year_over_year.as_ref().expect("two years");
        close(year.change, case.year_over_year.change, 1e-9);
        close(year.interval.low, case.year_over_year.low, 1e-9);
        close(year.interval.high, case.year_over_year.high, 1e-9);
        close(year.p_value, case.year_over_year.p_value, 1e-9);
    }
}
