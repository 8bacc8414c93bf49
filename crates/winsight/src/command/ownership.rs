//! `export`, `erase`, `backup`, `restore` and `upkeep`: whose data it is.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use winsight_jobs::{Home, RestoreReport, RevertReport, back_up};
use winsight_model::DataVersion;
use winsight_store::ExportFormat;

use crate::cli::{Erase, Export, Format, Place, Restore};
use crate::configuration;
use crate::output::{remark, say, say_json};

pub(crate) async fn export(place: &Place, request: &Export, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let format = match request.format {
        Format::Csv => ExportFormat::Csv,
        Format::Parquet => ExportFormat::Parquet,
        Format::Delta => ExportFormat::Delta,
    };
    let (version, tables) = workspace.export(&request.out, format).await?;
    if json {
        let tables: Vec<_> = tables
            .iter()
            .map(|table| json!({ "table": table.table, "path": table.path, "rows": table.rows }))
            .collect();
        return say_json(&json!({ "data_version": version, "tables": tables }));
    }
    for table in &tables {
        say(&format!("{}: {} rows in {}", table.table, table.rows, table.path.display()))?;
    }
    remark("these files are not encrypted; keep them where only those can read them who may");
    Ok(())
}

pub(crate) async fn erase(place: &Place, request: &Erase, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let report = if request.dry_run {
        workspace.rows_naming(&request.person).await?
    } else {
        workspace.erase(&request.person).await?
    };
    if json {
        return say_json(&json!({
            "pseudonym": report.pseudonym, "rows": report.rows, "dry_run": request.dry_run,
        }));
    }
    let verb = if request.dry_run { "would be rewritten" } else { "rewritten" };
    for (table, rows) in &report.rows {
        say(&format!("{table}: {rows} rows {verb}"))?;
    }
    if report.rows.is_empty() {
        say("no row names this person or account")?;
    }
    if let Some(pseudonym) = &report.pseudonym {
        say(&format!("the name is now {pseudonym} everywhere, and in what is loaded from now on"))?;
        remark(
            "earlier backups, exports and the CRM still have the name: erase it there too. Deal \
             ids are kept",
        );
    }
    Ok(())
}

pub(crate) async fn backup(place: &Place, file: &Path, json: bool) -> Result<()> {
    let folder = configuration::home(place)?;
    let settings = configuration::settings(&folder)?;
    // Opens the workspace for its errors: a home that cannot be opened is no backup's source.
    configuration::open(place).await?;
    let encryption = configuration::encryption(&folder, &settings);
    let (home, _) = Home::open(&folder, &encryption, configuration::now())?;
    let report = back_up(&home, &settings, file, configuration::now()).await?;
    if json {
        return say_json(&json!({
            "file": report.file, "bytes": report.bytes, "files": report.files,
            "workspaces": report.workspaces,
        }));
    }
    say(&format!("{} files, {} bytes in {}", report.files, report.bytes, report.file.display()))?;
    remark("the key is not in the backup; without it the backup cannot be read");
    Ok(())
}

pub(crate) async fn restore(place: &Place, request: &Restore, json: bool) -> Result<()> {
    let restored = match &request.file {
        Some(file) => Some(restore_file(place, file, request.force).await?),
        None => None,
    };
    let reverted = match request.version {
        Some(version) => {
            let workspace = configuration::open(place).await?;
            Some(workspace.revert_to(DataVersion(version)).await?)
        }
        None => None,
    };
    if json {
        return say_json(&json!({
            "backup": restored.map(|report| json!({
                "created_at": report.created_at.to_string(), "files": report.files,
                "workspaces": report.workspaces,
            })),
            "restored_version": reverted.as_ref().map(|report| report.restored),
            "data_version": reverted.as_ref().and_then(|report| report.data_version),
        }));
    }
    if let Some(report) = restored {
        say(&format!("{} files restored, as of {}", report.files, report.created_at))?;
    }
    reverted.map_or(Ok(()), |report| say_reverted(&report))
}

async fn restore_file(place: &Place, file: &Path, force: bool) -> Result<RestoreReport> {
    let folder = configuration::home(place)?;
    configuration::create_private(&folder)?;
    let settings = configuration::settings(&folder)?;
    let encryption = configuration::encryption(&folder, &settings);
    Ok(winsight_jobs::restore(&folder, &encryption, &settings, file, force).await?)
}

fn say_reverted(report: &RevertReport) -> Result<()> {
    let Some(version) = report.data_version else {
        return say(&format!("the newest version holds what version {} held", report.restored));
    };
    let counts = report.counts;
    say(&format!(
        "data version {version} holds what version {} held: {} deals back, {} as they were, {} gone",
        report.restored, counts.inserted, counts.updated, counts.deleted
    ))
}

pub(crate) async fn upkeep(place: &Place, dry_run: bool, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let report = workspace.upkeep(dry_run).await?;
    if json {
        return say_json(&report);
    }
    let to_do = if dry_run { "to do: " } else { "" };
    say(&format!(
        "{to_do}{} small files put together into {}; {} old versions dropped; {} files ({} bytes) \
         deleted, {} more later; {} logs condensed",
        report.files_compacted,
        report.files_written,
        report.versions_dropped,
        report.files_deleted,
        report.bytes_deleted,
        report.files_waiting,
        report.checkpoints
    ))
}
