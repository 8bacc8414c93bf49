//! Time in stage, cohorts and win chances against lifelines, statsmodels and sksurv:
//! `reference/pipeline_reference.py` made the values. And how often their intervals are right.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::Deserialize;
use winsight_insight::{
    ChanceBasis, ChanceHistory, Estimate, WinChances, cohort_win_rate, stage_progression,
};
use winsight_model::{DayHistogram, OpenDeal, Period, Stays, Window};

use crate::assert_close;

const TODAY: Date = date(2024, 6, 30);

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    label: String,
    won: Vec<(u32, u64)>,
    lost: Vec<(u32, u64)>,
    ongoing: Vec<(u32, u64)>,
    incidence: Vec<Incidence>,
    time: Time,
    conditional: Vec<Conditional>,
}

#[derive(Deserialize)]
struct Incidence {
    days: u32,
    /// 1 won, 2 lost.
    cause: u8,
    share: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Time {
    median: Option<f64>,
    median_low: Option<f64>,
    median_high: Option<f64>,
    remaining: Vec<Remaining>,
}

#[derive(Deserialize)]
struct Remaining {
    days: u32,
    share: f64,
}

#[derive(Deserialize)]
struct Conditional {
    age: i32,
    chance: f64,
}

impl Case {
    fn stays(&self) -> Stays {
        let histogram = |pairs: &[(u32, u64)]| pairs.iter().copied().collect::<DayHistogram>();
        Stays {
            won: histogram(&self.won),
            lost: histogram(&self.lost),
            ongoing: histogram(&self.ongoing),
            ..Stays::default()
        }
    }
}

fn cases() -> Vec<Case> {
    let text = include_str!("../reference/pipeline.json");
    serde_json::from_str::<Reference>(text).expect("reference values").cases
}

fn period() -> Period {
    let window = Window { from: date(2024, 1, 1), to: date(2024, 4, 1) };
    Period { label: "2024-Q1".to_owned(), window }
}

fn assert_estimate(found: Option<Estimate>, expected: &Incidence, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what}: nothing"));
    assert_close(found.value, expected.share, 1e-6, what);
    assert_close(found.interval.low, expected.low, 1e-6, what);
    assert_close(found.interval.high, expected.high, 1e-6, what);
}

#[test]
fn cumulative_incidence_as_elsewhere() {
    for case in cases() {
        let stays = case.stays();
        for expected in &case.incidence {
            let what = format!("{}, {} days, cause {}", case.label, expected.days, expected.cause);
            let cohort = cohort_win_rate(period(), &stays, expected.days, 10);
            let found = if expected.cause == 1 { cohort.win_rate } else { cohort.loss_rate };
            assert_estimate(found, expected, &what);
        }
    }
}

#[test]
fn time_in_stage_as_elsewhere() {
    for case in cases() {
        let stages = BTreeMap::from([("Demo".to_owned(), case.stays())]);
        let progression = stage_progression(&stages, 10).remove(0);
        let days = |days: Option<f64>| days.map(|days| format!("{days:.0}"));
        let found = |days: Option<u32>| days.map(|days| days.to_string());
        assert_eq!(found(progression.median_days), days(case.time.median), "{}", case.label);
        assert_eq!(found(progression.median_days_low), days(case.time.median_low));
        assert_eq!(found(progression.median_days_high), days(case.time.median_high));
        for expected in case.time.remaining.iter().filter(|expected| expected.days < 180) {
            let what = format!("{}, {} days", case.label, expected.days);
            let after = progression.after.iter().find(|after| after.days == expected.days);
            let after = after.unwrap_or_else(|| panic!("{what}: nothing"));
            assert_close(after.still_there.value, expected.share, 1e-6, &what);
            let sum = after.moved_on.value + after.lost.value + after.still_there.value;
            assert_close(sum, 1.0, 1e-9, &what);
        }
    }
}

#[test]
fn the_chance_at_an_age_as_elsewhere() {
    for case in cases() {
        let whole = BTreeMap::from([(Vec::new(), case.stays())]);
        let chances = WinChances::learn(&ChanceHistory { whole, ..ChanceHistory::default() });
        for expected in &case.conditional {
            let deal = created_days_ago(expected.age);
            let found = chances.of(&deal, TODAY).expect("a chance");
            let what = format!("{} at {}", case.label, expected.age);
            assert_close(found.chance, expected.chance, 1e-6, &what);
            assert_eq!(found.basis, ChanceBasis::Age);
        }
    }
}

