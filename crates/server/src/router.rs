use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use winsight_jobs::Workspace;

use crate::wire::Problem;
use crate::{api, dashboard, guard, health, refusal};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Winsight",
        description = "Sales insights and alerts. Amounts are strings of exact decimals with two \
                       places, rates are numbers in 0 to 1, dates are ISO 8601, and a window is \
                       [from, to): its last day is the one before `to`."
    ),
    components(schemas(Problem)),
    tags(
        (name = "insights", description = "Metrics, changes, trends and insights"),
        (name = "alerts", description = "The alert inbox, and what people do with an alert"),
        (name = "sources", description = "Where deals come from"),
        (name = "delivery", description = "What comes back by a channel"),
        (name = "health", description = "Whether the server works"),
    )
)]
struct Document;

/// Every path of the API, with its description.
fn api() -> OpenApiRouter<Arc<Workspace>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(api::metrics))
        .routes(routes!(api::changes))
        .routes(routes!(api::closed_deals))
        .routes(routes!(api::trend))
        .routes(routes!(api::trends))
        .routes(routes!(api::drivers))
        .routes(routes!(api::reps))
        .routes(routes!(api::pipeline::pipeline))
        .routes(routes!(api::pipeline::cohorts))
        .routes(routes!(api::pipeline::deals))
        .routes(routes!(api::alerts::list))
        .routes(routes!(api::alerts::show))
        .routes(routes!(api::alerts::ack))
        .routes(routes!(api::alerts::snooze))
        .routes(routes!(api::alerts::resolve))
        .routes(routes!(api::alerts::assign))
        .routes(routes!(api::alerts::comment))
        .routes(routes!(api::alerts::useful))
        .routes(routes!(api::insights))
        .routes(routes!(api::status))
        .routes(routes!(api::delivery::slack_actions))
        .routes(routes!(api::delivery::unsubscribe))
        .routes(routes!(api::sources::sources))
        .routes(routes!(api::sources::take_delivery))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// The `OpenAPI` document as indented JSON.
///
/// The copy in `crates/server/openapi.json` is what the dashboard's client is generated from.
///
/// # Panics
/// Never: strings and maps of strings can always be written.
#[expect(clippy::expect_used, reason = "the document is made of strings and maps only")]
pub fn openapi_json() -> String {
    api().into_openapi().to_pretty_json().expect("the document can be written as JSON")
}

/// The whole server over a workspace: API, health and dashboard.
pub(crate) fn router(workspace: Arc<Workspace>) -> Router {
    let (api, _) = api().with_state(workspace).split_for_parts();
    api.route(
        "/api/openapi.json",
        get(async || ([(CONTENT_TYPE, "application/json")], openapi_json())),
    )
    .fallback(dashboard::page)
    .layer(middleware::from_fn(guard::loopback_names_only))
    .layer(middleware::from_fn(refusal::problem_documents))
    .layer(middleware::from_fn(guard::security_headers))
    .layer(TraceLayer::new_for_http())
}
