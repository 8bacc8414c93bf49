//! `serve`: the API and the dashboard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use winsight_jobs::{Courier, Workspace};
use winsight_server::Server;

use crate::cli::Place;
use crate::configuration;
use crate::output::{say, say_json};

/// How soon an alert is sent after it was raised, at the latest.
const BETWEEN_PASSES: Duration = Duration::from_secs(1);

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

/// Serves until Ctrl-C.
pub(crate) async fn until_stopped(server: Server, workspace: Workspace) -> Result<()> {
    let stop = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C cannot be watched for; stop the process to end it");
            std::future::pending::<()>().await;
        }
    };
    let courier = Courier::new(configuration::present());
    let delivering = {
        let (workspace, courier) = (workspace.clone(), courier.clone());
        tokio::spawn(async move { workspace.keep_delivering(&courier, BETWEEN_PASSES).await })
    };
    let outcome = server.run(Arc::new(workspace), stop).await;
    // What is being sent is sent to its end, so that it is not sent again later.
    courier.stop();
    delivering.await?;
    outcome?;
    Ok(())
}
