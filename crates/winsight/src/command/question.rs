//! `metrics`: a question and its answer as a table.

use anyhow::Result;
use winsight_insight::Interval;
use winsight_jobs::{MetricRow, MetricsQuery};
use winsight_model::Segment;
use winsight_server::wire;

use crate::cli::{Metrics, Place, Usage};
use crate::configuration;
use crate::output::{say, say_json, table};

use super::say_label;

pub(crate) async fn metrics(place: &Place, query: Metrics, json: bool) -> Result<()> {
    let within = filtered(&query.filter)?;
    let mut workspace = configuration::open(place).await?;
    let Metrics { by, each, quick, no_cache, days, grain, .. } = query;
    if no_cache {
        workspace = workspace.counting_anew();
    }
    let only_one = by.is_empty() && !each && grain.is_none();
    let query = MetricsQuery { by, each, quick, from: days.from, to: days.to, grain, within };
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
    if rows.iter().all(|row| row.metrics.deals == 0) {
        say(&format!("no deal closed in these days; {}", workspace.covered_days().await?))?;
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

/// The deals that `--where` asks for.
pub(crate) fn filtered(filter: &[String]) -> Result<Segment, Usage> {
    Segment::parse(filter.iter().map(String::as_str))
        .map_err(|error| Usage(format!("--where: {error}")))
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

pub(super) fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "–".to_owned(),
        |interval| format!("{:.1} to {:.1}", interval.low * 100.0, interval.high * 100.0),
    )
}
