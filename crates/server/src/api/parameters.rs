use axum::extract::{FromRequestParts, Query};
use axum::http::request;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};
use winsight_alert::AlertState;
use winsight_insight::Cadence;
use winsight_jobs::{
    ChangesQuery, ClosedDealsQuery, Days, DriversQuery, MetricsQuery, TrendsQuery,
};
use winsight_model::{Dimension, Grain, Segment};

use crate::refusal::Refusal;

/// The query parameters of a request; one that is unknown or wrong is refused with what to do.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Refusal::bad_request(format!(
                "{}; see /api/openapi.json for the parameters of {}",
                rejection.body_text(),
                parts.uri.path()
            ))),
        }
    }
}

/// Of a path that takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParameters {}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MetricsParameters {
    /// Dimensions to group by, joined with commas: `region` or `region,lead_source`.
    by: Option<String>,
    /// First closed date.
    #[param(format = Date)]
    from: Option<String>,
    /// First date after the window.
    #[param(format = Date)]
    to: Option<String>,
    /// One row per period.
    #[param(inline)]
    grain: Option<GrainParameter>,
}

impl MetricsParameters {
    pub(crate) fn query(self) -> Result<MetricsQuery, Refusal> {
        let by = self.by.iter().flat_map(|names| names.split(',')).map(dimension);
        let by = by.collect::<Result<Vec<_>, _>>()?;
        let Days { from, to } = days(("from", self.from), ("to", self.to))?;
        let grain = self.grain.map(Into::into);
        Ok(MetricsQuery { by, from, to, grain, ..MetricsQuery::default() })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesParameters {
    /// The dimension to split by, such as `region`; up to three, joined with commas.
    by: String,
    /// Whether to look for the segments that the change comes from; takes longer. `false` when not
    /// given.
    causes: Option<bool>,
    /// First closed date of the window.
    #[param(format = Date)]
    from: Option<String>,
    /// First date after the window.
    #[param(format = Date)]
    to: Option<String>,
    /// First closed date of the window to compare with.
    #[param(format = Date)]
    baseline_from: Option<String>,
    /// First date after the window to compare with.
    #[param(format = Date)]
    baseline_to: Option<String>,
}

impl ChangesParameters {
    pub(crate) fn query(self) -> Result<ChangesQuery, Refusal> {
        Ok(ChangesQuery {
            by: self.by.split(',').map(dimension).collect::<Result<_, _>>()?,
            causes: self.causes.unwrap_or_default(),
            within: Segment::all(),
            window: days(("from", self.from), ("to", self.to))?,
            baseline: days(
                ("baseline_from", self.baseline_from),
                ("baseline_to", self.baseline_to),
            )?,
        })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClosedDealsParameters {
    /// Only deals with these values, as `filter` has them, joined with ` & `: `region=Europe`.
    r#where: Option<String>,
    /// First closed date.
    #[param(format = Date)]
    from: Option<String>,
    /// First date after the window.
    #[param(format = Date)]
    to: Option<String>,
    /// How many at most, latest first; 100 when not given, 1,000 at most.
    limit: Option<usize>,
}

impl ClosedDealsParameters {
    pub(crate) fn query(self) -> Result<ClosedDealsQuery, Refusal> {
        let Days { from, to } = days(("from", self.from), ("to", self.to))?;
        let parts = self.r#where.iter().flat_map(|filter| filter.split(" & "));
        let segment = Segment::parse(parts)
            .map_err(|error| Refusal::bad_request(format!("where: {error}")))?;
        Ok(ClosedDealsQuery { segment, from, to, limit: self.limit.unwrap_or(100).min(1_000) })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendParameters {
    /// Length of the periods; `month` when not given.
    #[param(inline)]
    pub(crate) grain: Option<GrainParameter>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendsParameters {
    /// Length of the periods; `month` when not given.
    #[param(inline)]
    grain: Option<GrainParameter>,
    /// A series for each value of this dimension, such as `region`.
    by: Option<String>,
}

impl TrendsParameters {
    pub(crate) fn query(self) -> Result<TrendsQuery, Refusal> {
        let by = self.by.as_deref().map(dimension).transpose()?;
        Ok(TrendsQuery { grain: self.grain.map(Into::into), by })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DriversParameters {
    /// First closed date of the window.
    #[param(format = Date)]
    from: Option<String>,
    /// First date after the window.
    #[param(format = Date)]
    to: Option<String>,
    /// First closed date of the window to compare with.
    #[param(format = Date)]
    baseline_from: Option<String>,
    /// First date after the window to compare with.
    #[param(format = Date)]
    baseline_to: Option<String>,
}

impl DriversParameters {
    pub(crate) fn query(self) -> Result<DriversQuery, Refusal> {
        Ok(DriversQuery {
            window: days(("from", self.from), ("to", self.to))?,
            baseline: days(
                ("baseline_from", self.baseline_from),
                ("baseline_to", self.baseline_to),
            )?,
        })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RepsParameters {
    /// First closed date of the window; default one year.
    #[param(format = Date)]
    from: Option<String>,
    /// First date after the window.
    #[param(format = Date)]
    to: Option<String>,
}

impl RepsParameters {
    pub(crate) fn days(self) -> Result<Days, Refusal> {
        days(("from", self.from), ("to", self.to))
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsParameters {
    /// Only the alerts in this state; `all` when not given.
    #[param(inline)]
    state: Option<StateParameter>,
}

impl AlertsParameters {
    pub(crate) fn state(&self) -> Option<AlertState> {
        match self.state? {
            StateParameter::Pending => Some(AlertState::Pending),
            StateParameter::Open => Some(AlertState::Open),
            StateParameter::Acknowledged => Some(AlertState::Acknowledged),
            StateParameter::Snoozed => Some(AlertState::Snoozed),
            StateParameter::Resolved => Some(AlertState::Resolved),
            StateParameter::All => None,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InsightsParameters {
    /// Only the insights of this run; all when not given.
    #[param(inline)]
    pub(crate) cadence: Option<CadenceParameter>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrainParameter {
    Week,
    Month,
    Quarter,
}

impl From<GrainParameter> for Grain {
    fn from(grain: GrainParameter) -> Self {
        match grain {
            GrainParameter::Week => Self::Week,
            GrainParameter::Month => Self::Month,
            GrainParameter::Quarter => Self::Quarter,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateParameter {
    Pending,
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CadenceParameter {
    Daily,
    Weekly,
    Monthly,
}

impl From<CadenceParameter> for Cadence {
    fn from(cadence: CadenceParameter) -> Self {
        match cadence {
            CadenceParameter::Daily => Self::Daily,
            CadenceParameter::Weekly => Self::Weekly,
            CadenceParameter::Monthly => Self::Monthly,
        }
    }
}

fn dimension(name: &str) -> Result<Dimension, Refusal> {
    Dimension::named(name.trim()).map_err(|error| Refusal::bad_request(format!("by: {error}")))
}

pub(super) fn date(name: &str, text: &str) -> Result<Date, Refusal> {
    text.parse().map_err(|_| {
        Refusal::bad_request(format!("{name}: {text:?} is not a date; write it like 2024-06-30"))
    })
}

type Named<T> = (&'static str, T);

fn days(
    (from_name, from): Named<Option<String>>,
    (to_name, to): Named<Option<String>>,
) -> Result<Days, Refusal> {
    let from = from.as_deref().map(|text| date(from_name, text)).transpose()?;
    let to = to.as_deref().map(|text| date(to_name, text)).transpose()?;
    if let (Some(from), Some(to)) = (from, to) {
        in_order((from_name, from), (to_name, to))?;
    }
    Ok(Days { from, to })
}

fn in_order((from_name, from): Named<Date>, (to_name, to): Named<Date>) -> Result<(), Refusal> {
    if from < to {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "{to_name} must be after {from_name}: it is the first day after the window; got {from} to {to}"
    )))
}
