//! `serve`: the API and the dashboard.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use winsight_jobs::Workspace;
use winsight_server::Server;

use crate::cli::Place;
use crate::configuration;
use crate::output::say;

pub(crate) async fn run(place: &Place, listen: SocketAddr) -> Result<()> {
    serve(configuration::open(place).await?, listen).await
}

/// Serves until Ctrl-C.
pub(crate) async fn serve(workspace: Workspace, listen: SocketAddr) -> Result<()> {
    let server = Server::bind(listen).await?;
    say(&format!("dashboard: http://{}  (Ctrl-C stops it)", server.address()))?;
    let stop = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C cannot be watched for; stop the process to end it");
            std::future::pending::<()>().await;
        }
    };
    server.run(Arc::new(workspace), stop).await?;
    Ok(())
}
