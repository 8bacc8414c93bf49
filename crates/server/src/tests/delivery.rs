//! What comes back by a channel.

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Method, Request, Response, StatusCode};
use data_encoding::HEXLOWER;
use jiff::civil::date;
use tower::ServiceExt;
use winsight_alert::{Alert, AlertState, Evidence, Finding, Life, Rule, Severity, Transitions};
use winsight_jobs::NewRecipient;
use winsight_model::{DataVersion, Segment, Window};
use winsight_notify::{ChannelSettings, Rhythm, Role, Routing, Secret, Secrets, Sight};

use super::{Opened, json_of};
use crate::router::router;

const SIGNING: &str = "8f742231b10e8888abcd99yyyzzz85a5";

impl Opened {
    async fn post(&self, path: &str, headers: &[(&str, String)], body: String) -> Response<Body> {
        let mut request =
            Request::builder().method(Method::POST).uri(path).header(HOST, "localhost");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body)).expect("a valid request");
        router(self.workspace.clone()).oneshot(request).await.expect("never fails")
    }

    /// Presses a button below an alert, with a signature as old as given and by this secret.
    async fn press(&self, button: &str, value: &str, age: i64, secret: &str) -> Response<Body> {
        let payload = format!(
            r#"{{"type":"block_actions","user":{{"id":"U1","username":"ana"}},
                "actions":[{{"action_id":"{button}","value":"{value}"}}]}}"#
        );
        let body = url_encoded(&payload);
        let at = (self.workspace.clock().present().instant().as_second() - age).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = hmac::sign(&key, format!("v0:{at}:{body}").as_bytes());
        let signature = format!("v0={}", HEXLOWER.encode(signed.as_ref()));
        let headers = [("x-slack-request-timestamp", at), ("x-slack-signature", signature)];
        self.post("/api/v1/slack/actions", &headers, body).await
    }

    pub(super) async fn with_a_bot() -> Self {
        let server = Self::empty().await;
        let settings = ChannelSettings::SlackBot { api: ChannelSettings::SLACK_API.to_owned() };
        let secrets =
            Secrets { main: Some(Secret::new("xoxb-1")), signing: Some(Secret::new(SIGNING)) };
        server.workspace.add_channel("bot", settings, secrets).await.expect("adds");
        let opened = vec![alert(server.workspace.clock().instant())];
        let transitions = Transitions { opened, ..Transitions::default() };
        let (metadata, id) = (server.workspace.metadata(), server.workspace.id());
        let now = server.workspace.clock().instant();
        metadata.change_alerts(id, transitions, now).await.expect("opens");
        server
    }

    async fn state(&self) -> AlertState {
        self.workspace.alert("hrd-1").await.expect("is there").state
    }
}

fn url_encoded(payload: &str) -> String {
    let encoded = payload.bytes().map(|byte| format!("%{byte:02x}"));
    format!("payload={}", encoded.collect::<String>())
}

fn alert(at: jiff::Timestamp) -> Alert {
    let window = Window { from: date(2026, 4, 1), to: date(2026, 7, 1) };
    let finding = Finding {
        rule: Rule::HighRiskDeals,
        severity: Severity::Info,
        metric: "amount_at_risk".to_owned(),
        segment: Segment::all(),
        current: None,
        baseline: None,
        change: None,
        deals: 3,
        baseline_deals: 0,
        confidence: None,
        window,
        baseline_window: None,
        impact: None,
        currency: "USD".to_owned(),
        title: "High-Risk Deals Identified".to_owned(),
        message: "3 deals".to_owned(),
        action: "Look".to_owned(),
        context: None,
        data_version: DataVersion(1),
        evidence: Evidence::default(),
        custom: None,
        subject: None,
    };
    Alert {
        id: "hrd-1".to_owned(),
        state: AlertState::Open,
        opened_at: at,
        resolved_at: None,
        life: Life::default(),
        finding,
    }
}

#[tokio::test]
async fn a_button_moves_the_alert() {
    let server = Opened::with_a_bot().await;
    let snoozed = server.press("snooze", "acme/hrd-1", 10, SIGNING).await;
    assert_eq!(snoozed.status(), StatusCode::OK);
    assert_eq!(json_of(snoozed).await["state"], "snoozed");
    let acknowledged = server.press("acknowledge", "acme/hrd-1", 10, SIGNING).await;
    assert_eq!(acknowledged.status(), StatusCode::OK);
    assert_eq!(server.state().await, AlertState::Acknowledged);
}

#[tokio::test]
async fn a_request_that_is_not_slacks_moves_nothing() {
    let server = Opened::with_a_bot().await;
    for (age, secret) in [(301, SIGNING), (-301, SIGNING), (10, "another"), (10, "")] {
        let answer = server.press("snooze", "acme/hrd-1", age, secret).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{age} {secret}");
    }
    let unsigned = server.post("/api/v1/slack/actions", &[], String::new()).await;
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    let elsewhere = server.press("snooze", "other/hrd-1", 10, SIGNING).await;
    assert_eq!(elsewhere.status(), StatusCode::BAD_REQUEST);
    assert_eq!(server.state().await, AlertState::Open);
    let without_channels = Opened::empty().await;
    let answer = without_channels.press("snooze", "acme/hrd-1", 10, "").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_click_unsubscribes() {
    let server = Opened::with_a_bot().await;
    let new = NewRecipient {
        address: "C1".to_owned(),
        role: Role::Leader,
        sight: Sight::Everything,
        routing: Routing::default(),
        rhythm: Rhythm::at_once("UTC"),
    };
    server.workspace.subscribe("bot", new).await.expect("subscribes");
    let recipient = || async {
        let (_, mut recipients) = server.workspace.channels().await.expect("reads").remove(0);
        recipients.remove(0)
    };
    let path = format!("/api/v1/unsubscribe?token={}", recipient().await.token);
    // A mail program that looks at links does not unsubscribe anybody.
    let looked = server.get(&path).await;
    assert_eq!(looked.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(recipient().await.unsubscribed_at, None);
    for _ in 0..2 {
        let done = server.post(&path, &[], "List-Unsubscribe=One-Click".to_owned()).await;
        assert_eq!(done.status(), StatusCode::NO_CONTENT);
    }
    assert!(recipient().await.unsubscribed_at.is_some());
    let guessed = server.post("/api/v1/unsubscribe?token=guessed", &[], String::new()).await;
    assert_eq!(guessed.status(), StatusCode::NOT_FOUND);
}
