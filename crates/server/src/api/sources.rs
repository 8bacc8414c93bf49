//! Where deals come from: the state of the sources, and what CRMs deliver by themselves.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use winsight_jobs::{HookDelivery, Workspace};

use super::parameters::{NoParameters, Parameters};
use crate::refusal::{Problems, Refusal};
use crate::wire::Source;

/// The sources, how their syncs fare, and how far one that is under way has come.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", responses(
    (status = OK, description = "The sources, by name", body = Vec<Source>),
    Problems,
))]
pub(crate) async fn sources(
    State(workspace): State<Arc<Workspace>>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Result<Json<Vec<Source>>, Refusal> {
    let states = workspace.source_states().await?;
    Ok(Json(states.into_iter().map(Source::from).collect()))
}

/// A delivery of a CRM's webhooks: the deals that it names are read within seconds.
///
/// HubSpot signs it by version 3 for the address that it calls; that is the configured public address
/// with this path, or else the one in the header `Host`. What is forged, older than five minutes or
/// taken before is refused and counted.
#[utoipa::path(post, path = "/api/v1/hooks/{source}", tag = "sources",
    params(("source" = String, Path, description = "The name of the source")),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = NO_CONTENT, description = "It is taken"),
        (status = UNAUTHORIZED, description = "The signature is missing, old, wrong or known"),
        Problems,
    )
)]
pub(crate) async fn take_delivery(
    State(workspace): State<Arc<Workspace>>,
    Path(source): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let here = || format!("http://{}", header(HOST.as_str()).unwrap_or_default());
    let base = workspace.settings().delivery.public_url().map_or_else(here, str::to_owned);
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let delivery = HookDelivery {
        method: "POST",
        url: &format!("{base}{path}"),
        signature: header("x-hubspot-signature-v3"),
        timestamp: header("x-hubspot-request-timestamp"),
        body: &body,
    };
    let taken = workspace.take_delivery(&source, &delivery).await;
    taken.map_err(|error| {
        // Whoever has no secret learns nothing of what there is.
        let nothing = "no source takes webhooks under this name";
        if error.is_usage() { Refusal::new(StatusCode::NOT_FOUND, nothing) } else { error.into() }
    })?;
    Ok(StatusCode::NO_CONTENT)
}
