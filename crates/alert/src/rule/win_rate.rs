use std::collections::{BTreeMap, BTreeSet};

use winsight_insight::{
    DropCounts, DropFamily, JudgedDrop, SegmentChange, SegmentPair, segment_change, short_money,
    tested_segments,
};
use winsight_model::{Segment, Settings, Window};

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence, Standing};
use crate::impact::of_drop;
use crate::wording::{headline, percent, period, points, segment_line};
use crate::{Finding, Impact, ImpactKind, SequenceLook, Severity};

/// The segments, and all deals together, whose win rate fell for real, strongest evidence first.
///
/// Looks at every value of every dimension that is known while a deal is open: the length of a
/// cycle is part of the outcome. What is real is decided by [`DropFamily`], over all of them, in each
/// sequence of looks under way.
///
/// Segments overlap, so one drop may show in several of them. All are returned; to tell a drop from
/// its echoes takes the deals that segments share, and is done by whoever can count those
/// ([`without_echoes`]).
pub fn win_rate_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let mut drops: Vec<Found> = Vec::new();
    let mut most = 0;
    for look in observation.sequences {
        let (tested, judged) = judge(look, settings);
        most = most.max(judged.iter().flatten().count());
        let passed = tested.iter().zip(judged).filter_map(|(pair, judged)| {
            let judged = judged.filter(JudgedDrop::passed)?;
            Some(Found::opened(look, pair, &judged))
        });
        for found in passed {
            let known = drops.iter_mut().find(|known| known.pair.segment == found.pair.segment);
            match known {
                Some(known) if found.weight() < known.weight() => *known = found,
                Some(_) => {}
                None => drops.push(found),
            }
        }
    }
    let latest = std::iter::once(observation.overall).chain(observation.pairs);
    for pair in latest {
        let is_new = drops.iter().all(|known| known.pair.segment != pair.segment);
        if is_new && let Some(held) = Found::held(pair, observation, settings) {
            drops.push(held);
        }
    }
    drops.sort_by(|left, right| {
        let by_evidence = left.weight().total_cmp(&right.weight());
        by_evidence.then_with(|| left.pair.segment.cmp(&right.pair.segment))
    });
    let budget = Budget::new(settings, most);
    drops.iter().map(|found| finding(observation, settings, &budget, found)).collect()
}

/// All deals and the segments that are tested, and what a sequence says of each.
fn judge(look: &SequenceLook, settings: &Settings) -> (Vec<SegmentPair>, Vec<Option<JudgedDrop>>) {
    let tested = tested_segments(&look.overall, &look.pairs);
    let counts: Vec<DropCounts> = tested.iter().map(|pair| look.counts(pair)).collect();
    let Some((all, segments)) = counts.split_first() else { return (tested, Vec::new()) };
    let names = |pair: &SegmentPair| pair.segment.dimension_label();
    let distinct: BTreeSet<String> = tested[1..].iter().map(names).collect();
    let numbers: BTreeMap<String, usize> = distinct.into_iter().zip(0..).collect();
    let dimensions: Vec<usize> = tested[1..].iter().map(|pair| numbers[&names(pair)]).collect();
    let course = look.sequence.course();
    let level = Rule::WinRateDrop.level(settings, &look.sequence);
    let threshold = settings.alerts.win_rate_drop;
    let family = DropFamily::new(all, segments, &course, level, settings.min_deals, threshold);
    let judged = family.look(all, segments, &dimensions, &course);
    (tested, judged)
}

/// Whether most segments fell with all deals.
fn broad_based(look: &SequenceLook, pair: &SegmentPair) -> Option<String> {
    let change = |pair: &SegmentPair| segment_change(pair, 1).change;
    if pair.segment != Segment::all() {
        return None;
    }
    let overall = change(pair)?;
    let tested = tested_segments(&look.overall, &look.pairs);
    let changes: Vec<f64> = tested[1..].iter().filter_map(change).collect();
    let fell = changes.iter().filter(|change| **change < overall / 2.0).count();
    (2 * fell > changes.len()).then(|| {
        format!("broad-based: {fell} of {} segments fell by more than half as much", changes.len())
    })
}

/// A drop, by the evidence of a sequence or because an alert on it is open and it is not over.
struct Found {
    pair: SegmentPair,
    window: Window,
    baseline_window: Window,
    judged: Option<JudgedDrop>,
    broad_based: Option<String>,
}

impl Found {
    fn opened(look: &SequenceLook, pair: &SegmentPair, judged: &JudgedDrop) -> Self {
        Self {
            pair: pair.clone(),
            window: look.sequence.window,
            baseline_window: look.sequence.baseline,
            judged: Some(*judged),
            broad_based: broad_based(look, pair),
        }
    }

    /// A segment alerted on already, whose drop is still more than half of what opens an alert.
    fn held(
        pair: &SegmentPair,
        observation: &Observation<'_>,
        settings: &Settings,
    ) -> Option<Self> {
        let half = settings.alerts.win_rate_drop / 2.0;
        let change = segment_change(pair, settings.min_deals).change?;
        let holds = observation.is_live(Rule::WinRateDrop, &pair.segment) && change < -half;
        holds.then(|| Self {
            pair: pair.clone(),
            window: observation.window,
            baseline_window: observation.baseline_window,
            judged: None,
            broad_based: None,
        })
    }

    /// How much the evidence lacks; comparable between sequences with different levels.
    fn weight(&self) -> f64 {
        self.judged.map_or(f64::MAX, |judged| judged.test.p_value / judged.level)
    }
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
    found: &Found,
) -> Finding {
    let pair = &found.pair;
    let change = segment_change(pair, settings.min_deals);
    let (current, baseline) = (change.current.rate(), change.baseline.rate());
    let open = observation.open_amount(&pair.segment);
    let impact = of_drop(pair, open, settings.min_deals);
    let period = period(found.baseline_window, found.window);
    let message = format!(
        "Segment: {}\nWin Rate: {} (down from {} {period})\nImpact: {}",
        segment_line(&pair.segment, observation.currency, settings),
        current.map_or_else(String::new, percent),
        baseline.map_or_else(String::new, percent),
        impact_line(impact, observation.currency),
    );
    let p_value = found.judged.map_or(change.p_value, |judged| judged.test.p_value);
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
        confidence: Some(1.0 - p_value),
        window: found.window,
        baseline_window: Some(found.baseline_window),
        impact,
        currency: observation.currency.to_owned(),
        title: format!("{} Win Rate Decline", headline(&pair.segment)),
        message,
        action: action(&pair.segment).to_owned(),
        context: found.broad_based.clone(),
        data_version: observation.data_version,
        custom: None,
        subject: None,
        evidence: evidence(found, &change, settings, budget).with("open_amount", open.to_string()),
    }
}

fn evidence(
    found: &Found,
    change: &SegmentChange,
    settings: &Settings,
    budget: &Budget<'_>,
) -> Evidence {
    let standing = Standing::new(found.judged.is_some(), || {
        let threshold = points(settings.alerts.win_rate_drop);
        format!("the drop is still more than half of the {threshold} points that open an alert")
    });
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
    let test = found.judged.map(|judged| judged.test);
    budget
        .record(Evidence::new(summary), found.judged.map_or(0.0, |judged| judged.level), &standing)
        .with("method", "sequential_fisher_against_the_year_before_adjusted_for_market_and_season")
        .with("p_value", test.map_or(change.p_value, |test| test.p_value))
        .with("market_shift", test.map(|test| test.market))
        .with("seasonal_shift", test.map(|test| test.season))
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
