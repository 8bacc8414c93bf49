use std::sync::Arc;

use jiff::Timestamp;
use url::Url;
use winsight_sources::Cause;
use winsight_sources::http::{
    Breaker, Budget, Client, Limits, Pace, Reply, Request, TestPace, Verdict,
};

use crate::server::{Answer, Server, json};

fn client(pace: &Arc<TestPace>) -> Client {
    let limits = Limits { per_second: 1_000.0, burst: 1_000, ..Limits::default() };
    Client::new(pace.clone(), limits, Breaker::default(), 3).expect("a client")
}

fn pace() -> Arc<TestPace> {
    let noon: Timestamp = "2024-06-30T12:00:00Z".parse().expect("an instant");
    Arc::new(TestPace::new(noon))
}

fn judge(reply: &Reply) -> Verdict {
    let after = reply.header("retry-after").and_then(|seconds| seconds.parse().ok());
    let after = after.map(std::time::Duration::from_secs);
    match reply.status {
        200 => Verdict::Fine,
        status => Verdict::Again { after, why: format!("answered {status}") },
    }
}

fn fine() -> Answer {
    json(&serde_json::json!({ "fine": true }))
}

fn plain(status: u16, kind: &str, body: &str) -> Answer {
    (status, vec![("content-type", kind.to_owned())], body.to_owned())
}

async fn ask(
    server: &Server,
    client: &Client,
) -> Result<Option<Reply>, winsight_sources::SourceError> {
    let url = Url::parse(&server.url).expect("an address");
    client.send(&Request::get(url), None, &judge).await
}

#[tokio::test]
async fn what_fails_for_a_while_is_tried_again() {
    let server = Server::start(|_| fine()).await;
    server.fail([
        plain(500, "text/html", "oops"),
        plain(200, "application/json", "{\"fine\": tr"),
        plain(200, "text/html", "<html>a proxy</html>"),
        (429, vec![("retry-after", "7".to_owned())], String::new()),
    ]);
    let pace = pace();
    let client = client(&pace);
    let reply = ask(&server, &client).await.expect("answered").expect("signed in");
    assert_eq!(reply.json["fine"], true);
    assert_eq!(client.health().requests, 5);
    assert_eq!(client.health().retries, 4);
    assert!(pace.elapsed().as_secs() >= 7, "it waits as long as it is told to");
    assert_eq!(client.health().breaker, Breaker::default(), "a success closes it");
}

#[tokio::test]
async fn a_host_that_fails_on_and_on_is_left_alone_for_a_while() {
    let server = Server::start(|_| plain(503, "text/plain", "down")).await;
    let pace = pace();
    let client = client(&pace);
    let error = ask(&server, &client).await.expect_err("down");
    assert_eq!(error.cause, Cause::Failing);
    ask(&server, &client).await.expect_err("down");
    let asked = server.count("/");
    // The pauses of the last attempts may have taken the minute in which none are made.
    let error = ask(&server, &client).await.expect_err("open");
    assert_eq!(error.cause, Cause::Open, "{error}");
    assert!(error.to_string().contains("the last time: 127.0.0.1 answered 503"), "{error}");
    assert_eq!(server.count("/"), asked, "nothing was sent");
    pace.sleep(std::time::Duration::from_secs(61)).await;
    ask(&server, &client).await.expect_err("still down");
    assert_eq!(server.count("/"), asked + 1, "one request to see how it fares");
}

#[tokio::test]
async fn the_last_fifth_of_a_day_s_requests_is_left_to_others() {
    let server = Server::start(|_| fine()).await;
    let pace = pace();
    let client = client(&pace);
    client.note_budget(Budget { used: 799, allowed: 1_000 });
    ask(&server, &client).await.expect("still allowed");
    client.note_budget(Budget { used: 800, allowed: 1_000 });
    let error = ask(&server, &client).await.expect_err("spent");
    assert_eq!(error.cause, Cause::Budget);
    assert!(error.to_string().contains("800 of the 1000"), "{error}");
}

#[tokio::test]
async fn another_server_and_none_at_all_are_told_apart() {
    let server = Server::start(|_| plain(200, "text/html", "<html>welcome</html>")).await;
    let pace = pace();
    let error = ask(&server, &client(&pace)).await.expect_err("not JSON");
    assert_eq!(error.cause, Cause::WrongHost);
    assert!(error.to_string().contains("text/html instead of JSON"), "{error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let nobody = Server { url, asked: Arc::default(), faults: Arc::default() };
    let error = ask(&nobody, &client(&pace)).await.expect_err("nobody there");
    assert_eq!(error.cause, Cause::Unreachable);
}

#[tokio::test]
async fn a_host_that_never_answered_is_not_waited_for_long() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let silent = Server { url, asked: Arc::default(), faults: Arc::default() };
    let limits = Limits { timeout: std::time::Duration::from_millis(20), ..Limits::default() };
    let client = Client::new(pace(), limits, Breaker::default(), 3).expect("a client");
    let error = ask(&silent, &client).await.expect_err("nothing comes");
    assert_eq!(error.cause, Cause::Unreachable);
    assert!(error.to_string().contains("never answers"), "{error}");
    assert_eq!(client.health().requests, 3);
}

/// A server that answers one path, and takes the other requests in silence.
async fn falling_silent() -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let fine = axum::routing::get(|| async { axum::Json(serde_json::json!({ "fine": true })) });
    let router = axum::Router::new().route("/", fine).fallback(std::future::pending::<String>);
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    Server { url, asked: Arc::default(), faults: Arc::default() }
}

#[tokio::test]
async fn a_host_that_falls_silent_is_told_from_one_that_never_answered() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("an address"));
    let timeout = std::time::Duration::from_millis(100);
    let limits = Limits { timeout, attempts: 3, ..Limits::default() };
    let server = falling_silent().await;
    // A token is no sign of an answer: some come out of the settings.
    let token = secrecy::SecretString::from("hush");
    for (url, cause, said) in [
        (
            format!("{}/more", server.url),
            Cause::Failing,
            "127.0.0.1 answered before, and does not any more; check the proxy",
        ),
        (silent, Cause::Unreachable, "127.0.0.1 takes connections, or seems to, and never answers"),
    ] {
        let client = Client::new(pace(), limits, Breaker::default(), 3).expect("a client");
        ask(&server, &client).await.expect("answered");
        let asked = Request::get(Url::parse(&url).expect("an address"));
        let beside = Client::new(pace(), limits, Breaker::default(), 3).expect("a client");
        for client in [&client, &beside.sharing_answers_with(&client)] {
            let error = client.send(&asked, Some(&token), &judge).await.expect_err("nothing comes");
            assert_eq!(error.cause, cause, "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_speak_tls_is_told_at_once() {
    let server = Server::start(|_| fine()).await;
    let pace = pace();
    let client = client(&pace);
    let url = server.url.replace("http://", "https://");
    let asked = Server { url, asked: Arc::default(), faults: Arc::default() };
    let error = ask(&asked, &client).await.expect_err("not TLS");
    assert!(error.to_string().contains("does not speak TLS there"), "{error}");
    assert_eq!(client.health().requests, 1);
}
