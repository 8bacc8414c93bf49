//! The open pipeline: health, quality, stages, bridge; cohorts; open deals.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use winsight_jobs::{BridgeQuery, CohortsQuery, OpenDeals};

use super::parameters::{GrainParameter, Parameters, date};
use super::{Answer, Shared};
use crate::refusal::{DataProblems, Refusal};
use crate::wire::{Cohort, Pipeline, RiskyDeal};

/// Most deals of one answer, unless asked otherwise.
const DEALS: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PipelineParameters {
    /// First day of the change that the bridge explains; the last 7 known days when not given.
    #[param(format = Date)]
    from: Option<String>,
    /// First day after the change.
    #[param(format = Date)]
    to: Option<String>,
    /// The bridge is about what is expected to close before this day; the end of the fiscal quarter
    /// when not given.
    #[param(format = Date)]
    close_before: Option<String>,
    /// The bridge is about all that is open, whenever it is expected to close.
    all: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CohortsParameters {
    /// Length of the periods of creation; `quarter` when not given.
    #[param(inline)]
    grain: Option<GrainParameter>,
    /// First day of creation.
    #[param(format = Date)]
    from: Option<String>,
    /// First day after.
    #[param(format = Date)]
    to: Option<String>,
    /// Days after creation that the rates are for; as in the settings when not given.
    horizon_days: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DealsParameters {
    /// Only the deals at risk.
    #[param(inline)]
    risk: Option<RiskParameter>,
    /// How many at most; 50 when not given.
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RiskParameter {
    High,
}

fn day(name: &str, text: Option<&str>) -> Result<Option<Date>, Refusal> {
    text.map(|text| date(name, text)).transpose()
}

/// The pipeline as it stands, its quality, how deals go through the stages, and what changed it.
#[utoipa::path(get, path = "/api/v1/pipeline", tag = "insights", params(PipelineParameters), responses(
    (status = OK, description = "The pipeline", body = Pipeline),
    DataProblems,
))]
pub(crate) async fn pipeline(
    State(workspace): Shared,
    Parameters(asked): Parameters<PipelineParameters>,
) -> Answer<Pipeline> {
    let query = BridgeQuery {
        from: day("from", asked.from.as_deref())?,
        to: day("to", asked.to.as_deref())?,
        close_before: day("close_before", asked.close_before.as_deref())?,
        all: asked.all.unwrap_or(false),
    };
    let bridge = workspace.pipeline_bridge(&query).await?;
    Ok(Json(Pipeline::new(workspace.pipeline().await?, bridge)))
}

/// Win rates by when deals were created, corrected for those that are still open.
#[utoipa::path(get, path = "/api/v1/cohorts", tag = "insights", params(CohortsParameters), responses(
    (status = OK, description = "The cohorts, oldest first", body = Vec<Cohort>),
    DataProblems,
))]
pub(crate) async fn cohorts(
    State(workspace): Shared,
    Parameters(asked): Parameters<CohortsParameters>,
) -> Answer<Vec<Cohort>> {
    let query = CohortsQuery {
        grain: asked.grain.map(Into::into),
        from: day("from", asked.from.as_deref())?,
        to: day("to", asked.to.as_deref())?,
        horizon_days: asked.horizon_days,
    };
    let cohorts = workspace.cohorts(&query).await?;
    Ok(Json(cohorts.into_iter().map(Cohort::from).collect()))
}

/// Open deals with win chances and reasons, largest amount first.
#[utoipa::path(get, path = "/api/v1/deals", tag = "insights", params(DealsParameters), responses(
    (status = OK, description = "The deals", body = Vec<RiskyDeal>),
    DataProblems,
))]
pub(crate) async fn deals(
    State(workspace): Shared,
    Parameters(asked): Parameters<DealsParameters>,
) -> Answer<Vec<RiskyDeal>> {
    let OpenDeals { day, deals } = workspace.open_deals(asked.risk.is_some()).await?;
    let settings = &workspace.settings().alerts;
    let rows = deals.into_iter().take(asked.limit.unwrap_or(DEALS));
    Ok(Json(rows.map(|deal| RiskyDeal::new(deal, day, settings)).collect()))
}
