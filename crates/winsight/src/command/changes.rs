//! `changes` and `deals --closed`: what changed, why, and the deals behind it.

use std::fmt::Write;

use anyhow::Result;
use winsight_insight::{
    CauseKind, Causes, Contributor, Decomposition, GatedChange, HeadlineChanges, Interval,
    MetricChange, ShapleySplit,
};
use winsight_jobs::{ChangesQuery, ChangesTable, ClosedDealsQuery, Days};
use winsight_model::{Money, Segment};
use winsight_server::wire;

use crate::cli::{Changes, Deals, Place};
use crate::configuration;
use crate::output::{say, say_json, table};

use super::question::{filtered, percent, points, range};
use super::say_label;

/// Values that the table shows; `--json` has them all.
const MOST_ROWS: usize = 50;
/// Of a change whose interval excludes none, but not at the level of an alert.
const NOT_ENOUGH: &str = "not enough evidence";
const MORE: &str = " for an alert: its interval is about this number alone";

pub(crate) async fn changes(place: &Place, query: Changes, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let query = ChangesQuery {
        window: Days { from: query.days.from, to: query.days.to },
        baseline: Days { from: query.baseline_from, to: query.baseline_to },
        by: query.by,
        causes: true,
        within: filtered(&query.filter)?,
    };
    let changes = workspace.changes(&query).await?;
    if json {
        return say_json(&wire::Changes::new(&query.by, changes));
    }
    say(&format!("win rate {} against {}", changes.window, changes.baseline))?;
    for remark in &changes.remarks {
        say(&format!("note: {remark}"))?;
    }
    if changes.decomposition.is_none() {
        return say_label(&workspace).await;
    }
    for (name, split) in [
        ("win rate", &changes.decomposition),
        ("revenue-weighted win rate", &changes.rwwr_decomposition),
    ] {
        if let Some(split) = split {
            say(&format!("{name} {}", in_parts(split)))?;
        }
    }
    if let Some(split) = &changes.shapley {
        say(&mix_by_dimension(split))?;
    }
    let HeadlineChanges { rwwr, dfi } = &changes.headline;
    let threshold = workspace.settings().alerts.win_rate_drop;
    let [is_apart, is_small] = [
        rwwr.interval.is_some_and(Interval::excludes_zero),
        rwwr.change.is_some_and(|by| by.abs() <= threshold),
    ];
    let verdict = verdict(rwwr.real, is_apart, is_small);
    say(&headline("revenue-weighted win rate, in points", rwwr, verdict, points))?;
    let is_apart = dfi.interval.is_some_and(|interval| !interval.contains(1.0));
    let verdict = self::verdict(dfi.real, is_apart, false);
    say(&headline("deal friction index, as a factor", dfi, verdict, |by| format!("{by:.2}")))?;
    // Of three values or fewer it says nothing.
    let several = changes.segments.len() > 3;
    if let Some(found) = changes.concentration.as_ref().filter(|_| several) {
        let values: Vec<_> =
            found.values.iter().map(|(segment, _)| segment.value_label()).collect();
        say(&format!(
            "losses: {} in {}, which have {} of the deals",
            percent(found.lcr),
            values.join(", "),
            percent(found.share_of_deals)
        ))?;
    }
    if !changes.segments.is_empty() {
        say(&segments(&changes, threshold))?;
    }
    if let Some(causes) = changes.causes.as_ref().filter(|causes| causes.tested > 0) {
        say(&what_stands_out(causes))?;
    }
    say_label(&workspace).await
}

/// `changed by +1.2 points: -0.3 from mix, +1.5 from rate`.
fn in_parts(split: &Decomposition) -> String {
    format!(
        "changed by {} points: {} from mix, {} from rate",
        points(split.total),
        points(split.mix),
        points(split.rate)
    )
}

/// `mix by dimension: region +0.1, lead_source -0.4 (Shapley values)`.
fn mix_by_dimension(split: &ShapleySplit) -> String {
    let mixes: Vec<_> = split
        .mixes
        .iter()
        .map(|(dimension, mix)| format!("{dimension} {}", points(*mix)))
        .collect();
    format!("mix by dimension: {} (Shapley values)", mixes.join(", "))
}

/// What may be said of a change. Its interval is about it alone; the evidence that alerts ask for is
/// shared by everything that is looked at.
const fn verdict(is_real: bool, is_apart: bool, is_small: bool) -> &'static str {
    match (is_real, is_apart, is_small) {
        (true, ..) => "real",
        (false, false, _) => "within chance",
        (false, true, true) => "below the threshold",
        (false, true, false) => NOT_ENOUGH,
    }
}

/// `deal friction index, as a factor: 1.05 (95% interval 0.91 to 1.22), within chance`.
fn headline(
    name: &str,
    change: &MetricChange,
    verdict: &str,
    show: impl Fn(f64) -> String,
) -> String {
    match (change.change, change.interval) {
        (Some(by), Some(Interval { low, high })) => format!(
            "{name}: {} (95% interval {} to {}), {verdict}{}",
            show(by),
            show(low),
            show(high),
            if verdict == NOT_ENOUGH { MORE } else { "" }
        ),
        _ => format!("{name}: not known in both windows, or on too few deals to compare"),
    }
}

