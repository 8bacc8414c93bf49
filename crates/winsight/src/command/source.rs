//! `source` and `sync`: where deals come from by themselves.

use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use winsight_jobs::{
    Description, NewSource, SourceKind, SourceState, SyncProgress, SyncReport, Workspace,
};
use winsight_server::wire::{LoadReport, Source};

use crate::cli::{AddSource, Place, SourceAction, Sync, Usage};
use crate::command::import;
use crate::configuration;
use crate::output::{progress_bar, remark, say, say_json, table};

pub(crate) async fn run(place: &Place, action: &SourceAction, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    match action {
        SourceAction::Add(request) => add(&workspace, request, json).await,
        SourceAction::List => list(&workspace, json).await,
        SourceAction::Test { name } => test(&workspace, name, json).await,
        SourceAction::Remove { name } => {
            workspace.remove_source(name).await?;
            done(json, name, "removed", &format!("{name} is forgotten; its deals stay"))
        }
    }
}

fn done(json: bool, name: &str, what: &str, text: &str) -> Result<()> {
    if json { say_json(&json!({ "source": name, what: true })) } else { say(text) }
}

async fn add(workspace: &Workspace, request: &AddSource, json: bool) -> Result<()> {
    let kind = SourceKind::from(request.kind);
    let (settings, folder) = match (&request.credentials, &request.folder) {
        (Some(file), _) if kind != SourceKind::Files => (read_secret(file)?, None),
        (options, Some(folder)) if kind == SourceKind::Files => {
            let options = options.as_deref().map(read_secret).transpose()?;
            (options.unwrap_or_default(), Some(drop_place(folder)?))
        }
        _ => {
            let text = "give --credentials for a CRM, or --folder for files".to_owned();
            return Err(Usage(text).into());
        }
    };
    let mapping = match &request.mapping {
        Some(file) => {
            let told = |error: anyhow::Error| match error.root_cause().downcast_ref() {
                Some(cause) => unreadable("mapping", file, cause),
                None => error,
            };
            Some(import::read_mapping(file).map_err(told)?.to_toml())
        }
        None => None,
    };
    let name = request.name.clone().unwrap_or_else(|| kind.name().to_owned());
    let new = NewSource { name: name.clone(), kind, settings, folder, mapping };
    workspace.add_source(&new).await?;
    let text = format!(
        "{name} is added; look at it with `winsight source test {name}`, and pull its deals with \
         `winsight sync {name}`"
    );
    done(json, &name, "added", &text)
}

/// A folder by its whole path, or the address of objects as it is.
fn drop_place(folder: &Path) -> Result<String> {
    let address = folder.to_string_lossy();
    if address.contains("://") {
        return Ok(address.into_owned());
    }
    let folder = folder.canonicalize().map_err(|error| unreadable("folder", folder, &error))?;
    Ok(folder.to_string_lossy().into_owned())
}

fn read_secret(file: &Path) -> Result<String> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| unreadable("credentials", file, &error))
}

/// Why something that was given cannot be read, and what to do.
fn unreadable(what: &str, path: &Path, error: &std::io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        ErrorKind::NotFound => "check the path",
        ErrorKind::PermissionDenied => "let the user who runs this read it",
        ErrorKind::InvalidData => "save it as plain text in UTF-8",
        ErrorKind::IsADirectory => "give a file",
        _ => "check the path, and the permissions",
    };
    anyhow!("cannot read the {what} {}: {error}; {remedy}", path.display())
}

async fn list(workspace: &Workspace, json: bool) -> Result<()> {
    let states = workspace.source_states().await?;
    if json {
        return say_json(&states.into_iter().map(Source::from).collect::<Vec<_>>());
    }
    let row = |state: &SourceState| {
        let health = &state.health;
        let succeeded = health.succeeded_at.map_or("never".to_owned(), |at| format!("{at:.0}"));
        vec![state.name.clone(), state.kind.clone(), succeeded, trouble(state)]
    };
    let rows = states.iter().map(row).collect();
    say(&table(&["source", "kind", "last success", "trouble"], 4, rows))
}

