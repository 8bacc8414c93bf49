//! Series taken apart: what was planted is found, and what was not is not.

use jiff::civil::date;
use rand::SeedableRng;
use rand_distr::{Binomial, Distribution, Normal};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{Backtest, PeriodCount, Share, Trend};
use winsight_model::{Grain, Money, Period, Window};

/// With a change of level in 5% of series that have none.
fn trend(grain: Grain, points: &[PeriodCount]) -> Trend {
    winsight_insight::trend(grain, points, 0.05)
}

fn periods(grain: Grain, count: usize) -> Vec<Period> {
    let window = Window { from: date(2021, 1, 1), to: date(2026, 1, 1) };
    let mut periods = window.periods(grain);
    periods.retain(|period| grain.start_of(period.window.from) == period.window.from);
    periods.truncate(count);
    periods
}

/// A series of so many deals in each period, won at the rate of its place.
fn series(
    random: &mut Pcg64Mcg,
    periods: &[Period],
    deals: u64,
    rate: impl Fn(usize, &Period) -> f64,
) -> Vec<PeriodCount> {
    let point = |(place, period): (usize, &Period)| {
        let won = Binomial::new(deals, rate(place, period)).expect("a rate").sample(random);
        PeriodCount {
            period: period.clone(),
            share: Share { won, deals },
            won_amount: Money::from_cents(i128::from(won) * 1_000_000),
        }
    };
    periods.iter().enumerate().map(point).collect()
}

fn monthly(seed: u64, months: usize, deals: u64, rate: impl Fn(usize, &Period) -> f64) -> Trend {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    trend(Grain::Month, &series(&mut random, &periods(Grain::Month, months), deals, rate))
}

/// 5% of such series show a change of level, with three standard errors for the number of trials.
#[test]
fn levels_that_do_not_change_seldom_seem_to() {
    let trials: u32 = 200;
    let mut random = Pcg64Mcg::seed_from_u64(31);
    let mut alarms = 0;
    for _ in 0..trials {
        let points = series(&mut random, &periods(Grain::Month, 30), 150, |_, _| 0.45);
        let found = trend(Grain::Month, &points);
        alarms += u32::from(!found.change_points.is_empty());
    }
    let most = f64::from(trials) * 0.05 + 3.0 * (f64::from(trials) * 0.05 * 0.95).sqrt();
    assert!(f64::from(alarms) <= most, "{alarms} of {trials}");
}

/// Counts that vary more than binomial ones, as those of real weeks do, cost no false alarms.
#[test]
fn restless_series_seldom_seem_to_change() {
    let trials: u32 = 40;
    let mut random = Pcg64Mcg::seed_from_u64(32);
    let wobble = Normal::new(0.0, 0.06).expect("valid");
    let weeks = periods(Grain::Week, 80);
    let mut alarms = 0;
    for _ in 0..trials {
        let rates: Vec<f64> = weeks.iter().map(|_| 0.45 + wobble.sample(&mut random)).collect();
        let points = series(&mut random, &weeks, 100, |place, _| rates[place].clamp(0.05, 0.95));
        let found = trend(Grain::Week, &points);
        assert!(found.dispersion >= 1.0);
        alarms += u32::from(!found.change_points.is_empty());
    }
    assert!(alarms <= 7, "{alarms} of {trials}");
}

#[test]
fn a_change_of_level_is_found_with_its_day_and_size() {
    let (trials, mut found, mut near, mut held) = (60, 0, 0, 0);
    for seed in 0..trials {
        let parts = monthly(seed, 30, 250, |place, _| if place < 18 { 0.48 } else { 0.38 });
        let [change] = &parts.change_points[..] else { continue };
        found += 1;
        let place = parts
            .points
            .iter()
            .position(|point| point.count.period.window.from == change.date)
            .expect("a period");
        near += u64::from(place.abs_diff(18) <= 1);
        held += u64::from(change.interval.contains(-0.10));
        assert!(change.between.0 <= change.date && change.date <= change.between.1);
        assert!(parts.points[place - 1].level > parts.points[place].level);
    }
    assert!(found >= trials * 8 / 10, "found {found} of {trials}");
    assert!(near >= found * 8 / 10, "near {near} of {found}");
    assert!(held >= found * 8 / 10, "held {held} of {found}");
}

#[test]
fn a_season_is_no_change_of_level() {
    let season = |period: &Period| match period.window.from.month() {
        11 | 12 => 0.10,
        7 | 8 => -0.10,
        _ => 0.0,
    };
    let (mut seasons, mut changes) = (0, 0);
    for seed in 0..20 {
        let parts = monthly(seed, 48, 300, |_, period| 0.45 + season(period));
        changes += parts.change_points.len();
        let Some(found) = &parts.season else { continue };
        seasons += 1;
        assert!(found.effects[11] > 0.04 && found.effects[7] < -0.04, "{:?}", found.effects);
        assert!(found.p_value < 0.01);
    }
    assert!(seasons >= 18, "a season in {seasons} of 20");
    assert!(changes <= 3, "{changes} changes of level");
    // Both at once.
    let parts =
        monthly(7, 48, 400, |place, period| season(period) + if place < 30 { 0.50 } else { 0.40 });
    assert!(parts.season.is_some());
    assert_eq!(parts.change_points.len(), 1, "{:?}", parts.change_points);
    let none = (0..30).filter(|&seed| monthly(seed, 30, 200, |_, _| 0.45).season.is_some()).count();
    assert!(none <= 2, "a season in {none} of 30 series without one");
}

