//! Levels, change points, the year before, seasons and projections against
//! `reference/trends_reference.py`.

use jiff::civil::date;
use serde::Deserialize;
use winsight_insight::{PeriodCount, Share, trend};
use winsight_model::{Grain, Money, Window};

#[derive(Deserialize)]
struct Reference {
    changes: Vec<Case>,
    seasons: Vec<SeasonCase>,
    projections: Vec<ProjectionCase>,
}

#[derive(Deserialize)]
struct SeasonCase {
    won: Vec<u64>,
    deals: Vec<u64>,
    effects: [f64; 12],
    change_at: usize,
    before: f64,
    after: f64,
    dispersion: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct ProjectionCase {
    won: Vec<u64>,
    deals: Vec<u64>,
    cents: Vec<i128>,
    win_rates: Vec<(f64, f64, f64)>,
    win_rate_backtest: (u32, u32),
    bookings: Vec<(f64, f64, f64)>,
    bookings_method: String,
    bookings_backtest: (u32, u32),
}

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

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/trends.json")).expect("valid reference")
}

/// A month for each count, from January 2021 on.
fn months(won: &[u64], deals: &[u64], cents: &[i128]) -> Vec<PeriodCount> {
    let periods = Window { from: date(2021, 1, 1), to: date(2026, 1, 1) }.periods(Grain::Month);
    let counts = periods.into_iter().zip(won.iter().zip(deals)).enumerate();
    counts
        .map(|(place, (period, (&won, &deals)))| PeriodCount {
            period,
            share: Share { won, deals },
            won_amount: cents.get(place).map_or(Money::ZERO, |&cents| Money::from_cents(cents)),
        })
        .collect()
}

#[test]
fn changes_of_level_are_where_the_likelihood_is_largest() {
    for case in reference().changes {
        let points = months(&case.won, &case.deals, &[]);
        let found = trend(Grain::Month, &points, 0.05);
        assert!(found.season.is_none());
        close(found.dispersion, case.dispersion, 1e-9);
        let [change] = &found.change_points[..] else { panic!("{:?}", found.change_points) };
        let day = |place: usize| points[place].period.window.from;
        assert_eq!(change.date, day(case.change_at));
        assert_eq!(change.between, (day(case.between.0), day(case.between.1)));
        close(change.before, case.before, 1e-9);
        close(change.after, case.after, 1e-9);
        close(change.interval.low, case.interval.0, 1e-9);
        close(change.interval.high, case.interval.1, 1e-9);
        let year = found.year_over_year.as_ref().expect("two years");
        close(year.change, case.year_over_year.change, 1e-9);
        close(year.interval.low, case.year_over_year.low, 1e-9);
        close(year.interval.high, case.year_over_year.high, 1e-9);
        close(year.p_value, case.year_over_year.p_value, 1e-9);
    }
}

#[test]
fn a_season_and_levels_are_told_apart_as_by_least_squares() {
    for case in reference().seasons {
        let points = months(&case.won, &case.deals, &[]);
        let found = trend(Grain::Month, &points, 0.05);
        let season = found.season.as_ref().expect("ten points");
        for (effect, expected) in season.effects.iter().zip(case.effects) {
            close(*effect, expected, 1e-6);
        }
        close(season.p_value.ln(), case.p_value.ln(), 1e-3);
        close(found.dispersion, case.dispersion, 1e-6);
        let [change] = &found.change_points[..] else { panic!("{:?}", found.change_points) };
        assert_eq!(change.date, points[case.change_at].period.window.from);
        close(change.before, case.before, 1e-6);
        close(change.after, case.after, 1e-6);
    }
}

#[test]
fn projections_are_as_wide_as_earlier_ones_missed() {
    let mut methods = Vec::new();
    for case in reference().projections {
        let found = trend(Grain::Month, &months(&case.won, &case.deals, &case.cents), 0.05);
        assert!(found.change_points.is_empty() && found.season.is_none());
        let projection = found.projection;
        assert_eq!(projection.win_rates.len(), case.win_rates.len());
        for (coming, expected) in projection.win_rates.iter().zip(case.win_rates) {
            close(coming.value, expected.0, 1e-9);
            close(coming.low, expected.1, 1e-9);
            close(coming.high, expected.2, 1e-9);
        }
        let backtest = projection.win_rate_backtest;
        assert_eq!((backtest.inside, backtest.of), case.win_rate_backtest);
        assert_eq!(projection.bookings.len(), case.bookings.len());
        for (coming, expected) in projection.bookings.iter().zip(case.bookings) {
            // Amounts are whole cents.
            close(coming.value.as_f64() * 100.0, expected.0, 1.0);
            close(coming.low.as_f64() * 100.0, expected.1, 1.0);
            close(coming.high.as_f64() * 100.0, expected.2, 1.0);
        }
        assert_eq!(projection.bookings_method, Some(case.bookings_method.as_str()));
        let backtest = projection.bookings_backtest;
        assert_eq!((backtest.inside, backtest.of), case.bookings_backtest);
        methods.push(case.bookings_method);
    }
    assert_eq!(methods, ["recent mean", "line", "year before"]);
}
