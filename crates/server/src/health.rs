use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use winsight_alert::AlertState;
use winsight_jobs::{BreakerState, JobError, SourceState, Workspace};

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
    let sources = workspace.source_states().await.unwrap_or_default();
    let ready = store.is_ok() && metadata.is_ok();
    let mut components = vec![
        component("store", store),
        component("metadata", metadata),
        Component {
            name: "dashboard".to_owned(),
            ready: dashboard::is_built(),
            detail: dashboard.to_owned(),
        },
    ];
    components.extend(sources.iter().map(source));
    let readiness = Readiness { ready, components };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// A source that fails keeps nobody from the last good data.
fn source(state: &SourceState) -> Component {
    let breaker = match state.breaker {
        BreakerState::Closed => "requests are made",
        BreakerState::Open => "no requests are made for a minute, after many failures in a row",
        BreakerState::HalfOpen => "the next sync tries whether requests are answered again",
    };
    let failure = state.health.failure.as_ref();
    let failure = failure.map(|failure| format!("; the last sync failed: {}", failure.message));
    Component {
        name: format!("source {}", state.name),
        ready: failure.is_none(),
        detail: format!("{breaker}{}", failure.unwrap_or_default()),
    }
}

fn component(name: &str, check: Result<(), JobError>) -> Component {
    Component {
        name: name.to_owned(),
        ready: check.is_ok(),
        detail: check.map_or_else(|error| error.to_string(), |()| "answers".to_owned()),
    }
}
