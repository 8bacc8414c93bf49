use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use winsight_insight::Interval;
use winsight_model::Settings;

use crate::Rule;
use crate::wording::{counted, percent};

/// Why a finding was believed: a sentence to read and the numbers to check it with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The deal counts, the interval and the false-alarm budget in one line.
    pub summary: String,
    /// Every statistic behind it, by name. Rates are 0 to 1, cycles days, amounts exact decimals.
    #[serde(flatten)]
    pub facts: BTreeMap<String, Value>,
}

impl Evidence {
    pub(crate) fn new(summary: String) -> Self {
        Self { summary, facts: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// The evidence of an alert that cannot be judged any more, with `deals` closed in the window and
    /// `before` in the one before. What it said when it was last judged stays readable, however often
    /// it is not judged again.
    pub(crate) fn unjudged(self, deals: u64, before: u64) -> Self {
        let last = self.facts.get("last_judged").and_then(Value::as_str);
        let last = last.unwrap_or(&self.summary).to_owned();
        let summary = format!(
            "held open: too few deals to judge ({deals} in the window, {before} in the one before); \
             when last judged: {last}"
        );
        Self { summary, ..self }.with("last_judged", last).with("held_open", true)
    }

    pub(crate) fn with_interval(self, interval: Option<Interval>) -> Self {
        self.with("interval_low", interval.map(|interval| interval.low))
            .with("interval_high", interval.map(|interval| interval.high))
    }
}

/// Why there is an alert.
pub(crate) enum Standing {
    /// The evidence opens one.
    Opened,
    /// One is open, and the condition in these words keeps it so though the evidence would open none.
    Held(String),
}

impl Standing {
    pub(crate) fn new(opens: bool, why_held: impl FnOnce() -> String) -> Self {
        if opens { Self::Opened } else { Self::Held(why_held()) }
    }
}

/// What the evidence of a rule was held against, in words and as facts.
pub(crate) struct Budget<'a> {
    settings: &'a Settings,
    tested: usize,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(settings: &'a Settings, tested: usize) -> Self {
        Self { settings, tested }
    }

    /// What let the finding through, in words: the budget, of which `tested` says in the singular
    /// what was tested, or what holds it open.
    pub(crate) fn describe(&self, tested: &str, standing: &Standing) -> String {
        match standing {
            Standing::Opened => format!(
                "false-alarm budget {} a quarter over every day, {} rules and {}",
                percent(self.settings.alerts.false_alarm_budget),
                Rule::TESTING.len(),
                counted(self.tested as u64, tested),
            ),
            Standing::Held(condition) => {
                format!("held open: {condition}; the evidence of today would not open it")
            }
        }
    }

    /// The budget as facts; `level` is the p-value that this segment needed.
    pub(crate) fn record(&self, evidence: Evidence, level: f64, standing: &Standing) -> Evidence {
        evidence
            .with("false_alarm_budget", self.settings.alerts.false_alarm_budget)
            .with("level", level)
            .with("rules", Rule::TESTING.len())
            .with("tested", self.tested)
            .with("held_open", matches!(standing, Standing::Held(_)))
    }
}
