//! The sequences of looks, and what each has of the budget.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use winsight_alert::{Observation, Sequence, SequenceLook, win_rate_findings};
use winsight_insight::{SegmentPair, Share};
use winsight_model::{FiscalYearStart, Segment, Settings, Tally, Window};

use crate::data::{observe, overall, pair, segment, shares};

const FIRST_DAY: Date = date(2020, 3, 5);

fn under_way(last_day: Date, fiscal: FiscalYearStart) -> Vec<Sequence> {
    Sequence::under_way(last_day, FIRST_DAY, fiscal)
}

fn fiscal_years() -> impl Iterator<Item = FiscalYearStart> {
    (1..=12).map(|month| FiscalYearStart::try_from(month).expect("a month"))
}

#[test]
fn the_budget_is_spent_once_in_any_three_months() {
    for fiscal in fiscal_years() {
        let days = date(2023, 1, 1).series(1.day()).take_while(|day| *day < date(2024, 1, 1));
        let mut shares: BTreeMap<(Date, Date), f64> = BTreeMap::new();
        for sequence in days.flat_map(|day| under_way(day, fiscal)) {
            let share = shares.entry((sequence.window.from, sequence.ends)).or_default();
            *share = sequence.share;
        }
        for month in 1..=10 {
            let from = date(2023, month, 1);
            let months = from..from.saturating_add(3.months());
            let begun = shares.iter().filter(|((begun, _), _)| months.contains(begun));
            let total: f64 = begun.map(|(_, share)| share).sum();
            assert!((total - 1.0).abs() < 1e-12, "{total} from {from}");
        }
    }
}

#[test]
fn every_window_of_a_quarter_is_judged_when_it_ends() {
    for fiscal in fiscal_years() {
        let quarter = fiscal.quarter_window(date(2023, 8, 15));
        let looks = under_way(quarter.last_day(), fiscal);
        let ending = looks.iter().filter(|sequence| sequence.ends == quarter.to);
        let begun: Vec<Date> = ending.map(|sequence| sequence.window.from).collect();
        let months = [0, 1, 2].map(|month| quarter.from.saturating_add(month.months()));
        assert_eq!(begun, months);
        let most = looks.iter().max_by(|left, right| left.share.total_cmp(&right.share));
        assert_eq!(most.map(|sequence| sequence.window.from), Some(quarter.from));
    }
}

#[test]
fn a_drop_in_the_last_weeks_of_a_quarter_is_followed_into_the_next() {
    let fiscal = FiscalYearStart::JANUARY;
    let begun = |day| -> Vec<Date> {
        under_way(day, fiscal).iter().map(|sequence| sequence.window.from).collect()
    };
    assert_eq!(begun(date(2023, 7, 8)), [date(2023, 5, 1), date(2023, 6, 1), date(2023, 7, 1)]);
    assert_eq!(begun(date(2023, 9, 8))[..1], [date(2023, 7, 1)]);
}

#[test]
fn no_sequence_loses_its_look_at_the_whole_window_between_two_weekly_imports() {
    for (fiscal, first) in fiscal_years().zip((0..7).cycle()) {
        let imports = date(2023, 1, 1).saturating_add(i64::from(first).days()).series(7.days());
        let mut furthest: BTreeMap<(Date, Date), Window> = BTreeMap::new();
        for day in imports.take_while(|day| *day < date(2025, 1, 1)) {
            for sequence in under_way(day, fiscal) {
                assert!(sequence.window.to <= sequence.ends, "{day}: {sequence:?}");
                furthest.insert((sequence.window.from, sequence.ends), sequence.window);
            }
        }
        for ((from, ends), window) in furthest {
            if ends < date(2024, 12, 1) {
                assert_eq!(window, Window { from, to: ends }, "fiscal year from {fiscal:?}");
            }
        }
    }
}

#[test]
fn nothing_is_compared_with_less_than_four_weeks() {
    let fiscal = FiscalYearStart::JANUARY;
    assert!(under_way(date(2020, 3, 31), fiscal).is_empty());
    let young = under_way(date(2020, 5, 3), fiscal);
    assert!(young.iter().all(|sequence| sequence.window.from == date(2020, 5, 1)));
    assert!(young.iter().all(|sequence| sequence.baseline.from == FIRST_DAY));
    assert!(!young.is_empty() && young.iter().all(|sequence| sequence.season.is_none()));
}

/// Four deals of each region on every weekday, half of them won; from 5 June 2023 on one in four in Europe.
fn closed(region: &str, window: Window) -> Tally {
    let drops_on = date(2023, 6, 5);
    let is_weekend = |day: &Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let days = window.from.series(1.day()).take_while(|day| *day < window.to);
    let (fallen, usual): (Vec<Date>, Vec<Date>) =
        days.filter(|day| !is_weekend(day)).partition(|day| region == "Europe" && *day >= drops_on);
    let (fallen, usual) = (fallen.len() as u64, usual.len() as u64);
    shares((2 * usual + fallen, 2 * usual + 3 * fallen))
}

fn look(sequence: &Sequence) -> SequenceLook {
    let of = |region: &str| {
        let (current, baseline) = (sequence.window, sequence.baseline);
        pair(segment("region", region), closed(region, current), closed(region, baseline))
    };
    let pairs: Vec<SegmentPair> = ["Europe", "India"].map(of).into();
    let season = sequence.season.unwrap_or(sequence.baseline);
    let seasons = pairs.iter().map(|pair| {
        (pair.segment.clone(), Share::from(&closed(&pair.segment.value_label(), season)))
    });
    let mut seasons: BTreeMap<Segment, Share> = seasons.collect();
    let (won, deals) =
        seasons.values().fold((0, 0), |(won, deals), share| (won + share.won, deals + share.deals));
    seasons.insert(Segment::all(), Share { won, deals });
    SequenceLook { sequence: *sequence, overall: overall(&pairs), pairs, seasons }
}

#[test]
fn the_verdict_on_a_quarter_that_ends_on_a_friday_comes_on_monday() {
    let settings = Settings::default();
    let open = BTreeMap::new();
    // Known on Thursday, on Friday, the last of June, and on Monday.
    let found = [date(2023, 6, 29), date(2023, 6, 30), date(2023, 7, 3)].map(|known: Date| {
        let last_day = known.saturating_sub(i64::from(settings.alerts.settling_days).days());
        let sequences: Vec<_> =
            under_way(last_day, FiscalYearStart::JANUARY).iter().map(look).collect();
        let latest = &sequences[0];
        let observation =
            Observation { sequences: &sequences, ..observe(&latest.pairs, &latest.overall, &open) };
        let findings = win_rate_findings(&observation, &settings).into_iter();
        findings.map(|finding| (finding.segment.value_label(), finding.window)).collect::<Vec<_>>()
    });
    let june = Window { from: date(2023, 6, 1), to: date(2023, 7, 1) };
    assert_eq!(found, [vec![], vec![], vec![("Europe".to_owned(), june)]]);
}
