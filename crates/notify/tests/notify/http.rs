use std::time::Duration;

use jiff::SignedDuration;
use winsight_notify::{ChannelSettings, Secret, Secrets, SendError, sign};

use crate::data::{envelope, instant, message, seed};
use crate::receiver::{CERTIFICATE, Reaction, Receiver, nobody};
use Reaction::{Answer, CutBody, Reset, Silence};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn secret(main: &str) -> Secrets {
    Secrets { main: Some(Secret::new(main)), signing: Some(Secret::new("signing")) }
}

async fn send(
    settings: &ChannelSettings,
    secrets: &Secrets,
    patience: Duration,
) -> Result<(), SendError> {
    let channel = settings.open_patient(secrets, patience).expect("opens");
    let message = message(seed());
    channel.send(&envelope("C024BE91L", &message)).await
}

async fn to_webhook(
    receiver: &Receiver,
    scheme: &str,
    authority: Option<&str>,
) -> Result<(), SendError> {
    let authority = authority.map(str::to_owned);
    let settings = ChannelSettings::Webhook { url: receiver.url(scheme), authority };
    send(&settings, &secret(KEY), Duration::from_secs(20)).await
}

/// Whether to try again, and how long the receiver asked to wait.
fn retry(outcome: &Result<(), SendError>) -> (bool, Option<SignedDuration>) {
    match outcome {
        Err(SendError::Temporary { retry_after, .. }) => (true, *retry_after),
        _ => (false, None),
    }
}

#[tokio::test]
async fn a_webhook_is_signed_over_what_arrives() {
    let receiver = Receiver::new(vec![Answer(204, "", "")]).await;
    to_webhook(&receiver, "http", None).await.expect("taken");
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    assert_eq!(request.header("webhook-id"), Some("msg_0123456789abcdef"));
    assert_eq!(request.header("webhook-timestamp"), Some("1719817205"));
    let signed = sign(
        &Secret::new(KEY),
        "msg_0123456789abcdef",
        instant("2024-07-01T07:00:05Z"),
        &request.body,
    );
    assert_eq!(request.header("webhook-signature"), signed.ok().as_deref());
}

#[tokio::test]
async fn an_answer_decides_whether_to_try_again() {
    let seconds = |count| (true, Some(SignedDuration::from_secs(count)));
    for (reaction, expected) in [
        (Answer(500, "", "oops"), (true, None)),
        (Answer(503, "retry-after: 30\r\n", ""), seconds(30)),
        (Answer(429, "retry-after: 7\r\n", ""), seconds(7)),
        // Ten seconds after the present of the envelope.
        (Answer(429, "retry-after: Mon, 01 Jul 2024 07:00:15 GMT\r\n", ""), seconds(10)),
        (Answer(429, "retry-after: Mon, 01 Jul 2024 06:00:00 GMT\r\n", ""), seconds(0)),
        (Answer(429, "retry-after: soon\r\n", ""), (true, None)),
        (Reset, (true, None)),
        (CutBody(500), (true, None)),
        (Answer(400, "", "bad"), (false, None)),
        (Answer(401, "", ""), (false, None)),
        (Answer(410, "", ""), (false, None)),
        // Whoever answers for the receiver does not choose where the message goes.
        (Answer(302, "location: http://127.0.0.1:1/\r\n", ""), (false, None)),
    ] {
        let receiver = Receiver::new(vec![reaction.clone()]).await;
        let outcome = to_webhook(&receiver, "http", None).await;
        assert!(outcome.is_err(), "{reaction:?}");
        assert_eq!(retry(&outcome), expected, "{reaction:?} {outcome:?}");
        assert_eq!(receiver.requests().len(), 1, "{reaction:?}");
    }
    for reaction in [Answer(200, "", "ok"), Answer(202, "", ""), CutBody(200)] {
        let receiver = Receiver::new(vec![reaction.clone()]).await;
        to_webhook(&receiver, "http", None).await.expect("a status of 2xx is the receipt");
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_not_waited_for_forever() {
    let receiver = Receiver::new(vec![Silence]).await;
    let settings = ChannelSettings::Webhook { url: receiver.url("http"), authority: None };
    let outcome = send(&settings, &secret(KEY), Duration::from_millis(50)).await;
    assert_eq!(retry(&outcome), (true, None), "{outcome:?}");
    assert!(outcome.expect_err("fails").to_string().contains("did not answer in time"));
}

#[tokio::test]
async fn nobody_at_the_port_is_tried_again() {
    let url = format!("http://localhost:{}/hook", nobody().await);
    let settings = ChannelSettings::Webhook { url, authority: None };
    let outcome = send(&settings, &secret(KEY), Duration::from_secs(20)).await;
    assert_eq!(retry(&outcome), (true, None), "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_of_the_host() {
    let receiver = Receiver::behind_tls(vec![Answer(200, "", "")]).await;
    let outcome = to_webhook(&receiver, "https", None).await;
    assert_eq!(retry(&outcome), (true, None), "{outcome:?}");
    assert!(outcome.expect_err("fails").to_string().to_lowercase().contains("certificate"));
    assert_eq!(receiver.requests().len(), 0, "nothing is said to whom nobody trusts");
    to_webhook(&receiver, "https", Some(CERTIFICATE)).await.expect("trusted");
    assert_eq!(receiver.requests().len(), 1);
}

fn bot(receiver: &Receiver) -> ChannelSettings {
    ChannelSettings::SlackBot { api: receiver.url("http") }
}

#[tokio::test]
async fn a_bot_posts_with_buttons_and_believes_the_body_of_the_answer() {
    let token = secret("xoxb-hunter2");
    let patience = Duration::from_secs(20);
    let receiver = Receiver::new(vec![Answer(200, "", r#"{"ok":true,"ts":"1.2"}"#)]).await;
    send(&bot(&receiver), &token, patience).await.expect("taken");
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    assert!(request.head.starts_with("POST /hook/chat.postMessage "), "{}", request.head);
    assert_eq!(request.header("authorization"), Some("Bearer xoxb-hunter2"));
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["channel"], "C024BE91L");
    assert!(request.body.contains(r#""value":"acme/wrd-enterprise-7k2mq""#), "{}", request.body);
    for (reaction, tried_again) in [
        (Answer(200, "", r#"{"ok":false,"error":"channel_not_found"}"#), false),
        (Answer(200, "", r#"{"ok":false,"error":"token_revoked"}"#), false),
        (Answer(200, "retry-after: 3\r\n", r#"{"ok":false,"error":"ratelimited"}"#), true),
        (Answer(200, "", "<html>welcome to the airport"), true),
        (CutBody(200), true),
    ] {
        let receiver = Receiver::new(vec![reaction.clone()]).await;
        let outcome = send(&bot(&receiver), &token, patience).await;
        assert_eq!(retry(&outcome).0, tried_again, "{reaction:?} {outcome:?}");
        let said = outcome.expect_err("fails").to_string();
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn the_address_of_a_slack_webhook_or_a_workflow_is_a_secret_that_errors_keep() {
    let patience = Duration::from_secs(20);
    let gone = format!("http://localhost:{}/services/hunter2", nobody().await);
    for settings in [ChannelSettings::Slack, ChannelSettings::Teams] {
        let receiver = Receiver::new(vec![Answer(200, "", "ok")]).await;
        send(&settings, &secret(&receiver.url("http")), patience).await.expect("taken");
        let [request] = &receiver.requests()[..] else { panic!("one request") };
        assert!(request.body.contains("Enterprise Win Rate Decline"), "{}", request.body);
        let outcome = send(&settings, &secret(&gone), patience).await.expect_err("nobody there");
        assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
    }
}
