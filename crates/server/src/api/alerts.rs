//! The alert inbox, and what people do with an alert.
//!
//! Every action takes a JSON body, if only `{}`: a page elsewhere cannot send one to this machine
//! without being asked for leave first, which it does not get.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use winsight_alert::Action;
use winsight_jobs::Workspace;

use super::parameters::{AlertsParameters, Parameters};
use super::{Answer, Shared};
use crate::refusal::{AlertProblems, Problems, Refusal};
use crate::wire::{Alert, AlertStory};

/// The alert inbox, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsParameters), responses(
    (status = OK, description = "The alerts", body = Vec<Alert>),
    Problems,
))]
pub(crate) async fn list(
    State(workspace): Shared,
    Parameters(asked): Parameters<AlertsParameters>,
) -> Answer<Vec<Alert>> {
    let alerts = workspace.alerts(asked.state()).await?;
    Ok(Json(alerts.into_iter().map(Alert::from).collect()))
}

/// One alert with what happened to it.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts",
    params(("id" = String, Path, description = "Its id")),
    responses((status = OK, description = "The alert", body = AlertStory), AlertProblems),
)]
pub(crate) async fn show(State(workspace): Shared, Path(id): Path<String>) -> Answer<AlertStory> {
    let alert = workspace.alert(&id).await?;
    let history = workspace.alert_events(&id).await?;
    Ok(Json(AlertStory::new(alert, history)))
}

/// The body of an action; one that is no JSON, or not what is asked for, is refused with what to send.
pub(crate) struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let path = request.uri().path().to_owned();
        let wrong = |why: String| {
            Refusal::bad_request(format!("{why}; see /api/openapi.json for the body of {path}"))
        };
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(wrong("send a JSON body with content-type: application/json".to_owned()));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| wrong(rejection.body_text()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| wrong(error.to_string()))
    }
}

/// Who acts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    /// Who does it, as kept in the history of the alert.
    by: Option<String>,
}

/// How long an alert is put aside; until it gets worse when no day is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snoozing {
    /// Tell of it again on this day.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
    /// Who does it.
    by: Option<String>,
}

/// How an alert came to its end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    /// What was done about it.
    action: Option<String>,
    /// Who does it.
    by: Option<String>,
}

/// Who is to take care of an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// Who it is given to.
    owner: String,
    /// Who does it.
    by: Option<String>,
}

/// Something said about an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comment {
    /// The words.
    text: String,
    /// Who says it.
    by: Option<String>,
}

/// Whether an alert was worth being told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// Whether it was.
    useful: bool,
    /// Who says it.
    by: Option<String>,
}

/// Acknowledges an alert: somebody is on it.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/ack", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Acknowledgement,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn ack(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Acknowledgement>,
) -> Answer<Alert> {
    act(&workspace, &id, Action::Acknowledge, asked.by).await
}

/// Puts an alert aside, until a day or until it gets worse.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/snooze", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Snoozing,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn snooze(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Snoozing>,
) -> Answer<Alert> {
    let Some(day) = asked.until else {
        return act(&workspace, &id, Action::SnoozeUntilWorse, asked.by).await;
    };
    let midnight = day.to_zoned(workspace.clock().time_zone().clone());
    let until = midnight.map_err(|error| Refusal::bad_request(format!("until: {error}")))?;
    act(&workspace, &id, Action::SnoozeUntil(until.timestamp()), asked.by).await
}

/// Resolves an alert.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/resolve", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Resolution,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn resolve(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Resolution>,
) -> Answer<Alert> {
    act(&workspace, &id, Action::Resolve(asked.action), asked.by).await
}

/// Says who takes care of an alert.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/assign", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Assignment,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn assign(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Assignment>,
) -> Answer<Alert> {
    let owner = said("owner", &asked.owner)?;
    act(&workspace, &id, Action::Assign(owner), asked.by).await
}

/// Says something about an alert.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/comment", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Comment,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn comment(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Comment>,
) -> Answer<Alert> {
    let words = said("text", &asked.text)?;
    act(&workspace, &id, Action::Comment(words), asked.by).await
}

/// Says whether an alert was worth being told.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/useful", tag = "alerts",
    params(("id" = String, Path, description = "Its id")), request_body = Rating,
    responses((status = OK, description = "The alert as it is now", body = Alert), AlertProblems),
)]
pub(crate) async fn useful(
    State(workspace): Shared,
    Path(id): Path<String>,
    Body(asked): Body<Rating>,
) -> Answer<Alert> {
    act(&workspace, &id, Action::Useful(asked.useful), asked.by).await
}

async fn act(
    workspace: &Arc<Workspace>,
    id: &str,
    action: Action,
    by: Option<String>,
) -> Answer<Alert> {
    let who = by.unwrap_or_else(|| "somebody".to_owned());
    let alert = workspace.act_on_alert(id, &action, &said("by", &who)?).await?;
    Ok(Json(Alert::from(alert)))
}

/// Words that somebody typed: some, and not a book.
fn said(name: &str, words: &str) -> Result<String, Refusal> {
    const LONGEST: usize = 4_000;
    let words = words.trim();
    if words.is_empty() || words.chars().count() > LONGEST {
        return Err(Refusal::bad_request(format!("{name}: write 1 to {LONGEST} characters")));
    }
    Ok(words.to_owned())
}
