//! Scores as tables in Markdown.

use std::fmt::Write as _;

use crate::other_rules::QUARTERLY_LEVEL;
use crate::score::{Tried, reached};
use crate::{Drop, Score};

/// The level at which the quarterly z-test is wrong as often as Winsight in the scenario in which it is
/// wrong most often.
pub fn calibrated_level(nulls: &[(&str, Score)]) -> f64 {
    let wrong = |score: &Score| reached(&score.quarterly.any, QUARTERLY_LEVEL);
    let worst = nulls.iter().map(|(_, score)| score).max_by_key(|score| wrong(score));
    worst.map_or(0.0, |score| score.quarterly.level_for(score.engine.any))
}

/// The scenarios in which there is nothing to find. `calibrated` is the level of the last column.
pub fn null_table(rows: &[(&str, Score)], calibrated: f64) -> String {
    let mut table =
        "| nothing planted, and | quarters | Winsight, every day | five points | z-test \
                     and BH | z-test, calibrated |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, score) in rows {
        let share = |found: u32| percent(found, score.companies);
        let quarterly = |level| share(reached(&score.quarterly.any, level));
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} |",
            score.companies,
            share(score.engine.any),
            share(score.five_points.any),
            quarterly(QUARTERLY_LEVEL),
            quarterly(calibrated),
        );
    }
    table
}

/// The scenarios in which a segment dropped. `calibrated` is the level of the last column.
pub fn power_table(rows: &[(Drop, Score)], calibrated: f64) -> String {
    let mut table =
        "| deals | drop | from day | Winsight: found | days | in two quarters | days | \
                     five points | z-test and BH | in two quarters | z-test, calibrated |\n\
                     |---|---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (drop, score) in rows {
        let found = |days: &[u32]| percent(u32::try_from(days.len()).unwrap_or(0), score.companies);
        let median = |days: &[u32]| {
            Tried::median(days).map_or_else(|| "–".to_owned(), |day| day.to_string())
        };
        let quarterly = |levels: &[f64], level| percent(reached(levels, level), score.companies);
        let _ = writeln!(
            table,
            "| {} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            drop.target.deals(),
            drop.by * 100.0,
            drop.day + 1,
            found(&score.engine.days),
            median(&score.engine.days),
            found(&score.engine.days_in_two),
            median(&score.engine.days_in_two),
            found(&score.five_points.days),
            quarterly(&score.quarterly.found, QUARTERLY_LEVEL),
            quarterly(&score.quarterly.found_in_two, QUARTERLY_LEVEL),
            quarterly(&score.quarterly.found, calibrated),
        );
    }
    table
}

fn percent(of: u32, all: u32) -> String {
    format!("{:.1}%", f64::from(of) / f64::from(all.max(1)) * 100.0)
}
