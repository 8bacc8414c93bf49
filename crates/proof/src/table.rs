//! Scores as tables in Markdown.

use std::fmt::Write as _;

use crate::other_rules::QUARTERLY_LEVEL;
use crate::score::{Tried, reached};
use crate::{Drop, Score};

/// Levels at which the quarterly z-test is wrong as often as Winsight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EqualLevels {
    /// In the first scenario, in which nothing happens.
    pub quiet: f64,
    /// In the scenario in which the z-test is wrong most often.
    pub worst: f64,
}

impl EqualLevels {
    /// By the scenarios in which there is nothing to find.
    pub fn of(nulls: &[(&str, Score)]) -> Self {
        let wrong = |score: &Score| reached(&score.quarterly.any, QUARTERLY_LEVEL);
        let worst = nulls.iter().map(|(_, score)| score).max_by_key(|score| wrong(score));
        let quiet = nulls.first().map(|(_, score)| score);
        let level = |score: &Score| score.quarterly.level_for(score.engine.any);
        Self { quiet: quiet.map_or(0.0, level), worst: worst.map_or(0.0, level) }
    }
}

/// The scenarios in which there is nothing to find. The last columns are the z-test at these levels.
pub fn null_table(rows: &[(&str, Score)], equal: EqualLevels) -> String {
    let mut table =
        "| nothing planted, and | quarters | Winsight, every day | five points | z-test \
                     and BH | z-test, equal if quiet | z-test, equal at worst |\n\
                     |---|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, score) in rows {
        let share = |found: u32| percent(found, score.companies);
        let quarterly = |level| share(reached(&score.quarterly.any, level));
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            score.companies,
            share(score.engine.any),
            share(score.five_points.any),
            quarterly(QUARTERLY_LEVEL),
            quarterly(equal.quiet),
            quarterly(equal.worst),
        );
    }
    table
}

/// The scenarios in which a segment dropped. The last columns are the z-test at these levels.
pub fn power_table(rows: &[(Drop, Score)], equal: EqualLevels) -> String {
    let mut table =
        "| deals | drop | from day | Winsight: found | days | in two quarters | days | \
                     five points | z-test and BH | in two quarters | z-test, equal if quiet | \
                     z-test, equal at worst |\n\
                     |---|---|---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (drop, score) in rows {
        let found = |days: &[u32]| percent(u32::try_from(days.len()).unwrap_or(0), score.companies);
        let median = |days: &[u32]| {
            Tried::median(days).map_or_else(|| "–".to_owned(), |day| day.to_string())
        };
        let quarterly = |levels: &[f64], level| percent(reached(levels, level), score.companies);
        let _ = writeln!(
            table,
            "| {} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
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
            quarterly(&score.quarterly.found, equal.quiet),
            quarterly(&score.quarterly.found, equal.worst),
        );
    }
    table
}

fn percent(of: u32, all: u32) -> String {
    format!("{:.1}%", f64::from(of) / f64::from(all.max(1)) * 100.0)
}
