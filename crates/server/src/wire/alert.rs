use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// `open`, `acknowledged`, `snoozed` or `resolved`.
    pub state: String,
    /// The metric that moved, such as `win_rate`.
    pub metric: String,
    /// The dimension of the segment, or `all`.
    pub dimension: String,
    /// The value of the segment, or `all`.
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
    /// The load it was computed on.
    pub data_version: u64,
    /// Why it is believed.
    pub evidence: Evidence,
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
        let finding = alert.finding;
        Self {
            id: alert.id,
            rule: finding.rule_name(),
            severity: finding.severity.as_str().to_owned(),
            state: alert.state.as_str().to_owned(),
            metric: finding.metric,
            dimension: finding.segment.dimension_label(),
            value: finding.segment.value_label(),
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
            data_version: finding.data_version.0,
            evidence: Evidence { summary: finding.evidence.summary, facts: finding.evidence.facts },
        }
    }
}
