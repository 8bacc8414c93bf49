use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_model::{DataVersion, Segment, Window};

use crate::{Evidence, Impact, Life, Rule, stored};

/// What every alert is: two numbers that moved together, whatever made them.
pub const LABEL: &str = "association";

/// What a rule found in the data, before anybody has been told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// How loudly to say it.
    pub severity: Severity,
    /// The metric that it is about, by its field name, such as `win_rate`.
    pub metric: String,
    /// The deals that it is about.
    #[serde(with = "stored::segment")]
    pub segment: Segment,
    /// The metric in `window`, in its own unit (a rate is 0 to 1).
    pub current: Option<f64>,
    /// The metric in `baseline_window`.
    pub baseline: Option<f64>,
    /// `current` − `baseline`.
    pub change: Option<f64>,
    /// Deals behind `current`: closed ones, or open ones for a rule on the pipeline.
    pub deals: u64,
    /// Closed deals behind `baseline`.
    pub baseline_deals: u64,
    /// 1 − the p-value of the rule's test of this segment alone. The rule has asked for more: see
    /// the budget in `evidence`. `None` when the rule tests nothing.
    pub confidence: Option<f64>,
    /// The days that `current` covers.
    #[serde(with = "stored::window")]
    pub window: Window,
    /// The days that `baseline` covers.
    #[serde(with = "stored::optional_window")]
    pub baseline_window: Option<Window>,
    /// The money it touches, where that can be said.
    pub impact: Option<Impact>,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// A headline, without severity.
    pub title: String,
    /// The facts, one `Label: text` per line.
    pub message: String,
    /// What to do about it.
    pub action: String,
    /// What else moved, when that changes how this should be read.
    pub context: Option<String>,
    /// The state of the data that this can be reproduced on.
    pub data_version: DataVersion,
    /// The statistics that the rule accepted.
    pub evidence: Evidence,
    /// The rule of the workspace's own that found it; `None` for a built-in rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// What it is about where that is no deals: a source, a job or a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
}

/// What a finding is about that is about no deals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// `source`, `job` or `rule`.
    pub kind: String,
    /// Which.
    pub name: String,
}

impl Subject {
    /// A subject.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned() }
    }
}

/// What an alert keeps of a rule that a workspace has written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Custom {
    /// The name of the rule.
    pub name: String,
    /// Days that its condition must hold before anybody is told.
    pub pending_days: u32,
    /// Whether it alerts outside of the false-alarm budget.
    pub unguarded: bool,
    /// Who is told: names of channels, and `role:` with a role; none for everybody who wants to know.
    pub routing: Vec<String>,
    /// Who takes care of its alerts.
    pub owner: Option<String>,
}

impl Finding {
    /// The name of the rule that found it.
    pub fn rule_name(&self) -> String {
        self.custom.as_ref().map_or_else(|| self.rule.to_string(), |custom| custom.name.clone())
    }

    /// The dimensions of the segment, or what kind of thing it is about instead.
    pub fn dimension_label(&self) -> String {
        let kind = self.subject.as_ref().map(|subject| subject.kind.clone());
        kind.unwrap_or_else(|| self.segment.dimension_label())
    }

    /// The values of the segment, or which thing it is about instead.
    pub fn value_label(&self) -> String {
        let name = self.subject.as_ref().map(|subject| subject.name.clone());
        name.unwrap_or_else(|| self.segment.value_label())
    }

    /// The same, of a segment that has too few deals by now: it stays as it was last judged, with a
    /// remark. Never an alarm of its own.
    pub fn unjudged(mut self, deals: u64, before: u64) -> Self {
        self.evidence = self.evidence.unjudged(deals, before);
        self
    }

    /// The same, of a rule that could not be evaluated: it stays as it was last judged.
    pub fn in_error(mut self, reason: &str) -> Self {
        self.evidence = self.evidence.with("error", reason);
        self
    }
}

/// A finding that somebody is, or was, told about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Short, made from the rule, the segment and `opened_at`, such as `wrd-enterprise-7k2mq`.
    pub id: String,
    /// Where it stands.
    pub state: AlertState,
    /// When it was first found.
    pub opened_at: Timestamp,
    /// When it was no longer found, or closed by hand.
    pub resolved_at: Option<Timestamp>,
    /// What was found, in its latest numbers.
    pub finding: Finding,
    /// What people decided about it.
    #[serde(default)]
    pub life: Life,
}

/// How loudly to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Money is being lost: look today.
    Critical,
    /// Something is off: look this week.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where an alert stands. All but [`AlertState::Resolved`] are live: found again, they are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Its condition has to hold for longer before anybody is told.
    Pending,
    /// Nobody has looked at it yet.
    Open,
    /// Somebody is on it.
    Acknowledged,
    /// Somebody has put it aside.
    Snoozed,
    /// Over.
    Resolved,
}

impl AlertState {
    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AlertState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pending" => Ok(Self::Pending),
            "open" => Ok(Self::Open),
            "acknowledged" => Ok(Self::Acknowledged),
            "snoozed" => Ok(Self::Snoozed),
            "resolved" => Ok(Self::Resolved),
            other => Err(format!(
                "{other:?} is not a state of an alert; use pending, open, acknowledged, snoozed or \
                 resolved"
            )),
        }
    }
}
