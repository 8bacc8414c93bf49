//! Where a change comes from, in a sentence.

use serde_json::{Value, json};
use winsight_model::{Segment, Settings, Side, Tally};

use super::wording::{capitalized, counted, dimension_words, listed, percent, points};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, evidence, values_of};
use crate::{CauseKind, Causes, Contributor, Decomposition, SegmentPair, Share, decompose};

/// `5 of the 7 points are Enterprise (deal size), which fell from 52% to 31%; mix explains 1.` Why
/// the overall win rate changed by `total`; nothing when no cause was found.
pub(super) fn explanation(
    total: f64,
    overall: &SegmentPair,
    segments: &[SegmentPair],
    causes: &Causes,
) -> Option<String> {
    let named: Vec<&Contributor> = causes.causes.iter().map(|cause| &cause.best).collect();
    let first = named.first()?;
    if first.segment == Segment::all() {
        return Some(
            "It is broad: the change of all deals explains more than that of any segment."
                .to_owned(),
        );
    }
    let same_way = |cause: &&&Contributor| cause.contribution * total > 0.0;
    let Some(cause) = named.iter().find(same_way) else {
        return Some(format!(
            "{} moved the other way; no segment explains the rest.",
            capitalized(&place(&first.segment))
        ));
    };
    let whole = whole_points(total);
    let part = whole_points(cause.contribution);
    let how = match cause.kind {
        CauseKind::Rate => format!(
            ", which {} from {} to {}",
            if cause.contribution < 0.0 { "fell" } else { "rose" },
            rate_of(cause.baseline),
            rate_of(cause.current),
        ),
        CauseKind::Mix => format!(
            ", {} of the deals instead of {}",
            percent(cause.share_of_deals),
            percent(cause.baseline_share_of_deals),
        ),
    };
    let place = place(&cause.segment);
    let sentence = if part == 0 || whole == 0 {
        format!("The clearest part is {place}{how}")
    } else if part > whole {
        format!("{} alone would make {}{how}", capitalized(&place), points(cause.contribution))
    } else {
        let verb = if part == 1 { "is" } else { "are" };
        format!("{part} of the {} {verb} {place}{how}", points(total))
    };
    let mix = match cause.kind {
        CauseKind::Rate => split_by(cause, overall, segments).map(|split| split.mix),
        CauseKind::Mix => None,
    };
    let mix = mix.map(|mix| match whole_points(mix) {
        0 => "; mix explains nothing".to_owned(),
        size if mix * total > 0.0 => format!("; mix explains {size}"),
        _ => format!("; mix moved it by {} the other way", points(mix)),
    });
    Some(format!("{sentence}{}.", mix.unwrap_or_default()))
}

/// The split by the dimension of a cause, or between it and all other deals.
fn split_by(
    cause: &Contributor,
    overall: &SegmentPair,
    segments: &[SegmentPair],
) -> Option<Decomposition> {
    if let [(dimension, _)] = cause.segment.parts() {
        let values: Vec<SegmentPair> = values_of(segments, dimension.as_str())
            .into_iter()
            .map(|(_, pair)| pair.clone())
            .collect();
        return decompose(&values);
    }
    let counted = |won: u64, deals: u64| {
        let side = |deals: u64| Side { deals, ..Side::default() };
        Tally { won: side(won), lost: side(deals.saturating_sub(won)) }
    };
    let rest = |all: Share, part: Share| {
        counted(all.won.saturating_sub(part.won), all.deals.saturating_sub(part.deals))
    };
    let (now, then) = (Share::from(&overall.current), Share::from(&overall.baseline));
    decompose(&[
        SegmentPair {
            segment: cause.segment.clone(),
            current: counted(cause.current.won, cause.current.deals),
            baseline: counted(cause.baseline.won, cause.baseline.deals),
        },
        SegmentPair {
            segment: Segment::all(),
            current: rest(now, cause.current),
            baseline: rest(then, cause.baseline),
        },
    ])
}

