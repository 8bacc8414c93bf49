use serde_json::{Value, json};
use winsight_model::{Money, Settings};

use super::stages::stage_insight;
use super::wording::{counted, grouped, listed, percent};
use super::{Cadence, Insight, InsightKind, evidence, short_money};
use crate::{HighRisk, PipelineHealth, PipelineQuality, QualityPart, RiskyDeal, StageProgression};

/// How many deals a sentence names.
const NAMED_DEALS: usize = 3;

/// What the daily insights are made from.
#[derive(Clone, Copy, Debug)]
pub struct DailyInput<'a> {
    /// The pipeline as it stands.
    pub health: &'a PipelineHealth,
    /// How good it is.
    pub quality: &'a PipelineQuality,
    /// How deals went through the stages in the past year.
    pub progression: &'a [StageProgression],
    /// The deals at risk.
    pub risk: &'a HighRisk,
    /// ISO 4217 code of the amounts.
    pub currency: &'a str,
}

/// High-risk deals, pipeline health, stage progression.
pub fn daily_insights(input: &DailyInput<'_>, settings: &Settings) -> Vec<Insight> {
    vec![
        high_risk_deals(input.health, input.risk, input.currency, settings),
        pipeline(input.health, input.quality, input.currency),
        stage_insight(input.progression),
    ]
}

/// `Quality 62 of 100: expected yield 80%, velocity 55%, …`.
fn quality_words(quality: &PipelineQuality) -> Option<String> {
    let score = quality.score?;
    let part = |part: &QualityPart| match part.value {
        Some(value) => format!("{} {}", part.kind.words(), percent(value)),
        None => format!("{} unknown", part.kind.words()),
    };
    let parts: Vec<_> = quality.parts.iter().map(part).collect();
    Some(format!("Its quality is {score:.0} of 100: {}.", listed(&parts)))
}

fn quality_evidence(quality: &PipelineQuality) -> Value {
    let parts = quality.parts.iter().map(|part| {
        let shown = json!({ "weight": part.weight, "value": part.value, "note": part.note });
        (part.kind.as_str().to_owned(), shown)
    });
    json!({
        "score": quality.score,
        "reason": quality.reason,
        "parts": parts.collect::<serde_json::Map<_, _>>(),
    })
}

fn pipeline(health: &PipelineHealth, quality: &PipelineQuality, currency: &str) -> Insight {
    let amount = short_money(health.amount, currency);
    let open = counted(health.deals as u64, "open deal");
    let mut sentences = match health.by_stage.first() {
        Some(largest) => {
            let age = largest
                .median_age_days
                .map(|days| format!(", half of them open for {days:.0} days or more"))
                .unwrap_or_default();
            vec![format!(
                "{open} worth {amount}. The largest stage is {} with {} worth {}{age}.",
                largest.stage,
                counted(largest.deals as u64, "deal"),
                short_money(largest.amount, currency),
            )]
        }
        None => vec!["There are no open deals.".to_owned()],
    };
    sentences.extend(quality_words(quality));
    if health.past_expected_close > 0 {
        sentences
            .push(format!("{} past the expected close date.", are(health.past_expected_close)));
    }
    let caution = (health.without_amount > 0).then(|| {
        format!("{} without an amount, and so not in the total.", are(health.without_amount))
    });
    let action = (health.past_expected_close > 0)
        .then(|| "Set a new date for the deals past theirs, or close them".to_owned());
    let stages = health.by_stage.iter().map(|line| {
        json!({
            "stage": line.stage,
            "deals": line.deals,
            "amount": line.amount.to_string(),
            "median_age_days": line.median_age_days,
        })
    });
    Insight {
        kind: InsightKind::PipelineHealth,
        cadence: Cadence::Daily,
        title: format!("Pipeline: {open}, {amount}"),
        text: sentences.join(" "),
        caution,
        action,
        evidence: evidence([
            ("deals", json!(health.deals)),
            ("amount", json!(health.amount.to_string())),
            ("currency", json!(currency)),
            ("without_amount", json!(health.without_amount)),
            ("past_expected_close", json!(health.past_expected_close)),
            ("by_stage", stages.collect()),
            ("pipeline_quality", quality_evidence(quality)),
        ]),
        rank: 50.0,
    }
}

