//! `drivers`, `trends` and `reps`: analyses and their answers as tables.

use anyhow::Result;
use winsight_insight::{BreadthKind, ChangePoint, Driver, DriverChanges, Trend};
use winsight_jobs::{self as jobs, DriversQuery, TrendsQuery};
use winsight_server::wire;

use crate::cli::{Days, Drivers, Place, Trends};
use crate::configuration;
use crate::output::{say, say_json, table};

use super::question::{percent, points};
use super::say_label;

pub(crate) async fn drivers(place: &Place, query: &Drivers, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let query = DriversQuery {
        window: jobs::Days { from: query.days.from, to: query.days.to },
        baseline: jobs::Days { from: query.baseline_from, to: query.baseline_to },
    };
    let report = workspace.drivers(&query).await?;
    if json {
        return say_json(&wire::Drivers::from(report));
    }
    let analysis = &report.analysis;
    say(&format!(
        "associations (not causes) with winning, over {} closed deals, {} of them won",
        analysis.deals, analysis.won
    ))?;
    let found = analysis.ranked();
    if found.is_empty() {
        say("no driver: nothing known while a deal is open goes with its outcome beyond chance")?;
    } else {
        let exposed = format!("share of {}", analysis.exposure_of.as_str());
        let header = [
            "dimension",
            "value",
            "against",
            "trend",
            "odds ratio",
            "95% interval",
            exposed.as_str(),
            "score",
        ];
        say(&table(&header, 4, found.into_iter().map(driver).collect()))?;
    }
    for level in &analysis.dropped {
        say(&format!("{} {}: not compared, {}", level.dimension, level.value, level.reason))?;
    }
    let untested = analysis.dimensions.iter().filter_map(|test| {
        Some(format!("{}: not tested, {}", test.dimension, test.untested.as_ref()?))
    });
    for line in untested {
        say(&line)?;
    }
    if let Some(changes) = &report.changes {
        say(&changed(changes, &report.baseline.to_string()))?;
    }
    for note in &report.notes {
        say(note)?;
    }
    say_label(&workspace).await
}

fn driver(driver: &Driver) -> Vec<String> {
    vec![
        driver.dimension.to_string(),
        driver.value.clone(),
        driver.reference.clone(),
        driver.trend.as_str().to_owned(),
        format!("{:.2}", driver.odds_ratio),
        format!("{:.2} to {:.2}", driver.interval.low, driver.interval.high),
        percent(driver.exposure),
        driver.wrds.map_or_else(|| "–".to_owned(), |score| format!("{score:.4}")),
    ]
}

