//! The form of an e-mail: HTML and plain text that say the same, and the headers around them.

use std::sync::LazyLock;
use std::time::SystemTime;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use winsight_alert::Severity;

use crate::notice::Fact;
use crate::{Envelope, Event, Message, Notice, SendError};

/// The contents of an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// For those who read text.
    pub text: String,
    /// For everybody else; loads nothing from anywhere.
    pub html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| {
        if name == "mail.html" { AutoEscape::Html } else { AutoEscape::None }
    });
    let templates = [
        ("mail.html", include_str!("templates/mail.html")),
        ("mail.txt", include_str!("templates/mail.txt")),
    ];
    for (name, source) in templates {
        // A test renders each, so a mistake in one does not get this far.
        let _ = environment.add_template(name, source);
    }
    environment
});

/// Writes a message as an e-mail.
///
/// # Errors
/// When a template is wrong, which its tests rule out.
pub fn mail(message: &Message) -> Result<Mail, SendError> {
    let notices: Vec<_> =
        message.notices.iter().map(|notice| Shown::new(message, notice)).collect();
    let subject = message.subject();
    let values = context! {
        subject => subject.as_str(),
        many => notices.len() > 1,
        notices => Value::from(Serde(&notices)),
        time_zone => message.time_zone.iana_name().unwrap_or("UTC"),
    };
    let write = |name: &str| {
        let written = TEMPLATES.get_template(name).and_then(|template| template.render(&values));
        written.map_err(|error| SendError::permanent(format!("the template {name} fails: {error}")))
    };
    Ok(Mail { text: write("mail.txt")?, html: write("mail.html")?, subject })
}

/// A notice as the template shows it.
#[derive(Serialize)]
struct Shown {
    heading: String,
    word: &'static str,
    title: String,
    color: &'static str,
    tint: &'static str,
    prose: Vec<String>,
    facts: Vec<Fact>,
    action: Option<String>,
    evidence: String,
    when: String,
    alert: String,
    link: Option<String>,
    bars: Vec<Bar>,
    printed: String,
}

impl Shown {
    fn new(message: &Message, notice: &Notice) -> Self {
        let lines = notice.lines();
        let named = |line: &&Fact| !matches!(line.label.as_deref(), Some("Action" | "Evidence"));
        let (facts, prose): (Vec<_>, Vec<_>) =
            lines.iter().filter(named).cloned().partition(|line| line.label.is_some());
        let (word, color, tint) = match (notice.event, notice.severity) {
            (Event::Resolved, _) => ("Resolved", "#1a7f4b", "#e8f5ee"),
            (Event::Test, _) => ("Test", "#475467", "#f2f4f7"),
            (Event::Reopened, Severity::Critical) => ("Critical, back again", "#b42318", "#fdecea"),
            (_, Severity::Critical) => ("Critical", "#b42318", "#fdecea"),
            (Event::Reopened, Severity::Warning) => ("Warning, back again", "#93540a", "#fdf3e1"),
            (_, Severity::Warning) => ("Warning", "#93540a", "#fdf3e1"),
            (Event::Reopened, Severity::Info) => ("Insight, back again", "#175cd3", "#e8f0fd"),
            (_, Severity::Info) => ("Insight", "#175cd3", "#e8f0fd"),
        };
        Self {
            heading: notice.headline(),
            word,
            title: notice.title.clone(),
            color,
            tint,
            prose: prose.into_iter().map(|line| line.text).collect(),
            facts,
            action: (notice.event != Event::Resolved).then(|| notice.action.clone()),
            evidence: notice.evidence.clone(),
            when: message.clock(notice.at),
            alert: notice.alert.clone(),
            link: message.link(notice),
            bars: bars(notice, color),
            printed: notice.printed(),
        }
    }
}

/// A bar of the chart: its length in hundredths of the width.
#[derive(Serialize)]
struct Bar {
    label: &'static str,
    value: String,
    length: u8,
    color: &'static str,
}

/// The chart of a rate or an index before and now. Drawn of table cells: mail programs that load no
/// images show it too.
fn bars(notice: &Notice, color: &'static str) -> Vec<Bar> {
    let (Some(current), Some(baseline)) = (notice.current, notice.baseline) else {
        return Vec::new();
    };
    let is_rate = matches!(notice.metric.as_str(), "win_rate" | "rwwr");
    let is_drawn = (is_rate || notice.metric == "dfi") && notice.event != Event::Resolved;
    if !is_drawn || current < 0.0 || baseline < 0.0 {
        return Vec::new();
    }
    let show = |value: f64| {
        if is_rate { format!("{:.0}%", value * 100.0) } else { format!("{value:.2}") }
    };
    let longest = current.max(baseline);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 to 100")]
    let length = |value: f64| (value / longest * 100.0).round().clamp(1.0, 100.0) as u8;
    if longest <= 0.0 {
        return Vec::new();
    }
    vec![
        Bar { label: "Before", value: show(baseline), length: length(baseline), color: "#98a2b3" },
        Bar { label: "Now", value: show(current), length: length(current), color },
    ]
}

/// The whole e-mail with its headers, ready to be sent.
pub(crate) fn built(envelope: &Envelope<'_>, from: &Mailbox) -> Result<lettre::Message, SendError> {
    let to: Mailbox = envelope.address.parse().map_err(|_| {
        SendError::permanent(format!("{:?} is not an e-mail address", envelope.address))
    })?;
    let Mail { subject, text, html } = mail(envelope.message)?;
    let domain = from.email.domain();
    let mut unsubscribe = format!("<mailto:{}?subject=unsubscribe>", from.email);
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .to(to)
        .subject(subject)
        .date(SystemTime::from(envelope.now))
        .message_id(Some(format!("<{}@{domain}>", envelope.key)))
        .header(AutoSubmitted);
    if let [only] = &*envelope.message.notices {
        // Later mail about the same alert appears below the first.
        let thread = format!("<alert-{}@{domain}>", only.alert);
        builder = builder.references(thread.clone()).in_reply_to(thread);
    }
    if let Some(url) = envelope.unsubscribe {
        // RFC 8058: both headers, and the one address that takes a POST first.
        unsubscribe = format!("<{url}>, {unsubscribe}");
        builder = builder.raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    builder = builder.raw_header(raw("List-Unsubscribe", &unsubscribe));
    builder
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|error| SendError::permanent(format!("cannot write the e-mail: {error}")))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    // Written as it is: encoding or folding would break the addresses.
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.to_owned(),
        value.to_owned(),
    )
}

/// Keeps vacation programs from answering (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
