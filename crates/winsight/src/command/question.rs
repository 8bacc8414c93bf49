//! `metrics`, `changes` and `drivers`: questions and their answers as tables.

use anyhow::Result;
use winsight_insight::{HeadlineChanges, Interval, MetricChange};
use winsight_jobs::{ChangesQuery, MetricRow, MetricsQuery};
use winsight_model::Window;
use winsight_server::wire;

use crate::cli::{Changes, Days, Metrics, Place, Usage};
use crate::configuration;
use crate::output::{say, say_json, table};

use super::say_label;

pub(crate) async fn metrics(place: &Place, query: Metrics, json: bool) -> Result<()> {
    let mut workspace = configuration::open(place).await?;
    let Metrics { by, each, quick, no_cache, days, grain, .. } = query;
    if no_cache {
        workspace = workspace.counting_anew();
    }
    let only_one = by.is_empty() && !each && grain.is_none();
    let query = MetricsQuery { by, each, quick, from: days.from, to: days.to, grain };
    let rows = workspace.metrics(&query).await?;
    if json {
        let mut wired: Vec<_> = rows.into_iter().map(wire::Metric::from).collect();
        return match wired.pop() {
            Some(only) if only_one => say_json(&only),
            last => {
                wired.extend(last);
                say_json(&wired)
            }
        };
    }
    if rows.is_empty() {
        say("no deals closed in this window")?;
        return say_label(&workspace).await;
    }
    let header = [
        "dimension",
        "segment",
        "period",
        "deals",
        "won",
        "win rate",
        "95% interval",
        "revenue-weighted",
        "95% interval",
        "friction",
        "median days",
        "won amount",
    ];
    let (header, hidden) = if each { (&header[..], 0) } else { (&header[1..], 1) };
    let lines = rows.iter().map(|row| line(row).split_off(hidden));
    say(&table(header, 3 - hidden, lines.collect()))?;
    let reasons = rows.iter().filter_map(|row| row.metrics.rwwr_reason.as_deref());
    if let Some(reason) = reasons.clone().next() {
        say(&format!("revenue-weighted win rate: {reason}"))?;
    }
    say_label(&workspace).await
}

fn line(row: &MetricRow) -> Vec<String> {
    let metrics = &row.metrics;
    let too_few = || if metrics.enough_data { "–".to_owned() } else { "too few".to_owned() };
    vec![
        row.segment.dimension_label(),
        row.segment.value_label(),
        row.period.clone(),
        metrics.deals.to_string(),
        metrics.won.to_string(),
        metrics.win_rate.map_or_else(too_few, percent),
        range(metrics.win_rate_interval),
        metrics.rwwr.map_or_else(|| "–".to_owned(), percent),
        range(metrics.rwwr_interval),
        metrics.dfi.map_or_else(|| "–".to_owned(), |dfi| format!("{dfi:.2}")),
        metrics.median_cycle_days.map_or_else(|| "–".to_owned(), |days| format!("{days:.0}")),
        format!("{} {}", metrics.won_amount, row.currency),
    ]
}

pub(super) fn percent(rate: f64) -> String {
    format!("{:.1}%", rate * 100.0)
}

pub(super) fn points(change: f64) -> String {
    format!("{:+.1}", change * 100.0)
}

fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "–".to_owned(),
        |interval| format!("{:.1} to {:.1}", interval.low * 100.0, interval.high * 100.0),
    )
}

fn window(
    from: Option<jiff::civil::Date>,
    to: Option<jiff::civil::Date>,
    flags: &str,
) -> Result<Option<Window>> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) if from < to => Ok(Some(Window { from, to })),
        (Some(_), Some(_)) => {
            Err(Usage(format!("{flags}: the window is empty; its first day comes first")).into())
        }
        _ => Err(Usage(format!("{flags}: give both ends of the window, or neither")).into()),
    }
}

pub(crate) async fn changes(place: &Place, query: Changes, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let query = ChangesQuery {
        window: window(query.days.from, query.days.to, "--from and --to")?,
        baseline: window(
            query.baseline_from,
            query.baseline_to,
            "--baseline-from and --baseline-to",
        )?,
        by: query.by,
    };
    let changes = workspace.changes(&query).await?;
    if json {
        return say_json(&wire::Changes::new(&query.by, changes));
    }
    say(&format!("win rate {} against {}", changes.window, changes.baseline))?;
    if let Some(split) = &changes.decomposition {
        say(&format!(
            "changed by {} points: {} from mix, {} from rate",
            points(split.total),
            points(split.mix),
            points(split.rate)
        ))?;
    }
    let HeadlineChanges { rwwr, dfi } = &changes.headline;
    say(&headline("revenue-weighted win rate, in points", rwwr, points))?;
    say(&headline("deal friction index, as a factor", dfi, |by| format!("{by:.2}")))?;
    let parts = changes.decomposition.map(|split| split.parts).unwrap_or_default();
    let rows = changes.segments.iter().map(|gated| {
        let change = &gated.change;
        let part = parts.iter().find(|part| part.segment == change.segment);
        let verdict = match (change.enough_data, gated.real) {
            (false, _) => "too few deals",
            (true, true) => "real",
            (true, false) => "within chance",
        };
        vec![
            change.segment.value_label(),
            verdict.to_owned(),
            format!("{} of {}", change.baseline.won, change.baseline.deals),
            format!("{} of {}", change.current.won, change.current.deals),
            change.change.map_or_else(|| "–".to_owned(), points),
            range(change.interval),
            part.map_or_else(|| "–".to_owned(), |part| points(part.mix)),
            part.map_or_else(|| "–".to_owned(), |part| points(part.rate)),
        ]
    });
    let header =
        ["segment", "verdict", "before", "now", "points", "95% interval", "mix part", "rate part"];
    say(&table(&header, 2, rows.collect()))?;
    say_label(&workspace).await
}

/// `deal friction index, as a factor: 1.05 (95% interval 0.91 to 1.22), within chance`.
fn headline(name: &str, change: &MetricChange, show: impl Fn(f64) -> String) -> String {
    match (change.change, change.interval) {
        (Some(by), Some(Interval { low, high })) => format!(
            "{name}: {} (95% interval {} to {}), {}",
            show(by),
            show(low),
            show(high),
            if change.real { "real" } else { "within chance" }
        ),
        _ => format!("{name}: too few deals to compare"),
    }
}

pub(crate) async fn drivers(place: &Place, days: &Days, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let analysis = workspace.drivers(window(days.from, days.to, "--from and --to")?).await?;
    if json {
        return say_json(&wire::Drivers::from(analysis));
    }
    let found: Vec<_> = analysis.drivers.iter().filter(|driver| driver.significant).collect();
    say(&format!(
        "associations (not causes) with winning, over {} closed deals, {} of them won",
        analysis.deals, analysis.won
    ))?;
    if found.is_empty() {
        say("no driver: nothing known while a deal is open goes with its outcome beyond chance")?;
        return say_label(&workspace).await;
    }
    let rows = found.iter().map(|driver| {
        vec![
            driver.dimension.to_string(),
            driver.value.clone(),
            driver.reference.clone(),
            format!("{:.2}", driver.odds_ratio),
            format!("{:.2} to {:.2}", driver.interval.low, driver.interval.high),
        ]
    });
    let header = ["dimension", "value", "against", "odds ratio", "95% interval"];
    say(&table(&header, 3, rows.collect()))?;
    say_label(&workspace).await
}