/// Why what a source has is not here: its pulls fail, or what they brought is held.
fn trouble(state: &SourceState) -> String {
    let failure = state.health.failure.as_ref().map(|failure| failure.message.clone());
    let held = state.held.iter().map(|load| {
        format!("load {load} is held by the quality gate; look at it with `winsight quality`")
    });
    failure.into_iter().chain(held).collect::<Vec<_>>().join("; ")
}

async fn test(workspace: &Workspace, name: &str, json: bool) -> Result<()> {
    let described = workspace.test_source(name).await?;
    let Description { account, columns, findings, .. } = &described;
    if json {
        return say_json(&json!({
            "source": name, "account": account, "columns": columns, "missing": findings,
        }));
    }
    // A folder shows no fields, and needs no signing in.
    let signed_in = if columns.is_empty() { "" } else { "signed in; " };
    say(&format!("{name}: {signed_in}this is {account}"))?;
    if !columns.is_empty() {
        say(&format!("fields read: {}", columns.join(", ")))?;
    }
    for finding in findings {
        say(&finding.to_string())?;
    }
    if findings.is_empty() { say("nothing is missing") } else { Ok(()) }
}

pub(crate) async fn sync(place: &Place, request: &Sync, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let names = match &request.source {
        Some(name) => vec![name.clone()],
        None => workspace.source_states().await?.into_iter().map(|state| state.name).collect(),
    };
    if names.is_empty() {
        let text = "there is no source yet; add one with `winsight source add`".to_owned();
        return Err(Usage(text).into());
    }
    let mut reports = Vec::new();
    let mut failure = None;
    let is_one = names.len() == 1;
    for name in names {
        match workspace.sync(&name, request.full, progress()).await {
            Ok(report) => reports.push(report),
            Err(error) => {
                // The other sources are not to wait for this one.
                if let Some((earlier, error)) = failure.replace((name, error)) {
                    remark(&format!("error: {earlier}: {error}"));
                }
            }
        }
    }
    if json && (failure.is_none() || !reports.is_empty()) {
        say_json(&sync_json(&reports)?)?;
    } else {
        reports.iter().try_for_each(print)?;
    }
    if let Some((name, error)) = failure {
        let error = anyhow::Error::from(error);
        return Err(if is_one { error } else { error.context(name) });
    }
    let loads: Vec<_> = reports.into_iter().flat_map(|report| report.loads).collect();
    import::refuse_held(&loads, "Correct it at the source and sync again")
}

fn progress() -> impl FnMut(SyncProgress) + Send {
    let bar = progress_bar(0, "syncing", false);
    move |progress: SyncProgress| {
        bar.set_length(progress.pages + 1);
        bar.set_position(progress.pages);
        bar.set_message(format!("{}: {} deals", progress.source, progress.deals));
    }
}

/// The document of an import, with what each source did.
fn sync_json(reports: &[SyncReport]) -> Result<Value> {
    let loads: Vec<_> = reports.iter().flat_map(|report| report.loads.clone()).collect();
    let mut document = serde_json::to_value(LoadReport::new(&loads, false))?;
    document["sources"] = reports
        .iter()
        .map(|report| {
            json!({
                "source": report.source,
                "full": report.full,
                "resumed": report.resumed,
                "drift": report.drift.map(|drift| json!({
                    "missing": drift.missing,
                    "different": drift.different,
                    "gone": drift.gone,
                })),
                "pages": report.pages,
                "requests": report.requests,
                "retries": report.retries,
                "missing": report.findings,
            })
        })
        .collect();
    Ok(document)
}

fn print(report: &SyncReport) -> Result<()> {
    let how = if report.full { "everything" } else { "what changed" };
    let resumed = if report.resumed { ", going on where the last sync stopped" } else { "" };
    say(&format!(
        "{}: read {how}{resumed}: {} pages, {} requests, {} of them repeated",
        report.source, report.pages, report.requests, report.retries
    ))?;
    for finding in &report.findings {
        say(&finding.to_string())?;
    }
    if let Some(drift) = report.drift {
        say(&format!(
            "drift repaired: {} deals were missing, {} were different, {} are gone from the CRM; \
             what changed while they were read counts too",
            drift.missing, drift.different, drift.gone
        ))?;
    }
    if report.loads.is_empty() {
        return say("nothing has changed since the last sync");
    }
    report.loads.iter().try_for_each(|load| import::print(load, false))
}
