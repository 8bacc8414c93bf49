//! The state behind a socket: requests in, answers out, spoilt where a fault says so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};

use crate::Credentials;
use crate::call::{Answer, Call};
use crate::clock::instant;
use crate::command::Command;
use crate::deliver::deliver;
use crate::faults::Fault;
use crate::state::State;

/// Longer requests are refused.
const LONGEST_BODY: usize = 16 << 20;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) credentials: Arc<Credentials>,
}

impl Server {
    /// The state; a panic of another request does not make it useless.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is asked, and sends the webhooks that come of it.
    pub(crate) async fn execute(&self, command: Command) -> Result<usize, crate::EmulateError> {
        let deliveries = self.lock().execute(command);
        for delivery in &deliveries {
            deliver(delivery).await?;
        }
        Ok(deliveries.len())
    }
}

/// Answers every request.
pub(crate) async fn handle(Shared(server): Shared<Server>, request: Request) -> Response<Body> {
    let Ok(call) = read(request).await else {
        return respond(Answer::json(413, &json!({ "message": "the body is too long" })));
    };
    if call.path.starts_with("/_admin") {
        return respond(administer(&server, &call).await);
    }
    let (mut outcome, date) = {
        let mut state = server.lock();
        (state.answer(&call), date(state.world.clock.outside()))
    };
    outcome.answer = outcome.answer.with("Date", date);
    match outcome.spoilt {
        None => respond(outcome.answer),
        Some(Fault::Timeout) => std::future::pending().await,
        Some(Fault::ContentType) => respond(Answer {
            content_type: "text/html",
            body: Bytes::from_static(b"<html><body><h1>Down for maintenance</h1></body></html>"),
            ..outcome.answer
        }),
        Some(fault) => cut(outcome.answer, outcome.cut, fault == Fault::Reset),
    }
}

/// An instant as a header has it.
fn date(at: i64) -> String {
    instant(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

async fn read(request: Request) -> Result<Call, axum::Error> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST_BODY).await?;
    let header = parts.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = header.and_then(|it| it.strip_prefix("Bearer ").or(it.strip_prefix("OAuth ")));
    let query = parts.uri.query().unwrap_or("");
    Ok(Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        token: token.map(str::to_owned),
        authorization: header.map(str::to_owned),
        body,
    })
}

fn respond(answer: Answer) -> Response<Body> {
    let body = Body::from(answer.body.clone());
    with_headers(answer, body)
}

/// The first part of an answer. What follows is a broken connection, or nothing at all.
fn cut(answer: Answer, hundredths: u32, broken: bool) -> Response<Body> {
    let whole = answer.body.len();
    let length = whole * hundredths as usize / 100;
    // Every other time a table is cut between two rows, where only its length gives it away.
    let end = match answer.body[..length].iter().rposition(|byte| *byte == b'\n') {
        Some(newline) if hundredths.is_multiple_of(2) => newline + 1,
        _ => length,
    };
    let part = answer.body.slice(..end.min(whole));
    if !broken {
        return with_headers(answer, Body::from(part));
    }
    let pieces = stream::once(async { Ok(part) }).chain(stream::once(async {
        // The first part is on its way before the connection breaks.
        tokio::task::yield_now().await;
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset by a fault"))
    }));
    with_headers(answer, Body::from_stream(pieces))
}

fn with_headers(answer: Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            headers.insert(name, value);
        }
    }
    response
}

/// `GET /_admin/truth`, `/_admin/requests`, `/_admin/credentials`; `POST /_admin` with a command.
async fn administer(server: &Server, call: &Call) -> Answer {
    let shown = match (call.method.as_str(), call.segments().as_slice()) {
        ("GET", ["_admin", "truth"]) => serde_json::to_value(server.lock().truth()),
        ("GET", ["_admin", "requests"]) => serde_json::to_value(&server.lock().requests),
        ("GET", ["_admin", "credentials"]) => serde_json::to_value(&*server.credentials),
        ("POST", ["_admin"]) => match serde_json::from_slice::<Command>(&call.body) {
            Err(error) => return Answer::json(400, &json!({ "message": error.to_string() })),
            Ok(command) => match server.execute(command).await {
                Ok(delivered) => Ok(json!({ "delivered": delivered })),
                Err(error) => return Answer::json(502, &json!({ "message": error.to_string() })),
            },
        },
        _ => {
            return Answer::json(
                404,
                &json!({ "message": "there is no such thing to administer" }),
            );
        }
    };
    shown.map_or_else(
        |error| Answer::json(500, &Json::from(error.to_string())),
        |shown| Answer::json(200, &shown),
    )
}
