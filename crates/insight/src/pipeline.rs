use std::collections::BTreeMap;

use jiff::civil::Date;
use winsight_model::{AlertSettings, DayHistogram, Money, NONE, OpenDeal};

/// A pattern that lost deals show while they are still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskPattern {
    /// An Enterprise deal that has been open for longer than `enterprise_age_days`.
    EnterpriseTooLong,
    /// An Outbound deal without activity for more than `idle_days`.
    OutboundIdle,
}

impl RiskPattern {
    const ALL: [Self; 2] = [Self::EnterpriseTooLong, Self::OutboundIdle];

    /// The pattern in words.
    pub fn describe(self, settings: &AlertSettings) -> String {
        match self {
            Self::EnterpriseTooLong => {
                format!("Enterprise deals >{} days in cycle", settings.enterprise_age_days)
            }
            Self::OutboundIdle => {
                format!("Outbound source + no activity in {} days", settings.idle_days)
            }
        }
    }

    /// A deal whose age or last activity is unknown matches nothing: a blank is no evidence.
    fn matches(self, deal: &OpenDeal, today: Date, settings: &AlertSettings) -> bool {
        match self {
            Self::EnterpriseTooLong => {
                deal.acv_bucket.as_deref() == Some("Enterprise")
                    && deal.age_days(today).is_some_and(|days| days > settings.enterprise_age_days)
            }
            Self::OutboundIdle => {
                deal.lead_source.as_deref() == Some("Outbound")
                    && deal.days_since_activity(today).is_some_and(|days| days > settings.idle_days)
            }
        }
    }
}

/// An open deal that matches at least one risk pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskyDeal {
    /// The deal.
    pub deal: OpenDeal,
    /// The patterns it matches.
    pub reasons: Vec<RiskPattern>,
}

/// The open deals at risk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HighRisk {
    /// The deals, largest amount first; equal amounts in order of id.
    pub deals: Vec<RiskyDeal>,
    /// How many deals match each pattern, patterns without deals left out. A deal may match two.
    pub patterns: Vec<(RiskPattern, usize)>,
    /// Their amounts together; a blank amount adds nothing.
    pub amount: Money,
}

/// The deals of `deals` that match a risk pattern as of `today`.
pub fn high_risk(deals: &[OpenDeal], today: Date, settings: &AlertSettings) -> HighRisk {
    let mut risky: Vec<RiskyDeal> = deals
        .iter()
        .filter_map(|deal| {
            let reasons: Vec<RiskPattern> = RiskPattern::ALL
                .into_iter()
                .filter(|pattern| pattern.matches(deal, today, settings))
                .collect();
            (!reasons.is_empty()).then(|| RiskyDeal { deal: deal.clone(), reasons })
        })
        .collect();
    risky.sort_by(|a, b| {
        let by_amount = b.deal.amount.cmp(&a.deal.amount);
        by_amount.then_with(|| a.deal.deal_id.cmp(&b.deal.deal_id))
    });
    let patterns = RiskPattern::ALL
        .into_iter()
        .map(|pattern| {
            (pattern, risky.iter().filter(|deal| deal.reasons.contains(&pattern)).count())
        })
        .filter(|&(_, count)| count > 0)
        .collect();
    let amount = risky.iter().filter_map(|risky| risky.deal.amount).sum();
    HighRisk { deals: risky, patterns, amount }
}

/// The open deals of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageLine {
    /// The stage, `(none)` when blank.
    pub stage: String,
    /// Its open deals.
    pub deals: usize,
    /// Their amounts together.
    pub amount: Money,
    /// Median days since creation of those whose created date is known.
    pub median_age_days: Option<f64>,
}

/// The pipeline as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineHealth {
    /// Open deals.
    pub deals: usize,
    /// Their amounts together.
    pub amount: Money,
    /// The same by stage, largest amount first.
    pub by_stage: Vec<StageLine>,
    /// Open deals whose amount is blank or zero.
    pub without_amount: usize,
    /// Open deals whose expected close date has passed.
    pub past_expected_close: usize,
}

/// The state of the open `deals` as of `today`.
pub fn pipeline_health(deals: &[OpenDeal], today: Date) -> PipelineHealth {
    let mut stages: BTreeMap<&str, Vec<&OpenDeal>> = BTreeMap::new();
    for deal in deals {
        stages.entry(deal.stage.as_deref().unwrap_or(NONE)).or_default().push(deal);
    }
    let mut by_stage: Vec<StageLine> =
        stages.into_iter().map(|(stage, deals)| stage_line(stage, &deals, today)).collect();
    by_stage.sort_by_key(|line| std::cmp::Reverse(line.amount));
    let count = |test: &dyn Fn(&OpenDeal) -> bool| deals.iter().filter(|deal| test(deal)).count();
    PipelineHealth {
        deals: deals.len(),
        amount: by_stage.iter().map(|line| line.amount).sum(),
        by_stage,
        without_amount: count(&|deal| deal.amount.unwrap_or_default() == Money::ZERO),
        past_expected_close: count(&|deal| deal.expected_close_date.is_some_and(|day| day < today)),
    }
}

fn stage_line(stage: &str, deals: &[&OpenDeal], today: Date) -> StageLine {
    let mut ages = DayHistogram::default();
    for days in deals.iter().filter_map(|deal| deal.age_days(today)) {
        ages.add(u32::try_from(days).unwrap_or(0), 1);
    }
    StageLine {
        stage: stage.to_owned(),
        deals: deals.len(),
        amount: deals.iter().filter_map(|deal| deal.amount).sum(),
        median_age_days: ages.median(),
    }
}
