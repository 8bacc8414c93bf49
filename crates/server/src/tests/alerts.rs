//! What people do with an alert.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request, Response};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Opened, json_of};
use crate::router::router;

impl Opened {
    async fn act(&self, verb: &str, body: &Value) -> Response<Body> {
        let path = format!("/api/v1/alerts/hrd-1/{verb}");
        self.send(&path, "application/json", body.to_string()).await
    }

    async fn send(&self, path: &str, kind: &str, body: String) -> Response<Body> {
        let request = Request::builder().method(Method::POST).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, kind).body(Body::from(body));
        let request = request.expect("a valid request");
        router(self.workspace.clone()).oneshot(request).await.expect("never fails")
    }
}

#[tokio::test]
async fn an_alert_is_followed_to_its_end() {
    let server = Opened::with_a_bot().await;
    for (verb, body, field, becomes) in [
        ("ack", json!({ "by": "Ana" }), "/state", json!("acknowledged")),
        ("snooze", json!({ "until": "2026-07-08" }), "/state", json!("snoozed")),
        ("snooze", json!({}), "/life/snoozed_until", json!(null)),
        ("assign", json!({ "owner": "Bo", "by": "Ana" }), "/life/owner", json!("Bo")),
        ("comment", json!({ "text": "they changed the price" }), "/life/owner", json!("Bo")),
        ("resolve", json!({ "action": "called them" }), "/life/action_taken", json!("called them")),
        ("useful", json!({ "useful": true }), "/life/useful", json!(true)),
    ] {
        let response = server.act(verb, &body).await;
        assert_eq!(response.status(), 200, "{verb}");
        assert_eq!(json_of(response).await.pointer(field), Some(&becomes), "{verb}");
    }
    let story = json_of(server.get("/api/v1/alerts/hrd-1").await).await;
    assert_eq!(story["state"], "resolved");
    assert_eq!(story["duration_seconds"], 0);
    assert_eq!(story["life"]["resolved_by_hand"], true);
    let steps = story["history"].as_array().expect("steps");
    let what: Vec<_> = steps.iter().filter_map(|step| step["what"].as_str()).collect();
    let expected = [
        "opened",
        "acknowledged",
        "snoozed",
        "snoozed",
        "assigned",
        "commented",
        "resolved",
        "rated",
    ];
    assert_eq!(what, expected);
    assert_eq!((&steps[1]["who"], &steps[2]["who"]), (&json!("Ana"), &json!("somebody")));
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let server = Opened::with_a_bot().await;
    assert_eq!(server.act("resolve", &json!({})).await.status(), 200);
    for (path, kind, body, status, what) in [
        ("hrd-1/ack", "application/json", "{}", 409, "is resolved"),
        ("hrd-1/comment", "application/json", r#"{"text":" "}"#, 400, "text: write"),
        ("hrd-1/comment", "application/json", "{}", 400, "missing field `text`"),
        ("hrd-1/snooze", "application/json", r#"{"until":"soon"}"#, 400, "as year"),
        ("hrd-1/useful", "application/json", r#"{"useful":1}"#, 400, "boolean"),
        ("hrd-1/ack", "application/json", r#"{"who":"Ana"}"#, 400, "unknown field `who`"),
        ("hrd-1/ack", "application/json", "", 400, "/api/openapi.json"),
        // What a form on another page could send.
        ("hrd-1/ack", "text/plain", "{}", 400, "content-type: application/json"),
        ("gone/ack", "application/json", "{}", 404, "alerts --state all"),
    ] {
        let path = format!("/api/v1/alerts/{path}");
        let response = server.send(&path, kind, body.to_owned()).await;
        assert_eq!(response.status().as_u16(), status, "{path} {body}");
        let problem = json_of(response).await;
        let detail = problem["detail"].as_str().expect("text");
        assert!(detail.contains(what), "{path} {body}: {detail}");
    }
    let unknown = server.get("/api/v1/alerts/gone").await;
    assert_eq!(unknown.status(), 404);
}
