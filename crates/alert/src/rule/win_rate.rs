use winsight_insight::{GatedChange, SegmentPair, gate_changes, short_money, tested_segments};
use winsight_model::{Segment, Settings};

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence, Standing};
use crate::impact::of_drop;
use crate::wording::{headline, percent, period, points, segment_line};
use crate::{Finding, Impact, ImpactKind, Severity};

/// The segments, and all deals together, whose win rate fell for real, strongest evidence first.
///
/// Looks at every value of every dimension that is known while a deal is open: the length of a
/// cycle is part of the outcome. What is real is decided by [`gate_changes`], over all of them.
///
/// Segments overlap, so one drop may show in several of them. All are returned; to tell a drop from
/// its echoes takes the deals that segments share, and is done by whoever can count those
/// ([`without_echoes`]).
pub fn win_rate_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let tested = tested_segments(observation.overall, observation.pairs);
    let gated = gate_changes(&tested, settings, observation.looks_per_quarter);
    let with_enough = gated.iter().filter(|gated| gated.change.enough_data).count();
    let budget = Budget::new(observation, settings, with_enough);
    let mut drops: Vec<_> = tested
        .iter()
        .zip(&gated)
        .filter(|(_, gated)| dropped_for_real(gated) || still_low(gated, observation, settings))
        .collect();
    drops.sort_by(|(_, left), (_, right)| {
        let by_evidence = left.change.p_value.total_cmp(&right.change.p_value);
        by_evidence.then_with(|| left.change.segment.cmp(&right.change.segment))
    });
    let findings =
        drops.into_iter().map(|(pair, gated)| finding(observation, settings, &budget, pair, gated));
    findings.collect()
}

fn dropped_for_real(gated: &GatedChange) -> bool {
    gated.real && gated.change.change.is_some_and(|change| change < 0.0)
}

/// A segment alerted on already, whose drop is still more than half of what opens an alert.
fn still_low(gated: &GatedChange, observation: &Observation<'_>, settings: &Settings) -> bool {
    let half = settings.alerts.win_rate_drop / 2.0;
    observation.is_live(Rule::WinRateDrop, &gated.change.segment)
        && gated.change.change.is_some_and(|change| change < -half)
}

/// Only the drops that are causes; the others, seen because they share deals with one, are named in
/// the context of the first.
pub fn without_echoes(findings: Vec<Finding>, causes: &[Segment]) -> Vec<Finding> {
    let (mut kept, echoes): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| causes.contains(&finding.segment));
    if let (Some(first), false) = (kept.first_mut(), echoes.is_empty()) {
        let names: Vec<_> = echoes.iter().map(|echo| echo.segment.to_string()).collect();
        first.context = Some(if first.segment == Segment::all() {
            format!("broad-based: seen in {} as well", names.join(", "))
        } else {
            format!("explains the drops seen in {}", names.join(", "))
        });
    }
    kept
}

fn finding(
    observation: &Observation<'_>,
    settings: &Settings,
    budget: &Budget<'_>,
    pair: &SegmentPair,
    gated: &GatedChange,
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
        context: None,
        data_version: observation.data_version,
        evidence: evidence(gated, settings, budget).with("open_amount", open.to_string()),
    }
}

fn evidence(gated: &GatedChange, settings: &Settings, budget: &Budget<'_>) -> Evidence {
    let change = &gated.change;
    let standing = if gated.real {
        Standing::Opened
    } else {
        let threshold = points(settings.alerts.win_rate_drop);
        Standing::Held(format!(
            "the drop is still more than half of the {threshold} points that open an alert"
        ))
    };
    let interval = change.interval.map_or_else(String::new, |interval| {
        format!(", 95% interval {} to {}", points(interval.low), points(interval.high))
    });
    let summary = format!(
        "{} deals against {}; change {} points{interval}; {}",
        change.current.deals,
        change.baseline.deals,
        change.change.map_or_else(String::new, points),
        budget.describe("segment", &standing),
    );
    budget
        .record(Evidence::new(summary), &standing)
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
