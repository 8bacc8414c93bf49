//! Reps against what the deals they were given let expect, and drivers that changed.

use serde_json::{Value, json};
use winsight_model::{Play, Settings};

use super::performance::spread_evidence;
use super::wording::{counted, dimension_words, listed, percent};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, evidence, rank};
use crate::{DriverChange, DriverChanges, FunnelPosition, Rep, RepAnalysis};

/// How many reps or levels a sentence lists.
const LISTED: usize = 3;

/// Who wins more or less than the deals they were given let expect; names nobody where the reps differ
/// by no more than chance gives. `None` with fewer than two reps.
pub fn rep_insight(analysis: &RepAnalysis, settings: &Settings) -> Option<Insight> {
    let heterogeneity = analysis.heterogeneity?;
    let reps = counted(analysis.reps.len() as u64, "rep");
    let held: Vec<String> =
        analysis.adjusted_for.iter().map(|one| dimension_words(one.as_str())).collect();
    let equal = if held.is_empty() { "nothing".to_owned() } else { listed(&held) };
    let outside = |position: FunnelPosition| {
        let standing = analysis.reps.iter().filter(move |rep| rep.position == position);
        standing.take(if analysis.ranked { LISTED } else { 0 }).collect::<Vec<&Rep>>()
    };
    let (above, below) = (outside(FunnelPosition::Above), outside(FunnelPosition::Below));
    let mut sentences = vec![format!(
        "With {equal} held equal, the win rates of {reps} differ by {} chance alone gives (p = {:.3}).",
        if analysis.ranked { "more than" } else { "no more than what" },
        heterogeneity.p_value,
    )];
    let describe = |reps: &[&Rep]| {
        let one = |rep: &&Rep| {
            format!(
                "{} ({} of {} won, {:.0} expected; {} on an average mix)",
                rep.rep,
                rep.share.won,
                counted(rep.share.deals, "deal"),
                rep.expected_won,
                percent(rep.shrunken_win_rate),
            )
        };
        listed(&reps.iter().map(one).collect::<Vec<_>>())
    };
    if !above.is_empty() {
        sentences.push(format!("Above the control limits: {}.", describe(&above)));
    }
    if !below.is_empty() {
        sentences.push(format!("Below them: {}.", describe(&below)));
    }
    if analysis.ranked && above.is_empty() && below.is_empty() {
        sentences.push("No single rep lies outside the control limits of 99.8%.".to_owned());
    } else if !analysis.ranked {
        sentences.push("Nobody is ranked.".to_owned());
    }
    sentences.extend(slow_to_lose(analysis));
    let playbook = &settings.playbook;
    let action = below
        .first()
        .map(|rep| playbook.action(Play::RepBelow, "rep", &rep.rep))
        .or_else(|| Some(playbook.action(Play::RepAbove, "rep", &above.first()?.rep)));
    let title = if analysis.ranked {
        "Reps differ beyond their mix of deals"
    } else {
        "Reps win what their deals let expect"
    };
    let certainty = if analysis.ranked { 1.0 - heterogeneity.p_value } else { 0.0 };
    Some(Insight {
        kind: InsightKind::RepPattern,
        cadence: Cadence::Weekly,
        title: title.to_owned(),
        text: sentences.join(" "),
        caution: analysis.ranked.then(|| {
            "Deals differ in more than is recorded: a difference in win rate is not one in skill."
                .to_owned()
        }),
        action,
        evidence: evidence([
            ("win_rate", json!(analysis.win_rate)),
            (
                "adjusted_for",
                json!(
                    analysis
                        .adjusted_for
                        .iter()
                        .map(winsight_model::Dimension::as_str)
                        .collect::<Vec<_>>()
                ),
            ),
            ("p_value", json!(heterogeneity.p_value)),
            ("ranked", json!(analysis.ranked)),
            ("spread", json!(analysis.spread.as_ref().map(spread_evidence))),
            ("reps", analysis.reps.iter().map(rep_evidence).collect()),
        ]),
        rank: rank(55.0, certainty, 0.5),
    })
}

