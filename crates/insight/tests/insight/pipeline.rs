//! Open deals: which are at risk, and how the pipeline stands.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use winsight_insight::{RiskPattern, high_risk_by_chance, pipeline_health};
use winsight_model::{AlertSettings, Money, OpenDeal};

const TODAY: Date = date(2024, 6, 30);

fn deal(id: &str, amount: Option<i128>) -> OpenDeal {
    OpenDeal {
        deal_id: id.to_owned(),
        name: None,
        account: None,
        created_date: None,
        expected_close_date: None,
        last_activity_date: None,
        stage: None,
        amount: amount.map(|units| Money::from_cents(units * 100)),
        rep: None,
        acv_bucket: None,
        lead_source: None,
        ..OpenDeal::default()
    }
}

fn days_ago(days: i32) -> Date {
    TODAY.saturating_sub(days.days())
}

fn enterprise(id: &str, amount: i128, age: i32) -> OpenDeal {
    let acv_bucket = Some("Enterprise".to_owned());
    OpenDeal { acv_bucket, created_date: Some(days_ago(age)), ..deal(id, Some(amount)) }
}

fn outbound(id: &str, amount: Option<i128>, idle: Option<i32>) -> OpenDeal {
    let lead_source = Some("Outbound".to_owned());
    OpenDeal { lead_source, last_activity_date: idle.map(days_ago), ..deal(id, amount) }
}

#[test]
fn only_what_is_known_to_be_late_or_idle_is_at_risk() {
    let settings = AlertSettings::default();
    let both = OpenDeal {
        lead_source: Some("Outbound".to_owned()),
        last_activity_date: Some(days_ago(40)),
        ..enterprise("both", 80_000, 200)
    };
    let deals = [
        enterprise("at the bound", 70_000, 90),
        enterprise("b", 60_000, 91),
        enterprise("a", 60_000, 91),
        OpenDeal { created_date: None, ..enterprise("unknown age", 90_000, 0) },
        OpenDeal { acv_bucket: Some("SMB".to_owned()), ..enterprise("small", 5_000, 400) },
        outbound("at the bound too", Some(10), Some(14)),
        outbound("idle", None, Some(15)),
        outbound("unknown activity", Some(20), None),
        both,
    ];
    let risk = high_risk_by_chance(&deals, &[], TODAY, &settings);
    let ids: Vec<&str> = risk.deals.iter().map(|risky| risky.deal.deal_id.as_str()).collect();
    assert_eq!(ids, ["both", "a", "b", "idle"], "largest first, then by id");
    assert_eq!(
        risk.patterns,
        [(RiskPattern::EnterpriseTooLong, 3), (RiskPattern::OutboundIdle, 2)]
    );
    assert_eq!(risk.amount, Money::from_cents(20_000_000));
    assert_eq!(
        risk.patterns.iter().map(|(pattern, _)| pattern.describe(&settings)).collect::<Vec<_>>(),
        ["Enterprise deals >90 days in cycle", "Outbound source + no activity in 14 days"]
    );
    assert_eq!(high_risk_by_chance(&[], &[], TODAY, &settings).deals, []);
}

#[test]
fn pipeline_by_stage() {
    let in_stage = |stage: &str, deal: OpenDeal| OpenDeal { stage: Some(stage.to_owned()), ..deal };
    let deals = [
        in_stage("Demo", enterprise("1", 60_000, 10)),
        in_stage("Demo", enterprise("2", 70_000, 30)),
        in_stage(
            "Proposal",
            OpenDeal { expected_close_date: Some(days_ago(1)), ..deal("3", Some(5)) },
        ),
        OpenDeal { expected_close_date: Some(TODAY), ..deal("4", None) },
        deal("5", Some(0)),
    ];
    let health = pipeline_health(&deals, TODAY);
    assert_eq!((health.deals, health.without_amount, health.past_expected_close), (5, 2, 1));
    assert_eq!(health.amount, Money::from_cents(13_000_500));
    let stages: Vec<_> = health
        .by_stage
        .iter()
        .map(|line| (line.stage.as_str(), line.deals, line.median_age_days))
        .collect();
    assert_eq!(stages, [("Demo", 2, Some(20.0)), ("Proposal", 1, None), ("(none)", 2, None)]);
    assert_eq!(pipeline_health(&[], TODAY).by_stage, []);
}
