//! How lead sources do in the current window, ranked only beyond chance.

use serde_json::{Value, json};
use winsight_model::{Play, Settings};

use super::wording::{counted, listed, percent};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, evidence, rank, values_of};
use crate::{SegmentPair, Share, Spread, rep_spread, wilson};

/// How many values a sentence lists.
const LISTED_VALUES: usize = 8;

/// A value of a dimension in the current window.
type Line<'a> = (&'a str, Share);

/// The values of a dimension with enough deals in the current window, and their spread: best win
/// rate first where they differ beyond chance, else by name, for a rank would be luck. `None` when
/// fewer than two have enough deals.
fn compared<'a>(
    segments: &'a [SegmentPair],
    dimension: &str,
    min_deals: u64,
) -> Option<(Vec<Line<'a>>, Spread)> {
    let mut lines: Vec<Line<'a>> = values_of(segments, dimension)
        .into_iter()
        .map(|(value, pair)| (value, Share::from(&pair.current)))
        .filter(|(_, share)| share.deals >= min_deals.max(1))
        .collect();
    lines.sort_by_key(|&(value, ..)| value);
    let shares: Vec<Share> = lines.iter().map(|&(_, share)| share).collect();
    let spread = rep_spread(&shares, min_deals)?;
    if !spread.within_chance {
        let rate = |line: &Line<'_>| line.1.rate().unwrap_or(0.0);
        lines.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    }
    Some((lines, spread))
}

fn shares_evidence(values: &[Line<'_>]) -> Value {
    let line = |&(value, share): &Line<'_>| {
        json!({
            "value": value,
            "won": share.won,
            "deals": share.deals,
            "win_rate": share.rate(),
            "interval": wilson(share.won, share.deals),
        })
    };
    values.iter().map(line).collect()
}

/// How sure it is that values differ.
fn beyond_chance(spread: &Spread) -> f64 {
    if spread.within_chance { 0.0 } else { 0.95 }
}

pub(super) fn spread_evidence(spread: &Spread) -> Value {
    json!({
        "srwv": spread.srwv,
        "chance_low": spread.chance_low,
        "chance_high": spread.chance_high,
        "within_chance": spread.within_chance,
    })
}

pub(super) fn lead_sources(segments: &[SegmentPair], settings: &Settings) -> Option<Insight> {
    let (sources, spread) = compared(segments, "lead_source", settings.min_deals)?;
    let best = sources.first()?.0;
    let rates: Vec<String> = sources
        .iter()
        .take(LISTED_VALUES)
        .filter_map(|(value, share)| {
            Some(format!(
                "{value} wins {} of {}",
                percent(share.rate()?),
                counted(share.deals, "deal")
            ))
        })
        .collect();
    let others = match sources.len().saturating_sub(LISTED_VALUES) {
        0 => String::new(),
        unlisted => format!(", besides {unlisted} more"),
    };
    let worst = sources.last().filter(|_| !spread.within_chance).map(|(value, _)| *value);
    let (title, comment) = if spread.within_chance {
        let comment = "They differ by no more than chance alone gives.";
        ("Lead sources win alike".to_owned(), comment)
    } else {
        let comment = "They differ by more than chance gives 19 times in 20.";
        (format!("Lead sources differ, {best} wins most"), comment)
    };
    Some(Insight {
        kind: InsightKind::LeadSources,
        cadence: Cadence::Weekly,
        title,
        text: format!("{}{others}. {comment}", listed(&rates)),
        caution: (!spread.within_chance).then(|| ASSOCIATION.to_owned()),
        action: worst
            .map(|worst| settings.playbook.action(Play::LeadSourceLow, "lead_source", worst)),
        evidence: evidence([
            ("lead_sources", shares_evidence(&sources)),
            ("spread", spread_evidence(&spread)),
        ]),
        rank: rank(60.0, beyond_chance(&spread), 0.5),
    })
}
