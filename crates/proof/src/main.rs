//! `make alert-proof`: prints the tables of `docs/alert-proof.md`.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use winsight_model::Settings;
use winsight_proof::{
    Drop, EqualLevels, Scenario, Target, null_table, power_table, read_closed_deals, score, shuffle,
};

const USAGE: &str = "usage: winsight-proof tables COMPANIES | winsight-proof shuffle FILE TIMES";

/// The companies of the tables had no part in any choice; those with lower numbers did.
const FIRST: u64 = 5_000_000;
const FIRST_WITH_DROP: u64 = 6_000_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["tables", companies] => tables(companies.parse().context(USAGE)?),
        ["shuffle", file, times] => shuffled(Path::new(file), times.parse().context(USAGE)?),
        _ => bail!(USAGE),
    }
}

fn tables(companies: u32) -> Result<()> {
    let settings = Settings::default();
    let none = Scenario::default();
    let nulls = [
        ("nothing else", none),
        ("seasons", Scenario { season: true, ..none }),
        ("turnover of reps", Scenario { turnover: true, ..none }),
        ("a shift of mix", Scenario { mix: true, ..none }),
        ("late data", Scenario { late: true, ..none }),
        ("weekly imports", Scenario { weekly: true, ..none }),
        ("all of these", Scenario { season: true, turnover: true, mix: true, late: true, ..none }),
    ];
    let rows = nulls.map(|(name, scenario)| (name, score(&scenario, companies, FIRST, &settings)));
    let equal = EqualLevels::of(&rows);
    say(&null_table(&rows, equal))?;
    let EqualLevels { quiet, worst } = equal;
    say(&format!("Levels of the z-test: {quiet:.1e} if quiet, {worst:.1e} at worst.\n"))?;
    let found = |scenario: Scenario, drop: Drop| {
        let scenario = Scenario { drop: Some(drop), ..scenario };
        (drop, score(&scenario, companies, FIRST_WITH_DROP, &settings))
    };
    let mut rows = Vec::new();
    for day in [0, 45] {
        for target in Target::ALL {
            for by in [0.10, 0.15, 0.20] {
                rows.push(found(none, Drop { target, by, day }));
            }
        }
    }
    say(&power_table(&rows, equal))?;
    say("Imported once a week:\n")?;
    let weekly = [
        Drop { target: Target::SmallRegion, by: 0.15, day: 0 },
        Drop { target: Target::LargeRegion, by: 0.10, day: 0 },
        Drop { target: Target::LargeRegion, by: 0.15, day: 45 },
    ];
    let rows = weekly.map(|drop| found(Scenario { weekly: true, ..none }, drop));
    say(&power_table(&rows, equal))
}

fn shuffled(file: &Path, times: u64) -> Result<()> {
    let score = shuffle(&read_closed_deals(file)?, times, &Settings::default())?;
    let share = |found: u32| f64::from(found) / f64::from(score.quarters) * 100.0;
    say(&format!(
        "{} shuffles, {} company-quarters with an alert: Winsight {:.1}%, five points {:.1}%, z-test \
         and BH {:.1}%\n",
        times,
        score.quarters,
        share(score.engine),
        share(score.five_points),
        share(score.quarterly),
    ))
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
