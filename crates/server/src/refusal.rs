use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::IntoResponses;
use winsight_jobs::{JobError, Rejection};

use crate::wire::Problem;

/// What every path may answer instead, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never built")]
pub(crate) enum Problems {
    /// A parameter is unknown or wrong; the detail says what to send.
    #[response(status = BAD_REQUEST, content_type = "application/problem+json")]
    Wrong(Problem),
    /// The data cannot be read; the detail says what to do.
    #[response(status = INTERNAL_SERVER_ERROR, content_type = "application/problem+json")]
    Failed(Problem),
}

/// What a path that needs deals may answer instead, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never built")]
pub(crate) enum DataProblems {
    /// A parameter is unknown or wrong; the detail says what to send.
    #[response(status = BAD_REQUEST, content_type = "application/problem+json")]
    Wrong(Problem),
    /// No deals have been loaded yet.
    #[response(status = NOT_FOUND, content_type = "application/problem+json")]
    Empty(Problem),
    /// The data cannot be read; the detail says what to do.
    #[response(status = INTERNAL_SERVER_ERROR, content_type = "application/problem+json")]
    Failed(Problem),
}

/// What a path of one alert may answer instead, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never built")]
pub(crate) enum AlertProblems {
    /// The body is wrong; the detail says what to send.
    #[response(status = BAD_REQUEST, content_type = "application/problem+json")]
    Wrong(Problem),
    /// There is no alert with this id.
    #[response(status = NOT_FOUND, content_type = "application/problem+json")]
    Unknown(Problem),
    /// The alert is resolved, and cannot become live.
    #[response(status = CONFLICT, content_type = "application/problem+json")]
    TooLate(Problem),
    /// The alert cannot be read or changed; the detail says what to do.
    #[response(status = INTERNAL_SERVER_ERROR, content_type = "application/problem+json")]
    Failed(Problem),
}

/// A request that is not answered: why, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// A question that has to be asked differently.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let status = match &error {
            JobError::Empty => StatusCode::NOT_FOUND,
            JobError::Hook(Rejection::Unsupported | Rejection::Unreadable) => {
                StatusCode::BAD_REQUEST
            }
            JobError::Forged(_) | JobError::Hook(_) => StatusCode::UNAUTHORIZED,
            unknown if unknown.is_unknown_alert() => StatusCode::NOT_FOUND,
            late if late.is_too_late() => StatusCode::CONFLICT,
            usage if usage.is_usage() => StatusCode::BAD_REQUEST,
            failure => {
                tracing::error!(error = ?failure, "a request failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    /// Leaves the body to [`problem_documents`], which knows the path that was asked for.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every error the body of a problem document (RFC 9457), also those that axum raises.
pub(crate) async fn problem_documents(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let refusal = response.extensions().get::<Refusal>().cloned();
    // Readiness answers 503 with a body of its own.
    if refusal.is_none() && response.headers().contains_key(CONTENT_TYPE) {
        return response;
    }
    let detail = refusal.map_or_else(|| explain(status), |refusal| refusal.detail);
    let problem = Problem {
        r#type: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        instance,
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    let body = axum::Json(problem).into_response().into_body();
    Response::from_parts(parts, body)
}

fn explain(status: StatusCode) -> String {
    if status == StatusCode::METHOD_NOT_ALLOWED {
        "this path does not answer this method; see /api/openapi.json for what exists".to_owned()
    } else {
        "the request cannot be answered; see /api/openapi.json for what exists".to_owned()
    }
}
