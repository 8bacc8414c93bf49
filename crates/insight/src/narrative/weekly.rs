use std::collections::BTreeMap;

use serde_json::json;
use winsight_model::{Play, Segment, Settings};

use super::explained::{cause_insights, causes_evidence, explanation};
use super::performance::lead_sources;
use super::unchanged::nothing_changed;
use super::wording::{
    capitalized, compared_with, counted, dimension_words, interval_in_points, listed, moved,
    percent, points, signed_tenths, tenths_of_points,
};
use super::{
    ASSOCIATION, Cadence, Insight, InsightKind, WeeklyInput, change_evidence, evidence, rank,
    share_of_money, values_of,
};
use crate::{
    GatedChange, LOOKS_PER_QUARTER, SegmentChange, SegmentPair, decompose, gate_changes,
    tested_segments,
};

/// How many segments a sentence lists that moved along with another one.
const LISTED_ECHOES: usize = 5;

/// What moved between two windows, or that nothing did; lead sources.
pub fn weekly_insights(input: &WeeklyInput, settings: &Settings) -> Vec<Insight> {
    let tested = tested_segments(&input.overall, &input.segments);
    let gated = gate_changes(&tested, settings, LOOKS_PER_QUARTER);
    let Some((overall, segments)) = gated.split_first() else { return Vec::new() };
    let causes_of_echoes = gated.iter().filter(|one| one.real && !is_echo(input, one));
    let clearest = causes_of_echoes
        .min_by(|a, b| a.change.p_value.total_cmp(&b.change.p_value))
        .map(|one| &one.change.segment);
    let mut insights = vec![win_rate_change(input, overall, clearest, settings)];
    insights.extend(segment_changes(input, segments, clearest, settings));
    let causes = cause_insights(&input.causes, settings);
    if gated.iter().all(|gated| !gated.real) && causes.is_empty() {
        insights.push(nothing_changed(input, overall, segments, settings));
    }
    insights.extend(causes);
    insights.extend(lead_sources(&input.segments, settings));
    insights
}

fn is_echo(input: &WeeklyInput, gated: &GatedChange) -> bool {
    input.echoes.contains(&gated.change.segment)
}

/// Where a change was seen besides `clearest`, when that is among `told`.
fn seen_as_well(input: &WeeklyInput, clearest: Option<&Segment>, told: &[&Segment]) -> String {
    let is_told = clearest.is_some_and(|clearest| told.contains(&clearest));
    if !is_told || input.echoes.is_empty() {
        return String::new();
    }
    let first = input.echoes.iter().take(LISTED_ECHOES);
    let mut names: Vec<String> = first.map(Segment::value_label).collect();
    if let more @ 1.. = input.echoes.len() - names.len() {
        names.push(format!("{more} more"));
    }
    format!(" It is seen in {} as well, which share these deals.", listed(&names))
}

fn win_rate_change(
    input: &WeeklyInput,
    gated: &GatedChange,
    clearest: Option<&Segment>,
    settings: &Settings,
) -> Insight {
    let also = seen_as_well(input, clearest, &[&gated.change.segment]);
    let change = &gated.change;
    let baseline = compared_with(input.baseline_window, input.window);
    let title_and_text = || {
        let (now, then) = (change.current.rate()?, change.baseline.rate()?);
        let (difference, interval) = (change.change?, change.interval?);
        let title = format!("Win rate {}, {}", percent(now), moved(difference));
        let text = format!(
            "{} of {} closed {} were won, against {} of {} in {baseline}: {}, {}. {}",
            percent(now),
            counted(change.current.deals, "deal"),
            input.window,
            percent(then),
            counted(change.baseline.deals, "deal"),
            moved(difference),
            interval_in_points(interval),
            verdict(gated, settings),
        );
        let why = explanation(difference, &input.overall, &input.segments, &input.causes);
        let why = why
            .filter(|_| interval.excludes_zero())
            .map(|why| format!(" {why}"))
            .unwrap_or_default();
        Some((title, text + &why + &also))
    };
    let (title, text) = title_and_text().unwrap_or_else(|| {
        let text = format!(
            "{} closed {} and {} in {baseline}; a comparison needs {} in both.",
            counted(change.current.deals, "deal"),
            input.window,
            counted(change.baseline.deals, "deal"),
            settings.min_deals.max(1),
        );
        ("Too few closed deals for a win-rate trend".to_owned(), text)
    });
    Insight {
        kind: InsightKind::WinRateChange,
        cadence: Cadence::Weekly,
        title,
        text,
        caution: gated.real.then(|| ASSOCIATION.to_owned()),
        action: (gated.real && change.change.is_some_and(|by| by < 0.0))
            .then(|| settings.playbook.action(Play::WinRateDrop, "", "")),
        evidence: evidence([
            ("change", change_evidence(change)),
            ("level", json!(gated.adjusted_level)),
            ("real", json!(gated.real)),
            ("causes", causes_evidence(&input.causes)),
            ("window", json!(input.window.to_string())),
            ("baseline_window", json!(input.baseline_window.to_string())),
        ]),
        rank: rank(100.0, certainty(gated), 1.0),
    }
}

