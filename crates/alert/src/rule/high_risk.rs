use serde_json::{Map, Value};
use winsight_insight::{HighRisk, short_money};
use winsight_model::{Segment, Settings, Window};

use super::{Observation, Rule};
use crate::wording::counted;
use crate::{Evidence, Finding, Impact, ImpactKind, Severity};

/// The open deals that match a pattern of lost ones, as one finding; `None` when there are none.
///
/// The patterns are rules of thumb set by the workspace. Nothing is tested, so there is no
/// confidence and no budget.
pub fn high_risk_finding(
    high_risk: &HighRisk,
    observation: &Observation<'_>,
    settings: &Settings,
) -> Option<Finding> {
    let deals = high_risk.deals.len() as u64;
    if deals == 0 {
        return None;
    }
    let matched = high_risk.patterns.iter().filter(|(_, matches)| *matches > 0);
    let described: Vec<_> =
        matched.map(|(pattern, matches)| (pattern.describe(&settings.alerts), *matches)).collect();
    let lines: Vec<_> = described.iter().map(|(words, _)| format!("- {words}")).collect();
    let message = format!(
        "{} showing loss-risk patterns:\n{}\nTotal ACV at risk: {}",
        counted(deals, "deal"),
        lines.join("\n"),
        short_money(high_risk.amount, observation.currency),
    );
    Some(Finding {
        rule: Rule::HighRiskDeals,
        severity: Severity::Info,
        metric: "high_risk_deals".to_owned(),
        segment: Segment::all(),
        current: Some(deals as f64),
        baseline: None,
        change: None,
        deals,
        baseline_deals: 0,
        confidence: None,
        window: Window::trailing(1, observation.window.last_day()),
        baseline_window: None,
        impact: Some(Impact { amount: high_risk.amount, kind: ImpactKind::AmountAtRisk }),
        currency: observation.currency.to_owned(),
        title: "High-Risk Deals Identified".to_owned(),
        message,
        action: "Review these deals in next pipeline review".to_owned(),
        context: None,
        data_version: observation.data_version,
        custom: None,
        subject: None,
        evidence: evidence(high_risk, &described),
    })
}

/// How many deals the evidence names: an alert is no export.
const LARGEST: usize = 100;

fn evidence(high_risk: &HighRisk, described: &[(String, usize)]) -> Evidence {
    let matches = described.iter().map(|(words, matches)| format!("{matches} match {words:?}"));
    let mut parts: Vec<_> = matches.collect();
    parts.push("patterns of lost deals, not predictions".to_owned());
    let without_amount =
        high_risk.deals.iter().filter(|risky| risky.deal.amount.is_none()).count() as u64;
    if without_amount > 0 {
        parts.push(format!("{} without an amount", counted(without_amount, "deal")));
    }
    let largest = high_risk.deals.iter().take(LARGEST);
    let ids: Vec<_> = largest.map(|risky| risky.deal.deal_id.as_str()).collect();
    let patterns: Map<_, Value> =
        described.iter().map(|(words, matches)| (words.clone(), (*matches).into())).collect();
    Evidence::new(parts.join("; "))
        .with("patterns", patterns)
        .with("largest_deal_ids", ids)
        .with("without_amount", without_amount)
}
