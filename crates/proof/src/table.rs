//! Scores as tables in Markdown.

use std::fmt::Write as _;

use crate::score::Tried;
use crate::{Drop, Score};

/// The scenarios in which there is nothing to find.
pub fn null_table(rows: &[(&str, Score)]) -> String {
    let mut table =
        "| nothing planted, and | quarters | Winsight, every day | five points | z-test \
                     and BH |\n|---|---|---|---|---|\n"
            .to_owned();
    for (name, score) in rows {
        let share = |tried: &Tried| percent(tried.any, score.companies);
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} |",
            score.companies,
            share(&score.engine),
            share(&score.five_points),
            share(&score.quarterly),
        );
    }
    table
}

/// The scenarios in which a segment dropped.
pub fn power_table(rows: &[(Drop, Score)]) -> String {
    let mut table =
        "| deals | drop | from day | Winsight: found | days | in two quarters | days | \
                     five points | z-test and BH | in two quarters |\n\
                     |---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (drop, score) in rows {
        let found = |days: &[u32]| percent(u32::try_from(days.len()).unwrap_or(0), score.companies);
        let median = |days: &[u32]| {
            Tried::median(days).map_or_else(|| "–".to_owned(), |day| day.to_string())
        };
        let _ = writeln!(
            table,
            "| {} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} |",
            drop.target.deals(),
            drop.by * 100.0,
            drop.day + 1,
            found(&score.engine.days),
            median(&score.engine.days),
            found(&score.engine.days_in_two),
            median(&score.engine.days_in_two),
            found(&score.five_points.days),
            found(&score.quarterly.days),
            found(&score.quarterly.days_in_two),
        );
    }
    table
}

fn percent(of: u32, all: u32) -> String {
    format!("{:.1}%", f64::from(of) / f64::from(all.max(1)) * 100.0)
}
