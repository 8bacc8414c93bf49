//! The open deals: how they stand, which are at risk, how good they are together, what changed them.

mod bridge;
mod quality;

use std::collections::BTreeMap;

use jiff::civil::Date;
use winsight_model::{AlertSettings, DayHistogram, Money, NONE, OpenDeal};

use crate::WinChance;

pub use bridge::{BridgePart, PipelineBridge};
pub use quality::{PipelineQuality, QualityInput, QualityPart, QualityPartKind, pipeline_quality};

/// A reason to worry about an open deal: its chance, or a pattern that lost deals show while they are
/// still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskPattern {
    /// An Enterprise deal that has been open for longer than `enterprise_age_days`.
    EnterpriseTooLong,
    /// An Outbound deal without activity for more than `idle_days`.
    OutboundIdle,
    /// A deal whose win chance is below `risk_chance_below`.
    LowChance,
}

impl RiskPattern {
    const ALL: [Self; 3] = [Self::EnterpriseTooLong, Self::OutboundIdle, Self::LowChance];

    /// The pattern in words.
    pub fn describe(self, settings: &AlertSettings) -> String {
        match self {
            Self::EnterpriseTooLong => {
                format!("Enterprise deals >{} days in cycle", settings.enterprise_age_days)
            }
            Self::OutboundIdle => {
                format!("Outbound source + no activity in {} days", settings.idle_days)
            }
            Self::LowChance => {
                format!("Win chance below {}%", percent(settings.risk_chance_below))
            }
        }
    }

    /// A deal whose age, last activity or chance is unknown matches nothing: a blank is no evidence.
    fn matches(
        self,
        deal: &OpenDeal,
        chance: Option<&WinChance>,
        today: Date,
        settings: &AlertSettings,
    ) -> bool {
        match self {
            Self::EnterpriseTooLong => {
                deal.acv_bucket.as_deref() == Some("Enterprise")
                    && deal.age_days(today).is_some_and(|days| days > settings.enterprise_age_days)
            }
            Self::OutboundIdle => {
                deal.lead_source.as_deref() == Some("Outbound")
                    && deal.days_since_activity(today).is_some_and(|days| days > settings.idle_days)
            }
            Self::LowChance => {
                chance.is_some_and(|chance| chance.chance < settings.risk_chance_below)
            }
        }
    }
}

/// `10`, `12.5`: a share in percent with no more places than it has.
fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// An open deal and what may worry about it.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskyDeal {
    /// The deal.
    pub deal: OpenDeal,
    /// Its win chance, where there is one.
    pub chance: Option<WinChance>,
    /// Why it is at risk; none for a deal that is not.
    pub reasons: Vec<RiskPattern>,
}

/// The open deals at risk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HighRisk {
    /// The deals, largest amount first; equal amounts in order of id.
    pub deals: Vec<RiskyDeal>,
    /// How many deals match each pattern, patterns without deals left out. A deal may match two.
    pub patterns: Vec<(RiskPattern, usize)>,
    /// Their amounts together; a blank amount adds nothing.
    pub amount: Money,
}

/// The deals of `deals` that match a risk pattern as of `today`; `chances` are theirs, in the same
/// order; a deal without one is judged by the patterns alone.
pub fn high_risk_by_chance(
    deals: &[OpenDeal],
    chances: &[Option<WinChance>],
    today: Date,
    settings: &AlertSettings,
) -> HighRisk {
    let chance = |place: usize| chances.get(place).and_then(Option::as_ref);
    let mut risky: Vec<RiskyDeal> = deals
        .iter()
        .enumerate()
        .filter_map(|(place, deal)| {
            let reasons = risk_reasons(deal, chance(place), today, settings);
            let chance = || chance(place).cloned();
            (!reasons.is_empty()).then(|| RiskyDeal {
                deal: deal.clone(),
                chance: chance(),
                reasons,
            })
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

/// Why an open deal is at risk; nothing when it is not.
pub fn risk_reasons(
    deal: &OpenDeal,
    chance: Option<&WinChance>,
    today: Date,
    settings: &AlertSettings,
) -> Vec<RiskPattern> {
    let all = RiskPattern::ALL.into_iter();
    all.filter(|pattern| pattern.matches(deal, chance, today, settings)).collect()
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
