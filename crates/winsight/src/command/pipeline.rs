//! `pipeline`, `cohorts` and `deals`: the open pipeline as text or JSON.

use anyhow::Result;
use winsight_insight::{BridgePart, CohortWinRate, Estimate, PipelineQuality, StageProgression};
use winsight_jobs::{BridgeQuery, BridgeTable, CohortsQuery, OpenDeals};
use winsight_model::Money;
use winsight_server::wire;

use super::question::percent;
use super::say_label;
use crate::cli::{Cohorts, Pipeline, Place, Risk};
use crate::configuration;
use crate::output::{say, say_json, table};

const UNKNOWN: &str = "–";

pub(crate) async fn pipeline(place: &Place, query: Pipeline, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let Pipeline { days, close_before, all } = query;
    let query = BridgeQuery { from: days.from, to: days.to, close_before, all };
    let bridge = workspace.pipeline_bridge(&query).await?;
    let pipeline = workspace.pipeline().await?;
    if json {
        return say_json(&wire::Pipeline::new(pipeline, bridge));
    }
    let currency = pipeline.currency.as_str();
    let health = &pipeline.health;
    say(&format!(
        "{} open deals, {} {currency}, on {}",
        health.deals, health.amount, pipeline.day
    ))?;
    if !health.by_stage.is_empty() {
        let rows = health.by_stage.iter().map(|line| {
            let age = line.median_age_days.map_or(UNKNOWN.to_owned(), |days| format!("{days:.0}"));
            vec![line.stage.clone(), line.deals.to_string(), line.amount.to_string(), age]
        });
        say(&table(&["stage", "deals", "amount", "median age"], 1, rows.collect()))?;
    }
    say("")?;
    say_quality(&pipeline.quality)?;
    say("")?;
    say_progression(&pipeline.progression, &pipeline.progression_window.to_string())?;
    say("")?;
    say_bridge(&bridge)?;
    say_label(&workspace).await
}

fn say_quality(quality: &PipelineQuality) -> Result<()> {
    match (quality.score, &quality.reason) {
        (Some(score), _) => say(&format!("pipeline quality {score:.0} of 100"))?,
        (None, reason) => {
            let reason = reason.as_deref().unwrap_or("it cannot be told");
            say(&format!("no pipeline quality: {reason}"))?;
        }
    }
    let rows = quality.parts.iter().map(|part| {
        vec![
            part.kind.words().to_owned(),
            part.note.clone(),
            part.value.map_or(UNKNOWN.to_owned(), percent),
            percent(part.weight),
        ]
    });
    say(&table(&["part", "made from", "value", "weight"], 2, rows.collect()))
}

fn say_progression(progression: &[StageProgression], window: &str) -> Result<()> {
    if progression.is_empty() {
        return say("no stage history: import stage events to see how deals move on");
    }
    say(&format!("deals that entered a stage, {window}"))?;
    let share = |estimate: Option<Estimate>| {
        estimate.map_or(UNKNOWN.to_owned(), |estimate| percent(estimate.value))
    };
    let rows = progression.iter().map(|stage| {
        let mut row = vec![stage.stage.clone(), stage.entered.to_string()];
        row.push(match (stage.median_days, stage.median_days_low, stage.median_days_high) {
            (Some(days), Some(low), Some(high)) => format!("{days} ({low} to {high})"),
            (Some(days), ..) => days.to_string(),
            (None, ..) if stage.enough_data => "not half yet".to_owned(),
            _ => "too few".to_owned(),
        });
        for days in winsight_insight::PROGRESSION_DAYS {
            let after = stage.after.iter().find(|after| after.days == days);
            row.push(share(after.map(|after| after.moved_on)));
            row.push(share(after.map(|after| after.lost)));
        }
        row
    });
    let header = [
        "stage",
        "entered",
        "median days",
        "on by 30",
        "lost by 30",
        "on by 60",
        "lost by 60",
        "on by 90",
        "lost by 90",
    ];
    say(&table(&header, 1, rows.collect()))
}

