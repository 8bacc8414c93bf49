use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use winsight_alert::{
    Alert, AlertState, Evidence, Finding, Impact, ImpactKind, Life, Observation, Rule,
    dfi_findings, lead_source_findings, reconcile, unjudged_findings, win_rate_findings,
    without_echoes,
};
use winsight_insight::Share;
use winsight_model::{Segment, Settings, Tally};

use crate::data::{
    QUARTER, QUARTER_BEFORE, dollars, observe, overall, pair, quarter, segment, shares, tally,
};

#[test]
fn small_windows_raise_nothing_however_bad() {
    let settings = Settings::default();
    let below = settings.min_deals - 1;
    let bad = |dimension, value| {
        let current = tally((below / 3, 30), (below - below / 3, 300), Some(dollars(9_000)));
        let baseline = tally((below, 30), (0, 30), Some(dollars(9_000)));
        pair(segment(dimension, value), current, baseline)
    };
    let pairs = [bad("rep", "rep_1"), bad("lead_source", "Outbound")];
    let nobody = overall(&[]);
    let open = BTreeMap::new();
    let observation = observe(&pairs, &nobody, &open);
    assert_eq!(win_rate_findings(&observation, &settings), []);
    assert_eq!(lead_source_findings(&observation, &settings), []);
    assert_eq!(dfi_findings(&observation, &settings), []);
}

#[test]
fn the_planted_drop_comes_first_and_its_echoes_say_so() {
    let pairs = [
        pair(segment("region", "Europe"), shares((1_000, 1_000)), shares((1_180, 820))),
        pair(segment("region", "India"), shares((1_000, 1_000)), shares((1_000, 1_000))),
        pair(segment("acv_bucket", "Enterprise"), shares((210, 290)), shares((320, 180))),
        pair(segment("cycle_bucket", "Slow"), shares((100, 900)), shares((900, 100))),
    ];
    let overall = overall(&pairs[..2]);
    let open = BTreeMap::new();
    let findings = win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default());
    let segments: Vec<_> = findings.iter().map(|found| found.segment.to_string()).collect();
    assert_eq!(segments, ["acv_bucket=Enterprise", "region=Europe"]);
    assert!(findings[0].confidence > findings[1].confidence);
    assert_eq!(findings[0].data_version.0, 7);
    let cause = findings[0].segment.clone();
    let told = without_echoes(findings, &[cause]);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].context.as_deref(), Some("explains the drops seen in region=Europe"));
}

#[test]
fn a_drop_of_all_deals_is_broad_based() {
    let halves = |dimension: &str, value: &str| {
        pair(segment(dimension, value), shares((400, 600)), shares((500, 500)))
    };
    let pairs = [
        halves("region", "Europe"),
        halves("region", "India"),
        // Holds every deal: it says nothing that the overall rate does not.
        pair(segment("deal_type", "New"), shares((800, 1_200)), shares((1_000, 1_000))),
    ];
    let overall = overall(&pairs[..2]);
    let open = BTreeMap::new();
    let findings = win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default());
    let titles: Vec<_> = findings.iter().map(|found| found.title.as_str()).collect();
    // Neither region fell more than the other.
    assert_eq!(titles, ["Overall Win Rate Decline"]);
    let context = "broad-based: 2 of 2 segments fell by more than half as much";
    assert_eq!(findings[0].context.as_deref(), Some(context));
}

