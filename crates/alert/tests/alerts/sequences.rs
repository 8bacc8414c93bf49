//! The sequences of looks, and what each has of the budget.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use winsight_alert::Sequence;
use winsight_model::FiscalYearStart;

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
    assert_eq!(begun(date(2023, 7, 1)), [date(2023, 5, 1), date(2023, 6, 1), date(2023, 7, 1)]);
    assert_eq!(begun(date(2023, 9, 1))[..1], [date(2023, 7, 1)]);
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