fn high_risk_deals(
    health: &PipelineHealth,
    risk: &HighRisk,
    currency: &str,
    settings: &Settings,
) -> Insight {
    let count = risk.deals.len();
    let amount = short_money(risk.amount, currency);
    let patterns: Vec<String> = risk
        .patterns
        .iter()
        .map(|&(pattern, deals)| {
            format!("{} ({})", pattern.describe(&settings.alerts), grouped(&deals))
        })
        .collect();
    let (title, text) = if count == 0 {
        let text = match health.deals {
            0 => "There is no open deal to look at.".to_owned(),
            open => format!(
                "{} looked at; none shows a loss-risk pattern.",
                counted(open as u64, "open deal")
            ),
        };
        ("No high-risk deals".to_owned(), text)
    } else {
        let title = format!("{}, {amount} at risk", counted(count as u64, "high-risk deal"));
        let shows = if count == 1 { "shows" } else { "show" };
        let deals = counted(count as u64, "open deal");
        let text = format!(
            "{deals} worth {amount} {shows} loss-risk patterns: {}.{} {}",
            listed(&patterns),
            expected(&risk.deals, currency),
            largest(&risk.deals, currency),
        );
        (title, text)
    };
    let named = risk.deals.iter().map(|risky| json!(risky.deal.deal_id));
    let by_pattern = risk.patterns.iter().map(|&(pattern, deals)| {
        json!({ "pattern": pattern.describe(&settings.alerts), "deals": deals })
    });
    Insight {
        kind: InsightKind::HighRiskDeals,
        cadence: Cadence::Daily,
        title,
        text: text.trim_end().to_owned(),
        caution: (count > 0).then(|| {
            "Patterns and win chances speak of many deals, not of any single one.".to_owned()
        }),
        action: (count > 0).then(|| "Review these deals in next pipeline review".to_owned()),
        evidence: evidence([
            ("deals", json!(count)),
            ("amount", json!(risk.amount.to_string())),
            ("currency", json!(currency)),
            ("patterns", by_pattern.collect()),
            ("deal_ids", named.collect()),
        ]),
        rank: if count > 0 { 100.0 } else { 10.0 },
    }
}

/// What the chances of these deals leave of their amount.
fn expected(deals: &[RiskyDeal], currency: &str) -> String {
    let known = deals.iter().filter_map(|risky| Some((risky.deal.amount?, risky.chance.as_ref()?)));
    let (mut amount, mut left) = (Money::ZERO, Money::ZERO);
    for (of, chance) in known {
        amount += of;
        left += of.scaled(chance.chance);
    }
    if amount <= Money::ZERO {
        return String::new();
    }
    format!(" By their win chances {} of it is to be expected.", short_money(left, currency))
}

fn largest(deals: &[RiskyDeal], currency: &str) -> String {
    let named: Vec<String> = deals
        .iter()
        .map(|risky| &risky.deal)
        .filter_map(|deal| {
            let amount = deal.amount.filter(|&amount| amount > Money::ZERO)?;
            let name = deal.name.as_ref().or(deal.account.as_ref()).unwrap_or(&deal.deal_id);
            Some(format!("{name} ({})", short_money(amount, currency)))
        })
        .take(NAMED_DEALS)
        .collect();
    match named.len() {
        0 => String::new(),
        1 => format!("The largest is {}.", named[0]),
        _ => format!("The largest are {}.", listed(&named)),
    }
}

fn are(count: usize) -> String {
    format!("{} {}", counted(count as u64, "deal"), if count == 1 { "is" } else { "are" })
}
