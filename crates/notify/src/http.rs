//! What all channels over HTTP share: one client, what an answer means, and `Retry-After`.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};

use crate::{SendError, SettingsError, tls};

/// No receiver has more to say that matters.
const MOST_READ: usize = 16 * 1024;

/// An answer: its status, and as much of its body as arrived.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) retry_after: Option<SignedDuration>,
    /// Whether the body broke off.
    pub(crate) cut: bool,
}

pub(crate) fn client(authority: Option<&str>, patience: Duration) -> Result<Client, SettingsError> {
    let config = tls::client(authority)?;
    Client::builder()
        .use_preconfigured_tls((*config).clone())
        .timeout(patience)
        // Somebody who can answer for the receiver should not choose where a message goes.
        .redirect(Policy::none())
        .user_agent(concat!("winsight/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SettingsError::new(format!("cannot prepare HTTP: {error}")))
}

/// Sends a request and reads the answer.
///
/// # Errors
/// When no answer came. The address, which may be a secret, is not in the message.
pub(crate) async fn ask(request: RequestBuilder, now: Timestamp) -> Result<Answer, SendError> {
    let mut response = request.send().await.map_err(unanswered)?;
    let status = response.status();
    let retry_after = retry_after(response.headers(), now);
    let mut body = Vec::new();
    let cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() < MOST_READ => body.extend_from_slice(&chunk),
            Ok(Some(_) | None) => break false,
            Err(_) => break true,
        }
    };
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned(), retry_after, cut })
}

fn unanswered(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let what = if error.is_timeout() {
        "the receiver did not answer in time"
    } else if error.is_connect() {
        "cannot connect to the receiver"
    } else {
        "the connection to the receiver broke"
    };
    SendError::temporary(format!("{what}: {}", innermost(&error)))
}

/// The cause that says most; those above it repeat one another.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

impl Answer {
    /// What a receiver means that speaks by its status alone: any 2xx is taken.
    pub(crate) fn accepted(&self) -> Result<(), SendError> {
        let status = self.status;
        if status.is_success() {
            return Ok(());
        }
        let said = self.said();
        let waits = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
        if waits {
            return Err(SendError::Temporary {
                reason: format!("the receiver answered {status}{said}"),
                retry_after: self.retry_after,
            });
        }
        let hint = match status.as_u16() {
            300..=399 => "; the address has moved: give the channel its new one",
            401 | 403 => "; its secret is wrong or was revoked: add the channel again",
            404 | 410 => "; there is no such receiver any more: add the channel again",
            _ => "",
        };
        Err(SendError::permanent(format!("the receiver answered {status}{said}{hint}")))
    }

    /// The beginning of the body, for a person.
    fn said(&self) -> String {
        let line = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() { String::new() } else { format!(" ({})", cut(&line, 120)) }
    }
}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(at.duration_since(now).max(SignedDuration::ZERO))
}

/// At most `most` characters of `text`, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}
