//! Signed webhooks as the Standard Webhooks specification has them,
//! <https://github.com/standard-webhooks/standard-webhooks>.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::{Channel, Envelope, Form, Message, Secret, SendError, SettingsError, http};

/// A receiver of signed webhooks.
pub(crate) struct Webhook {
    client: Client,
    url: String,
    key: hmac::Key,
}

impl Webhook {
    pub(crate) fn new(client: Client, url: &str, secret: &Secret) -> Result<Self, SettingsError> {
        Ok(Self { client, url: url.to_owned(), key: key(secret)? })
    }
}

/// The key in `whsec_` and base64: 24 to 64 bytes.
fn key(secret: &Secret) -> Result<hmac::Key, SettingsError> {
    let decoded = secret.expose().strip_prefix("whsec_");
    let decoded = decoded.and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok());
    match decoded {
        Some(bytes) if (24..=64).contains(&bytes.len()) => {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        }
        _ => Err(SettingsError::new(
            "the signing secret of a webhook is whsec_ followed by 24 to 64 bytes in base64; make \
             one with: echo \"whsec_$(openssl rand -base64 32)\"",
        )),
    }
}

/// The value of `webhook-signature` for a body sent under `id` at `at`.
///
/// # Errors
/// When the secret is none of a webhook.
pub fn sign(secret: &Secret, id: &str, at: Timestamp, body: &str) -> Result<String, SettingsError> {
    Ok(signature(&key(secret)?, id, at, body))
}

fn signature(key: &hmac::Key, id: &str, at: Timestamp, body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.as_second());
    format!("v1,{}", BASE64.encode(hmac::sign(key, signed.as_bytes()).as_ref()))
}

/// The body: what happened, when, and the alerts it happened to.
pub fn payload(message: &Message) -> Value {
    let of_type = match (&*message.notices, message.form) {
        ([only], Form::Single) => format!("alert.{}", only.event),
        (_, Form::Digest) => "alerts.digest".to_owned(),
        _ => "alerts.burst".to_owned(),
    };
    let latest = message.notices.iter().map(|notice| notice.at).max();
    let alerts = message.notices.iter().map(|notice| {
        let mut alert = json!(notice);
        if let Some(fields) = alert.as_object_mut() {
            fields.insert("label".to_owned(), winsight_alert::LABEL.into());
            fields.insert("link".to_owned(), json!(message.link(notice)));
            fields.insert("text".to_owned(), notice.printed().into());
        }
        alert
    });
    json!({
        "type": of_type,
        "timestamp": latest,
        "data": { "subject": message.subject(), "alerts": alerts.collect::<Vec<_>>() },
    })
}

#[async_trait]
impl Channel for Webhook {
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError> {
        let body = payload(envelope.message).to_string();
        let signature = signature(&self.key, envelope.key, envelope.now, &body);
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", envelope.key)
            .header("webhook-timestamp", envelope.now.as_second().to_string())
            .header("webhook-signature", signature)
            .body(body);
        http::ask(request, envelope.now).await?.accepted()
    }
}