/// An insight for each cause that no single value shows: a combination of attributes, or a shift of
/// the mix. One whose win rate moved by no more than the rule's threshold is left out, and so is a
/// shift that moves the overall win rate by less than a point.
pub(super) fn cause_insights(causes: &Causes, settings: &Settings) -> Vec<Insight> {
    let is_news = |cause: &&crate::Cause| match cause.best.kind {
        CauseKind::Mix => cause.best.contribution.abs() >= 0.01,
        CauseKind::Rate => {
            let best = &cause.best;
            let by = best.current.rate().zip(best.baseline.rate()).map(|(now, then)| now - then);
            best.segment.parts().len() > 1
                && by.is_some_and(|by| by.abs() > settings.alerts.win_rate_drop)
        }
    };
    causes.causes.iter().filter(is_news).map(|cause| cause_insight(cause, causes.tested)).collect()
}

fn cause_insight(cause: &crate::Cause, tested: usize) -> Insight {
    let best = &cause.best;
    let place = place(&best.segment);
    let moves = format!("moves the overall win rate by {}", signed_points(best.contribution));
    let (title, text) = match best.kind {
        CauseKind::Rate => {
            let verb = if best.contribution < 0.0 { "fell" } else { "rose" };
            let (now, then) = (rate_of(best.current), rate_of(best.baseline));
            let deals = counted(best.current.deals, "deal");
            let before = counted(best.baseline.deals, "deal");
            let text = format!(
                "{} {verb} from {then} to {now} ({deals} against {before}), which {moves}.",
                capitalized(&place)
            );
            (format!("{}: {verb} to {now}", best.segment.value_label()), text)
        }
        CauseKind::Mix => {
            let (now, then) = (percent(best.share_of_deals), percent(best.baseline_share_of_deals));
            let text = format!(
                "{} made up {now} of the closed deals instead of {then}; since they are won at another rate than the rest, that alone {moves}.",
                capitalized(&place)
            );
            (format!("{}: {now} of the deals", best.segment.value_label()), text)
        }
    };
    let rivals: Vec<String> =
        cause.rivals.iter().map(|rival| rival.segment.value_label()).collect();
    let caution = if rivals.is_empty() {
        ASSOCIATION.to_owned()
    } else {
        format!("Next best of {tested} explanations: {}. {ASSOCIATION}", listed(&rivals))
    };
    Insight {
        kind: InsightKind::SegmentChange,
        cadence: Cadence::Weekly,
        title,
        text,
        caution: Some(caution),
        action: Some(match best.kind {
            CauseKind::Rate if best.contribution < 0.0 => {
                format!("Review the lost deals of {place}")
            }
            CauseKind::Rate => format!("Find out what works in {place}"),
            CauseKind::Mix => format!("Ask where the deals of {place} come from"),
        }),
        evidence: evidence([
            ("cause", contributor_evidence(best)),
            ("rivals", cause.rivals.iter().map(contributor_evidence).collect()),
            ("tested", json!(tested)),
        ]),
        rank: 95.0,
    }
}

/// The causes in the words of the evidence.
pub(super) fn causes_evidence(causes: &Causes) -> Value {
    causes.causes.iter().map(|cause| contributor_evidence(&cause.best)).collect()
}

fn contributor_evidence(contributor: &Contributor) -> Value {
    json!({
        "dimension": contributor.segment.dimension_label(),
        "value": contributor.segment.value_label(),
        "kind": contributor.kind,
        "contribution": contributor.contribution,
        "current": contributor.current,
        "baseline": contributor.baseline,
        "share_of_deals": contributor.share_of_deals,
        "baseline_share_of_deals": contributor.baseline_share_of_deals,
        "p_value": contributor.p_value,
    })
}

/// `Enterprise (deal size)`, `Europe × Enterprise (region × deal size)`.
fn place(segment: &Segment) -> String {
    let words: Vec<String> =
        segment.parts().iter().map(|(name, _)| dimension_words(name.as_str())).collect();
    format!("{} ({})", segment.value_label(), words.join(" × "))
}

fn rate_of(share: Share) -> String {
    share.rate().map_or_else(|| "no deal".to_owned(), percent)
}

fn signed_points(difference: f64) -> String {
    let sign = if difference < 0.0 { "−" } else { "+" };
    match points(difference).as_str() {
        little if little.starts_with("less") => little.to_owned(),
        size => format!("{sign}{size}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a difference of rates is at most 1")]
fn whole_points(difference: f64) -> i64 {
    (difference.abs() * 100.0).round() as i64
}
