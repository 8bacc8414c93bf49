use serde_json::json;
use winsight_model::{Money, Settings};

use super::wording::{counted, grouped, listed};
use super::{Cadence, Insight, InsightKind, evidence, short_money};
use crate::{HighRisk, PipelineHealth, RiskyDeal};

/// How many deals a sentence names.
const NAMED_DEALS: usize = 3;

/// Pipeline health and high-risk deals.
pub fn daily_insights(
    health: &PipelineHealth,
    risk: &HighRisk,
    currency: &str,
    settings: &Settings,
) -> Vec<Insight> {
    vec![high_risk_deals(health, risk, currency, settings), pipeline(health, currency)]
}

fn pipeline(health: &PipelineHealth, currency: &str) -> Insight {
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
            "{deals} worth {amount} {shows} loss-risk patterns: {}. {}",
            listed(&patterns),
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
            "The patterns are rules of the settings, not a forecast for any single deal.".to_owned()
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
