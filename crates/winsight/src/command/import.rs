//! `import`: files in, and what became of them.

use std::path::Path;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use winsight_etl::{Mapping, Progress};
use winsight_jobs::{Beside, ImportReport, ImportRequest, JobError};
use winsight_server::wire::LoadReport;

use crate::cli::{Import, Place};
use crate::configuration;
use crate::output::{progress_bar, remark, say, say_json};

use super::deliveries;

/// Quarantined rows that an import prints; `quality` lists the others.
const SHOWN: usize = 10;

pub(crate) async fn run(place: &Place, request: &Import, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let reports = workspace.import(&to_request(request)?, progress()).await?;
    deliveries::after(&workspace).await;
    if let (Some(file), Some(report)) = (&request.save_mapping, reports.last()) {
        std::fs::write(file, report.mapping.to_toml())
            .with_context(|| format!("cannot save the mapping to {}", file.display()))?;
    }
    if json {
        say_json(&LoadReport::new(&reports, request.dry_run))?;
    } else {
        for report in &reports {
            print(report, request.dry_run)?;
        }
    }
    refuse_held(&reports, "Import a corrected file")
}

/// What was held ends the command with the exit code of refused data, and says what to do.
pub(crate) fn refuse_held(reports: &[ImportReport], remedy: &str) -> Result<()> {
    let held: Vec<_> = reports.iter().filter_map(|report| report.held.as_ref()).collect();
    if held.is_empty() {
        return Ok(());
    }
    let loads: Vec<_> = held
        .iter()
        .map(|(load, reasons)| {
            format!("load {load} is held by the quality gate: {}", reasons.join("; "))
        })
        .collect();
    let accept = |load| format!("`winsight quality accept {load}`");
    let commands: Vec<_> = held.iter().map(|(load, _)| accept(*load)).collect();
    Err(JobError::Refused(format!(
        "{}; what was loaded before stays in use. {remedy}, or release what is held with {}",
        loads.join("; "),
        commands.join(" and ")
    ))
    .into())
}

fn to_request(request: &Import) -> Result<ImportRequest> {
    let mapping = match request.mapping.as_str() {
        "auto" => None,
        file => Some(read_mapping(Path::new(file))?),
    };
    Ok(ImportRequest {
        files: request.files.clone(),
        beside: Beside {
            events: request.events.clone(),
            activities: request.activities.clone(),
            indicators: request.indicators.clone(),
        },
        shown_as: None,
        source: request.source.clone(),
        mapping,
        full: request.full,
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
    let beside: usize = report.beside.iter().map(|beside| beside.quarantined.len()).sum();
    (report.quarantined.len() + beside) as u64
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
    let beside = report
        .beside
        .iter()
        .flat_map(|beside| beside.quarantined.iter().map(|row| (format!("{} ", beside.what), row)));
    let deals = report.quarantined.iter().map(|row| (String::new(), row));
    for (what, row) in deals.chain(beside).take(SHOWN) {
        for reason in &row.reasons {
            let deal = row.deal_id.as_ref().map_or(String::new(), |deal| format!(", deal {deal}"));
            say(&format!("quarantined: {what}line {}{deal}: {}", row.line, reason.message))?;
        }
    }
    let held = quarantined(report);
    if held > SHOWN as u64 {
        remark("see `winsight quality` for the other quarantined rows");
    }
    let version = report.data_version.map_or("none".to_owned(), |version| version.to_string());
    let version = if report.new_version { version } else { format!("{version} (no new version)") };
    let counts = format!(
        "{} inserted, {} updated, {} unchanged, {} deleted",
        report.inserted, report.updated, report.unchanged, report.deleted
    );
    let outcome = match &report.held {
        _ if dry_run => format!("dry run, nothing stored; would be {counts}"),
        Some((load, _)) => {
            format!("held as load {load}, would be {counts}; data version {version}")
        }
        None => format!("{counts}; data version {version}"),
    };
    say(&format!(
        "{} rows read, {held} quarantined, {} repeated; {outcome}; quality {:.0} of 100; {} ms",
        report.rows_read, report.duplicates, report.quality.score, report.duration_ms
    ))
}
