use serde_json::{Map, Value, json};
use winsight_insight::{PipelineHealth, PipelineQuality, short_money};
use winsight_model::{Segment, Settings, Window};

use super::{Observation, Rule};
use crate::wording::counted;
use crate::{Evidence, Finding, Impact, ImpactKind, Severity};

/// The quality of the open pipeline, when it is below the workspace's bound; `None` otherwise, and when
/// it cannot be told or rests on fewer than `min_deals` open deals.
///
/// A state and no test: nothing is compared with chance, so there is no confidence and no budget.
pub fn pipeline_quality_finding(
    quality: &PipelineQuality,
    health: &PipelineHealth,
    observation: &Observation<'_>,
    settings: &Settings,
) -> Option<Finding> {
    let bound = settings.alerts.pipeline_quality_below;
    let deals = health.deals as u64;
    let has_enough = deals >= settings.min_deals;
    let score = quality.score.filter(|&score| has_enough && score < bound)?;
    let lines: Vec<_> = quality
        .parts
        .iter()
        .map(|part| match part.value {
            Some(value) => {
                format!("- {} {:.0} of 100: {}", part.kind.words(), value * 100.0, part.note)
            }
            None => format!("- {} unknown: {}", part.kind.words(), part.note),
        })
        .collect();
    let message = format!(
        "Quality: {score:.0} of 100 (below the bound of {bound:.0})\n{}\nOpen pipeline: {} in {}",
        lines.join("\n"),
        short_money(health.amount, observation.currency),
        counted(deals, "deal"),
    );
    let parts: Map<_, Value> = quality
        .parts
        .iter()
        .map(|part| {
            let shown = json!({ "weight": part.weight, "value": part.value, "note": part.note });
            (part.kind.as_str().to_owned(), shown)
        })
        .collect();
    Some(Finding {
        rule: Rule::PipelineQuality,
        severity: Severity::Warning,
        metric: "pipeline_quality".to_owned(),
        segment: Segment::all(),
        current: Some(score),
        baseline: None,
        change: None,
        deals,
        baseline_deals: 0,
        confidence: None,
        window: Window::trailing(1, observation.window.last_day()),
        baseline_window: None,
        impact: Some(Impact { amount: health.amount, kind: ImpactKind::AmountAtRisk }),
        custom: None,
        subject: None,
        currency: observation.currency.to_owned(),
        title: "Pipeline Quality Low".to_owned(),
        message,
        action: "Begin with the lowest part: close or date the deals behind it".to_owned(),
        context: None,
        data_version: observation.data_version,
        evidence: Evidence::new(format!(
            "{}; weighted by amount; the state of one day, not a trend",
            counted(deals, "open deal")
        ))
        .with("parts", parts)
        .with("bound", bound),
    })
}