fn say_bridge(table_of: &BridgeTable) -> Result<()> {
    let BridgeTable { window, bridge, caution, currency } = table_of;
    let scope = bridge.close_before.map_or_else(
        || "all open deals".to_owned(),
        |day| format!("deals expected to close before {day}"),
    );
    say(&format!("change of the pipeline, {window}, {scope}, in {currency}"))?;
    let line = |name: &str, sign: &str, part: &BridgePart| {
        vec![name.to_owned(), part.deals.to_string(), format!("{sign}{}", part.amount)]
    };
    let rows = vec![
        line("start", "", &bridge.start),
        line("created", "+", &bridge.created),
        line("increased", "+", &bridge.increased),
        line("pulled in", "+", &bridge.pulled_in),
        line("decreased", "−", &bridge.decreased),
        line("pushed", "−", &bridge.pushed),
        line("won", "−", &bridge.won),
        line("lost", "−", &bridge.lost),
        line("end", "", &bridge.end),
    ];
    say(&table(&["", "deals", "amount"], 1, rows))?;
    caution.as_ref().map_or(Ok(()), |caution| say(caution))
}

pub(crate) async fn cohorts(place: &Place, query: Cohorts, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let Cohorts { grain, days, horizon } = query;
    let query = CohortsQuery { grain, from: days.from, to: days.to, horizon_days: horizon };
    let cohorts = workspace.cohorts(&query).await?;
    if json {
        let wired: Vec<_> = cohorts.into_iter().map(wire::Cohort::from).collect();
        return say_json(&wired);
    }
    let Some(horizon) = cohorts.first().map(|cohort| cohort.horizon_days) else {
        say(
            "no cohort: no deal was created in the days looked at; ask for earlier ones with --from",
        )?;
        return say_label(&workspace).await;
    };
    say(&format!("won within {horizon} days of creation, by when deals were created"))?;
    say(&table(
        &["created", "note", "deals", "resolved", "cohort win rate", "95% interval", "of closed"],
        2,
        cohorts.iter().map(cohort_line).collect(),
    ))?;
    say_label(&workspace).await
}

fn cohort_line(cohort: &CohortWinRate) -> Vec<String> {
    let interval = cohort.win_rate.map_or(UNKNOWN.to_owned(), |rate| {
        format!("{:.1} to {:.1}", rate.interval.low * 100.0, rate.interval.high * 100.0)
    });
    let share = |share: Option<f64>| share.map_or(UNKNOWN.to_owned(), percent);
    vec![
        cohort.period.label.clone(),
        cohort.reason.clone().unwrap_or_default(),
        cohort.deals.to_string(),
        share(cohort.resolved),
        share(cohort.win_rate.map(|rate| rate.value)),
        interval,
        share(cohort.closed_win_rate),
    ]
}

pub(crate) async fn deals(
    place: &Place,
    risk: Option<Risk>,
    limit: usize,
    json: bool,
) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let OpenDeals { day, deals } = workspace.open_deals(risk.is_some()).await?;
    let settings = &workspace.settings().alerts;
    if json {
        let deals = deals.into_iter().take(limit);
        let wired: Vec<_> = deals.map(|deal| wire::RiskyDeal::new(deal, day, settings)).collect();
        return say_json(&wired);
    }
    if deals.is_empty() {
        let none = if risk.is_some() {
            "no open deal matches a loss pattern or is unlikely to be won"
        } else {
            "there are no open deals"
        };
        say(none)?;
        return say_label(&workspace).await;
    }
    let rows = deals.iter().take(limit).map(|risky| {
        let deal = &risky.deal;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let reasons: Vec<_> =
            risky.reasons.iter().map(|reason| reason.describe(settings)).collect();
        vec![
            deal.deal_id.clone(),
            text(&deal.account),
            text(&deal.rep),
            text(&deal.stage),
            reasons.join("; "),
            risky.chance.as_ref().map_or(UNKNOWN.to_owned(), |chance| percent(chance.chance)),
            deal.amount.unwrap_or(Money::ZERO).to_string(),
        ]
    });
    let header = ["deal", "account", "rep", "stage", "why at risk", "win chance", "amount"];
    say(&table(&header, 5, rows.collect()))?;
    let amount: Money = deals.iter().filter_map(|risky| risky.deal.amount).sum();
    let currency = &workspace.settings().reporting_currency;
    say(&format!("{} deals, {amount} {currency}", deals.len()))?;
    say_label(&workspace).await
}
