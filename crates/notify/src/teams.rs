//! Microsoft Teams: an Adaptive Card posted to the address of a workflow.

use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use winsight_alert::Severity;

use crate::http::{self, cut};
use crate::{Channel, Envelope, Event, Message, Notice, Secret, SendError};

/// A workflow of Teams that posts what it receives into a chat or a channel.
pub(crate) struct Teams {
    client: Client,
    url: Secret,
}

impl Teams {
    pub(crate) fn new(client: Client, url: Secret) -> Self {
        Self { client, url }
    }
}

/// Teams refuses cards above 28 KB; these leave room for the longest of each.
const MOST_NOTICES: usize = 8;
const LONGEST_TITLE: usize = 150;
const LONGEST_TEXT: usize = 300;
const MOST_FACTS: usize = 8;

/// The message that Teams takes: one card with everything on it.
pub fn card(message: &Message) -> Value {
    let mut body = Vec::new();
    if message.notices.len() > 1 {
        body.push(json!({
            "type": "TextBlock", "text": message.subject(), "size": "Large", "weight": "Bolder",
            "wrap": true,
        }));
    }
    for notice in message.notices.iter().take(MOST_NOTICES) {
        body.extend(parts(message, notice));
    }
    let left = message.notices.len().saturating_sub(MOST_NOTICES);
    if left > 0 {
        body.push(json!({
            "type": "TextBlock", "text": format!("and {left} more; `winsight alerts` lists them"),
            "isSubtle": true, "wrap": true,
        }));
    }
    let links = message.notices.iter().take(1).filter_map(|notice| message.link(notice));
    let actions: Vec<_> = links
        .map(|url| json!({ "type": "Action.OpenUrl", "title": "Open in Winsight", "url": url }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn parts(message: &Message, notice: &Notice) -> [Value; 3] {
    let lines = notice.lines();
    let (facts, prose): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.label.is_some());
    let color = match (notice.event, notice.severity) {
        (Event::Resolved, _) => "Good",
        (_, Severity::Critical) => "Attention",
        (_, Severity::Warning) => "Warning",
        (_, Severity::Info) => "Accent",
    };
    let facts = facts.iter().take(MOST_FACTS).map(|fact| {
        let title = fact.label.as_deref().unwrap_or_default();
        json!({ "title": plain(title, 40), "value": plain(&fact.text, LONGEST_TEXT) })
    });
    let mut prose: Vec<_> = prose.iter().map(|line| plain(&line.text, LONGEST_TEXT)).collect();
    prose.truncate(MOST_FACTS);
    prose.push(message.clock(notice.at));
    [
        json!({
            "type": "TextBlock", "text": plain(&notice.headline(), LONGEST_TITLE), "color": color,
            "size": "Medium", "weight": "Bolder", "wrap": true, "separator": true,
        }),
        json!({ "type": "FactSet", "facts": facts.collect::<Vec<_>>() }),
        json!({ "type": "TextBlock", "text": prose.join("\n\n"), "isSubtle": true, "wrap": true }),
    ]
}

/// Text of others, in which nothing is a link: cards read a part of Markdown.
fn plain(text: &str, most: usize) -> String {
    cut(&text.replace("](", "] ("), most)
}

#[async_trait]
impl Channel for Teams {
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError> {
        let request = self
            .client
            .post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .body(card(envelope.message).to_string());
        http::ask(request, envelope.now).await?.accepted()
    }
}