/// Reps whose lost deals take longer than the won ones, beyond chance.
fn slow_to_lose(analysis: &RepAnalysis) -> Option<String> {
    let one = |rep: &Rep| {
        let (index, interval) = (rep.dfi?, rep.dfi_interval?);
        (rep.dfi_stands_out && index > 1.0).then(|| {
            let interval = format!("{:.2} to {:.2}", interval.low, interval.high);
            (index, format!("{} ({index:.2}, 95% interval {interval})", rep.rep))
        })
    };
    let mut slow: Vec<(f64, String)> = analysis.reps.iter().filter_map(one).collect();
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> = slow.into_iter().take(LISTED).map(|(_, text)| text).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Lost deals take longer than won ones, beyond chance, with {}: their Deal Friction Index.",
            listed(&names)
        )
    })
}

fn rep_evidence(rep: &Rep) -> Value {
    json!({
        "rep": rep.rep,
        "won": rep.share.won,
        "deals": rep.share.deals,
        "expected_won": rep.expected_won,
        "adjusted_win_rate": rep.adjusted_win_rate,
        "shrunken_win_rate": rep.shrunken_win_rate,
        "limits": rep.limits_998,
        "position": rep.position.as_str(),
    })
}

/// `none of 6 attributes`, in words that fit any number.
fn none_of(tested: usize) -> String {
    if tested == 1 {
        return "the one attribute that can be compared has not".to_owned();
    }
    format!("none of {tested} attributes")
}

/// Which drivers changed since the window before.
pub fn driver_change_insight(changes: &DriverChanges, settings: &Settings) -> Insight {
    let mut found: Vec<&DriverChange> =
        changes.changes.iter().filter(|change| change.significant).collect();
    found.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    let deals = format!(
        "{} against {}",
        counted(changes.deals, "deal"),
        counted(changes.baseline_deals, "deal")
    );
    let tested = changes.dimensions.iter().filter(|test| test.untested.is_none()).count();
    let text = if found.is_empty() {
        let moved: Vec<String> = changes
            .dimensions
            .iter()
            .filter(|test| test.significant)
            .map(|test| dimension_words(test.dimension.as_str()))
            .collect();
        if tested == 0 {
            format!(
                "Drivers cannot be compared with the window before: no attribute differs enough in both ({deals})."
            )
        } else if moved.is_empty() {
            format!(
                "What goes with winning is what went with it before: {} changed beyond chance (false-discovery rate 5%; {deals}).",
                none_of(tested),
            )
        } else {
            format!(
                "What {} says about winning changed, though no single value stands out ({deals}).",
                listed(&moved)
            )
        }
    } else {
        let clauses: Vec<String> = found
            .iter()
            .take(LISTED)
            .map(|change| {
                format!(
                    "{} ({}) {:.1} times (95% interval {:.1} to {:.1})",
                    change.value,
                    dimension_words(change.dimension.as_str()),
                    change.factor,
                    change.interval.low,
                    change.interval.high,
                )
            })
            .collect();
        format!(
            "The odds of winning against the largest value of the same attribute are, other attributes equal, for {} what they were before ({deals}).",
            listed(&clauses)
        )
    };
    let worst = found.iter().find(|change| change.factor < 1.0);
    let title = match found.first() {
        Some(first) => format!("{} changed", first.value),
        None if tested == 0 => "No comparison of drivers".to_owned(),
        None => "Drivers as before".to_owned(),
    };
    let certainty = found.first().map_or(0.0, |first| 1.0 - first.p_value);
    let level = |change: &&DriverChange| {
        json!({
            "dimension": change.dimension.as_str(), "value": change.value,
            "reference": change.reference, "factor": change.factor,
            "interval": change.interval, "p_value": change.p_value,
        })
    };
    Insight {
        kind: InsightKind::DriverChange,
        cadence: Cadence::Monthly,
        title,
        text,
        caution: (!found.is_empty()).then(|| ASSOCIATION.to_owned()),
        action: worst.map(|change| {
            let dimension = change.dimension.as_str();
            settings.playbook.action(Play::DriverWorsening, dimension, &change.value)
        }),
        evidence: evidence([
            ("deals", json!(changes.deals)),
            ("baseline_deals", json!(changes.baseline_deals)),
            ("changes", found.iter().map(level).collect()),
        ]),
        rank: rank(60.0, certainty, 0.5),
    }
}