fn created_days_ago(days: i32) -> OpenDeal {
    let created_date = Some(TODAY.saturating_sub(days.days()));
    OpenDeal { created_date, ..OpenDeal::default() }
}

fn in_stage(stage: &str, segment: &str, days: i32) -> OpenDeal {
    OpenDeal {
        stage: Some(stage.to_owned()),
        stage_entered_date: Some(TODAY.saturating_sub(days.days())),
        chance_segment: vec![segment.to_owned()],
        ..created_days_ago(days + 50)
    }
}

fn at(days: u32, deals: u64) -> DayHistogram {
    [(days, deals)].into_iter().collect()
}

/// Of 100 deals that enter Demo, 40 go to Proposal after 5 days, and the others are lost after 20; of
/// those in Proposal, 30 are won after 3 days, 10 are lost after 30.
fn two_stages() -> ChanceHistory {
    let moved = BTreeMap::from([("Proposal".to_owned(), at(5, 40))]);
    let demo = Stays { moved, lost: at(20, 60), ..Stays::default() };
    let proposal = Stays { won: at(3, 30), lost: at(30, 10), ..Stays::default() };
    let all: Stays = Stays { won: at(8, 30), lost: at(20, 70), ..Stays::default() };
    let segment = vec!["Web".to_owned()];
    ChanceHistory {
        stages: BTreeMap::from([
            ((segment.clone(), "Demo".to_owned()), demo),
            ((segment.clone(), "Proposal".to_owned()), proposal),
        ]),
        whole: BTreeMap::from([(segment, all)]),
    }
}

#[test]
fn what_many_have_outlived_is_not_won() {
    // Half of 200 deals close within 30 days; the others have been open for as long as the case says.
    // Of 100 that have outlived every end, 1 in 11 is taken to end yet.
    for (open_days, young, old) in [(5, 0.7, 0.7), (31, 0.7 * 6.0 / 11.0, 0.7 / 11.0)] {
        let closed = |early, late| [(10, early), (30, late)].into_iter().collect();
        let stays = Stays {
            won: closed(35, 35),
            lost: closed(15, 15),
            ongoing: at(open_days, 100),
            ..Stays::default()
        };
        let whole = BTreeMap::from([(Vec::new(), stays)]);
        let chances = WinChances::learn(&ChanceHistory { whole, ..ChanceHistory::default() });
        for (days, expected) in [(0, young), (40, old)] {
            let found = chances.of(&created_days_ago(days), TODAY).expect("a chance").chance;
            assert_close(found, expected, 1e-9, &format!("{days} days, others {open_days}"));
        }
    }
}

#[test]
fn chances_are_chained_through_the_stages() {
    let chances = WinChances::learn(&two_stages());
    for (stage, days, expected) in [
        ("Demo", 0, 0.3),
        ("Demo", 4, 0.3),
        // Whoever has not moved on after five days is lost.
        ("Demo", 5, 0.0),
        ("Demo", 400, 0.0),
        ("Proposal", 0, 0.75),
        ("Proposal", 3, 0.0),
    ] {
        let found = chances.of(&in_stage(stage, "Web", days), TODAY).expect("a chance");
        assert_close(found.chance, expected, 1e-9, &format!("{stage} after {days}"));
        assert_eq!((found.basis, found.days), (ChanceBasis::Stage, days.unsigned_abs()));
    }
    let unknown = chances.of(&in_stage("Legal", "Web", 1), TODAY).expect("by age");
    assert_eq!(unknown.basis, ChanceBasis::Age);
    let other_segment = chances.of(&in_stage("Demo", "Mail", 0), TODAY).expect("a chance");
    assert_close(other_segment.chance, 0.3, 1e-9, "a new segment goes by all deals");
}

