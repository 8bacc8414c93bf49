use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use winsight_alert::Severity;

use crate::{Event, Notice};

/// Why notices travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One notice, as soon as it may go out.
    Single,
    /// Many at once, put together so that they are one message and not ten.
    Burst,
    /// What gathered until the recipient's hour.
    Digest,
}

/// What goes to one recipient at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Why these notices travel together.
    pub form: Form,
    /// The notices, most severe first.
    pub notices: Vec<Notice>,
    /// Where days and hours in the words are counted.
    pub time_zone: TimeZone,
    /// Where the dashboard is, without a final slash; no links without it.
    pub public_url: Option<String>,
}

impl Message {
    /// Puts notices in order: what is over comes last, then by severity, then as they came.
    pub fn new(form: Form, mut notices: Vec<Notice>, time_zone: TimeZone) -> Self {
        notices.sort_by_key(|notice| (notice.event == Event::Resolved, notice.severity));
        Self { form, notices, time_zone, public_url: None }
    }

    /// One line that says what it is about, without line breaks.
    pub fn subject(&self) -> String {
        let subject = match (&*self.notices, self.form) {
            ([only], _) => format!("{}: {}", spaced(only.heading()), only.title),
            (notices, Form::Digest) => format!("Digest: {}", counted(notices)),
            (notices, _) => counted(notices),
        };
        subject.replace(['\r', '\n'], " ")
    }

    /// The page of an alert, where the recipient may see all that is on it.
    pub fn link(&self, notice: &Notice) -> Option<String> {
        let base = self.public_url.as_deref().filter(|_| notice.linked)?;
        Some(format!("{base}/?alert={}", notice.alert))
    }

    /// An instant in the recipient's time zone: `Mon 1 Jul 2024, 08:00 BST`.
    pub fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.time_zone.clone()).strftime("%a %-d %b %Y, %H:%M %Z").to_string()
    }

    /// All of it as plain text.
    pub fn printed(&self) -> String {
        let notices: Vec<_> = self.notices.iter().map(Notice::printed).collect();
        match &*notices {
            [only] => only.clone(),
            _ => format!("{}\n\n{}", self.subject(), notices.join("\n\n")),
        }
    }
}

/// `3 alerts, 1 critical, 1 resolved`.
fn counted(notices: &[Notice]) -> String {
    let over = notices.iter().filter(|notice| notice.event == Event::Resolved).count();
    let new = notices.len() - over;
    let critical = notices
        .iter()
        .filter(|notice| notice.event != Event::Resolved && notice.severity == Severity::Critical);
    let mut parts = Vec::new();
    if new > 0 {
        parts.push(format!("{new} {}", if new == 1 { "alert" } else { "alerts" }));
    }
    let critical = critical.count();
    if critical > 0 {
        parts.push(format!("{critical} critical"));
    }
    if over > 0 {
        parts.push(format!("{over} resolved"));
    }
    parts.join(", ")
}

fn spaced(heading: &str) -> String {
    heading.split_whitespace().collect::<Vec<_>>().join(" ")
}
