//! Slack: Block Kit to an incoming webhook or, with buttons, by a bot.

mod action;
mod block;
mod signature;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{Channel, Envelope, Secret, SendError, http};

pub use action::{Action, ActionError, Verb, parse_action};
pub use block::blocks;
pub use signature::{MAX_AGE_SECONDS, SignatureError, verify_signature};

/// An incoming webhook: one conversation, no buttons.
pub(crate) struct SlackWebhook {
    client: Client,
    url: Secret,
}

impl SlackWebhook {
    pub(crate) fn new(client: Client, url: Secret) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Channel for SlackWebhook {
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError> {
        let body = json!({
            "text": block::fallback(envelope.message),
            "blocks": blocks(envelope.message, None),
        });
        let request = self
            .client
            .post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        http::ask(request, envelope.now).await?.accepted()
    }
}

/// A bot with a token, which posts to any conversation it is in and offers buttons.
pub(crate) struct SlackBot {
    client: Client,
    api: String,
    token: Secret,
    has_buttons: bool,
}

impl SlackBot {
    pub(crate) fn new(client: Client, api: &str, token: Secret, has_buttons: bool) -> Self {
        Self { client, api: api.trim_end_matches('/').to_owned(), token, has_buttons }
    }
}

#[async_trait]
impl Channel for SlackBot {
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError> {
        let workspace = self.has_buttons.then_some(envelope.workspace);
        let body = json!({
            "channel": envelope.address,
            "text": block::fallback(envelope.message),
            "blocks": blocks(envelope.message, workspace),
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let request = self
            .client
            .post(format!("{}/chat.postMessage", self.api))
            .header(AUTHORIZATION, format!("Bearer {}", self.token.expose()))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        let answer = http::ask(request, envelope.now).await?;
        answer.accepted()?;
        // Slack says in the body whether it took the message.
        let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        match (said["ok"].as_bool(), said["error"].as_str()) {
            (Some(true), _) => Ok(()),
            (Some(false), error) => Err(refused(error.unwrap_or("unknown"), answer.retry_after)),
            _ if answer.cut => Err(SendError::temporary(
                "Slack's answer broke off, so it is not known whether it took the message",
            )),
            _ => Err(SendError::temporary("the answer is not one of Slack's")),
        }
    }
}

/// What Slack's error codes mean, <https://docs.slack.dev/reference/methods/chat.postMessage>.
fn refused(code: &str, retry_after: Option<jiff::SignedDuration>) -> SendError {
    let hint = match code {
        "ratelimited"
        | "rate_limited"
        | "internal_error"
        | "fatal_error"
        | "request_timeout"
        | "service_unavailable"
        | "team_added_to_org" => {
            return SendError::Temporary { reason: format!("Slack answered {code}"), retry_after };
        }
        "channel_not_found" | "not_in_channel" => "invite the bot into the conversation",
        "is_archived" => "choose a conversation that is not archived",
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "give the channel a valid bot token"
        }
        "missing_scope" => "give the Slack app the scope chat:write",
        _ => "look the code up under chat.postMessage in Slack's documentation",
    };
    SendError::permanent(format!("Slack answered {code}: {hint}"))
}
