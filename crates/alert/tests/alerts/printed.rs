use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use winsight_alert::{
    Finding, Observation, Sequence, dfi_findings, high_risk_finding, lead_source_findings, printed,
    reconcile, win_rate_findings,
};
use winsight_insight::high_risk_by_chance;
use winsight_model::{OpenDeal, Settings, Window};

use crate::data::{dollars, observe, overall, pair, quarter, segment, shares, tally};

fn print(finding: Finding) -> String {
    let transitions = reconcile(&[], vec![finding], &[], Timestamp::UNIX_EPOCH);
    printed(&transitions.opened[0])
}

#[test]
fn a_win_rate_drop() {
    let pairs = [
        pair(segment("acv_bucket", "Enterprise"), shares((126, 174)), shares((174, 126))),
        pair(segment("acv_bucket", "SMB"), shares((450, 550)), shares((450, 550))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::from([(segment("acv_bucket", "Enterprise"), dollars(14_375_000))]);
    let quarter = observe(&pairs, &overall, &open);
    let [finding] = &win_rate_findings(&quarter, &Settings::default())[..] else {
        panic!("one segment dropped")
    };
    assert_eq!(
        print(finding.clone()),
        "\
🚨 ALERT: Enterprise Win Rate Decline
─────────────────────────────────────
Segment: Enterprise (>$50k ACV)
Win Rate: 42% (down from 58% last quarter)
Impact: $2.3M revenue at risk
Action: Review pricing and competitive positioning
Evidence: 300 deals against 300; change −16 points, 95% interval −24 to −8; false-alarm budget 5% \
         a quarter over every day, 3 rules and 3 segments"
    );
}

#[test]
fn a_baseline_is_called_last_quarter_only_when_it_is_one() {
    let pairs = [
        pair(segment("region", "Europe"), shares((126, 174)), shares((174, 126))),
        pair(segment("region", "India"), shares((450, 550)), shares((450, 550))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let window = Window::trailing(91, date(2024, 6, 29));
    let last_year = Window { from: date(2023, 4, 1), to: date(2023, 7, 1) };
    for (window, baseline_window, words) in [
        (window, window.preceding(), "(down from 58% in the 91 days before)"),
        (
            observe(&pairs, &overall, &open).window,
            last_year,
            "(down from 58% from 2023-04-01 to 2023-06-30)",
        ),
    ] {
        let mut look = quarter(&pairs, &overall);
        look.sequence = Sequence { window, baseline: baseline_window, ..look.sequence };
        let sequences = &[look];
        let observation = Observation { sequences, ..observe(&pairs, &overall, &open) };
        let finding = win_rate_findings(&observation, &Settings::default()).remove(0);
        assert!(finding.message.contains(words), "{}", finding.message);
        assert!(finding.message.starts_with("Segment: Europe (region)\n"), "{}", finding.message);
    }
}

#[test]
fn a_lead_source_below_the_threshold() {
    let source = |name, won, lost, days| {
        let deals = tally((won, days), (lost, days), Some(dollars(20_000)));
        pair(segment("lead_source", name), deals.clone(), deals)
    };
    let pairs = [source("Paid Ads", 168, 432, 97), source("Partner", 500, 500, 80)];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let quarter = observe(&pairs, &overall, &open);
    let [finding] = &lead_source_findings(&quarter, &Settings::default())[..] else {
        panic!("one lead source is low")
    };
    assert_eq!(
        print(finding.clone()),
        "\
⚠️  WARNING: Lead Source Performance
─────────────────────────────────────
Source: Paid Ads
Win Rate: 28% (below threshold of 35%)
Sales Cycle: 97 days (20% longer than average)
Impact: Wasting sales time on low-quality leads, 432 of 600 deals lost
Action: Tighten MQL→SQL qualification criteria
Evidence: 600 deals; 95% interval 25% to 32%; false-alarm budget 5% a quarter over every day, \
         3 rules and 2 lead sources"
    );
}

#[test]
fn deals_at_high_risk() {
    let deal = |id: &str, created, last_activity, source: &str, amount| OpenDeal {
        deal_id: id.to_owned(),
        name: None,
        account: None,
        created_date: Some(created),
        expected_close_date: None,
        last_activity_date: last_activity,
        stage: None,
        amount,
        rep: None,
        acv_bucket: Some("Enterprise".to_owned()),
        lead_source: Some(source.to_owned()),
        ..OpenDeal::default()
    };
    let (old, new) = (date(2024, 1, 2), date(2024, 6, 20));
    let deals = [
        deal("both", old, Some(new.saturating_sub(jiff::Span::new().days(9))), "Outbound", None),
        deal("long", old, None, "Inbound", Some(dollars(450_000))),
        deal("fine", new, None, "Outbound", Some(dollars(90_000))),
    ];
    let settings = Settings::default();
    let risky = high_risk_by_chance(&deals, &[], date(2024, 6, 30), &settings.alerts);
    let overall = overall(&[]);
    let open = BTreeMap::new();
    let observation = observe(&[], &overall, &open);
    let finding = high_risk_finding(&risky, &observation, &settings).expect("two deals");
    assert_eq!(finding.window, Window::trailing(1, date(2024, 6, 30)));
    assert_eq!(
        print(finding),
        "\
🔍 INSIGHT: High-Risk Deals Identified
─────────────────────────────────────
2 deals showing loss-risk patterns:
- Enterprise deals >90 days in cycle
- Outbound source + no activity in 14 days
Total ACV at risk: $450k
Action: Review these deals in next pipeline review
Evidence: 2 match \"Enterprise deals >90 days in cycle\"; 1 match \"Outbound source + no activity \
         in 14 days\"; patterns of lost deals, not predictions; 1 deal without an amount"
    );
    let none = high_risk_by_chance(&deals[2..], &[], date(2024, 6, 30), &settings.alerts);
    assert_eq!(high_risk_finding(&none, &observation, &settings), None);
}

#[test]
fn deal_friction_that_rises() {
    let rep = |name, lost_days, lost_days_before| {
        pair(
            segment("rep", name),
            tally((40, 50), (60, lost_days), None),
            tally((40, 50), (60, lost_days_before), None),
        )
    };
    let pairs = [rep("rep_2", 71, 50), rep("rep_3", 50, 50), rep("(none)", 90, 50)];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let quarter = observe(&pairs, &overall, &open);
    let [finding] = &dfi_findings(&quarter, &Settings::default())[..] else {
        panic!("one rep's index rose")
    };
    assert_eq!(
        print(finding.clone()),
        "\
⚠️  WARNING: Deal Friction Rising
─────────────────────────────────────
Rep: rep_2
Deal Friction Index: 1.42 (up from 1.00 last quarter)
Impact: lost deals take 71 days to close, won deals 50 days
Action: Review the oldest open deals with this rep and qualify out sooner
Evidence: 60 lost and 40 won deals against 60 and 40; 95% interval 1.41 to 1.44; p < 0.0001; \
         false-alarm budget 5% a quarter over every day, 3 rules and 2 reps"
    );
}
