//! `metrics --history`, `quality --history`, `restatements` and `training-set`: what was known and
//! shown before.

use anyhow::Result;
use winsight_jobs::{RecordedRate, RestatementsQuery, TrainingQuery};
use winsight_server::wire;

use super::question::{percent, points};
use crate::cli::{Metrics, Place, Restatements, TrainingSet, Usage};
use crate::configuration;
use crate::output::{say, say_json, table};

pub(crate) async fn metrics(place: &Place, query: &Metrics, json: bool) -> Result<()> {
    let by = match query.by.as_slice() {
        [] => None,
        [dimension] => Some(dimension),
        _ => {
            let hint = "--history is kept by one dimension at a time; name one with --by";
            return Err(Usage(hint.to_owned()).into());
        }
    };
    let workspace = configuration::open(place).await?;
    let records = workspace.metric_history(by, query.days.from, query.days.to).await?;
    if json {
        let wired: Vec<_> = records.into_iter().map(wire::MetricHistory::from).collect();
        return say_json(&wired);
    }
    if records.is_empty() {
        return say("no run has shown metrics yet; run `winsight run weekly`");
    }
    let rows = records.into_iter().map(|record| {
        vec![
            record.as_of.to_zoned(workspace.clock().time_zone().clone()).date().to_string(),
            record.job,
            record.data_version.to_string(),
            record.value,
            record.window.to_string(),
            record.deals.to_string(),
            record.won.to_string(),
            shown(record.win_rate, percent),
            shown(record.rwwr, percent),
            shown(record.dfi, |dfi| format!("{dfi:.2}")),
            format!("{} {}", record.won_amount, record.currency),
        ]
    });
    let header = [
        "as of",
        "run",
        "data version",
        "segment",
        "closed",
        "deals",
        "won",
        "win rate",
        "revenue-weighted",
        "friction",
        "won amount",
    ];
    say(&table(&header, 5, rows.collect()))
}

fn shown(rate: RecordedRate, print: fn(f64) -> String) -> String {
    rate.value.map_or_else(|| "–".to_owned(), print)
}

pub(crate) async fn quality(place: &Place, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let records = workspace.quality_history().await?;
    if json {
        let wired: Vec<_> = records.into_iter().map(wire::QualityHistory::from).collect();
        return say_json(&wired);
    }
    if records.is_empty() {
        return say(
            "no load has recorded its quality yet; import a file with `winsight import FILE`",
        );
    }
    let rows = records.into_iter().map(|record| {
        vec![
            record.loaded_at.strftime("%Y-%m-%d %H:%M").to_string(),
            record.data_version.map_or_else(|| "–".to_owned(), |version| version.to_string()),
            record.source,
            record.field.unwrap_or_else(|| "all".to_owned()),
            record.part,
            format!("{:.1}", record.value),
        ]
    });
    let header = ["loaded (UTC)", "data version", "source", "field", "part", "value"];
    say(&table(&header, 5, rows.collect()))
}

pub(crate) async fn restatements(place: &Place, query: &Restatements, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let asked = RestatementsQuery { since: query.since, from: query.days.from, to: query.days.to };
    let restatements = wire::Restatements::new(workspace.restatements(&asked).await?, query.limit);
    if json {
        return say_json(&restatements);
    }
    let now = restatements.now.data_version;
    let Some(since) = restatements.since else {
        return say(&format!("nothing was restated: there is no version before {now}"));
    };
    let zone = workspace.clock().time_zone().clone();
    let day = since.known_at.to_zoned(zone.clone()).date();
    let since = format!("version {} of {day}", since.data_version);
    if restatements.months.is_empty() {
        return say(&format!(
            "nothing was restated: every month that was over in {since} has the same numbers in version {now}"
        ));
    }
    say(&format!("months that were over in {since}, and their numbers in version {now}"))?;
    let rows = restatements.months.iter().map(|month| {
        let (before, after, change) = (&month.before, &month.after, &month.change);
        let rates = |before: Option<f64>, after: Option<f64>, change: Option<f64>| {
            let rate = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
            let change = change.map_or_else(String::new, |change| format!(" ({})", points(change)));
            format!("{} → {}{change}", rate(before), rate(after))
        };
        let counts =
            |before: u64, after: u64, change: i64| format!("{before} → {after} ({change:+})");
        vec![
            month.month.clone(),
            counts(before.deals, after.deals, change.deals),
            counts(before.won, after.won, change.won),
            rates(before.win_rate, after.win_rate, change.win_rate),
            rates(before.rwwr, after.rwwr, change.rwwr),
            format!("{} → {}", before.won_amount, after.won_amount),
        ]
    });
    let header = ["month", "deals", "won", "win rate", "revenue-weighted", "won amount"];
    say(&table(&header, 1, rows.collect()))?;
    for month in &restatements.months {
        say(&format!("\n{}: {} deals", month.month, month.deals_changed))?;
        for deal in &month.deals {
            let fields: Vec<_> = deal.fields.iter().map(field).collect();
            let at = deal.known_at.to_zoned(zone.clone()).date();
            say(&format!("  {} {} on {at}: {}", deal.deal_id, deal.change, fields.join(", ")))?;
        }
        let more = month.deals_changed - month.deals.len();
        if more > 0 {
            say(&format!("  and {more} more; see them with --limit"))?;
        }
    }
    Ok(())
}

fn field(changed: &wire::ChangedField) -> String {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    format!("{} {} → {}", changed.field, or_none(&changed.before), or_none(&changed.after))
}

pub(crate) async fn training_set(place: &Place, query: TrainingSet, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let TrainingSet { out, ages, include_open } = query;
    let rows = workspace.write_training_set(&TrainingQuery { ages, include_open }, &out).await?;
    let file = out.display().to_string();
    if json {
        return say_json(&wire::TrainingSet { file, rows });
    }
    say(&format!("{rows} rows in {file}, one per deal and age"))
}