#[test]
fn a_rise_is_no_alert() {
    let pairs = [
        pair(segment("region", "Europe"), shares((600, 400)), shares((400, 600))),
        pair(segment("region", "India"), shares((400, 600)), shares((400, 600))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    assert_eq!(win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default()), []);
}

/// Won deals of one amount and lost deals of another.
fn amounts((won, won_amount): (u64, i128), (lost, lost_amount): (u64, Option<i128>)) -> Tally {
    let mut deals = tally((won, 40), (0, 40), Some(dollars(won_amount)));
    deals.merge(&tally((0, 40), (lost, 40), lost_amount.map(dollars)));
    deals
}

#[test]
fn revenue_at_risk_follows_the_amounts() {
    let before = amounts((600, 100), (400, Some(100)));
    let dropped = amounts((400, 100), (600, Some(100)));
    // Fewer wins, but the larger deals are won: by amount the rate rose.
    let dropped_by_count_only = amounts((400, 1_000), (600, Some(100)));
    let without_lost_amounts = amounts((400, 100), (600, None));
    let cases = [
        // 20 points of 1,000 dollars of open pipeline.
        (&dropped, 1_000, Some((200, ImpactKind::RevenueAtRisk)), "$200 revenue at risk"),
        // 20 points of 100,000 dollars closed.
        (&dropped, 0, Some((20_000, ImpactKind::Shortfall)), "$20k shortfall"),
        (&dropped_by_count_only, 1_000, None, "no revenue at risk by amount"),
        // No rwwr, so the drop in the win rate counts.
        (&without_lost_amounts, 1_000, Some((200, ImpactKind::RevenueAtRisk)), "$200 revenue"),
    ];
    for (current, open_dollars, expected, words) in cases {
        let europe = segment("region", "Europe");
        let pairs = [
            pair(europe.clone(), current.clone(), before.clone()),
            pair(segment("region", "India"), before.clone(), before.clone()),
        ];
        let overall = overall(&pairs);
        let open = BTreeMap::from([(europe.clone(), dollars(open_dollars))]);
        let findings = win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default());
        let finding = findings.iter().find(|found| found.segment == europe).expect("dropped");
        let expected = expected.map(|(units, kind)| Impact { amount: dollars(units), kind });
        assert_eq!(finding.impact, expected, "{words}");
        assert!(finding.message.contains(&format!("Impact: {words}")), "{}", finding.message);
    }
}