/// The values of the dimension; of very many those that contribute most.
fn segments(changes: &ChangesTable, threshold: f64) -> String {
    let part = |split: &Option<Decomposition>, segment: &Segment| {
        let parts = split.as_ref().map_or(&[][..], |split| &split.parts);
        let part = parts.iter().find(|part| part.segment == *segment);
        part.map(|part| (part.mix, part.rate))
    };
    let of = |gated: &GatedChange| part(&changes.decomposition, &gated.change.segment);
    let mut shown: Vec<&GatedChange> = changes.segments.iter().collect();
    if shown.len() > MOST_ROWS {
        let size =
            |gated: &&GatedChange| of(gated).map_or(0.0, |(mix, rate)| mix.abs() + rate.abs());
        shown.sort_by(|a, b| size(b).total_cmp(&size(a)));
        shown.truncate(MOST_ROWS);
    }
    let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), points);
    let rows = shown.into_iter().map(|gated| {
        let change = &gated.change;
        let is_apart = change.interval.is_some_and(Interval::excludes_zero);
        let is_small = change.change.is_some_and(|by| by.abs() <= threshold);
        let verdict = if change.enough_data {
            verdict(gated.real, is_apart, is_small)
        } else {
            "too few deals"
        };
        let (win_rate, rwwr) = (of(gated), part(&changes.rwwr_decomposition, &change.segment));
        vec![
            change.segment.value_label(),
            verdict.to_owned(),
            format!("{} of {}", change.baseline.won, change.baseline.deals),
            format!("{} of {}", change.current.won, change.current.deals),
            figure(change.change),
            range(change.interval),
            figure(win_rate.map(|(mix, _)| mix)),
            figure(win_rate.map(|(_, rate)| rate)),
            figure(rwwr.map(|(mix, _)| mix)),
            figure(rwwr.map(|(_, rate)| rate)),
        ]
    });
    let header = [
        "segment",
        "verdict",
        "before",
        "now",
        "points",
        "95% interval",
        "mix part",
        "rate part",
        "rwwr mix",
        "rwwr rate",
    ];
    let mut text = table(&header, 2, rows.collect());
    let hidden = changes.segments.len().saturating_sub(MOST_ROWS);
    if hidden > 0 {
        let _ = write!(text, "\nand {hidden} more that contribute less; --json has them all");
    }
    text
}

fn what_stands_out(causes: &Causes) -> String {
    if causes.causes.is_empty() {
        return format!(
            "no combination of up to three attributes stands out beyond chance ({} compared)",
            causes.tested
        );
    }
    let mut text = "what the change comes from, by association:".to_owned();
    for (cause, rank) in causes.causes.iter().zip(1..) {
        let _ = write!(text, "\n{rank}. {}", contributor(&cause.best));
        for rival in &cause.rivals {
            let _ = write!(text, "\n   or {}", contributor(rival));
        }
    }
    text
}

/// `region=Europe × rep=Ann: 12 of 50, after 25 of 50 (-1.2 of the points)`.
fn contributor(contributor: &Contributor) -> String {
    let Contributor { current, baseline, .. } = contributor;
    let what = match contributor.kind {
        CauseKind::Rate => format!(
            "won {} of {}, before {} of {}",
            current.won, current.deals, baseline.won, baseline.deals
        ),
        CauseKind::Mix => format!(
            "{} of the deals, before {}",
            percent(contributor.share_of_deals),
            percent(contributor.baseline_share_of_deals)
        ),
    };
    format!("{}: {what}; {} points", contributor.segment, points(contributor.contribution))
}

pub(crate) async fn closed_deals(place: &Place, query: &Deals, json: bool) -> Result<()> {
    let segment = filtered(&query.filter)?;
    let workspace = configuration::open(place).await?;
    let query = ClosedDealsQuery { segment, from: query.from, to: query.to, limit: query.limit };
    let found = workspace.closed_deals(&query).await?;
    if json {
        return say_json(&wire::ClosedDeals::from(found));
    }
    if found.deals.is_empty() {
        let covered = workspace.covered_days().await?;
        let of = match query.segment.parts() {
            [] => String::new(),
            _ => format!(" of {}", query.segment),
        };
        say(&format!("no closed deal{of} in these days; {covered}"))?;
        return say_label(&workspace).await;
    }
    let rows = found.deals.iter().map(|deal| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            deal.deal_id.clone(),
            text(&deal.account),
            text(&deal.rep),
            deal.outcome.to_string(),
            deal.closed_date.map(|day| day.to_string()).unwrap_or_default(),
            deal.cycle_days.map(|days| days.to_string()).unwrap_or_default(),
            deal.amount.unwrap_or(Money::ZERO).to_string(),
        ]
    });
    let header = ["deal", "account", "rep", "outcome", "closed", "days", "amount"];
    say(&table(&header, 5, rows.collect()))?;
    say(&format!("{} of {} deals of {}", found.deals.len(), found.matching, query.segment))?;
    say_label(&workspace).await
}
