//! Counts over many simulated companies what the intervals and tests promise.
//!
//! `cargo run --release -p winsight-insight --example simulate_statistics [TRIALS]`, by default 20,000
//! for intervals, 2,000 for series and 1,000 for drivers.

#![expect(clippy::print_stdout, reason = "the result of a command")]
#![expect(clippy::expect_used, reason = "the simulation is shared with the tests")]

#[path = "../tests/insight/estimates.rs"]
mod estimates;
#[path = "../tests/insight/simulation.rs"]
mod simulation;

use estimates::{Company, Course, Held, cohorts, pools, projections, shrunken_reps};
use simulation::{coverage, false_discoveries, planted_drivers, skygeni};

/// Pooled win rates, over numbers of segments, of deals, and spreads from wide to none.
fn say_pools(trials: u32) {
    for segments in [2, 3, 20, 200] {
        let trials = trials / u32::try_from(segments).unwrap_or(u32::MAX);
        for deals in [30, 60, 200, 2_000] {
            for worth in [Some(5.0), Some(20.0), Some(80.0), Some(500.0), None] {
                let company = Company { segments, deals: 5..deals, worth };
                let [small, large] = pools(&company, trials.max(100), 55);
                println!(
                    "{segments} pooled segments of 5 to {deals} deals, prior worth {worth:?}: 95% \
                     intervals of the smaller hold {:.1}%, of the larger {:.1}% of {}",
                    small.share() * 100.0,
                    large.share() * 100.0,
                    large.of
                );
            }
        }
    }
}

fn main() {
    let asked = std::env::args().nth(1).and_then(|trials| trials.parse::<u32>().ok());
    for (deals, share) in [(30, 1), (100, 1), (1_000, 4)] {
        let trials = asked.unwrap_or(20_000) / share;
        let shares = coverage(deals, trials, 51, 1).shares();
        let shares = shares.map(|(name, share)| format!("{name} {:.1}%", share * 100.0));
        println!("{deals} deals, {trials} trials: 95% intervals hold {}", shares.join(", "));
    }
    let say = |what: &str, held: Held| {
        println!("{what}: 95% intervals hold {:.1}% of {}", held.share() * 100.0, held.of);
    };
    for (deals, share) in [(30, 1), (100, 1), (1_000, 4)] {
        let trials = asked.unwrap_or(20_000) / share;
        say(&format!("cohorts of {deals} deals"), cohorts(deals, trials, 54));
    }
    say_pools(asked.unwrap_or(20_000));
    for deals in [30, 100, 1_000] {
        for spread in [0.0, 0.1, 0.2, 0.4] {
            let held = shrunken_reps(deals, spread, asked.unwrap_or(20_000) / 40, 57);
            say(&format!("20 reps of {deals} deals, spread of their rates {spread}"), held);
        }
    }
    for course in [Course::Steady, Course::Drifting, Course::Broken] {
        for deals in [30, 150] {
            let trials = asked.unwrap_or(20_000) / 10;
            let (rates, amounts) = projections(course, deals, trials, 56);
            let of = format!("of months of {deals} deals, {course:?}");
            say(&format!("projected win rates {of}"), rates);
            say(&format!("projected bookings {of}"), amounts);
        }
    }
    let trials = asked.unwrap_or(1_000).min(1_000);
    match skygeni() {
        Some((cells, dimensions)) => {
            let found = false_discoveries(&cells, &dimensions, trials, 52);
            println!("{found} of {trials} shuffles of the SkyGeni outcomes have a driver");
        }
        None => println!("no ../shared/data beside the checkout: no shuffles"),
    }
    let (dimension, level) = planted_drivers(trials, 53);
    println!(
        "a planted odds ratio of 1.5: dimension found in {dimension}, level in {level} of {trials}"
    );
}
