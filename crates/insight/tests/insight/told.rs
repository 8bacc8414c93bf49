//! The sentences about trends, reps, and deals of which little is known.

use std::collections::BTreeMap;

use jiff::civil::date;
use winsight_insight::{
    Cadence, Causes, Cell, DriverChanges, InsightKind, MonthlyInput, PeriodCount, SegmentPair,
    Share, TrendInput, driver_change_insight, monthly_insights, rep_insight, reps, trend,
    trend_insight,
};
use winsight_model::{Dimension, Grain, Money, Outcome, Segment, Settings, Tally, Window};

/// 30 months of 400 deals, won at 48% and from the 19th month on at 38%.
#[test]
fn a_change_of_level_speaks_of_the_whole_history() {
    let months = Window { from: date(2021, 1, 1), to: date(2023, 7, 1) }.periods(Grain::Month);
    let points: Vec<PeriodCount> = months
        .into_iter()
        .enumerate()
        .map(|(place, period)| PeriodCount {
            period,
            share: Share { won: if place < 18 { 192 } else { 152 }, deals: 400 },
            won_amount: Money::ZERO,
        })
        .collect();
    let trend = trend(Grain::Month, &points, 0.05);
    let input =
        TrendInput { cadence: Cadence::Weekly, trend: &trend, breadth: None, indicators: &[] };
    let insight = trend_insight(&input, &Settings::default());
    assert_eq!(insight.kind, InsightKind::Trend);
    assert_eq!(insight.title, "Win rate at a level of 38% since 2022-07-01");
    assert!(
        insight.text.starts_with(
            "Over all of 30 months the level of the win rate is 38%, down 10 points from 48% \
             since 2022-07-01 (between "
        ),
        "{}",
        insight.text
    );
    assert!(
        insight.text.contains(
            "; whether anything changed between the two latest windows is another question, with \
             an insight of its own."
        ),
        "{}",
        insight.text
    );
}

fn of_reps(won: [u64; 4]) -> winsight_insight::Insight {
    let dimensions =
        ["lead_source", "rep"].map(|name| Dimension::built_in(name).expect("built in"));
    let cells: Vec<Cell> = ["Ann", "Bo", "Cy", "Di"]
        .iter()
        .zip(won)
        .flat_map(|(rep, won)| {
            let cell = |source: &str, won: u64| Cell {
                values: vec![source.to_owned(), (*rep).to_owned()],
                won,
                lost: 100 - won,
                ..Cell::default()
            };
            [cell("Inbound", won), cell("Outbound", won / 2)]
        })
        .collect();
    let analysis = reps(&cells, &dimensions, &BTreeMap::new(), 10).expect("enough deals");
    rep_insight(&analysis, &Settings::default()).expect("four reps")
}

#[test]
fn reps_who_win_alike_are_not_named() {
    let insight = of_reps([50, 52, 48, 50]);
    assert_eq!(insight.title, "Reps win what their deals let expect");
    assert!(insight.text.contains("differ by no more than what chance alone gives"));
    assert!(insight.text.ends_with("Nobody is ranked."), "{}", insight.text);
    for name in ["Ann", "Bo", "Cy", "Di"] {
        assert!(!insight.text.contains(name), "{}", insight.text);
    }
    assert_eq!((insight.action, insight.caution), (None, None));
}

#[test]
fn a_rep_below_the_limits_is_named_with_what_was_expected() {
    let insight = of_reps([60, 60, 60, 16]);
    assert_eq!(insight.title, "Reps differ beyond their mix of deals");
    assert!(insight.text.contains("Below them: Di (24 of 200 deals won, "), "{}", insight.text);
    assert!(insight.text.contains(" expected; "), "{}", insight.text);
    assert!(insight.caution.is_some() && insight.action.is_some());
}

#[test]
fn deals_without_amounts_are_told_by_their_number() {
    let blank = |won: u32, lost: u32| {
        let mut tally = Tally::default();
        for (outcome, deals) in [(Outcome::Won, won), (Outcome::Lost, lost)] {
            for _ in 0..deals {
                tally.add(outcome, None, Some(30));
            }
        }
        tally
    };
    let window = Window::trailing(91, date(2024, 6, 30));
    let overall =
        SegmentPair { segment: Segment::all(), current: blank(60, 40), baseline: blank(55, 50) };
    let input = MonthlyInput {
        window,
        baseline_window: window.preceding(),
        overall,
        segments: Vec::new(),
        causes: Causes::default(),
        drivers: Err("there are no attributes".to_owned()),
    };
    let insights = monthly_insights(&input, &Settings::default());
    let period = insights
        .iter()
        .find(|insight| insight.kind == InsightKind::PeriodOverPeriod)
        .expect("an insight of the kind");
    assert_eq!(period.title, "60 won of 100 closed deals, without amounts");
    assert!(
        period.text.starts_with(
            "100 deals closed 2024-04-01 to 2024-06-30 and 60 won, against 105 and 55 in the 91 \
             days before."
        ),
        "{}",
        period.text
    );
}

#[test]
fn drivers_without_a_comparison_are_not_as_before() {
    let insight = driver_change_insight(&DriverChanges::default(), &Settings::default());
    assert_eq!(insight.title, "No comparison of drivers");
    assert!(insight.text.starts_with("Drivers cannot be compared"), "{}", insight.text);
}
