//! A few trials of what `examples/simulate_statistics.rs` counts over many.

use winsight_insight::drivers;

use crate::estimates::{Course, cohorts, projections};
use crate::simulation::{coverage, false_discoveries, planted_drivers, skygeni};

/// Three standard errors of a share in so many trials.
fn slack(share: f64, trials: u32) -> f64 {
    3.0 * (share * (1.0 - share) / f64::from(trials)).sqrt()
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    for (deals, trials) in [(30, 1_500), (100, 1_000), (1_000, 500)] {
        for (name, share) in coverage(deals, trials, 51, 10).shares() {
            let trials = if name.ends_with("_change") { trials / 10 } else { trials };
            let (low, high) = (0.94 - slack(0.94, trials), 0.96 + slack(0.96, trials));
            assert!((low..=high).contains(&share), "{name} at {deals} deals: {share}");
        }
    }
}

#[test]
fn estimates_hold_the_truth_as_often_as_they_say() {
    let cohorts_of = |deals, trials| (format!("cohorts of {deals}"), cohorts(deals, trials, 54));
    let mut counted = vec![cohorts_of(30, 1_000), cohorts_of(100, 600), cohorts_of(1_000, 300)];
    for course in [Course::Steady, Course::Drifting, Course::Broken] {
        let (rates, amounts) = projections(course, 150, 20, 56);
        counted.push((format!("win rates, {course:?}"), rates));
        counted.push((format!("bookings, {course:?}"), amounts));
    }
    for (name, held) in counted {
        let share = held.share();
        assert!(held.of > 0 && share >= 0.93 - slack(0.93, held.of), "{name}: {share}");
    }
}

#[test]
fn shuffled_outcomes_seldom_have_drivers() {
    let Some((cells, dimensions)) = skygeni() else { return };
    let analysis = drivers(&cells, &dimensions).expect("5,000 deals");
    assert_eq!(analysis.deals, 5_000);
    assert!(analysis.ranked().is_empty(), "{:?}", analysis.dimensions);
    let trials = 60;
    let found = false_discoveries(&cells, &dimensions, trials, 52);
    assert!(f64::from(found) <= f64::from(trials) * (0.05 + slack(0.05, trials)), "{found}");
}

#[test]
fn planted_drivers_are_found() {
    let trials = 40;
    let (dimension, level) = planted_drivers(trials, 53);
    assert!(dimension >= trials * 19 / 20 && level >= trials * 19 / 20, "{dimension}, {level}");
}
