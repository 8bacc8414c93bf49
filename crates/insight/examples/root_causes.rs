//! Plants incidents in simulated companies and prints how often the planted segment is named first,
//! and among the first three, by Winsight and by three other rankings. The table in DESIGN.md:
//! `cargo run --release -p winsight-insight --example root_causes -- 500`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a study for a terminal")]

#[path = "../tests/insight/incidents/mod.rs"]
mod incidents;

use incidents::study::{Outcome, WAYS, examine};
use winsight_insight::CauseKind;

fn main() {
    let count = std::env::args().nth(1).map_or(500, |text| text.parse().expect("a number"));
    let verbose = std::env::args().nth(2).is_some();
    let outcomes: Vec<Outcome> = (0..count).map(examine).collect();
    if verbose {
        for (seed, outcome) in outcomes.iter().enumerate() {
            if outcome.detectable && outcome.ranks[0] != Some(0) {
                println!(
                    "{seed}: {:?} {:?} found {:?} at {:?}",
                    outcome.kind, outcome.segment, outcome.first, outcome.ranks[0]
                );
            }
        }
    }
    println!(
        "| incidents | detectable | way | first | in the first three |\n|---|---|---|---|---|"
    );
    print("all", &outcomes, |_| true);
    for kind in [CauseKind::Rate, CauseKind::Mix] {
        print(&format!("{kind:?}"), &outcomes, |outcome| outcome.kind == kind);
    }
    for dimensions in 1..=3 {
        let name = format!("{dimensions} attributes");
        print(&name, &outcomes, |outcome| outcome.dimensions == dimensions);
    }
}

fn print(name: &str, outcomes: &[Outcome], of: impl Fn(&Outcome) -> bool) {
    let chosen: Vec<_> = outcomes.iter().filter(|outcome| of(outcome)).collect();
    let detectable: Vec<_> = chosen.iter().filter(|outcome| outcome.detectable).collect();
    for (way, title) in WAYS.iter().enumerate() {
        let share = |most: usize| {
            let named = |outcome: &&&&Outcome| outcome.ranks[way].is_some_and(|rank| rank < most);
            100.0 * detectable.iter().filter(named).count() as f64 / detectable.len() as f64
        };
        println!(
            "| {name} ({}) | {} | {title} | {:.1}% | {:.1}% |",
            chosen.len(),
            detectable.len(),
            share(1),
            share(3)
        );
    }
}
