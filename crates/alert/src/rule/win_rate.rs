use winsight_insight::{GatedChange, SegmentPair, gate_changes, short_money};
use winsight_model::{Dimension, Segment, Settings};

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence};
use crate::impact::of_drop;
use crate::wording::{headline, percent, period, points, segment_line};
use crate::{Finding, Impact, ImpactKind, Severity};

/// The segments, and all deals together, whose win rate fell for real, strongest evidence first.
///
/// Looks at every value of every dimension that is known while a deal is open: the length of a
/// cycle is part of the outcome. What is real is decided by [`gate_changes`], over all of them.
///
/// Segments overlap, so one drop may show in several of them. All are returned. To tell a drop from
/// its echo takes the deals that two segments share, which an [`Observation`] does not hold; until
/// then `context` names the segment with the strongest evidence.
pub fn win_rate_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let tested = tested_pairs(observation);
    let gated = gate_changes(&tested, settings, observation.looks_per_quarter);
    let with_enough = gated.iter().filter(|gated| gated.change.enough_data).count();
    let budget = Budget::new(observation, settings, with_enough);
    let mut drops: Vec<_> = tested
        .iter()
        .zip(&gated)
        .filter(|(_, gated)| gated.real && gated.change.change.is_some_and(|change| change < 0.0))
        .collect();
    drops.sort_by(|(_, left), (_, right)| {
        let by_evidence = left.change.p_value.total_cmp(&right.change.p_value);
        by_evidence.then_with(|| left.change.segment.cmp(&right.change.segment))
    });
    let dropped: Vec<_> = drops.iter().map(|(pair, _)| pair.segment.clone()).collect();
    let findings = drops.into_iter().map(|(pair, gated)| {
        let context = context(&pair.segment, &dropped);
        finding(observation, settings, &budget, pair, gated, context)
    });
    findings.collect()
}

fn tested_pairs(observation: &Observation<'_>) -> Vec<SegmentPair> {
    let known = Dimension::known_while_open();
    let overall = observation.overall;
    let is_tested = |pair: &&SegmentPair| {
        let holds_every_deal = pair.current.deals() == overall.current.deals()
            && pair.baseline.deals() == overall.baseline.deals();
        let is_known = matches!(pair.segment.parts(), [(name, _)] if known.contains(name));
        is_known && !holds_every_deal
    };
    let segments = observation.pairs.iter().filter(is_tested);
    std::iter::once(overall).chain(segments).cloned().collect()
}

/// What else dropped; `dropped` begins with the strongest evidence.
fn context(segment: &Segment, dropped: &[Segment]) -> Option<String> {
    let strongest = dropped.first()?;
    if *segment != Segment::all() && dropped.contains(&Segment::all()) {
        Some("broad-based: the win rate of all deals dropped as well".to_owned())
    } else if segment != strongest {
        Some(format!(
            "may be part of the drop in {strongest}, the strongest of {} segments that dropped",
            dropped.len()
        ))
    } else {
        None
    }
}

fn finding(
    observation: &Observation<'_>,
    settings: &Settings,
    budget: &Budget<'_>,
    pair: &SegmentPair,
    gated: &GatedChange,
    context: Option<String>,
) -> Finding {
    let change = &gated.change;
    let (current, baseline) = (change.current.rate(), change.baseline.rate());
    let open = observation.open_amount(&pair.segment);
    let impact = of_drop(pair, open, settings.min_deals);
    let period = period(observation.baseline_window, observation.window);
    let message = format!(
        "Segment: {}\nWin Rate: {} (down from {} {period})\nImpact: {}",
        segment_line(&pair.segment, observation.currency, settings),
        current.map_or_else(String::new, percent),
        baseline.map_or_else(String::new, percent),
        impact_line(impact, observation.currency),
    );
    Finding {
        rule: Rule::WinRateDrop,
        severity: Severity::Critical,
        metric: "win_rate".to_owned(),
        segment: pair.segment.clone(),
        current,
        baseline,
        change: change.change,
        deals: change.current.deals,
        baseline_deals: change.baseline.deals,
        confidence: Some(1.0 - change.p_value),
        window: observation.window,
        baseline_window: Some(observation.baseline_window),
        impact,
        currency: observation.currency.to_owned(),
        title: format!("{} Win Rate Decline", headline(&pair.segment)),
        message,
        action: action(&pair.segment).to_owned(),
        context,
        data_version: observation.data_version,
        evidence: evidence(gated, budget).with("open_amount", open.to_string()),
    }
}

fn evidence(gated: &GatedChange, budget: &Budget<'_>) -> Evidence {
    let change = &gated.change;
    let interval = change.interval.map_or_else(String::new, |interval| {
        format!(", 95% interval {} to {}", points(interval.low), points(interval.high))
    });
    let summary = format!(
        "{} deals against {}; change {} points{interval}; {}",
        change.current.deals,
        change.baseline.deals,
        change.change.map_or_else(String::new, points),
        budget.describe("segment"),
    );
    budget
        .record(Evidence::new(summary))
        .with("method", "newcombe_and_benjamini_hochberg")
        .with("p_value", change.p_value)
        .with("won", change.current.won)
        .with("baseline_won", change.baseline.won)
        .with_interval(change.interval)
}

fn impact_line(impact: Option<Impact>, currency: &str) -> String {
    match impact {
        None => "no revenue at risk by amount".to_owned(),
        Some(Impact { amount, kind: ImpactKind::Shortfall }) => {
            format!("{} shortfall on the deals closed since", short_money(amount, currency))
        }
        Some(Impact { amount, .. }) => format!("{} revenue at risk", short_money(amount, currency)),
    }
}

fn action(segment: &Segment) -> &'static str {
    match segment.parts().first().map(|(dimension, _)| dimension.as_str()) {
        Some("acv_bucket") => "Review pricing and competitive positioning",
        Some("lead_source") => "Review how these leads are qualified",
        Some("product") => "Review recent losses with product and competitive teams",
        Some("industry") => "Review the pitch and the references for this industry",
        Some("rep" | "team") => "Review recent losses together and agree on coaching",
        _ => "Review recent losses and what changed in this period",
    }
}
