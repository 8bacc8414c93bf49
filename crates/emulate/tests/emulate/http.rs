//! As much of HTTP as the tests need.

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use winsight_emulate::Emulator;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body came to its proper end.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or(Json::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request with a token, and reads the answer to its end.
pub(crate) async fn send(
    emulator: &Emulator,
    method: &str,
    path: &str,
    token: &str,
    (kind, body): (&str, &str),
) -> Reply {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: \
         {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        emulator.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(emulator.address()).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut bytes = Vec::new();
    // A broken connection is an answer as well.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let (body, complete) = if chunked { unchunk(body) } else { (body.to_owned(), true) };
    Reply { status, head: head.to_owned(), body, complete }
}

fn unchunk(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        if length == 0 {
            return (body, true);
        }
        let Some(chunk) = after.get(..length) else {
            break;
        };
        body.push_str(chunk);
        rest = after.get(length + 2..).unwrap_or("");
    }
    (body, false)
}

pub(crate) async fn get(emulator: &Emulator, path: &str, token: &str) -> Reply {
    send(emulator, "GET", path, token, ("text/plain", "")).await
}

pub(crate) async fn post(emulator: &Emulator, path: &str, token: &str, body: &Json) -> Reply {
    send(emulator, "POST", path, token, ("application/json", &body.to_string())).await
}

/// Signs in to Salesforce as a client.
pub(crate) async fn sign_in(emulator: &Emulator) -> String {
    let it = emulator.credentials();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        it.client_id, it.client_secret
    );
    let form = ("application/x-www-form-urlencoded", form.as_str());
    let reply = send(emulator, "POST", "/services/oauth2/token", "", form).await;
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

/// Runs a query and every page after it; the records by id.
pub(crate) async fn query(emulator: &Emulator, token: &str, text: &str) -> Vec<Json> {
    let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut path = format!("/services/data/v62.0/query?q={query}");
    let mut records = Vec::new();
    loop {
        let reply = get(emulator, &path, token).await;
        let page = reply.json();
        assert_eq!(reply.status, 200, "{text}: {}", reply.body);
        records.extend(page["records"].as_array().expect("records").iter().cloned());
        match page["nextRecordsUrl"].as_str() {
            None => return records,
            Some(next) => next.clone_into(&mut path),
        }
    }
}
