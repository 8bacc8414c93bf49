//! `serve`: the API and the dashboard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use winsight_jobs::{Courier, DropWatch, JobError, SyncReport, Workspace};
use winsight_server::Server;

use crate::cli::Place;
use crate::configuration;
use crate::output::{say, say_json};

/// How soon an alert is sent after it was raised, at the latest.
const BETWEEN_PASSES: Duration = Duration::from_secs(1);
/// How soon the rules are evaluated after data arrived, at the latest.
const BETWEEN_EVALUATIONS: Duration = Duration::from_secs(2);
/// How soon a deal is read that a CRM has announced.
const BETWEEN_ANNOUNCED: Duration = Duration::from_millis(500);
/// How long after its time the nightly sync begins, at the latest.
const BETWEEN_SYNCS: Duration = Duration::from_secs(30);
/// How long folders are left alone after something but the files was at fault.
const AFTER_FAILURE: Duration = Duration::from_mins(10);
/// How often folders are looked at; a file is loaded when two looks have found it the same.
const BETWEEN_LOOKS: Duration = Duration::from_secs(20);

pub(crate) async fn run(place: &Place, listen: SocketAddr, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let server = Server::bind(listen).await?;
    if json {
        say_json(&serde_json::json!({ "dashboard": url(&server) }))?;
    } else {
        announce(&server)?;
    }
    until_stopped(server, workspace).await
}

/// Where the dashboard is.
pub(crate) fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

pub(crate) fn announce(server: &Server) -> Result<()> {
    say(&format!("dashboard: {}  (Ctrl-C stops it)", url(server)))
}

/// Reads what CRMs announce until the courier is stopped.
async fn keep_reading_announced(workspace: &Workspace, courier: &Courier) {
    while !courier.is_stopped() {
        if let Err(error) = workspace.read_announced().await {
            tracing::warn!(%error, "announced deals were not read; it is tried again");
            courier.rest(BETWEEN_SYNCS).await;
        }
        courier.rest(BETWEEN_ANNOUNCED).await;
    }
}

/// Syncs every night until the courier is stopped.
async fn keep_syncing(workspace: &Workspace, courier: &Courier) {
    while !courier.is_stopped() {
        match workspace.sync_due().await {
            Ok(synced) => note(synced, "the nightly sync"),
            Err(error) => tracing::error!(%error, "the nightly syncs cannot be looked up"),
        }
        courier.rest(BETWEEN_SYNCS).await;
    }
}

/// Loads what is dropped into folders until the courier is stopped.
async fn keep_watching_drops(workspace: &Workspace, courier: &Courier) {
    let mut watch = DropWatch::default();
    while !courier.is_stopped() {
        match workspace.sync_dropped(&mut watch).await {
            Ok(synced) => {
                let has_failed = synced
                    .iter()
                    .any(|(_, outcome)| outcome.as_ref().is_err_and(|it| !it.is_refusal()));
                note(synced, "the load of dropped files");
                if has_failed {
                    courier.rest(AFTER_FAILURE).await;
                }
            }
            Err(error) => tracing::error!(%error, "dropped files cannot be looked for"),
        }
        courier.rest(BETWEEN_LOOKS).await;
    }
}

fn note(synced: Vec<(String, Result<SyncReport, JobError>)>, what: &str) {
    for (source, outcome) in synced {
        match outcome {
            Ok(report) => {
                for finding in &report.findings {
                    tracing::warn!(source, "{finding}");
                }
                tracing::info!(source, pages = report.pages, "{what} is done");
            }
            Err(error) => tracing::error!(source, %error, "{what} failed"),
        }
    }
}

/// Evaluates the rules on every new version, and every day, until the courier is stopped.
async fn keep_evaluating(workspace: &Workspace, courier: &Courier) {
    let mut evaluated = None;
    while !courier.is_stopped() {
        match workspace.evaluate_if_new(evaluated).await {
            Ok(now) => evaluated = now,
            Err(error) => {
                tracing::warn!(%error, "the rules were not evaluated; it is tried again");
                courier.rest(BETWEEN_SYNCS).await;
            }
        }
        courier.rest(BETWEEN_EVALUATIONS).await;
    }
}

/// Waits for Ctrl-C, or for the signal by which service managers end a process.
async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Serves until it is asked to stop.
pub(crate) async fn until_stopped(server: Server, workspace: Workspace) -> Result<()> {
    let stop = async {
        if let Err(error) = asked_to_stop().await {
            tracing::warn!(%error, "signals cannot be watched for; kill the process to end it");
            std::future::pending::<()>().await;
        }
    };
    let courier = Courier::new(configuration::present());
    let delivering = {
        let (workspace, courier) = (workspace.clone(), courier.clone());
        tokio::spawn(async move { workspace.keep_delivering(&courier, BETWEEN_PASSES).await })
    };
    let serving = tokio::spawn(server.run(Arc::new(workspace.clone()), stop));
    let loading = async {
        let reading = keep_reading_announced(&workspace, &courier);
        let evaluating = keep_evaluating(&workspace, &courier);
        let syncing = keep_syncing(&workspace, &courier);
        let watching = keep_watching_drops(&workspace, &courier);
        let (reading, evaluating) = (Box::pin(reading), Box::pin(evaluating));
        tokio::join!(reading, evaluating, Box::pin(syncing), Box::pin(watching))
    };
    let outcome = tokio::select! {
        outcome = serving => outcome?,
        // Only the courier ends it, and it is not asked to stop before.
        _ = loading => Ok(()),
    };
    // What is being sent is sent to its end, so that it is not sent again later. A sync that is under
    // way is dropped: the next one goes on where it stopped.
    courier.stop();
    delivering.await?;
    outcome?;
    Ok(())
}