/// The share of projections that held what came, over series of all kinds.
#[test]
fn projections_hold_what_comes_as_often_as_they_say() {
    let mut random = Pcg64Mcg::seed_from_u64(41);
    let step = Normal::new(0.0, 0.02).expect("valid");
    let kinds: [(&str, u32); 3] = [("steady", 0), ("drifting", 1), ("broken", 2)];
    for (name, kind) in kinds {
        let (mut rates, mut amounts) = (Backtest::default(), Backtest::default());
        let (mut held, mut held_amounts, mut made) = (0, 0, 0);
        for _ in 0..40 {
            let all = periods(Grain::Month, 39);
            let mut level: f64 = 0.45;
            let levels: Vec<f64> = (0..39)
                .map(|place| {
                    match kind {
                        1 => level = (level + step.sample(&mut random)).clamp(0.15, 0.85),
                        2 if place == 15 => level = 0.35,
                        _ => {}
                    }
                    level
                })
                .collect();
            let points = series(&mut random, &all, 150, |place, _| levels[place]);
            let parts = trend(Grain::Month, &points[..36]);
            let projection = &parts.projection;
            for (made_of, backtest) in [
                (&mut rates, projection.win_rate_backtest),
                (&mut amounts, projection.bookings_backtest),
            ] {
                made_of.inside += backtest.inside;
                made_of.of += backtest.of;
            }
            for (coming, seen) in projection.win_rates.iter().zip(&points[36..]) {
                assert_eq!(coming.period, seen.period);
                made += 1;
                let rate = seen.share.rate().expect("deals");
                held += u32::from(coming.low <= rate && rate <= coming.high);
            }
            for (coming, seen) in projection.bookings.iter().zip(&points[36..]) {
                let inside = coming.low <= seen.won_amount && seen.won_amount <= coming.high;
                held_amounts += u32::from(inside);
            }
        }
        assert_eq!(made, 120);
        for (what, inside, of) in [
            ("win rate backtest", rates.inside, rates.of),
            ("bookings backtest", amounts.inside, amounts.of),
        ] {
            let share = f64::from(inside) / f64::from(of);
            assert!((0.90..=0.99).contains(&share), "{name}, {what}: {inside} of {of}");
        }
        // Too few of them to tell 95% from all.
        for (what, inside) in [("win rate", held), ("bookings", held_amounts)] {
            assert!(inside >= made * 9 / 10, "{name}, {what}: {inside} of {made}");
        }
    }
}

#[test]
fn a_quarter_is_compared_with_the_same_a_year_before() {
    let rate = |_: usize, period: &Period| match period.window.from.month() {
        10..=12 => 0.35,
        _ => 0.48,
    };
    let parts = monthly(5, 24, 400, rate);
    let year = parts.year_over_year.expect("two years");
    assert!(year.step < -0.05 && year.step_year_before < -0.05);
    assert!(year.seasonal, "last year had the drop too: {year:?}");
    let parts = monthly(6, 24, 400, |place, _| if place < 21 { 0.48 } else { 0.35 });
    let year = parts.year_over_year.expect("two years");
    assert!(!year.seasonal && year.change < -0.05 && year.p_value < 0.01);
    assert!(monthly(5, 14, 400, rate).year_over_year.is_none(), "too short");
}

#[test]
fn short_and_empty_series_say_so() {
    let nothing = trend(Grain::Month, &[]);
    assert!(nothing.points.is_empty() && nothing.change_points.is_empty());
    assert_eq!(
        nothing.note.as_deref(),
        Some(
            "0 whole months with closed deals are too few to look for a change of level; 6 are needed"
        )
    );
    for (months, deals, rate) in
        [(1, 5, 0.5), (5, 5, 0.5), (7, 1, 0.5), (30, 0, 0.5), (30, 50, 0.0), (30, 50, 1.0)]
    {
        let parts = monthly(1, months, deals, |_, _| rate);
        assert_eq!(parts.points.len(), months);
        let finite = |value: f64| value.is_finite() && (0.0..=1.0).contains(&value);
        for part in &parts.points {
            assert!(part.level.is_none_or(finite) && part.win_rate.is_none_or(finite));
        }
        assert!((rate - 0.5).abs() < 1e-9 || parts.change_points.is_empty());
        let projected = &parts.projection.win_rates;
        assert!(
            projected.iter().all(|one| finite(one.value) && finite(one.low) && finite(one.high))
        );
        assert!(parts.dispersion.is_finite());
    }
    // A first and a last month that are cut off are left out.
    let mut points =
        series(&mut Pcg64Mcg::seed_from_u64(1), &periods(Grain::Month, 12), 40, |_, _| 0.5);
    points[0].period.window.from = date(2021, 1, 17);
    points[11].period.window.to = date(2021, 12, 24);
    assert_eq!(trend(Grain::Month, &points).points.len(), 10);
}
