//! `quality`: how good the data is, what is held back and what stands in quarantine.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use winsight_jobs::{Retried, RetryRequest, Workspace, reasons};
use winsight_meta::{Load, Quarantined};

use crate::cli::{Place, Quality, QualityAction};
use crate::configuration;
use crate::output::{say, say_json};

use super::import::read_mapping;

/// Parts of the score, as stored and as they are called.
const PARTS: [&str; 5] = ["completeness", "validity", "consistency", "uniqueness", "timeliness"];

pub(crate) async fn run(place: &Place, request: &Quality, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    match &request.action {
        Some(QualityAction::Accept { load }) => accept(&workspace, *load, json).await,
        Some(QualityAction::Discard { load }) => discard(&workspace, *load, json).await,
        Some(QualityAction::Retry { deals, mapping }) => {
            let mapping = mapping.as_deref().map(read_mapping).transpose()?;
            let request = RetryRequest { deals: deals.clone(), release: false, mapping };
            retry(&workspace, &request, json).await
        }
        Some(QualityAction::Release { deals }) => {
            let request = RetryRequest { deals: deals.clone(), release: true, mapping: None };
            retry(&workspace, &request, json).await
        }
        None => show(&workspace, request.limit, json).await,
    }
}

async fn accept(workspace: &Workspace, load: Option<i64>, json: bool) -> Result<()> {
    let released = workspace.accept(load).await?;
    let counts = released.counts;
    if json {
        return say_json(&json!({
            "load": released.load.0, "files": released.files, "inserted": counts.inserted,
            "updated": counts.updated, "unchanged": counts.unchanged, "deleted": counts.deleted,
            "data_version": released.data_version.map(|version| version.0),
        }));
    }
    let version = match released.data_version {
        Some(version) => format!("data version {version}"),
        None => "nothing differs from what is loaded, no new version".to_owned(),
    };
    say(&format!(
        "load {} ({}) released: {} inserted, {} updated, {} unchanged, {} deleted; {version}",
        released.load,
        released.files.join(", "),
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.deleted
    ))
}

async fn discard(workspace: &Workspace, load: Option<i64>, json: bool) -> Result<()> {
    let held = workspace.discard(load).await?;
    if json {
        return say_json(&json!({ "load": held.id.0, "files": held.files, "discarded": true }));
    }
    say(&format!("load {} ({}) discarded; nothing changed", held.id, held.files.join(", ")))
}

async fn retry(workspace: &Workspace, request: &RetryRequest, json: bool) -> Result<()> {
    let Retried { rows_read, counts, still_quarantined, data_version } =
        workspace.retry_quarantined(request).await?;
    if json {
        let still: Vec<_> = still_quarantined
            .iter()
            .map(|(deal_id, reason)| json!({ "deal_id": deal_id, "reason": reason }))
            .collect();
        return say_json(&json!({
            "rows_read": rows_read, "inserted": counts.inserted, "updated": counts.updated,
            "unchanged": counts.unchanged, "quarantined": still,
            "data_version": data_version.map(|version| version.0),
        }));
    }
    say(&format!(
        "{rows_read} rows read again: {} inserted, {} updated, {} unchanged, {} still in quarantine",
        counts.inserted,
        counts.updated,
        counts.unchanged,
        still_quarantined.len()
    ))?;
    for (deal_id, reason) in &still_quarantined {
        say(&format!("{}: {reason}", deal_id.as_deref().unwrap_or("(no id)")))?;
    }
    Ok(())
}

/// The JSON form of `quality`.
#[derive(Serialize)]
struct Shown {
    score: Option<f64>,
    report: Value,
    held: Vec<Value>,
    quarantined_by_check: BTreeMap<String, u64>,
    quarantined: Vec<Value>,
}

async fn show(workspace: &Workspace, limit: u64, json: bool) -> Result<()> {
    let metadata = workspace.metadata();
    let load = metadata.latest_load(workspace.id(), None).await?;
    let held = workspace.held_loads().await?;
    let by_check = metadata.quarantine_summary(workspace.id()).await?;
    let rows = metadata.quarantine(workspace.id(), limit).await?;
    if json {
        return say_json(&Shown {
            score: load.as_ref().map(|load| load.quality_score),
            report: load.map_or(Value::Null, |load| load.report),
            held: held.iter().map(held_json).collect(),
            quarantined_by_check: by_check.into_iter().collect(),
            quarantined: rows.iter().map(quarantined_json).collect(),
        });
    }
    for held in &held {
        say(&format!(
            "held: load {} ({}), {} rows",
            held.id,
            held.files.join(", "),
            held.rows_read
        ))?;
        for reason in reasons(held) {
            say(&format!("  - {reason}"))?;
        }
        say(&format!(
            "  release it with `winsight quality accept {0}`, or `winsight quality discard {0}`",
            held.id
        ))?;
    }
    let Some(load) = load else {
        return say("nothing has been loaded yet; import a file with `winsight import FILE`");
    };
    print(&load)?;
    if by_check.is_empty() {
        return say("no rows in quarantine");
    }
    for (check, count) in by_check {
        say(&format!("quarantined for {check}: {count}"))?;
    }
    for row in rows.into_iter().map(|quarantined| quarantined.row) {
        for reason in row.reasons {
            let deal = row.deal_id.as_ref().map_or(String::new(), |deal| format!(", deal {deal}"));
            say(&format!("{}, line {}{deal}: {}", row.file, row.line, reason.message))?;
        }
    }
    Ok(())
}

fn print(load: &Load) -> Result<()> {
    say(&format!(
        "quality {:.0} of 100 in the load of {}",
        load.quality_score,
        load.files.join(", ")
    ))?;
    let quality = &load.report["quality"];
    for part in PARTS {
        if let Some(score) = quality[part].as_f64() {
            say(&format!("  {part:<13}{score:>4.0}"))?;
        }
    }
    for issue in load.report["issues"].as_array().into_iter().flatten() {
        let text = |field: &str| issue[field].as_str().unwrap_or_default().to_owned();
        say(&format!("{}: {}", text("severity"), text("message")))?;
    }
    Ok(())
}

fn held_json(held: &Load) -> Value {
    json!({
        "load": held.id.0, "files": held.files, "source": held.source, "rows": held.rows_read,
        "quality_score": held.quality_score, "reasons": reasons(held),
    })
}

fn quarantined_json(quarantined: &Quarantined) -> Value {
    let row = &quarantined.row;
    let reasons: Vec<_> = row
        .reasons
        .iter()
        .map(|reason| {
            json!({ "check": reason.check, "field": reason.field, "message": reason.message })
        })
        .collect();
    json!({
        "file": row.file, "line": row.line, "deal_id": row.deal_id, "reasons": reasons,
        "raw": row.raw,
    })
}
