//! How good the open pipeline is, as one number and the four it is made of.

use std::collections::BTreeMap;

use jiff::civil::Date;
use winsight_model::{Money, OpenDeal, QualityWeights, Stays};

use crate::WinChance;

/// The pipeline quality: 0 to 100, and its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineQuality {
    /// The weighted mean of the parts that there are, times 100.
    pub score: Option<f64>,
    /// Why there is no score.
    pub reason: Option<String>,
    /// Expected yield, velocity, hygiene, spread.
    pub parts: [QualityPart; 4],
}

/// One part of the pipeline quality.
#[derive(Clone, Debug, PartialEq)]
pub struct QualityPart {
    /// Which.
    pub kind: QualityPartKind,
    /// Its share of the score, 0 to 1: the weights of the parts that there are add up to 1.
    pub weight: f64,
    /// 0 to 1; `None` when the data does not say.
    pub value: Option<f64>,
    /// What the value was made from, or why there is none.
    pub note: String,
}

/// The parts of the pipeline quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QualityPartKind {
    /// Win chances weighted by amount, over the revenue-weighted win rate of the past year.
    ExpectedYield,
    /// Share of the amount that is no longer in its stage than three in four won deals were.
    Velocity,
    /// Share of the amount with a date ahead, an owner and recent activity.
    Hygiene,
    /// 1 less the Herfindahl index of the amounts.
    Spread,
}

impl QualityPartKind {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpectedYield => "expected_yield",
            Self::Velocity => "velocity",
            Self::Hygiene => "hygiene",
            Self::Spread => "spread",
        }
    }

    /// The name in sentences.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ExpectedYield => "expected yield",
            Self::Velocity => "velocity",
            Self::Hygiene => "hygiene",
            Self::Spread => "spread",
        }
    }
}

/// What the quality of a pipeline is judged by.
#[derive(Clone, Copy, Debug)]
pub struct QualityInput<'a> {
    /// The open deals.
    pub deals: &'a [OpenDeal],
    /// Their chances, in the same order.
    pub chances: &'a [Option<WinChance>],
    /// The last day seen.
    pub today: Date,
    /// The revenue-weighted win rate of the past four quarters, or the win rate where there is none.
    pub past_rate: Option<f64>,
    /// Stays in each stage, of which those of won deals say how long is normal.
    pub stages: &'a BTreeMap<String, Stays>,
    /// Days without activity after which a deal is idle.
    pub idle_days: i32,
    /// What the parts weigh.
    pub weights: &'a QualityWeights,
}

/// A value or why there is none, in words.
type Judged = Result<(f64, String), String>;

/// The quality of the open pipeline.
///
/// Parts that the data does not provide drop out, and the weights of the others are scaled up.
pub fn pipeline_quality(input: &QualityInput<'_>) -> PipelineQuality {
    let total: Money = input.deals.iter().map(amount).sum();
    let weights = input.weights;
    let judged: [(QualityPartKind, f64, Judged); 4] = [
        (QualityPartKind::ExpectedYield, weights.expected_yield, expected_yield(input)),
        (QualityPartKind::Velocity, weights.velocity, velocity(input)),
        (QualityPartKind::Hygiene, weights.hygiene, hygiene(input)),
        (QualityPartKind::Spread, weights.spread, spread(input)),
    ];
    let there: f64 =
        judged.iter().filter(|(_, _, judged)| judged.is_ok()).map(|(_, weight, _)| weight).sum();
    let parts = judged.map(|(kind, weight, judged)| match judged {
        Ok((value, note)) => {
            let weight = if there > 0.0 { weight / there } else { 0.0 };
            QualityPart { kind, weight, value: Some(value), note }
        }
        Err(note) => {
            let note = if input.deals.is_empty() { without_deals() } else { note };
            QualityPart { kind, weight: 0.0, value: None, note }
        }
    });
    let is_judged = there > 0.0 && total > Money::ZERO;
    let sum: f64 = parts.iter().filter_map(|part| Some(part.weight * part.value?)).sum();
    let reason = if input.deals.is_empty() {
        Some(without_deals())
    } else if total <= Money::ZERO {
        Some(without_amounts())
    } else {
        (!is_judged).then(|| "the parts with any weight cannot be told".to_owned())
    };
    PipelineQuality { score: is_judged.then(|| (100.0 * sum).clamp(0.0, 100.0)), reason, parts }
}

/// An amount to weigh by; a blank or negative one weighs nothing.
fn amount(deal: &OpenDeal) -> Money {
    deal.amount.unwrap_or_default().max(Money::ZERO)
}

fn sum_where(deals: &[OpenDeal], test: impl Fn(usize, &OpenDeal) -> bool) -> Money {
    let chosen = deals.iter().enumerate().filter(|(place, deal)| test(*place, deal));
    chosen.map(|(_, deal)| amount(deal)).sum()
}

