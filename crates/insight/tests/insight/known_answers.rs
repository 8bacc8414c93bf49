//! The metrics of two public files: `reference/known_answers.py` made the counts and the answers.

use serde::Deserialize;
use winsight_insight::{Share, metrics, rep_spread};
use winsight_model::{DayHistogram, Money, Side, Tally};

use crate::assert_close;

#[derive(Deserialize)]
struct KnownAnswers {
    tallies: Vec<KnownTally>,
    rep_spread: KnownSpread,
}

#[derive(Deserialize)]
struct KnownTally {
    label: String,
    won: KnownSide,
    lost: KnownSide,
    expected: Expected,
}

#[derive(Deserialize)]
struct KnownSide {
    deals: u64,
    amount_cents: String,
    amount_squared: String,
    without_amount: u64,
    cycle_days: Vec<(u32, u64)>,
}

#[derive(Deserialize)]
struct Expected {
    win_rate: f64,
    dfi: f64,
    dfi_interval: (f64, f64),
    median_cycle_days: f64,
    rwwr: Option<f64>,
    rwwr_low: Option<f64>,
    rwwr_high: Option<f64>,
}

#[derive(Deserialize)]
struct KnownSpread {
    reps: Vec<Share>,
    srwv: f64,
    chance_low: f64,
    chance_high: f64,
}

fn known() -> KnownAnswers {
    serde_json::from_str(include_str!("../reference/known_answers.json")).expect("valid answers")
}

fn side(known: KnownSide) -> Side {
    let mut cycle_days = DayHistogram::default();
    for (days, deals) in known.cycle_days {
        cycle_days.add(days, deals);
    }
    Side {
        deals: known.deals,
        amount: Money::from_cents(known.amount_cents.parse().expect("whole cents")),
        amount_squared: known.amount_squared.parse().expect("whole cents squared"),
        without_amount: known.without_amount,
        cycle_days,
    }
}

#[test]
fn metrics_of_known_files() {
    for KnownTally { label, won, lost, expected } in known().tallies {
        let found = metrics(&Tally { won: side(won), lost: side(lost) }, 10);
        assert_close(found.win_rate.expect("deals"), expected.win_rate, 1e-9, &label);
        assert_close(found.dfi.expect("both sides"), expected.dfi, 1e-9, &label);
        assert_eq!(found.median_cycle_days, Some(expected.median_cycle_days), "{label}");
        assert_eq!(found.rwwr.is_some(), expected.rwwr.is_some(), "{label}");
        assert_eq!(found.rwwr.is_none(), found.rwwr_reason.is_some(), "{label}");
        if let (Some(rwwr), Some(low), Some(high)) =
            (expected.rwwr, expected.rwwr_low, expected.rwwr_high)
        {
            let interval = found.rwwr_interval.expect("both outcomes have amounts");
            assert_close(found.rwwr.expect("amounts"), rwwr, 1e-9, &label);
            assert_close(interval.low, low, 1e-9, &label);
            assert_close(interval.high, high, 1e-9, &label);
        }
        let interval = found.dfi_interval.expect("both sides");
        assert_close(interval.low, expected.dfi_interval.0, 1e-6, &label);
        assert_close(interval.high, expected.dfi_interval.1, 1e-6, &label);
    }
}

#[test]
fn the_numbers_of_the_metrics_catalogue() {
    let tallies = known().tallies;
    let printed: Vec<String> = tallies
        .into_iter()
        .map(|known| {
            let found = metrics(&Tally { won: side(known.won), lost: side(known.lost) }, 10);
            let rwwr = found.rwwr.map_or("none".to_owned(), |rate| format!("{rate:.6}"));
            format!(
                "{}: {} of {}, {:.6}, {rwwr}, {:.6}, {}",
                known.label,
                found.won,
                found.deals,
                found.win_rate.expect("deals"),
                found.dfi.expect("both sides"),
                found.won_amount,
            )
        })
        .collect();
    assert_eq!(
        printed,
        [
            "skygeni: 2263 of 5000, 0.452600, 0.460992, 1.015873, 60589278.00",
            "skygeni enterprise: 489 of 1042, 0.469290, 0.468088, 1.015625, 36722953.00",
            "skygeni North America: 555 of 1239, 0.447942, 0.439401, 1.100000, 14184355.00",
            "skygeni Partner: 545 of 1240, 0.439516, 0.440501, 1.140351, 14129539.00",
            "skygeni rep_2: 102 of 221, 0.461538, 0.497705, 1.420000, 3132288.00",
            "maven: 4238 of 6711, 0.631501, none, 0.245614, 10005534.00",
        ]
    );
}

#[test]
fn reps_that_differ_by_less_than_luck() {
    let known = known().rep_spread;
    let spread = rep_spread(&known.reps, 10).expect("enough reps");
    assert_eq!(spread.reps, 25);
    assert_close(spread.srwv, known.srwv, 1e-9, "srwv");
    assert_close(spread.srwv, 0.024_894, 1e-4, "srwv of the catalogue");
    assert_close(spread.chance_low, known.chance_low, 0.03, "5% point");
    assert_close(spread.chance_high, known.chance_high, 0.03, "95% point");
    assert!(spread.within_chance);
}

#[test]
fn reps_that_differ_by_more_than_luck() {
    let reps: Vec<Share> = (1..=10).map(|rep| Share { won: 8 * rep, deals: 100 }).collect();
    let spread = rep_spread(&reps, 10).expect("enough reps");
    assert!(!spread.within_chance);
    assert!(spread.chance_low < spread.chance_high && spread.chance_high < spread.srwv);
    assert_eq!(rep_spread(&reps, 101), None, "no rep has enough deals");
    assert_eq!(rep_spread(&reps[..1], 10), None, "one rep cannot spread");
}
