//! What comes back by a channel: buttons in Slack, and recipients who want no more.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use winsight_jobs::Workspace;

use super::parameters::Parameters;
use crate::refusal::{Problems, Refusal};
use crate::wire::Alert;

/// A button that somebody pressed below an alert in Slack: acknowledges or snoozes it.
///
/// The request must bear Slack's signature, not older than five minutes.
#[utoipa::path(post, path = "/api/v1/slack/actions", tag = "delivery",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "The alert as it is now", body = Alert),
        (status = UNAUTHORIZED, description = "The signature is missing, old or wrong"),
        Problems,
    )
)]
pub(crate) async fn slack_actions(
    State(workspace): State<Arc<Workspace>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Alert>, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let timestamp = header("x-slack-request-timestamp").unwrap_or_default();
    let signature = header("x-slack-signature").unwrap_or_default();
    let present = workspace.clock().present();
    let alert = workspace.act_from_slack(timestamp, signature, &body, &present).await?;
    Ok(Json(Alert::from(alert)))
}

/// Who unsubscribes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnsubscribeParameters {
    /// What the header of the mail named the recipient by.
    token: String,
}

/// Sends the recipient with this token no more mail: the one click of RFC 8058.
#[utoipa::path(post, path = "/api/v1/unsubscribe", tag = "delivery", params(UnsubscribeParameters),
    responses((status = NO_CONTENT, description = "No more is sent to this recipient"), Problems)
)]
pub(crate) async fn unsubscribe(
    State(workspace): State<Arc<Workspace>>,
    Parameters(asked): Parameters<UnsubscribeParameters>,
) -> Result<StatusCode, Refusal> {
    if workspace.unsubscribe(&asked.token).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::new(
        StatusCode::NOT_FOUND,
        "there is no such recipient; they may be removed already",
    ))
}
