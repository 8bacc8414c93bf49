use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_alert::{Alert, Finding, Severity};

use crate::Sight;

/// What happened to an alert that people are told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was found.
    Opened,
    /// It is over.
    Resolved,
    /// It was over and came back.
    Reopened,
    /// Nothing: somebody tries a channel.
    Test,
}

impl Event {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A line of facts: `Win Rate: 42% (down from 58% last quarter)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What stands before the colon; none for a line of prose or of a list.
    pub label: Option<String>,
    /// The rest.
    pub text: String,
}

/// What one recipient is told about one alert: as it was when it happened, cut to what they may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The id of the alert.
    pub alert: String,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The name of its rule.
    pub rule: String,
    /// How loudly to say it.
    pub severity: Severity,
    /// The segment, value by dimension; empty for every deal.
    pub segment: BTreeMap<String, String>,
    /// The metric, by its field name.
    pub metric: String,
    /// The metric now.
    pub current: Option<f64>,
    /// The metric before, or the threshold.
    pub baseline: Option<f64>,
    /// Ends of the interval of the change, where the evidence has one.
    pub interval: Option<(f64, f64)>,
    /// Money it touches, an exact decimal.
    pub impact_amount: Option<String>,
    /// ISO 4217 code of the amount.
    pub currency: String,
    /// The headline.
    pub title: String,
    /// The facts.
    pub facts: Vec<Fact>,
    /// What to do.
    pub action: String,
    /// Why it is believed.
    pub evidence: String,
    /// What else moved.
    pub context: Option<String>,
    /// When the alert was first found.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Whether its page shows only what this recipient may see.
    pub linked: bool,
}

impl Notice {
    /// What somebody with this sight is told; `None` when a deal behind it is none of theirs.
    ///
    /// `own` is what the rule finds in their own deals alone: it is told instead of an alert about
    /// more than these.
    pub fn of(
        alert: &Alert,
        event: Event,
        at: Timestamp,
        sight: &Sight,
        own: Option<&Finding>,
    ) -> Option<Self> {
        let is_theirs = sight.covers(&alert.finding.segment);
        let finding = if is_theirs { &alert.finding } else { own? };
        let sees_all = *sight == Sight::Everything;
        let parts = finding.segment.parts().iter();
        let fact =
            |name: &str| finding.evidence.facts.get(name).and_then(serde_json::Value::as_f64);
        Some(Self {
            alert: alert.id.clone(),
            event,
            at,
            rule: finding.rule_name(),
            severity: finding.severity,
            segment: parts.map(|(name, value)| (name.to_string(), value.clone())).collect(),
            metric: finding.metric.clone(),
            current: finding.current,
            baseline: finding.baseline,
            interval: fact("interval_low").zip(fact("interval_high")),
            impact_amount: finding.impact.map(|impact| impact.amount.to_string()),
            currency: finding.currency.clone(),
            title: finding.title.clone(),
            facts: finding.message.lines().map(fact_of).collect(),
            action: finding.action.clone(),
            evidence: finding.evidence.summary.clone(),
            // It names other segments.
            context: finding.context.clone().filter(|_| sees_all),
            opened_at: alert.opened_at,
            resolved_at: alert.resolved_at,
            linked: is_theirs,
        })
    }

    /// The end of what somebody was told who sees only a part of it. What they were told may hold more
    /// than they may see by now, so that nothing of it is said again but the headline.
    pub fn over(self, at: Timestamp) -> Self {
        Self {
            event: Event::Resolved,
            at,
            resolved_at: Some(at),
            current: None,
            baseline: None,
            interval: None,
            impact_amount: None,
            facts: Vec::new(),
            context: None,
            evidence: "it is no longer found".to_owned(),
            linked: false,
            ..self
        }
    }

    /// What `channels test` sends.
    pub fn test(at: Timestamp) -> Self {
        Self {
            alert: "test".to_owned(),
            event: Event::Test,
            at,
            rule: "test".to_owned(),
            severity: Severity::Info,
            segment: BTreeMap::new(),
            metric: String::new(),
            current: None,
            baseline: None,
            interval: None,
            impact_amount: None,
            currency: String::new(),
            title: "This channel works".to_owned(),
            facts: vec![Fact {
                label: None,
                text: "Somebody asked Winsight to try this channel. Alerts will arrive here."
                    .to_owned(),
            }],
            action: "None needed".to_owned(),
            evidence: "this message is not about any deal".to_owned(),
            context: None,
            opened_at: at,
            resolved_at: None,
            linked: false,
        }
    }

    /// The sign and word before the headline.
    pub(crate) fn heading(&self) -> &'static str {
        match (self.event, self.severity) {
            (Event::Resolved, _) => "✅ RESOLVED",
            (Event::Reopened, _) => "🔁 REOPENED",
            (Event::Test, _) => "🔧 TEST",
            (Event::Opened, Severity::Critical) => "🚨 ALERT",
            (Event::Opened, Severity::Warning) => "⚠️  WARNING",
            (Event::Opened, Severity::Info) => "🔍 INSIGHT",
        }
    }

    /// The headline with its sign: `🚨 ALERT: Enterprise Win Rate Decline`.
    pub fn headline(&self) -> String {
        format!("{}: {}", self.heading(), self.title)
    }

    /// `open for 12 days`, once it is over.
    pub(crate) fn duration(&self) -> Option<String> {
        let seconds = self.resolved_at?.duration_since(self.opened_at).as_secs().max(0);
        let (count, unit) = match seconds {
            0..3_600 => (seconds / 60, "minute"),
            3_600..86_400 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        Some(format!("open for {count} {unit}{plural}"))
    }

    /// The facts and what follows them, by label, in the order they are printed.
    pub(crate) fn lines(&self) -> Vec<Fact> {
        let labelled =
            |label: &str, text: &str| Fact { label: Some(label.to_owned()), text: text.to_owned() };
        // What follows it are the numbers as they were last found.
        let mut lines: Vec<_> =
            self.duration().map(|open| labelled("Over", &open)).into_iter().collect();
        lines.extend(self.facts.iter().cloned());
        lines.extend(self.context.as_deref().map(|context| labelled("Context", context)));
        if self.event != Event::Resolved {
            lines.push(labelled("Action", &self.action));
        }
        lines.push(labelled("Evidence", &self.evidence));
        lines
    }

    /// The notice as plain text, in the form that alerts have in a terminal.
    pub fn printed(&self) -> String {
        let rule = "─".repeat(37);
        let lines: Vec<_> = self.lines().iter().map(Fact::to_string).collect();
        format!("{}\n{rule}\n{}", self.headline(), lines.join("\n"))
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) => write!(f, "{label}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

fn fact_of(line: &str) -> Fact {
    const LONGEST_LABEL: usize = 24;
    match line.split_once(": ") {
        Some((label, text)) if label.len() <= LONGEST_LABEL && !label.starts_with('-') => {
            Fact { label: Some(label.to_owned()), text: text.to_owned() }
        }
        _ => Fact { label: None, text: line.to_owned() },
    }
}
