use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::refusal::Refusal;

/// The dashboard as npm built it; empty when the binary was compiled without it.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dashboard;

const PAGE: &str = "index.html";
/// Files in this folder carry a hash of their contents in their names, so they never change.
const HASHED: &str = "assets/";
const NOT_BUILT: &str = include_str!("dashboard/not_built.html");

/// Whether the binary holds the dashboard.
pub(crate) fn is_built() -> bool {
    Dashboard::get(PAGE).is_some()
}

/// Everything that is not the API: a file of the dashboard, or its page for the browser to route.
pub(crate) async fn page(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Programs ask here, not people: a page would look like an answer.
    if matches!(path.split('/').next(), Some("api" | "health" | "metrics")) {
        let detail = format!("{} does not exist; see /api/openapi.json for what does", uri.path());
        return Refusal::new(StatusCode::NOT_FOUND, detail).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    if let Some(file) = Dashboard::get(path) {
        return respond(path, file);
    }
    if path.starts_with(HASHED) {
        let detail = format!("{} is not part of this dashboard; reload the page", uri.path());
        return Refusal::new(StatusCode::NOT_FOUND, detail).into_response();
    }
    match Dashboard::get(PAGE) {
        Some(file) => respond(PAGE, file),
        None => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], NOT_BUILT)
                .into_response()
        }
    }
}

fn respond(path: &str, file: EmbeddedFile) -> Response {
    let cache =
        if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = file.metadata.mimetype().to_owned();
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, cache.to_owned())];
    (headers, file.data).into_response()
}
