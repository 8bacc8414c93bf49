use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use winsight_alert::AlertState;
use winsight_jobs::{JobError, Workspace};

use crate::dashboard;
use crate::wire::{Component, Readiness};

/// Whether the process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses(
    (status = OK, description = "The process runs", body = String, content_type = "text/plain"),
))]
pub(crate) async fn live() -> &'static str {
    "live"
}

/// Whether requests can be answered, component by component.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = OK, description = "Requests can be answered", body = Readiness),
    (status = SERVICE_UNAVAILABLE, description = "A component does not work", body = Readiness),
))]
pub(crate) async fn ready(
    State(workspace): State<Arc<Workspace>>,
) -> (StatusCode, Json<Readiness>) {
    let store = match workspace.status().await {
        // The status also asks the metadata, which is a component of its own.
        Err(JobError::Meta(_)) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    let metadata = workspace.alerts(Some(AlertState::Open)).await.map(|_| ());
    let dashboard = if dashboard::is_built() {
        "built into this binary"
    } else {
        "not built into this binary; the page at / says how to build it"
    };
    let readiness = Readiness {
        ready: store.is_ok() && metadata.is_ok(),
        components: vec![
            component("store", store),
            component("metadata", metadata),
            Component {
                name: "dashboard".to_owned(),
                ready: dashboard::is_built(),
                detail: dashboard.to_owned(),
            },
        ],
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

fn component(name: &str, check: Result<(), JobError>) -> Component {
    Component {
        name: name.to_owned(),
        ready: check.is_ok(),
        detail: check.map_or_else(|error| error.to_string(), |()| "answers".to_owned()),
    }
}
