use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_jobs as jobs;
use winsight_notify::{Recipient, Rhythm, Routing, Sight};

/// A channel, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// What people call it.
    pub name: String,
    /// `slack`, `slack_bot`, `email`, `webhook` or `teams`.
    pub kind: String,
    /// Where it goes, as far as that is no secret.
    pub place: String,
    /// Failures since it last took a message.
    pub failures: u32,
    /// Nothing is sent before, since it failed.
    pub resting_until: Option<Timestamp>,
    /// Who it carries to.
    pub recipients: Vec<ChannelRecipient>,
}

/// Somebody that a channel carries messages to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelRecipient {
    /// Where on the channel; empty where it has one receiver.
    pub address: String,
    /// `admin`, `leader`, `manager` or `rep`.
    pub role: String,
    /// What they may see, in words.
    pub sees: String,
    /// What they want, in words.
    pub wants: String,
    /// When, in words.
    pub when: String,
    /// When they unsubscribed.
    pub unsubscribed_at: Option<Timestamp>,
}

/// One event of one alert for one recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// `pending`, `sending`, `sent` or `dead`.
    pub state: String,
    /// The channel.
    pub channel: String,
    /// The recipient's address on it.
    pub address: String,
    /// The alert.
    pub alert: String,
    /// `opened`, `resolved` or `reopened`.
    pub event: String,
    /// The headline of the alert.
    pub title: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it may go out, or is tried again.
    pub due_at: Timestamp,
    /// When its receiver took it.
    pub sent_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
    /// The key of the message it travels in; the same at every attempt.
    pub message: Option<String>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}

/// What a pass over the outbox did, in deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Taken by their receivers.
    pub sent: u64,
    /// To be tried again.
    pub retried: u64,
    /// Given up.
    pub dead: u64,
    /// Channels that were left alone, since they failed before.
    pub resting_channels: u64,
}

impl Channel {
    /// A channel as it stands at `now`.
    pub fn new(channel: jobs::StoredChannel, recipients: Vec<Recipient>, now: Timestamp) -> Self {
        Self {
            kind: channel.settings.kind().to_owned(),
            place: channel.settings.place(),
            failures: channel.breaker.failures,
            resting_until: channel.breaker.open_until.filter(|until| now < *until),
            recipients: recipients.into_iter().map(ChannelRecipient::from).collect(),
            name: channel.name,
        }
    }
}

impl From<Recipient> for ChannelRecipient {
    fn from(recipient: Recipient) -> Self {
        let when = match recipient.unsubscribed_at {
            Some(_) => "never: unsubscribed".to_owned(),
            None => when(&recipient.rhythm),
        };
        Self {
            role: recipient.role.to_string(),
            sees: sees(&recipient.sight),
            wants: wants(&recipient.routing),
            when,
            address: recipient.address,
            unsubscribed_at: recipient.unsubscribed_at,
        }
    }
}

fn sees(sight: &Sight) -> String {
    let Sight::Own { reps, teams } = sight else { return "all".to_owned() };
    let reps = reps.iter().map(|rep| format!("rep {rep}"));
    let teams = teams.iter().map(|team| format!("team {team}"));
    reps.chain(teams).collect::<Vec<_>>().join(", ")
}

fn wants(routing: &Routing) -> String {
    let severities = routing.severities.iter().map(|severity| severity.as_str().to_owned());
    let rules = routing.rules.iter().cloned();
    let segments = routing.segments.iter().map(|(name, value)| format!("{name}={value}"));
    let parts = [
        severities.collect::<Vec<_>>().join(" or "),
        rules.collect::<Vec<_>>().join(" or "),
        segments.collect::<Vec<_>>().join(" or "),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") }
}

fn when(rhythm: &Rhythm) -> String {
    let when = match rhythm.digest {
        Some(hour) => format!("digest at {}", hour.strftime("%H:%M")),
        None => "at once".to_owned(),
    };
    let quiet = rhythm.quiet.map(|quiet| {
        let (from, to) = (quiet.from.strftime("%H:%M"), quiet.to.strftime("%H:%M"));
        format!(", quiet {from} to {to}")
    });
    format!("{when}{} ({})", quiet.unwrap_or_default(), rhythm.time_zone)
}

impl From<jobs::Delivery> for Delivery {
    fn from(delivery: jobs::Delivery) -> Self {
        Self {
            id: delivery.id,
            state: delivery.state.to_string(),
            channel: delivery.channel,
            address: delivery.address,
            alert: delivery.notice.alert,
            event: delivery.notice.event.to_string(),
            title: delivery.notice.title,
            created_at: delivery.created_at,
            due_at: delivery.due_at,
            sent_at: delivery.sent_at,
            attempts: delivery.attempts,
            message: delivery.message,
            failure: delivery.failure,
        }
    }
}

impl From<jobs::DeliveryReport> for DeliveryReport {
    fn from(report: jobs::DeliveryReport) -> Self {
        let jobs::DeliveryReport { sent, retried, dead, resting_channels } = report;
        Self { sent, retried, dead, resting_channels }
    }
}
