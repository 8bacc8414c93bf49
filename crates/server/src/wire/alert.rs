use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_alert::Snooze;

use super::Window;

/// One alert with everything it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Short, stable and typable.
    pub id: String,
    /// The rule that raised it, such as `win_rate_drop`.
    pub rule: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// `pending`, `open`, `acknowledged`, `snoozed` or `resolved`.
    pub state: String,
    /// What its rule could say at the last look: `judged`, `no_data` while there are too few
    /// deals, or `error` when it failed.
    pub condition: String,
    /// The metric that moved, such as `win_rate`.
    pub metric: String,
    /// The dimension of the segment, or `all`; of an alert about no deals `source`, `job` or `rule`.
    pub dimension: String,
    /// The value of the segment, or `all`; or which source, job or rule.
    pub value: String,
    /// The metric in the window.
    #[schema(required)]
    pub current: Option<f64>,
    /// The metric in the baseline window, or the threshold it is held against.
    #[schema(required)]
    pub baseline: Option<f64>,
    /// How far it moved.
    #[schema(required)]
    pub change: Option<f64>,
    /// Deals in the window.
    pub deals: u64,
    /// Deals in the baseline window.
    pub baseline_deals: u64,
    /// How sure the evidence is, 0 to 1.
    #[schema(required)]
    pub confidence: Option<f64>,
    /// The window looked at.
    pub window: Window,
    /// The window it is compared with.
    #[schema(required)]
    pub baseline_window: Option<Window>,
    /// Money concerned, a decimal with two places.
    #[schema(required)]
    pub impact_amount: Option<String>,
    /// `revenue_at_risk`, `shortfall` or `amount_at_risk`.
    #[schema(required)]
    pub impact_kind: Option<String>,
    /// ISO 4217 code of the amount.
    pub currency: String,
    /// One line.
    pub title: String,
    /// The facts, one a line.
    pub message: String,
    /// What to do.
    pub action: String,
    /// What else moved, in words.
    #[schema(required)]
    pub context: Option<String>,
    /// Always `association`: no alert claims a cause.
    pub label: String,
    /// When it opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When it resolved.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    /// How long it lasted, in seconds; `null` while it is live.
    #[schema(required)]
    pub duration_seconds: Option<i64>,
    /// What people decided about it.
    pub life: Life,
    /// The load it was computed on.
    pub data_version: u64,
    /// Why it is believed.
    pub evidence: Evidence,
}

/// What people decided about an alert, and how often it came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Life {
    /// Who takes care of it.
    #[schema(required)]
    pub owner: Option<String>,
    /// Until when it is put aside.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub snoozed_until: Option<Timestamp>,
    /// Put aside until its change is a quarter larger than this, in the unit of the metric.
    #[schema(required)]
    pub snoozed_until_worse_than: Option<f64>,
    /// What was done about it.
    #[schema(required)]
    pub action_taken: Option<String>,
    /// Whether it was worth being told.
    #[schema(required)]
    pub useful: Option<bool>,
    /// Whether somebody resolved it, rather than its rule.
    pub resolved_by_hand: bool,
    /// How often it was told of again.
    pub reopened: u32,
    /// Why it was told of again the last time.
    #[schema(required)]
    pub reopened_because: Option<String>,
}

/// One alert with what happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertStory {
    /// The alert as it is now.
    #[serde(flatten)]
    pub alert: Alert,
    /// Its steps, the first one first.
    pub history: Vec<AlertStep>,
}

/// A step in the life of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertStep {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who: a person, or `winsight`.
    pub who: String,
    /// What: `opened`, `acknowledged`, `snoozed`, `resolved`, `reopened`, `assigned`, `commented`,
    /// `rated`.
    pub what: String,
    /// The words that belong to it.
    #[schema(required)]
    pub text: Option<String>,
}

/// Why an alert is believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The deal counts, the interval and the false-alarm budget in one line.
    pub summary: String,
    /// Every statistic behind it, by name.
    #[serde(flatten)]
    pub facts: BTreeMap<String, serde_json::Value>,
}

impl From<winsight_alert::Alert> for Alert {
    fn from(alert: winsight_alert::Alert) -> Self {
        let duration = alert.duration();
        let condition = alert.condition();
        let finding = alert.finding;
        let (dimension, value) = (finding.dimension_label(), finding.value_label());
        Self {
            id: alert.id,
            rule: finding.rule_name(),
            severity: finding.severity.as_str().to_owned(),
            state: alert.state.as_str().to_owned(),
            condition: condition.to_owned(),
            metric: finding.metric,
            dimension,
            value,
            current: finding.current,
            baseline: finding.baseline,
            change: finding.change,
            deals: finding.deals,
            baseline_deals: finding.baseline_deals,
            confidence: finding.confidence,
            window: finding.window.into(),
            baseline_window: finding.baseline_window.map(Into::into),
            impact_amount: finding.impact.map(|impact| impact.amount.to_string()),
            impact_kind: finding.impact.map(|impact| impact.kind.as_str().to_owned()),
            currency: finding.currency,
            title: finding.title,
            message: finding.message,
            action: finding.action,
            context: finding.context,
            label: winsight_alert::LABEL.to_owned(),
            opened_at: alert.opened_at,
            resolved_at: alert.resolved_at,
            duration_seconds: duration.map(|lasted| lasted.as_secs()),
            life: alert.life.into(),
            data_version: finding.data_version.0,
            evidence: Evidence { summary: finding.evidence.summary, facts: finding.evidence.facts },
        }
    }
}

impl From<winsight_alert::Life> for Life {
    fn from(life: winsight_alert::Life) -> Self {
        let (snoozed_until, snoozed_until_worse_than) = match life.snooze {
            Some(Snooze::Until(until)) => (Some(until), None),
            Some(Snooze::UntilWorseThan(size)) => (None, Some(size)),
            None => (None, None),
        };
        Self {
            owner: life.owner,
            snoozed_until,
            snoozed_until_worse_than,
            action_taken: life.action_taken,
            useful: life.useful,
            resolved_by_hand: life.resolved_by_hand,
            reopened: life.reopened,
            reopened_because: life.reopened_because,
        }
    }
}

impl AlertStory {
    /// An alert and its steps.
    pub fn new(
        alert: winsight_alert::Alert,
        history: impl IntoIterator<Item = winsight_alert::AlertEvent>,
    ) -> Self {
        let step = |event: winsight_alert::AlertEvent| AlertStep {
            at: event.at,
            who: event.who,
            what: event.what,
            text: event.text,
        };
        Self { alert: alert.into(), history: history.into_iter().map(step).collect() }
    }
}