fn changed(changes: &DriverChanges, baseline: &str) -> String {
    let found = changes.changes.iter().filter(|change| change.significant).map(|change| {
        format!(
            "{} {}: odds ratio {:.2} times that of {baseline} (95% interval {:.2} to {:.2})",
            change.dimension,
            change.value,
            change.factor,
            change.interval.low,
            change.interval.high
        )
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return format!("no association changed beyond chance against {baseline}");
    }
    found.join("\n")
}

pub(crate) async fn trends(place: &Place, query: Trends, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let by_segment = query.by.is_some();
    let query = TrendsQuery { grain: Some(query.grain), by: query.by };
    let report = workspace.trends(&query).await?;
    if json {
        return say_json(&wire::Trends::from(report));
    }
    say("associations (not causes); win rate = level + season + rest")?;
    if by_segment {
        let rows = report.series.iter().map(|(segment, trend)| {
            let level = trend.points.iter().rev().find_map(|point| point.level);
            let last = trend.change_points.last();
            vec![
                segment.value_label(),
                last.map_or_else(|| "–".to_owned(), |change| change.date.to_string()),
                trend.points.iter().map(|point| point.count.share.deals).sum::<u64>().to_string(),
                level.map_or_else(|| "–".to_owned(), percent),
                last.map_or_else(|| "–".to_owned(), |change| points(change.after - change.before)),
            ]
        });
        let header = ["segment", "level since", "deals", "level", "points"];
        say(&table(&header, 2, rows.collect()))?;
    } else {
        for (_, trend) in &report.series {
            series(trend)?;
        }
    }
    match report.breadth.as_ref().map(|breadth| breadth.kind) {
        Some(BreadthKind::BroadBased) => {
            say(&format!("{}: what moved is broad-based", report.window))?;
        }
        Some(BreadthKind::Local) => say(&format!("{}: what moved is local", report.window))?,
        _ => {}
    }
    for moved in &report.indicators {
        say(&format!(
            "{}: {:.3}, before {:.3}{}",
            moved.name,
            moved.current,
            moved.baseline,
            if moved.is_unusual() { ", more than it usually moves" } else { "" }
        ))?;
    }
    say_label(&workspace).await
}

fn series(trend: &Trend) -> Result<()> {
    let rows = trend.points.iter().map(|point| {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), percent);
        vec![
            point.count.period.label.clone(),
            point.count.share.deals.to_string(),
            rate(point.win_rate),
            rate(point.level),
            points(point.season),
            point.count.won_amount.to_string(),
        ]
    });
    let header = ["period", "deals", "win rate", "level", "season", "won amount"];
    say(&table(&header, 1, rows.collect()))?;
    for change in &trend.change_points {
        say(&change_point(change))?;
    }
    if trend.change_points.is_empty() && trend.note.is_none() {
        say("no change of level beyond chance")?;
    }
    if let Some(year) = &trend.year_over_year {
        say(&format!(
            "against the same quarter a year before: {} points (95% interval {} to {}){}",
            points(year.change),
            points(year.interval.low),
            points(year.interval.high),
            if year.seasonal { "; the step before it is seasonal" } else { "" }
        ))?;
    }
    for coming in &trend.projection.win_rates {
        say(&format!(
            "{} to come: {} (95% interval {} to {})",
            coming.period.label,
            percent(coming.value),
            percent(coming.low),
            percent(coming.high)
        ))?;
    }
    let of = trend.projection.win_rate_backtest;
    if of.of > 0 {
        say(&format!("{} of {} earlier such intervals held", of.inside, of.of))?;
    }
    trend.note.as_ref().map_or(Ok(()), |note| say(note))
}

fn change_point(change: &ChangePoint) -> String {
    format!(
        "level {} from {} on ({} to {}), {} before: {} points (95% interval {} to {})",
        percent(change.after),
        change.date,
        change.between.0,
        change.between.1,
        percent(change.before),
        points(change.after - change.before),
        points(change.interval.low),
        points(change.interval.high)
    )
}

pub(crate) async fn reps(place: &Place, days: &Days, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let report = workspace.reps(jobs::Days { from: days.from, to: days.to }).await?;
    if json {
        return say_json(&wire::Reps::from(report));
    }
    let analysis = &report.analysis;
    say(&format!(
        "associations (not causes): reps against what their deals let expect, {}; {} of {} deals",
        report.window,
        percent(analysis.win_rate),
        analysis.deals
    ))?;
    let rows = analysis.reps.iter().map(|rep| {
        vec![
            rep.rep.clone(),
            rep.position.as_str().to_owned(),
            rep.share.deals.to_string(),
            rep.share.won.to_string(),
            format!("{:.1}", rep.expected_won),
            percent(rep.adjusted_win_rate),
            percent(rep.shrunken_win_rate),
            format!("{} to {}", percent(rep.limits_998.low), percent(rep.limits_998.high)),
            rep.dfi.map_or_else(|| "–".to_owned(), |dfi| format!("{dfi:.2}")),
        ]
    });
    let header = [
        "rep",
        "funnel",
        "deals",
        "won",
        "expected",
        "adjusted",
        "shrunken",
        "99.8% limits",
        "friction",
    ];
    say(&table(&header, 2, rows.collect()))?;
    say(if analysis.reps.len() < 2 {
        "it takes two reps with enough deals to compare them"
    } else if analysis.ranked {
        "the reps differ by more than chance gives"
    } else {
        "the reps differ by no more than chance gives, so they are in no order"
    })?;
    say_label(&workspace).await
}