#[test]
fn nothing_is_said_without_deals_that_ended() {
    let open_only = Stays { ongoing: at(40, 500), ..Stays::default() };
    let few = Stays { won: at(4, 3), lost: at(9, 6), ..Stays::default() };
    for stays in [Stays::default(), open_only, few] {
        let history = ChanceHistory {
            stages: BTreeMap::from([((Vec::new(), "Demo".to_owned()), stays.clone())]),
            whole: BTreeMap::from([(Vec::new(), stays)]),
        };
        let chances = WinChances::learn(&history);
        assert_eq!(chances.of(&in_stage("Demo", "Web", 3), TODAY), None);
        assert_eq!(chances.of(&OpenDeal::default(), TODAY), None);
    }
}

#[test]
fn one_outcome_only_is_no_fault() {
    let won = Stays { won: at(4, 300), ..Stays::default() };
    let history = ChanceHistory {
        stages: BTreeMap::from([((Vec::new(), "Demo".to_owned()), won.clone())]),
        whole: BTreeMap::from([(Vec::new(), won.clone())]),
    };
    let chance = WinChances::learn(&history).of(&in_stage("Demo", "Web", 3), TODAY);
    assert_eq!(chance.map(|chance| chance.chance), Some(1.0));
    let cohort = cohort_win_rate(period(), &won, 180, 10);
    let rate = cohort.win_rate.expect("all closed");
    assert_eq!((rate.value, rate.interval.high), (1.0, 1.0));
    assert!(rate.interval.low > 0.98 && rate.interval.low < 1.0);
    assert_eq!(cohort.loss_rate.map(|rate| rate.value), Some(0.0));
}

#[test]
fn a_young_cohort_says_why_it_has_no_rate() {
    let young = Stays { won: at(4, 30), ongoing: at(50, 70), ..Stays::default() };
    let cohort = cohort_win_rate(period(), &young, 180, 10);
    assert_eq!(cohort.win_rate, None);
    let reason = cohort.reason.expect("a reason");
    assert_eq!(
        reason,
        "no deal of this cohort has been watched for 180 days yet, the oldest for 50"
    );
    assert_eq!((cohort.resolved, cohort.closed_win_rate), (Some(0.3), Some(1.0)));
    let few = Stays { won: at(4, 3), ..Stays::default() };
    let cohort = cohort_win_rate(period(), &few, 180, 10);
    assert_eq!((cohort.enough_data, cohort.win_rate), (false, None));
    let none = cohort_win_rate(period(), &Stays::default(), 180, 10);
    assert_eq!((none.resolved, none.win_rate), (None, None));
}

#[test]
fn a_thin_segment_goes_by_its_parent() {
    let deals = |won, lost| Stays { won: at(20, won), lost: at(20, lost), ..Stays::default() };
    let learn = |segments: &[(&str, u64, u64)]| {
        let whole =
            segments.iter().map(|(name, won, lost)| (vec![(*name).to_owned()], deals(*won, *lost)));
        WinChances::learn(&ChanceHistory { whole: whole.collect(), ..ChanceHistory::default() })
    };
    let of = |chances: &WinChances, segment: &str| {
        let deal = OpenDeal { chance_segment: vec![segment.to_owned()], ..created_days_ago(1) };
        chances.of(&deal, TODAY).expect("a chance").chance
    };
    // Segments that differ no more than by chance.
    let alike = learn(&[("Web", 405, 595), ("Mail", 395, 605), ("Fair", 0, 4)]);
    assert!((of(&alike, "Fair") - 0.4).abs() < 0.005, "{}", of(&alike, "Fair"));
    // Segments that differ.
    let apart = learn(&[("Web", 800, 200), ("Mail", 200, 800), ("Fair", 0, 4)]);
    assert!((of(&apart, "Web") - 0.8).abs() < 0.01, "{}", of(&apart, "Web"));
    let thin = of(&apart, "Fair");
    assert!(thin > 0.2 && thin < 0.48, "four losses say little, not nothing: {thin}");
}