#[test]
fn an_early_look_asks_for_more_evidence() {
    let pairs = [
        pair(segment("region", "Europe"), shares((415, 585)), shares((490, 510))),
        pair(segment("region", "India"), shares((480, 520)), shares((480, 520))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let found = |days: i64| {
        let mut look = quarter(&pairs, &overall);
        look.sequence.ends = QUARTER.to.saturating_add(days.days());
        let sequences = &[look];
        let observation = Observation { sequences, ..observe(&pairs, &overall, &open) };
        win_rate_findings(&observation, &Settings::default()).len()
    };
    assert_eq!((found(0), found(180)), (1, 0));
}

#[test]
fn a_dip_that_last_year_had_too_is_no_alert() {
    let pairs = [
        pair(segment("region", "Europe"), shares((400, 600)), shares((2_000, 2_000))),
        pair(segment("region", "India"), shares((500, 500)), shares((2_000, 2_000))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let found = |last_year: u64| {
        let season = |won| Share { won, deals: 1_000 };
        let mut look = quarter(&pairs, &overall);
        look.sequence.season = Some(QUARTER_BEFORE);
        look.seasons = BTreeMap::from([
            (segment("region", "Europe"), season(last_year)),
            (segment("region", "India"), season(500)),
            (Segment::all(), Share { won: last_year + 500, deals: 2_000 }),
        ]);
        let sequences = &[look];
        let observation = Observation { sequences, ..observe(&pairs, &overall, &open) };
        let findings = win_rate_findings(&observation, &Settings::default());
        findings.iter().map(|found| found.segment.value_label()).collect::<Vec<_>>()
    };
    assert_eq!(found(500), ["Europe"]);
    assert_eq!(found(400), Vec::<String>::new());
}

#[test]
fn an_alert_survives_storage() {
    let pairs = [
        pair(segment("region", "Europe"), shares((400, 600)), shares((500, 500))),
        pair(segment("region", "India"), shares((400, 600)), shares((500, 500))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::from([(Segment::all(), dollars(12_345))]);
    for found in win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default()) {
        let finding = Finding {
            change: Some(-0.1),
            confidence: Some(0.5),
            evidence: Evidence {
                facts: BTreeMap::from([("p_value".to_owned(), 0.5.into())]),
                ..found.evidence
            },
            ..found
        };
        let alert = Alert {
            id: "wrd-1".to_owned(),
            state: AlertState::Snoozed,
            opened_at: "2024-07-01T00:00:00Z".parse().expect("an instant"),
            resolved_at: None,
            life: Life::default(),
            finding,
        };
        let stored = serde_json::to_string(&alert).expect("serialises");
        assert_eq!(serde_json::from_str::<Alert>(&stored).expect("deserialises"), alert);
    }
}

/// Live alerts of these rules on these segments.
fn live(identities: &[(Rule, Segment)]) -> Vec<Alert> {
    let pairs = [pair(segment("region", "Europe"), shares((400, 600)), shares((500, 500)))];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let found = win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default());
    let of = |(rule, segment): &(Rule, Segment)| Finding {
        rule: *rule,
        segment: segment.clone(),
        ..found[0].clone()
    };
    let findings = identities.iter().map(of).collect();
    reconcile(&[], findings, &[], Timestamp::UNIX_EPOCH).opened
}

#[test]
fn an_alert_stays_while_its_condition_holds_though_the_evidence_would_not_open_one() {
    let friction = |lost_days| tally((20, 50), (20, lost_days), None);
    let pairs = [
        pair(segment("lead_source", "Ads"), shares((30, 70)), shares((30, 70))),
        pair(segment("lead_source", "Partner"), shares((60, 40)), shares((60, 40))),
        pair(segment("region", "Europe"), shares((56, 44)), shares((60, 40))),
        pair(segment("rep", "rep_2"), friction(58), friction(50)),
    ];
    let overall = overall(&pairs[..2]);
    let open = BTreeMap::new();
    let settings = Settings::default();
    let found = |live: &[Alert]| {
        let observation = Observation { live, ..observe(&pairs, &overall, &open) };
        let mut findings = lead_source_findings(&observation, &settings);
        findings.extend(win_rate_findings(&observation, &settings));
        findings.extend(dfi_findings(&observation, &settings));
        findings
    };
    assert_eq!(found(&[]), []);
    let held = found(&live(&[
        (Rule::LeadSourceLow, segment("lead_source", "Ads")),
        (Rule::WinRateDrop, segment("region", "Europe")),
        (Rule::DfiRise, segment("rep", "rep_2")),
        // Alerted on once, and well again: nothing keeps it.
        (Rule::LeadSourceLow, segment("lead_source", "Partner")),
    ]));
    for (finding, (name, why)) in held.iter().zip([
        ("Ads", "held open: the win rate is still below 35%;"),
        ("Europe", "held open: the drop is still more than half of the 5 points"),
        ("rep_2", "held open: the index is still up by more than half of the 20%"),
    ]) {
        assert_eq!(finding.segment.value_label(), name);
        let summary = &finding.evidence.summary;
        assert!(summary.contains(why), "{summary}");
        assert!(summary.ends_with("; the evidence of today would not open it"), "{summary}");
        assert!(!summary.contains("budget"), "{summary}");
        assert_eq!(finding.evidence.facts["held_open"], true);
    }
    assert_eq!(held.len(), 3);
}

#[test]
fn too_few_deals_neither_open_nor_resolve_an_alert() {
    let settings = Settings::default();
    let few = shares((4, 5));
    let pairs = [
        pair(segment("region", "Europe"), few.clone(), shares((60, 40))),
        pair(segment("lead_source", "Ads"), few.clone(), shares((60, 40))),
        pair(segment("rep", "rep_2"), tally((50, 50), (9, 50), None), shares((50, 50))),
        pair(segment("region", "India"), shares((50, 50)), shares((50, 50))),
    ];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let live = live(&[
        (Rule::WinRateDrop, segment("region", "Europe")),
        (Rule::LeadSourceLow, segment("lead_source", "Ads")),
        (Rule::DfiRise, segment("rep", "rep_2")),
        (Rule::WinRateDrop, segment("product", "Gone")),
        // Enough deals, and no drop: over.
        (Rule::WinRateDrop, segment("region", "India")),
    ]);
    let evaluate = |live: &[Alert]| {
        let observation = Observation { live, ..observe(&pairs, &overall, &open) };
        let mut findings = win_rate_findings(&observation, &settings);
        findings.extend(lead_source_findings(&observation, &settings));
        findings.extend(dfi_findings(&observation, &settings));
        findings.extend(unjudged_findings(&observation, &settings));
        reconcile(live, findings, &Rule::TESTING, Timestamp::UNIX_EPOCH)
    };
    let first = evaluate(&live);
    assert_eq!(first.opened, []);
    let over: Vec<_> = first.resolved.iter().map(|alert| alert.finding.segment.clone()).collect();
    assert_eq!(over, [segment("region", "India")]);
    assert_eq!(first.updated.len(), 4);
    for (alert, before) in first.updated.iter().zip(&live) {
        let (finding, last) = (&alert.finding, &before.finding);
        assert_eq!((finding.window, finding.current), (last.window, last.current));
        let summary = &finding.evidence.summary;
        assert!(summary.starts_with("held open: too few deals to judge ("), "{summary}");
        assert!(summary.ends_with(&format!("when last judged: {}", last.evidence.summary)));
    }
    let europe = &first.updated[0].finding.evidence.summary;
    assert!(europe.contains("(9 in the window, 100 in the one before)"), "{europe}");
    let gone = &first.updated[3].finding.evidence.summary;
    assert!(gone.contains("(0 in the window, 0 in the one before)"), "{gone}");
    assert_eq!(evaluate(&first.updated).updated, first.updated, "the same remark the next week");
}
