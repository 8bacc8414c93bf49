//! The pipeline quality and its parts.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use winsight_insight::RiskPattern;
use winsight_insight::{
    ChanceBasis, PipelineQuality, QualityInput, WinChance, high_risk_by_chance, pipeline_quality,
};
use winsight_model::{AlertSettings, Money, OpenDeal, QualityWeights, Stays};

use crate::assert_close;

const TODAY: Date = date(2024, 6, 30);

fn deal(id: &str, units: i128, in_stage: i32) -> OpenDeal {
    OpenDeal {
        deal_id: id.to_owned(),
        amount: Some(Money::from_cents(units * 100)),
        stage: Some("Demo".to_owned()),
        stage_entered_date: Some(TODAY.saturating_sub(in_stage.days())),
        expected_close_date: Some(TODAY),
        last_activity_date: Some(TODAY.saturating_sub(14.days())),
        rep: Some("Ann".to_owned()),
        ..OpenDeal::default()
    }
}

fn chance(chance: f64) -> WinChance {
    WinChance { chance, basis: ChanceBasis::Stage, days: 3 }
}

/// Won deals stood in Demo for 1 to 20 days: three in four for 15 or less.
fn stages() -> BTreeMap<String, Stays> {
    let of_won_deals = (1..=20).map(|days| (days, 1)).collect();
    BTreeMap::from([("Demo".to_owned(), Stays { of_won_deals, ..Stays::default() })])
}

fn judge(
    deals: &[OpenDeal],
    chances: &[Option<WinChance>],
    past_rate: Option<f64>,
) -> PipelineQuality {
    pipeline_quality(&QualityInput {
        deals,
        chances,
        today: TODAY,
        past_rate,
        stages: &stages(),
        idle_days: 14,
        weights: &QualityWeights::default(),
    })
}

fn values(quality: &PipelineQuality) -> [Option<f64>; 4] {
    quality.parts.each_ref().map(|part| part.value)
}

fn weights(quality: &PipelineQuality) -> String {
    quality.parts.each_ref().map(|part| format!("{:.3}", part.weight)).join(" ")
}

#[test]
fn four_parts_weighted_by_amount() {
    let idle = OpenDeal {
        last_activity_date: Some(TODAY.saturating_sub(15.days())),
        ..deal("idle", 30, 15)
    };
    let deals = [deal("a", 60, 16), idle, deal("c", 10, 3)];
    let chances = [Some(chance(0.1)), Some(chance(0.4)), Some(chance(0.6))];
    let quality = judge(&deals, &chances, Some(0.4));
    // 0.6 × 0.1 + 0.3 × 0.4 + 0.1 × 0.6 = 0.24, of 0.4.
    let expected = [0.6, 0.4, 0.7, 1.0 - 0.36 - 0.09 - 0.01];
    for (part, expected) in quality.parts.iter().zip(expected) {
        assert_close(part.value.expect("a value"), expected, 1e-9, part.kind.as_str());
    }
    assert_eq!(weights(&quality), "0.400 0.300 0.200 0.100");
    let score = 40.0 * 0.6 + 30.0 * 0.4 + 20.0 * 0.7 + 10.0 * 0.54;
    assert_close(quality.score.expect("a score"), score, 1e-9, "score");
    let better = judge(&deals, &chances, Some(0.1));
    assert_eq!(values(&better)[0], Some(1.0), "capped");
}

#[test]
fn what_is_not_known_drops_out_and_the_rest_counts_more() {
    let bare = |id: &str, units| OpenDeal {
        stage_entered_date: None,
        expected_close_date: None,
        last_activity_date: None,
        rep: None,
        ..deal(id, units, 0)
    };
    let deals = [bare("a", 10), bare("b", 10)];
    let quality = judge(&deals, &[None, None], None);
    assert_eq!(values(&quality), [None, None, None, Some(0.5)]);
    assert_eq!(weights(&quality), "0.000 0.000 0.000 1.000");
    assert_close(quality.score.expect("a score"), 50.0, 1e-9, "score");
    assert!(quality.parts.iter().all(|part| !part.note.is_empty()), "{quality:?}");

    let owned = OpenDeal { rep: Some("Ann".to_owned()), ..bare("a", 30) };
    let quality = judge(&[owned, bare("b", 10)], &[Some(chance(0.2)), None], Some(0.4));
    assert_eq!(values(&quality)[..3], [Some(0.5), None, Some(0.75)], "{quality:?}");
    assert_eq!(weights(&quality), "0.571 0.000 0.286 0.143");
}

#[test]
fn no_deals_and_no_amounts_have_no_score_but_a_reason() {
    let none = judge(&[], &[], Some(0.4));
    assert_eq!((none.score, none.reason.as_deref()), (None, Some("there are no open deals")));
    let blank = OpenDeal { amount: None, ..deal("a", 0, 3) };
    let quality = judge(&[blank, deal("b", 0, 3)], &[Some(chance(0.3)), None], Some(0.4));
    assert_eq!(quality.score, None);
    assert_eq!(quality.reason.as_deref(), Some("the open deals have no amounts"));
    assert_eq!(values(&quality), [None; 4]);
}

#[test]
fn a_low_chance_is_a_reason_of_its_own() {
    let settings = AlertSettings { risk_chance_below: 0.125, ..AlertSettings::default() };
    let deals = [deal("low", 10, 3), deal("at the bound", 10, 3), deal("unknown", 10, 3)];
    let chances = [Some(chance(0.124)), Some(chance(0.125)), None];
    let risk = high_risk_by_chance(&deals, &chances, TODAY, &settings);
    assert_eq!(risk.patterns, [(RiskPattern::LowChance, 1)]);
    assert_eq!(risk.deals[0].deal.deal_id, "low");
    assert_eq!(risk.deals[0].chance, Some(chance(0.124)));
    assert_eq!(RiskPattern::LowChance.describe(&settings), "Win chance below 12.5%");
}
