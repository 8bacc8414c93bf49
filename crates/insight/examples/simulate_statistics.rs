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

use estimates::{Course, Held, cohorts, projections};
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Binomial, Distribution};
use rand_pcg::Pcg64Mcg;
use simulation::{coverage, false_discoveries, planted_drivers, skygeni};
use winsight_insight::{Pool, Share};

/// Pooled win rates of 20 segments, drawn from a beta distribution that differs from trial to trial, of
/// 5 to 2 × `deals` deals. Without a spread beyond chance there is no interval, and nothing is counted.
fn pools(deals: u64, trials: u32, seed: u64) -> Held {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut counted = Held::default();
    for _ in 0..trials {
        let (mean, worth) = (random.random_range(0.3..0.7), random.random_range(10.0..80.0));
        let rates = Beta::new(mean * worth, (1.0 - mean) * worth).expect("a pool");
        let segments: Vec<(f64, Share)> = (0..20)
            .map(|_| {
                let rate = rates.sample(&mut random);
                let deals = random.random_range(5..2 * deals);
                let won = Binomial::new(deals, rate).expect("a rate").sample(&mut random);
                (rate, Share { won, deals })
            })
            .collect();
        let shares: Vec<Share> = segments.iter().map(|&(_, share)| share).collect();
        let pool = Pool::of(&shares).expect("siblings");
        for (rate, share) in segments {
            if let Some(interval) = pool.rate(share).interval {
                counted.count(interval.contains(rate));
            }
        }
    }
    counted
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
    for deals in [15, 30, 100] {
        let trials = asked.unwrap_or(20_000) / 10;
        say(&format!("20 pooled segments of some {deals} deals"), pools(deals, trials, 55));
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
