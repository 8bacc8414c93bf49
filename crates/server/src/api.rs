//! The paths under `/api/v1`: read the parameters, ask the workspace, write the answer.

pub(crate) mod alerts;
pub(crate) mod delivery;
mod parameters;
pub(crate) mod pipeline;
pub(crate) mod sources;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use winsight_jobs::{MetricsQuery, Workspace};

use crate::refusal::{DataProblems, Problems, Refusal};
use crate::wire::{Changes, ClosedDeals, Drivers, Insight, Metric, Reps, Status, Trend, Trends};
use parameters::{
    ChangesParameters, ClosedDealsParameters, DriversParameters, GrainParameter,
    InsightsParameters, MetricsParameters, NoParameters, Parameters, RepsParameters,
    TrendParameters, TrendsParameters,
};

type Answer<T> = Result<Json<T>, Refusal>;
type Shared = State<Arc<Workspace>>;

/// The table of metrics, with intervals.
///
/// One row per combination of the dimensions' values and per period, or one row of everything.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "insights", params(MetricsParameters), responses(
    (status = OK, description = "The rows, by period and value", body = Vec<Metric>),
    DataProblems,
))]
pub(crate) async fn metrics(
    State(workspace): Shared,
    Parameters(asked): Parameters<MetricsParameters>,
) -> Answer<Vec<Metric>> {
    let rows = workspace.metrics(&asked.query()?).await?;
    Ok(Json(rows.into_iter().map(Metric::from).collect()))
}

/// What changed between two windows: deltas with intervals and verdicts, mix and rate parts.
///
/// Without dates it compares the trailing alert window with the one before it. Every part has a
/// `filter` that opens its deals at `/api/v1/closed-deals`.
#[utoipa::path(get, path = "/api/v1/changes", tag = "insights", params(ChangesParameters), responses(
    (status = OK, description = "The change of all deals and of each value", body = Changes),
    DataProblems,
))]
pub(crate) async fn changes(
    State(workspace): Shared,
    Parameters(asked): Parameters<ChangesParameters>,
) -> Answer<Changes> {
    let query = asked.query()?;
    let table = workspace.changes(&query).await?;
    Ok(Json(Changes::new(&query.by, table)))
}

/// The closed deals behind a number, latest first.
#[utoipa::path(get, path = "/api/v1/closed-deals", tag = "insights", params(ClosedDealsParameters), responses(
    (status = OK, description = "The deals, and how many there are", body = ClosedDeals),
    DataProblems,
))]
pub(crate) async fn closed_deals(
    State(workspace): Shared,
    Parameters(asked): Parameters<ClosedDealsParameters>,
) -> Answer<ClosedDeals> {
    Ok(Json(ClosedDeals::from(workspace.closed_deals(&asked.query()?).await?)))
}

/// The metrics of all deals over time, with intervals.
#[utoipa::path(get, path = "/api/v1/trend", tag = "insights", params(TrendParameters), responses(
    (status = OK, description = "Every period from the first closed deal on", body = Trend),
    DataProblems,
))]
pub(crate) async fn trend(
    State(workspace): Shared,
    Parameters(asked): Parameters<TrendParameters>,
) -> Answer<Trend> {
    let grain = asked.grain.unwrap_or(GrainParameter::Month).into();
    let query = MetricsQuery { grain: Some(grain), ..MetricsQuery::default() };
    Ok(Json(Trend::new(grain, workspace.metrics(&query).await?)))
}

/// The win rate and the bookings over time, taken apart: level, season, changes of level, the year
/// before, and what comes.
#[utoipa::path(get, path = "/api/v1/trends", tag = "insights", params(TrendsParameters), responses(
    (status = OK, description = "A series for each segment", body = Trends),
    DataProblems,
))]
pub(crate) async fn trends(
    State(workspace): Shared,
    Parameters(asked): Parameters<TrendsParameters>,
) -> Answer<Trends> {
    Ok(Json(Trends::from(workspace.trends(&asked.query()?).await?)))
}

/// What goes with winning, and what does so otherwise than before. Associations, never causes.
///
/// Without dates it looks at the last year and compares it with the year before.
#[utoipa::path(get, path = "/api/v1/drivers", tag = "insights", params(DriversParameters), responses(
    (status = OK, description = "The drivers, highest score first", body = Drivers),
    DataProblems,
))]
pub(crate) async fn drivers(
    State(workspace): Shared,
    Parameters(asked): Parameters<DriversParameters>,
) -> Answer<Drivers> {
    Ok(Json(Drivers::from(workspace.drivers(&asked.query()?).await?)))
}

/// Reps against what the deals they were given let expect, with control limits.
#[utoipa::path(get, path = "/api/v1/reps", tag = "insights", params(RepsParameters), responses(
    (status = OK, description = "The reps", body = Reps),
    DataProblems,
))]
pub(crate) async fn reps(
    State(workspace): Shared,
    Parameters(asked): Parameters<RepsParameters>,
) -> Answer<Reps> {
    Ok(Json(Reps::from(workspace.reps(asked.days()?).await?)))
}

/// The insights of the latest run of each cadence.
#[utoipa::path(get, path = "/api/v1/insights", tag = "insights", params(InsightsParameters), responses(
    (status = OK, description = "The insights", body = Vec<Insight>),
    Problems,
))]
pub(crate) async fn insights(
    State(workspace): Shared,
    Parameters(asked): Parameters<InsightsParameters>,
) -> Answer<Vec<Insight>> {
    let insights = workspace.insights(asked.cadence.map(Into::into)).await?;
    Ok(Json(insights.into_iter().map(Insight::from).collect()))
}

/// What the workspace holds, and the windows that headline numbers compare.
#[utoipa::path(get, path = "/api/v1/status", tag = "insights", responses(
    (status = OK, description = "The status", body = Status),
    Problems,
))]
pub(crate) async fn status(
    State(workspace): Shared,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<Status> {
    Ok(Json(Status::from(workspace.status().await?)))
}
