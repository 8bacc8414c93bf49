//! Block Kit within the limits Slack publishes,
//! <https://docs.slack.dev/reference/block-kit/blocks>: 50 blocks in a message, 150 characters in a
//! header, 3,000 in a section, 75 on a button, 255 in an action's id and 2,000 in its value.

use serde_json::{Value, json};

use crate::http::cut;
use crate::{Event, Message, Notice};

const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3_000;
const LONGEST_VALUE: usize = 2_000;
/// Up to four blocks each, which leaves room for what stands around them.
const MOST_NOTICES: usize = 11;

/// What notifications and screen readers say.
pub(super) fn fallback(message: &Message) -> String {
    cut(&escaped(&message.subject()), LONGEST_SECTION)
}

/// The blocks of a message; with buttons for its alerts when the name of their workspace is given.
pub fn blocks(message: &Message, buttons_for: Option<&str>) -> Vec<Value> {
    let mut blocks = Vec::new();
    if message.notices.len() > 1 {
        blocks.push(header(&message.subject()));
    }
    for notice in message.notices.iter().take(MOST_NOTICES) {
        if message.notices.len() > 1 {
            blocks.push(json!({ "type": "divider" }));
            blocks.push(section(&format!("*{}*\n{}", escaped(&notice.headline()), body(notice))));
        } else {
            blocks.push(header(&notice.headline()));
            blocks.push(section(&body(notice)));
        }
        blocks.push(small(message, notice));
        let live = matches!(notice.event, Event::Opened | Event::Reopened);
        blocks.extend(buttons_for.filter(|_| live).map(|name| buttons(name, notice)));
    }
    let left = message.notices.len().saturating_sub(MOST_NOTICES);
    if left > 0 {
        blocks.push(section(&format!("and {left} more; `winsight alerts` lists them")));
    }
    blocks
}

fn header(text: &str) -> Value {
    let text = cut(text, LONGEST_HEADER);
    json!({ "type": "header", "text": { "type": "plain_text", "text": text, "emoji": true } })
}

fn section(text: &str) -> Value {
    let text = if text.is_empty() { " " } else { text };
    let text = cut(text, LONGEST_SECTION);
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// The facts, a line each; the evidence stands below in small print.
fn body(notice: &Notice) -> String {
    let lines = notice.lines();
    let shown = lines.iter().filter(|line| line.label.as_deref() != Some("Evidence"));
    let lines: Vec<_> = shown
        .map(|line| match &line.label {
            Some(label) => format!("*{}:* {}", escaped(label), escaped(&line.text)),
            None => escaped(&line.text),
        })
        .collect();
    lines.join("\n")
}

fn small(message: &Message, notice: &Notice) -> Value {
    let evidence = cut(&format!("Evidence: {}", escaped(&notice.evidence)), LONGEST_VALUE);
    let when = escaped(&message.clock(notice.at));
    let link = message.link(notice).map(|link| format!(" · <{link}|Open in Winsight>"));
    let alert = escaped(&notice.alert);
    let text = format!("{evidence}\n{when} · {alert}{}", link.unwrap_or_default());
    json!({
        "type": "context",
        "elements": [{ "type": "mrkdwn", "text": cut(&text, LONGEST_SECTION) }],
    })
}

fn buttons(workspace: &str, notice: &Notice) -> Value {
    let value = cut(&format!("{workspace}/{}", notice.alert), LONGEST_VALUE);
    let button = |action: &str, text: &str| {
        json!({
            "type": "button", "action_id": action, "value": value,
            "text": { "type": "plain_text", "text": text, "emoji": true },
        })
    };
    json!({
        "type": "actions",
        "elements": [button("acknowledge", "Acknowledge"), button("snooze", "Snooze")],
    })
}

/// Text of others in which nothing is a mention or a link,
/// <https://docs.slack.dev/messaging/formatting-message-text>.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
