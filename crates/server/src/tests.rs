mod alerts;
mod answers;
mod delivery;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{Method, Request, Response, StatusCode};
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use winsight_jobs::{Home, KnownAt, Workspace};
use winsight_model::{Clock, Settings};

use crate::router::{openapi_json, router};
use crate::{ServeError, Server};

/// A workspace of its own, as of the end of June 2026.
struct Opened {
    workspace: Arc<Workspace>,
    home: TempDir,
}

impl Opened {
    async fn empty() -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let clock = Clock::end_of(date(2026, 6, 30), TimeZone::UTC).expect("in range");
        let id = "acme".parse().expect("a valid name");
        let settings = Settings::default();
        let folder = Home::in_clear(home.path());
        let workspace = Workspace::open(&folder, id, settings, clock, KnownAt::Latest).await;
        Self { workspace: Arc::new(workspace.expect("opens")), home }
    }

    async fn ask(&self, method: Method, path: &str, host: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path).header(HOST, host);
        let request = request.body(Body::empty()).expect("a valid request");
        router(self.workspace.clone()).oneshot(request).await.expect("never fails")
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.ask(Method::GET, path, "localhost:7878").await
    }
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 22).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn json_of(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).expect("JSON")
}

fn header(response: &Response<Body>, name: impl AsRef<str>) -> &str {
    response.headers().get(name.as_ref()).map_or("", |value| value.to_str().expect("text"))
}

#[test]
fn the_checked_in_document_is_current() {
    let checked_in = include_str!("../openapi.json");
    // Compared without printing both, which would hide the advice under a thousand lines.
    assert!(
        checked_in.trim_end() == openapi_json(),
        "the API changed; refresh its document: winsight openapi > crates/server/openapi.json"
    );
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let server = Opened::empty().await;
    for (path, status, what) in [
        ("/api/v1/metrics?by=regoin", 404, "winsight import FILE"),
        ("/metrics", 404, "does not exist"),
        ("/health", 404, "does not exist"),
        ("/api/v1/metrics?form=2024-01-01", 400, "unknown field `form`"),
        ("/api/v1/metrics?from=2024-02-30", 400, "write it like 2024-06-30"),
        ("/api/v1/metrics?from=2024-07-01&to=2024-07-01", 400, "to must be after from"),
        ("/api/v1/metrics?grain=day", 400, "expected one of `week`, `month`, `quarter`"),
        ("/api/v1/metrics?by=region", 404, "winsight import FILE"),
        ("/api/v1/changes", 400, "missing field `by`"),
        ("/api/v1/pipeline?close_before=soon", 400, "write it like 2024-06-30"),
        ("/api/v1/cohorts?horizon_days=-1", 400, "horizon_days"),
        ("/api/v1/deals?risk=low", 400, "expected `high`"),
        ("/api/v1/changes?by=rep&from=2024-01-01&to=2023-01-01", 400, "to must be after from"),
        ("/api/v1/changes?by=rep&baseline_to=2024-01-32", 400, "baseline_to: "),
        ("/api/v1/changes?by=rep", 404, "winsight import FILE"),
        ("/api/v1/trend?grain=year", 400, "unknown variant `year`"),
        ("/api/v1/trend", 404, "winsight import FILE"),
        ("/api/v1/alerts?state=closed", 400, "unknown variant `closed`"),
        ("/api/v1/insights?cadence=yearly", 400, "unknown variant `yearly`"),
        ("/api/v1/status?verbose=1", 400, "unknown field `verbose`"),
        ("/api/v1/deal", 404, "/api/openapi.json"),
        ("/assets/gone.js", 404, "reload the page"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(header(&response, CONTENT_TYPE), "application/problem+json", "{path}");
        let problem = json_of(response).await;
        assert_eq!(problem["status"], status, "{path}");
        assert_eq!(problem["type"], "about:blank", "{path}");
        assert_eq!(problem["instance"], path.split('?').next().expect("a path"), "{path}");
        let detail = problem["detail"].as_str().expect("text");
        assert!(detail.contains(what), "{path}: {detail}");
    }
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let server = Opened::empty().await;
    for path in ["/api/v1/status", "/", "/api/openapi.json"] {
        let response = server.ask(Method::POST, path, "localhost").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let problem = json_of(response).await;
        assert_eq!(problem["title"], "Method Not Allowed", "{path}");
    }
}

#[tokio::test]
async fn only_loopback_names_are_answered() {
    let server = Opened::empty().await;
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:7878", 200),
        ("127.0.0.1:7878", 200),
        ("127.1.2.3", 200),
        ("[::1]:7878", 200),
        ("winsight.example.com", 421),
        ("localhost.example.com", 421),
        ("127.0.0.1.nip.io", 421),
        ("192.168.1.20:7878", 421),
        ("0.0.0.0", 421),
        ("", 421),
    ] {
        for path in ["/api/v1/status", "/health/live", "/"] {
            let response = server.ask(Method::GET, path, host).await;
            assert_eq!(response.status().as_u16(), status, "{host:?} {path}");
        }
    }
}