/// The 95% interval of the share won within 90 days holds the truth as often as it says, with a third
/// of the deals cut off while they are open.
#[test]
fn intervals_cover_what_they_promise() {
    let (win_hazard, loss_hazard) = (0.006_f64, 0.009_f64);
    let both = win_hazard + loss_hazard;
    // Days are whole: chance of winning on each day, from what is still open.
    let daily = |hazard: f64| (1.0 - (-both).exp()) * hazard / both;
    let truth = daily(win_hazard) * (1.0 - (-both * 91.0).exp()) / (1.0 - (-both).exp());
    for (deals, samples, least) in [(30, 3_000, 0.93), (100, 2_000, 0.935), (1_000, 1_000, 0.935)] {
        let mut rng = Pcg64::seed_from_u64(deals);
        let (mut covered, mut told) = (0, 0);
        for _ in 0..samples {
            let mut stays = Stays::default();
            for _ in 0..deals {
                let uniform: f64 = rng.random();
                let day = (-(1.0 - uniform).ln() / both).floor();
                let watched = f64::from(rng.random_range(40..200_u32));
                let wins = rng.random_bool(win_hazard / both);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days")]
                let days = day.min(watched) as u32;
                let side = match (day > watched, wins) {
                    (true, _) => &mut stays.ongoing,
                    (false, true) => &mut stays.won,
                    (false, false) => &mut stays.lost,
                };
                side.add(days, 1);
            }
            let cohort = cohort_win_rate(period(), &stays, 90, 10);
            // Now and then no deal of a few has been watched for so long.
            let Some(rate) = cohort.win_rate else { continue };
            told += 1;
            covered += u32::from(rate.interval.contains(truth));
        }
        let share = f64::from(covered) / f64::from(told);
        assert!(told * 100 > samples * 95, "{told} of {samples}");
        assert!(share >= least && share <= 0.97, "{deals} deals: {share}");
    }
}

fn histogram() -> impl Strategy<Value = DayHistogram> {
    prop::collection::vec((0u32..120, 1u64..6), 0..12).prop_map(|pairs| pairs.into_iter().collect())
}

prop_compose! {
    fn stays()(won in histogram(), lost in histogram(), ongoing in histogram(), next in histogram(),
               back in histogram()) -> Stays {
        let moved = [("A".to_owned(), next), ("B".to_owned(), back)].into();
        Stays { moved, won, lost, ongoing, of_won_deals: DayHistogram::default() }
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

proptest! {
    #[test]
    fn every_share_is_a_share(a in stays(), b in stays(), days in 0i32..200) {
        let stages = BTreeMap::from([("A".to_owned(), a.clone()), ("B".to_owned(), b.clone())]);
        for progression in stage_progression(&stages, 1) {
            for after in &progression.after {
                for estimate in [after.moved_on, after.lost, after.still_there] {
                    prop_assert!(is_share(estimate.value));
                    prop_assert!(is_share(estimate.interval.low) && is_share(estimate.interval.high));
                    prop_assert!(estimate.interval.low <= estimate.value + 1e-12);
                    prop_assert!(estimate.value <= estimate.interval.high + 1e-12);
                }
                let sum = after.moved_on.value + after.lost.value + after.still_there.value;
                prop_assert!((sum - 1.0).abs() < 1e-9);
            }
        }
        let segment = vec!["Web".to_owned()];
        let mut all = a.clone();
        all.merge(&b);
        all.moved.clear();
        let history = ChanceHistory {
            stages: stages.into_iter().map(|(stage, stays)| ((segment.clone(), stage), stays)).collect(),
            whole: BTreeMap::from([(segment, all)]),
        };
        let chances = WinChances::learn(&history);
        for stage in ["A", "B", "C"] {
            if let Some(found) = chances.of(&in_stage(stage, "Web", days), TODAY) {
                prop_assert!(is_share(found.chance), "{}", found.chance);
            }
        }
    }

    /// With everything seen, a cohort is a plain proportion with Wilson's interval.
    #[test]
    fn a_closed_cohort_is_a_proportion(won in histogram(), lost in histogram()) {
        let stays = Stays { won, lost, ..Stays::default() };
        let cohort = cohort_win_rate(period(), &stays, 500, 1);
        let plain = cohort.closed_win_rate.zip(cohort.closed_win_rate_interval);
        let found = cohort.win_rate.map(|rate| (rate.value, rate.interval));
        prop_assert_eq!(plain.is_some(), found.is_some());
        if let (Some((rate, interval)), Some((found, around))) = (plain, found) {
            prop_assert!((rate - found).abs() < 1e-9);
            prop_assert!((interval.low - around.low).abs() < 1e-9);
            prop_assert!((interval.high - around.high).abs() < 1e-9);
        }
    }
}
