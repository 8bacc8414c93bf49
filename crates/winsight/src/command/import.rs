//! `import` and `quality`: files in, and how good they were.

use std::path::Path;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;
use winsight_etl::{Mapping, Progress};
use winsight_jobs::{ImportReport, ImportRequest};
use winsight_server::wire::LoadReport;

use crate::cli::{Import, Place};
use crate::configuration;
use crate::output::{progress_bar, remark, say, say_json};

/// Quarantined rows that an import prints; `quality` lists the others.
const SHOWN: usize = 10;

pub(crate) async fn run(place: &Place, request: &Import, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let reports = workspace.import(&to_request(request)?, progress()).await?;
    if let (Some(file), Some(report)) = (&request.save_mapping, reports.last()) {
        std::fs::write(file, report.mapping.to_toml())
            .with_context(|| format!("cannot save the mapping to {}", file.display()))?;
    }
    if json {
        return say_json(&LoadReport::new(&reports, request.dry_run));
    }
    for report in &reports {
        print(report, request.dry_run)?;
    }
    Ok(())
}

fn to_request(request: &Import) -> Result<ImportRequest> {
    let mapping = match request.mapping.as_str() {
        "auto" => None,
        file => Some(read_mapping(Path::new(file))?),
    };
    Ok(ImportRequest {
        files: request.files.clone(),
        events: request.events.clone(),
        source: request.source.clone(),
        mapping,
        dry_run: request.dry_run,
    })
}

pub(crate) fn read_mapping(file: &Path) -> Result<Mapping> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the mapping {}", file.display()))?;
    Mapping::from_toml(&text).with_context(|| format!("mapping {}", file.display()))
}

/// A bar that follows the reading of each file in turn.
pub(crate) fn progress() -> impl FnMut(Progress) + Send + Clone + 'static {
    let bar: ProgressBar = progress_bar(0, "importing", true);
    move |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
        bar.set_message(format!("{} rows", progress.rows));
        if progress.bytes_read >= progress.bytes_total {
            bar.finish_and_clear();
        }
    }
}

fn quarantined(report: &ImportReport) -> u64 {
    let events = report.events.as_ref().map_or(0, |events| events.quarantined.len());
    (report.quarantined.len() + events) as u64
}

pub(crate) fn print(report: &ImportReport, dry_run: bool) -> Result<()> {
    say("mapping:")?;
    for note in &report.mapping_notes {
        say(&format!("  {note}"))?;
    }
    for issue in &report.issues {
        let severity = format!("{:?}", issue.severity).to_lowercase();
        say(&format!("{severity}: {}", issue.message))?;
    }
    let events = report.events.iter().flat_map(|events| &events.quarantined);
    let deals = report.quarantined.iter().map(|row| ("", row));
    for (what, row) in deals.chain(events.map(|row| ("event ", row))).take(SHOWN) {
        for reason in &row.reasons {
            say(&format!("quarantined: {what}line {}: {}", row.line, reason.message))?;
        }
    }
    let held = quarantined(report);
    if held > SHOWN as u64 {
        remark("see `winsight quality` for the other quarantined rows");
    }
    let version = report.data_version.map_or("none".to_owned(), |version| version.to_string());
    let version = if report.new_version { version } else { format!("{version} (no new version)") };
    let outcome = if dry_run {
        "dry run, nothing stored".to_owned()
    } else {
        format!(
            "{} inserted, {} updated, {} unchanged; data version {version}",
            report.inserted, report.updated, report.unchanged
        )
    };
    say(&format!(
        "{} rows read, {held} quarantined, {} repeated; {outcome}; quality {:.0} of 100; {} ms",
        report.rows_read, report.duplicates, report.quality.score, report.duration_ms
    ))
}

/// The JSON form of `quality`.
#[derive(Serialize)]
struct Quality {
    score: Option<f64>,
    report: serde_json::Value,
    quarantined_by_check: std::collections::BTreeMap<String, u64>,
    quarantined: Vec<serde_json::Value>,
}

pub(crate) async fn quality(place: &Place, limit: u64, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let metadata = workspace.metadata();
    let load = metadata.latest_load(workspace.id()).await?;
    let by_check = metadata.quarantine_summary(workspace.id()).await?;
    let rows = metadata.quarantine(workspace.id(), limit).await?;
    if json {
        return say_json(&Quality {
            score: load.as_ref().map(|load| load.quality_score),
            report: load.map_or(serde_json::Value::Null, |load| load.report),
            quarantined_by_check: by_check.into_iter().collect(),
            quarantined: rows.iter().map(quarantined_json).collect(),
        });
    }
    let Some(load) = load else {
        return say("nothing has been loaded yet; import a file with `winsight import FILE`");
    };
    say(&format!(
        "quality {:.0} of 100 in the load of {}",
        load.quality_score,
        load.files.join(", ")
    ))?;
    for issue in load.report["issues"].as_array().into_iter().flatten() {
        let text = |field: &str| issue[field].as_str().unwrap_or_default().to_owned();
        say(&format!("{}: {}", text("severity"), text("message")))?;
    }
    if by_check.is_empty() {
        return say("no rows in quarantine");
    }
    for (check, count) in by_check {
        say(&format!("quarantined for {check}: {count}"))?;
    }
    for quarantined in rows {
        let row = quarantined.row;
        for reason in row.reasons {
            say(&format!("{}, line {}: {}", row.file, row.line, reason.message))?;
        }
    }
    Ok(())
}

fn quarantined_json(quarantined: &winsight_meta::Quarantined) -> serde_json::Value {
    let row = &quarantined.row;
    let reasons: Vec<_> = row
        .reasons
        .iter()
        .map(|reason| {
            serde_json::json!({
                "check": reason.check, "field": reason.field, "message": reason.message,
            })
        })
        .collect();
    serde_json::json!({
        "file": row.file, "line": row.line, "deal_id": row.deal_id, "reasons": reasons,
        "raw": row.raw,
    })
}