/// How sure it is that something happened.
fn certainty(gated: &GatedChange) -> f64 {
    if gated.real { 1.0 - gated.change.p_value } else { 0.0 }
}

fn verdict(gated: &GatedChange, settings: &Settings) -> String {
    let change = &gated.change;
    let threshold = settings.alerts.win_rate_drop;
    if gated.real {
        "That is more than chance alone gives.".to_owned()
    } else if change.interval.is_none_or(|interval| !interval.excludes_zero()) {
        "That is within what chance alone gives.".to_owned()
    } else if change.change.is_some_and(|by| by.abs() <= threshold) {
        format!("Chance alone seldom gives that, but it is no more than {}.", points(threshold))
    } else {
        "Chance alone seldom gives that in one look, but over all segments and weeks it does."
            .to_owned()
    }
}

/// One insight for every dimension in which a value moved for real.
fn segment_changes(
    input: &WeeklyInput,
    gated: &[GatedChange],
    clearest: Option<&Segment>,
    settings: &Settings,
) -> Vec<Insight> {
    let mut by_dimension: BTreeMap<String, Vec<&SegmentChange>> = BTreeMap::new();
    for gated in gated.iter().filter(|gated| gated.real && !is_echo(input, gated)) {
        let dimension = gated.change.segment.dimension_label();
        by_dimension.entry(dimension).or_default().push(&gated.change);
    }
    let insight = |(dimension, mut changes): (String, Vec<&SegmentChange>)| {
        changes.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        let values: Vec<SegmentPair> = values_of(&input.segments, &dimension)
            .into_iter()
            .map(|(_, pair)| pair.clone())
            .collect();
        let mut insight = segment_change_insight(input, &dimension, (&changes, &values), settings);
        let told: Vec<&Segment> = changes.iter().map(|change| &change.segment).collect();
        insight.text += &seen_as_well(input, clearest, &told);
        insight
    };
    by_dimension.into_iter().map(insight).collect()
}

fn segment_change_insight(
    input: &WeeklyInput,
    dimension: &str,
    (changes, values): (&[&SegmentChange], &[SegmentPair]),
    settings: &Settings,
) -> Insight {
    let moved_values = values
        .iter()
        .filter(|pair| changes.iter().any(|change| change.segment == pair.segment))
        .map(|pair| share_of_money(&pair.current, &input.overall.current));
    let certainty = changes.first().map_or(0.0, |change| 1.0 - change.p_value);
    let order = rank(90.0, certainty, moved_values.sum());
    let words = dimension_words(dimension);
    let headlines: Vec<String> = changes
        .iter()
        .map(|change| {
            format!("{} {}", change.segment.value_label(), moved(change.change.unwrap_or(0.0)))
        })
        .collect();
    let mut sentences: Vec<String> =
        changes.iter().filter_map(|change| change_sentence(change)).collect();
    let mut evidence = evidence([
        ("dimension", json!(dimension)),
        ("changes", changes.iter().map(|change| change_evidence(change)).collect()),
    ]);
    if let Some(split) = decompose(values) {
        let (total, mix) = (tenths_of_points(split.total), tenths_of_points(split.mix));
        sentences.push(format!(
            "By {words}, the overall win rate moved by {} points: {} from mix (which deals closed) and {} from rate (how often they were won).",
            signed_tenths(total),
            signed_tenths(mix),
            // The difference, so that the printed figures add up as the exact ones do.
            signed_tenths(total - mix),
        ));
        evidence.insert("total".to_owned(), json!(split.total));
        evidence.insert("mix".to_owned(), json!(split.mix));
        evidence.insert("rate".to_owned(), json!(split.rate));
    }
    let dropped = changes.iter().find(|change| change.change.is_some_and(|by| by < 0.0));
    if let Some(dropped) = dropped.filter(|dropped| !input.alerted.contains(&dropped.segment)) {
        sentences.push(format!(
            "{} has no alert of its own: alerts compare with the year before, every day.",
            dropped.segment.value_label()
        ));
    }
    Insight {
        kind: InsightKind::SegmentChange,
        cadence: Cadence::Weekly,
        title: format!("{}: {}", capitalized(&words), listed(&headlines)),
        text: sentences.join(" "),
        caution: Some(ASSOCIATION.to_owned()),
        action: dropped.map(|change| {
            let value = change.segment.value_label();
            settings.playbook.action(Play::SegmentDrop, dimension, &value)
        }),
        evidence,
        rank: order,
    }
}

fn change_sentence(change: &SegmentChange) -> Option<String> {
    let (now, then) = (change.current.rate()?, change.baseline.rate()?);
    Some(format!(
        "{} {} from {} to {} ({} against {}; {}).",
        change.segment.value_label(),
        if now < then { "fell" } else { "rose" },
        percent(then),
        percent(now),
        counted(change.current.deals, "deal"),
        counted(change.baseline.deals, "deal"),
        interval_in_points(change.interval?),
    ))
}
