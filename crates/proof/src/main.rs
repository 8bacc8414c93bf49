//! `make alert-proof`: prints the tables of `docs/alert-proof.md`.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use winsight_model::Settings;
use winsight_proof::{
    Drop, Scenario, Target, null_table, power_table, read_closed_deals, score, shuffle,
};

const USAGE: &str = "usage: winsight-proof tables COMPANIES | winsight-proof shuffle FILE TIMES";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["tables", companies] => tables(companies.parse().context(USAGE)?),
        ["why", companies] => why(companies.parse()?),
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
        ("all of these", Scenario { season: true, turnover: true, mix: true, late: true, drop: None }),
    ];
    let rows = nulls.map(|(name, scenario)| (name, score(&scenario, companies, 0, &settings)));
    say(&null_table(&rows))?;
    let mut rows = Vec::new();
    for day in [0, 45] {
        for target in Target::ALL {
            for by in [0.10, 0.15, 0.20] {
                let drop = Drop { target, by, day };
                let scenario = Scenario { drop: Some(drop), ..none };
                rows.push((drop, score(&scenario, companies, 1_000_000, &settings)));
            }
        }
    }
    say(&power_table(&rows))
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

fn why(companies: u64) -> Result<()> {
    let settings = Settings::default();
    let none = Scenario::default();
    let s = Scenario { season: true, ..none };
    for (name, scenario) in [
        ("none", none),
        ("season", s),
        ("season+late", Scenario { late: true, ..s }),
        ("season+turnover", Scenario { turnover: true, ..s }),
        ("season+mix", Scenario { mix: true, ..s }),
        ("all", Scenario { season: true, turnover: true, mix: true, late: true, drop: None }),
    ] {
        let mut counts = std::collections::BTreeMap::<String, u32>::new();
        for number in 0..companies {
            let company = winsight_proof::Company::draw(&scenario, number);
            let q = winsight_proof::Company::QUARTER;
            let from = jiff::civil::date(2023, 2, 1);
            let w = winsight_proof::watch(&company.history, winsight_model::Window { from, to: q.to }, Some(4), &settings);
            let inq = |d: &Option<jiff::civil::Date>| d.is_some_and(|d| q.contains(d));
            if w.first_in(q).is_some() { *counts.entry("any".into()).or_default() += 1; }
            if inq(&w.overall) { *counts.entry("overall".into()).or_default() += 1; }
            for (i, d) in w.segments.iter().enumerate() {
                if inq(d) { *counts.entry(format!("dim{} v{i}", company.history.dimensions()[i])).or_default() += 1; }
            }
            for d in &w.lead_sources { if inq(d) { *counts.entry("leadsource".into()).or_default() += 1; } }
        }
        say(&format!("{name}: {counts:?}"))?;
    }
    Ok(())
}