#[tokio::test]
async fn what_proves_itself_may_come_by_any_name() {
    let server = Opened::empty().await;
    for path in ["/api/v1/hooks/crm", "/api/v1/slack/actions", "/api/v1/unsubscribe"] {
        let response = server.ask(Method::POST, path, "winsight.example.com").await;
        assert!(response.status().is_client_error(), "{path}");
        assert_ne!(response.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_name_in_the_request_line_counts_before_the_header() {
    let server = Opened::empty().await;
    let path = "http://winsight.example.com/api/v1/status";
    let response = server.ask(Method::GET, path, "localhost").await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Opened::empty().await;
    for path in ["/", "/api/v1/status", "/api/v1/none", "/api/openapi.json", "/health/ready"] {
        let response = server.get(path).await;
        assert!(header(&response, CONTENT_SECURITY_POLICY).starts_with("default-src 'self';"));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
    }
}

#[tokio::test]
async fn an_empty_workspace_has_a_status() {
    let server = Opened::empty().await;
    let status = json_of(server.get("/api/v1/status").await).await;
    assert_eq!(status["workspace"], "acme");
    assert_eq!(status["data_version"], Value::Null);
    assert_eq!(status["as_of"], "2026-06-30");
    assert_eq!(status["window"]["from"], "2026-04-01");
    assert_eq!(status["window"]["to"], "2026-07-01");
    assert_eq!(status["baseline_window"]["to"], "2026-04-01");
    assert_eq!(json_of(server.get("/api/v1/alerts?state=all").await).await, Value::Array(vec![]));
    assert_eq!(json_of(server.get("/api/v1/insights").await).await, Value::Array(vec![]));
}

#[tokio::test]
async fn readiness_names_every_component() {
    let server = Opened::empty().await;
    assert_eq!(text(server.get("/health/live").await).await, "live");
    let response = server.get("/health/ready").await;
    assert_eq!(response.status(), StatusCode::OK);
    let readiness = json_of(response).await;
    assert_eq!(readiness["ready"], true);
    let components = readiness["components"].as_array().expect("a list");
    let names: Vec<_> = components.iter().map(|component| &component["name"]).collect();
    assert_eq!(names, ["store", "metadata", "dashboard"]);
}

/// Holds with the dashboard and without, because both kinds of binary are built.
#[tokio::test]
async fn every_other_path_is_the_page() {
    let server = Opened::empty().await;
    let page = text(server.get("/").await).await;
    assert!(page.starts_with("<!doctype html>"));
    let built = page.contains("id=\"root\"");
    assert_ne!(built, page.contains("npm --prefix web run build"));
    for path in ["/index.html", "/alerts/wrd-enterprise", "/healthy"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, CACHE_CONTROL), "no-cache", "{path}");
        assert!(header(&response, CONTENT_TYPE).starts_with("text/html"), "{path}");
        assert_eq!(text(response).await, page, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    for address in ["0.0.0.0:0", "192.0.2.1:7878", "[::]:0"] {
        let refused = Server::bind(address.parse().expect("an address")).await;
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains("no sign-in yet"), "{message}");
        assert!(message.contains("--listen 127.0.0.1:"), "{message}");
    }
}

#[tokio::test]
async fn a_taken_port_names_the_flag() {
    let first = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("free");
    assert_ne!(first.address().port(), 0);
    let second = Server::bind(first.address()).await;
    assert!(matches!(second, Err(ServeError::Taken(address)) if address == first.address()));
    assert!(second.expect_err("taken").to_string().contains("--listen"));
}

#[tokio::test]
async fn the_server_stops_when_told() {
    let opened = Opened::empty().await;
    let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("free");
    server.run(opened.workspace.clone(), async {}).await.expect("stops cleanly");
}
