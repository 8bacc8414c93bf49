//! Counts over many simulated companies what the intervals and tests promise.
//!
//! `cargo run --release -p winsight-insight --example simulate_statistics [TRIALS]`, by default 20,000
//! for intervals and 1,000 for drivers.

#![expect(clippy::print_stdout, reason = "the result of a command")]
#![expect(clippy::expect_used, reason = "the simulation is shared with the tests")]

#[path = "../tests/insight/simulation.rs"]
mod simulation;

use simulation::{coverage, false_discoveries, planted_drivers, skygeni};

fn main() {
    let asked = std::env::args().nth(1).and_then(|trials| trials.parse::<u32>().ok());
    for (deals, share) in [(30, 1), (100, 1), (1_000, 4)] {
        let trials = asked.unwrap_or(20_000) / share;
        let shares = coverage(deals, trials, 51, 1).shares();
        let shares = shares.map(|(name, share)| format!("{name} {:.1}%", share * 100.0));
        println!("{deals} deals, {trials} trials: 95% intervals hold {}", shares.join(", "));
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
