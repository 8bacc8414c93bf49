//! Who may connect, until there is sign-in: this machine only.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         object-src 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Tells browsers to load nothing from elsewhere and to let nobody else frame or read the answers.
pub(crate) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers only requests that were addressed to this machine by a loopback name.
///
/// A page elsewhere can let its own name resolve to 127.0.0.1 (DNS rebinding) and then read the
/// answers as its own; its name still stands in the request.
///
/// What proves itself by a signature or token comes from elsewhere by nature.
pub(crate) async fn loopback_names_only(request: Request, next: Next) -> Response {
    const PROVEN: [&str; 3] = ["/api/v1/hooks/", "/api/v1/slack/actions", "/api/v1/unsubscribe"];
    if PROVEN.iter().any(|path| request.uri().path().starts_with(path)) {
        return next.run(request).await;
    }
    let addressed_to = request
        .uri()
        .authority()
        .cloned()
        .or_else(|| request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok());
    if addressed_to.is_some_and(|authority| is_loopback(authority.host())) {
        return next.run(request).await;
    }
    let detail = "this server answers only to localhost, 127.0.0.1 and [::1] until sign-in exists; \
                  open it by one of these names";
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
