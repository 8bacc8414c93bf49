//! How lead sources and reps do in the current window, ranked only beyond chance.

use serde_json::{Value, json};
use winsight_model::{Settings, Tally};

use super::wording::{counted, listed, percent};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, evidence, rank, values_of};
use crate::friction::{deal_friction, deal_friction_interval, deal_friction_p_value};
use crate::{SegmentPair, Share, Spread, rep_spread, wilson};

/// How many values a sentence lists.
const LISTED_VALUES: usize = 8;

/// A value of a dimension in the current window.
type Line<'a> = (&'a str, Share, &'a Tally);

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
        .map(|(value, pair)| (value, Share::from(&pair.current), &pair.current))
        .filter(|(_, share, _)| share.deals >= min_deals.max(1))
        .collect();
    lines.sort_by_key(|&(value, ..)| value);
    let shares: Vec<Share> = lines.iter().map(|&(_, share, _)| share).collect();
    let spread = rep_spread(&shares, min_deals)?;
    if !spread.within_chance {
        let rate = |line: &Line<'_>| line.1.rate().unwrap_or(0.0);
        lines.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    }
    Some((lines, spread))
}

fn shares_evidence(values: &[Line<'_>]) -> Value {
    let line = |&(value, share, _): &Line<'_>| {
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

fn spread_evidence(spread: &Spread) -> Value {
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
        .filter_map(|(value, share, _)| {
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
        action: None,
        evidence: evidence([
            ("lead_sources", shares_evidence(&sources)),
            ("spread", spread_evidence(&spread)),
        ]),
        rank: rank(60.0, beyond_chance(&spread), 0.5),
    })
}

pub(super) fn rep_pattern(segments: &[SegmentPair], settings: &Settings) -> Option<Insight> {
    let (reps, spread) = compared(segments, "rep", settings.min_deals)?;
    let in_points = |rate: f64| format!("{:.1}", rate * 100.0);
    let band = format!(
        "The win rates of {} spread by {} points (standard deviation); chance alone gives {} to {}.",
        counted(spread.reps as u64, "rep"),
        in_points(spread.srwv),
        in_points(spread.chance_low),
        in_points(spread.chance_high),
    );
    let (title, comment) = if spread.within_chance {
        let comment = "So the reps differ by no more than luck, and nobody is ranked.".to_owned();
        ("Reps differ by no more than luck".to_owned(), comment)
    } else {
        let (highest, lowest) = (reps.first()?, reps.last()?);
        let comment = format!("The highest is {}, the lowest {}.", rep(highest)?, rep(lowest)?);
        ("Reps differ by more than luck".to_owned(), comment)
    };
    let mut sentences = vec![band, comment];
    let slowest = slowest_to_lose(&reps, settings.min_deals);
    sentences.extend(slowest.as_ref().map(|slowest| slowest.sentence.clone()));
    let mut evidence =
        evidence([("reps", shares_evidence(&reps)), ("spread", spread_evidence(&spread))]);
    if let Some(slowest) = slowest {
        evidence.insert("highest_dfi".to_owned(), slowest.evidence);
    }
    Some(Insight {
        kind: InsightKind::RepPattern,
        cadence: Cadence::Weekly,
        title,
        text: sentences.join(" "),
        caution: (!spread.within_chance).then(|| {
            "Reps work different deals: a difference in win rate is not a difference in skill."
                .to_owned()
        }),
        action: None,
        evidence,
        rank: rank(55.0, beyond_chance(&spread), 0.5),
    })
}

fn rep(&(name, share, _): &Line<'_>) -> Option<String> {
    let interval = wilson(share.won, share.deals)?;
    Some(format!(
        "{name} with {} of {} (95% interval {} to {})",
        percent(share.rate()?),
        counted(share.deals, "deal"),
        percent(interval.low),
        percent(interval.high),
    ))
}

struct Slowest {
    sentence: String,
    evidence: Value,
}

/// The rep with the highest Deal Friction Index among those with enough won and enough lost deals.
/// The highest of many is high by chance, so it is tested with Bonferroni's correction.
fn slowest_to_lose(reps: &[Line<'_>], min_deals: u64) -> Option<Slowest> {
    let indexed: Vec<(&str, &Tally, f64)> = reps
        .iter()
        .filter(|(_, _, tally)| tally.won.deals.min(tally.lost.deals) >= min_deals)
        .filter_map(|&(name, _, tally)| Some((name, tally, deal_friction(tally)?)))
        .collect();
    let &(name, tally, index) = indexed.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let interval = deal_friction_interval(tally)?;
    let reps = indexed.len();
    let p_value = (deal_friction_p_value(tally) * reps as f64).min(1.0);
    let comment = if p_value > 0.05 {
        "within what chance gives the highest of so many"
    } else if index > 1.0 {
        "lost deals there take longer than won ones, beyond chance"
    } else {
        "even there lost deals end sooner than won ones"
    };
    Some(Slowest {
        sentence: format!(
            "Of {} with enough won and lost deals, {name} has the highest Deal Friction Index, {index:.2} (95% interval {:.2} to {:.2}): {comment}.",
            counted(reps as u64, "rep"),
            interval.low,
            interval.high,
        ),
        evidence: json!({ "rep": name, "dfi": index, "interval": interval, "p_value": p_value }),
    })
}