/// `part` of `whole`; `None` when there is no whole.
fn share(part: Money, whole: Money) -> Option<f64> {
    (whole > Money::ZERO).then(|| part.as_f64() / whole.as_f64())
}

fn without_deals() -> String {
    "there are no open deals".to_owned()
}

fn without_amounts() -> String {
    "the open deals have no amounts".to_owned()
}

fn expected_yield(input: &QualityInput<'_>) -> Judged {
    let known =
        sum_where(input.deals, |place, _| input.chances.get(place).is_some_and(Option::is_some));
    let pairs = input.deals.iter().zip(input.chances);
    let expected: f64 = pairs
        .filter_map(|(deal, chance)| Some(amount(deal).as_f64() * chance.as_ref()?.chance))
        .sum();
    if sum_where(input.deals, |_, _| true) <= Money::ZERO {
        return Err(without_amounts());
    }
    if known <= Money::ZERO {
        return Err("too few deals have ended to tell win chances".to_owned());
    }
    let past = input
        .past_rate
        .filter(|&rate| rate > 0.0)
        .ok_or_else(|| "no deal was won in the past four quarters to compare with".to_owned())?;
    let chance = expected / known.as_f64();
    let note = format!(
        "{:.1}% of the amount is expected to be won, against {:.1}% in the past four quarters",
        chance * 100.0,
        past * 100.0
    );
    Ok(((chance / past).min(1.0), note))
}

fn velocity(input: &QualityInput<'_>) -> Judged {
    let limits: BTreeMap<&str, u32> = input
        .stages
        .iter()
        .filter_map(|(stage, stays)| Some((stage.as_str(), three_in_four(stays)?)))
        .collect();
    let limit = |deal: &OpenDeal| {
        let limit = *limits.get(deal.stage.as_deref()?)?;
        Some((deal.days_in_stage(input.today)?, limit))
    };
    let known = sum_where(input.deals, |_, deal| limit(deal).is_some());
    let within = sum_where(input.deals, |_, deal| {
        limit(deal).is_some_and(|(days, limit)| i64::from(days) <= i64::from(limit))
    });
    let value = share(within, known).ok_or_else(|| {
        "nothing tells how long won deals stood in these stages: import stage events".to_owned()
    })?;
    let note = format!(
        "{:.1}% of the amount is no longer in its stage than three in four won deals were",
        value * 100.0
    );
    Ok((value, note))
}

/// The 75th percentile of the days that won deals stood in a stage.
fn three_in_four(stays: &Stays) -> Option<u32> {
    let days = &stays.of_won_deals;
    let total = days.total();
    (total > 0).then(|| days.at_rank((total * 3).div_ceil(4) - 1))
}

fn hygiene(input: &QualityInput<'_>) -> Judged {
    let total = sum_where(input.deals, |_, _| true);
    let any = |has: fn(&OpenDeal) -> bool| input.deals.iter().any(has);
    let (dates, owners, activities) = (
        any(|deal| deal.expected_close_date.is_some()),
        any(|deal| deal.rep.is_some()),
        any(|deal| deal.last_activity_date.is_some()),
    );
    if !dates && !owners && !activities {
        return Err("the data has no expected close dates, owners or activities".to_owned());
    }
    let has_date = |deal: &OpenDeal| deal.expected_close_date.is_some_and(|day| day >= input.today);
    let is_active = |deal: &OpenDeal| {
        deal.days_since_activity(input.today).is_some_and(|days| days <= input.idle_days)
    };
    let in_order = sum_where(input.deals, |_, deal| {
        (!dates || has_date(deal))
            && (!owners || deal.rep.is_some())
            && (!activities || is_active(deal))
    });
    let value = share(in_order, total).ok_or_else(without_amounts)?;
    let asked = [
        (dates, "an expected close date that has not passed".to_owned()),
        (owners, "an owner".to_owned()),
        (activities, format!("activity in the last {} days", input.idle_days)),
    ];
    let asked: Vec<_> = asked.into_iter().filter(|(has, _)| *has).map(|(_, words)| words).collect();
    Ok((
        value,
        format!("{:.1}% of the amount has {}", value * 100.0, crate::narrative::listed(&asked)),
    ))
}

fn spread(input: &QualityInput<'_>) -> Judged {
    let total = sum_where(input.deals, |_, _| true);
    if total <= Money::ZERO {
        return Err(without_amounts());
    }
    let shares = input.deals.iter().map(|deal| amount(deal).as_f64() / total.as_f64());
    let (mut herfindahl, mut largest) = (0.0, 0.0_f64);
    for share in shares {
        herfindahl += share * share;
        largest = largest.max(share);
    }
    let value = (1.0 - herfindahl).clamp(0.0, 1.0);
    Ok((value, format!("the largest deal is {:.1}% of the amount", largest * 100.0)))
}
