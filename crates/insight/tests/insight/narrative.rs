//! The sentences.

use std::collections::BTreeMap;

use jiff::civil::date;
use winsight_insight::{
    Cadence, Causes, DailyInput, HighRisk, Insight, InsightKind, PipelineHealth, QualityInput,
    SegmentPair, WeeklyInput, daily_insights, high_risk_by_chance, pipeline_health,
    pipeline_quality, short_money, weekly_insights,
};
use winsight_model::{Money, OpenDeal, Segment, Settings, Window};

use crate::{pair, segment};

pub(crate) fn windows() -> (Window, Window) {
    let window = Window::trailing(91, date(2024, 6, 30));
    (window, window.preceding())
}

fn weekly(segments: Vec<SegmentPair>) -> Vec<Insight> {
    let (window, baseline_window) = windows();
    let mut overall =
        SegmentPair { segment: Segment::all(), ..pair(Segment::all(), (0, 0), (0, 0)) };
    let first = segments.first().and_then(|pair| pair.segment.parts().first().cloned());
    for pair in segments.iter().filter(|pair| {
        pair.segment.parts().first().map(|part| &part.0) == first.as_ref().map(|part| &part.0)
    }) {
        overall.current.merge(&pair.current);
        overall.baseline.merge(&pair.baseline);
    }
    weekly_insights(
        &WeeklyInput {
            window,
            baseline_window,
            overall,
            segments,
            causes: Causes::default(),
            echoes: Vec::new(),
            alerted: Vec::new(),
        },
        &Settings::default(),
    )
}

pub(crate) fn of_kind(insights: &[Insight], kind: InsightKind) -> &Insight {
    insights.iter().find(|insight| insight.kind == kind).expect("an insight of the kind")
}

#[test]
fn amounts_are_short() {
    for (cents, currency, text) in [
        (0, "USD", "$0"),
        (49, "USD", "$0"),
        (95_000, "USD", "$950"),
        (99_960, "USD", "$1k"),
        (150_000, "EUR", "€1.5k"),
        (1_250_000, "EUR", "€13k"),
        (45_000_000, "GBP", "£450k"),
        (99_996_000, "INR", "₹1M"),
        (230_000_000, "CHF", "CHF 2.3M"),
        (-230_000_000, "USD", "-$2.3M"),
        (6_058_927_800, "USD", "$60.6M"),
        (120_000_000_000, "USD", "$1.2B"),
        (123_456_700_000_000, "USD", "$1,235B"),
    ] {
        assert_eq!(short_money(Money::from_cents(cents), currency), text);
    }
}

#[test]
fn names_survive_a_round_trip() {
    for cadence in [Cadence::Daily, Cadence::Weekly, Cadence::Monthly] {
        assert_eq!(cadence.as_str().parse(), Ok(cadence));
    }
    assert!("hourly".parse::<Cadence>().is_err());
    let insights = weekly(vec![pair(segment("region", "Europe"), (50, 50), (50, 50))]);
    for insight in insights {
        let json = serde_json::to_value(&insight).expect("serialisable");
        assert_eq!(json["kind"], insight.kind.as_str());
        assert_eq!(serde_json::from_value::<Insight>(json).expect("the same"), insight);
    }
}

/// Without stage events or win chances.
fn daily(health: &PipelineHealth, risk: &HighRisk, settings: &Settings) -> Vec<Insight> {
    let quality = pipeline_quality(&QualityInput {
        deals: &[],
        chances: &[],
        today: date(2024, 6, 30),
        past_rate: None,
        stages: &BTreeMap::new(),
        idle_days: settings.alerts.idle_days,
        weights: &settings.pipeline.quality_weights,
    });
    let input = DailyInput { health, quality: &quality, progression: &[], risk, currency: "USD" };
    daily_insights(&input, settings)
}

#[test]
fn a_daily_pipeline() {
    let deal = |id: &str, units: i128| OpenDeal {
        deal_id: id.to_owned(),
        name: Some(format!("Deal {id}")),
        account: None,
        created_date: Some(date(2024, 1, 2)),
        expected_close_date: Some(date(2024, 6, 1)),
        last_activity_date: None,
        stage: Some("Proposal".to_owned()),
        amount: (units > 0).then(|| Money::from_cents(units * 100)),
        rep: None,
        acv_bucket: (units > 50_000).then(|| "Enterprise".to_owned()),
        lead_source: None,
        ..OpenDeal::default()
    };
    let deals = [deal("1", 250_000), deal("2", 200_000), deal("3", 4_000), deal("4", 0)];
    let settings = Settings::default();
    let today = date(2024, 6, 30);
    let health = pipeline_health(&deals, today);
    let risk = high_risk_by_chance(&deals, &[], today, &settings.alerts);
    let insights = daily(&health, &risk, &settings);

    let pipeline = of_kind(&insights, InsightKind::PipelineHealth);
    assert_eq!(pipeline.title, "Pipeline: 4 open deals, $454k");
    assert_eq!(
        pipeline.text,
        "4 open deals worth $454k. The largest stage is Proposal with 4 deals worth $454k, half of them open for 180 days or more. 4 deals are past the expected close date."
    );
    assert_eq!(
        pipeline.caution.as_deref(),
        Some("1 deal is without an amount, and so not in the total.")
    );
    let risky = of_kind(&insights, InsightKind::HighRiskDeals);
    assert_eq!(risky.title, "2 high-risk deals, $450k at risk");
    assert_eq!(
        risky.text,
        "2 open deals worth $450k show loss-risk patterns: Enterprise deals >90 days in cycle (2). The largest are Deal 1 ($250k) and Deal 2 ($200k)."
    );
    assert_eq!(risky.evidence["amount"], "450000.00");
    assert_eq!(risky.evidence["deal_ids"], serde_json::json!(["1", "2"]));

    let nothing = high_risk_by_chance(&[], &[], today, &settings.alerts);
    let insights = daily(&PipelineHealth::default(), &nothing, &settings);
    assert_eq!(of_kind(&insights, InsightKind::PipelineHealth).text, "There are no open deals.");
    let risky = of_kind(&insights, InsightKind::HighRiskDeals);
    assert_eq!(risky.text, "There is no open deal to look at.");
}

#[test]
fn a_week_in_which_a_segment_fell() {
    let insights = weekly(vec![
        pair(segment("region", "Europe"), (60, 140), (110, 90)),
        pair(segment("region", "India"), (143, 157), (148, 152)),
        pair(segment("cycle_bucket", "Fast"), (0, 100), (100, 0)),
    ]);
    let overall = of_kind(&insights, InsightKind::WinRateChange);
    assert_eq!(overall.title, "Win rate 41%, down 11 points");
    assert_eq!(
        overall.text,
        "41% of 500 deals closed 2024-04-01 to 2024-06-30 were won, against 52% of 500 deals in the 91 days before: down 11 points, 95% interval −17 to −5 points. That is more than chance alone gives."
    );
    let moved: Vec<&Insight> =
        insights.iter().filter(|insight| insight.kind == InsightKind::SegmentChange).collect();
    assert_eq!(moved.len(), 1, "the cycle bucket is an outcome, not a segment to explain by");
    assert_eq!(moved[0].title, "Region: Europe down 25 points");
    assert_eq!(
        moved[0].text,
        "Europe fell from 55% to 30% (200 deals against 200 deals; 95% interval −34 to −15 points). By region, the overall win rate moved by −11.0 points: 0.0 from mix (which deals closed) and −11.0 from rate (how often they were won). Europe has no alert of its own: alerts compare with the year before, every day."
    );
    assert!(moved[0].caution.as_ref().is_some_and(|text| text.contains("association")));
    assert!(insights.iter().all(|insight| insight.kind != InsightKind::NothingChanged));
}

#[test]
fn a_week_in_which_nothing_changed() {
    let insights = weekly(vec![
        pair(segment("region", "Europe"), (100, 110), (105, 100)),
        pair(segment("region", "India"), (140, 150), (148, 152)),
    ]);
    let nothing = of_kind(&insights, InsightKind::NothingChanged);
    assert_eq!(
        nothing.text,
        "Nothing changed between the two windows: no segment moved beyond chance; we would have seen a drop of 14 points or more in the overall win rate, and of 18 points or more in a segment of typical size (290 deals)."
    );
    let many = weekly(vec![pair(segment("region", "Europe"), (47_000, 53_000), (50_000, 50_000))]);
    assert_eq!(
        of_kind(&many, InsightKind::NothingChanged).text,
        "Nothing changed by more than 5 points: what moved beyond chance moved less; we would have seen a drop of 5 points or more in the overall win rate."
    );
    let few = weekly(vec![pair(segment("region", "Europe"), (3, 8), (3, 9))]);
    assert_eq!(
        of_kind(&few, InsightKind::NothingChanged).text,
        "Nothing changed between the two windows: no segment moved beyond chance; with so few deals not even a collapse would surely show."
    );
    let overall = of_kind(&insights, InsightKind::WinRateChange);
    assert!(overall.text.ends_with("That is within what chance alone gives."), "{}", overall.text);
}

#[test]
fn a_week_with_too_few_deals() {
    let insights = weekly(vec![pair(segment("region", "Europe"), (3, 4), (5, 1))]);
    let texts: Vec<&str> = insights.iter().map(|insight| insight.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "7 deals closed 2024-04-01 to 2024-06-30 and 6 deals in the 91 days before; a comparison needs 10 in both.",
            "Nothing can be said: no segment has enough closed deals in both windows.",
        ]
    );
}

fn six_values(dimension: &str, current: impl Fn(u64) -> (u64, u64)) -> Vec<SegmentPair> {
    let value = |index| segment(dimension, &format!("{dimension} {index}"));
    (0..6).map(|index| pair(value(index), current(index), (50, 50))).collect()
}

#[test]
fn lead_sources_are_ranked_only_beyond_chance() {
    let alike = |dimension| six_values(dimension, |index| (50 + index, 50));
    let insights = weekly(alike("lead_source"));
    let sources = of_kind(&insights, InsightKind::LeadSources);
    assert_eq!(sources.title, "Lead sources win alike");
    assert!(sources.text.starts_with("lead_source 0 wins 50% of 100 deals, lead_source 1"));

    let apart = |dimension| six_values(dimension, |index| (20 + 12 * index, 80 - 12 * index));
    let insights = weekly(apart("lead_source"));
    let sources = of_kind(&insights, InsightKind::LeadSources);
    assert_eq!(sources.title, "Lead sources differ, lead_source 5 wins most");
    assert_eq!(sources.action.as_deref(), Some("Tighten MQL→SQL qualification criteria"));
}

/// Enterprise fell; the reps who work there fell with it.
fn with_echoes(echoes: Vec<Segment>, alerted: Vec<Segment>) -> Vec<Insight> {
    let (window, baseline_window) = windows();
    let segments = vec![
        pair(segment("acv_bucket", "Enterprise"), (200, 600), (400, 400)),
        pair(segment("acv_bucket", "SMB"), (400, 400), (400, 400)),
        pair(segment("rep", "Ada"), (150, 300), (230, 220)),
        pair(segment("rep", "Ben"), (450, 700), (570, 580)),
    ];
    let overall = pair(Segment::all(), (600, 1000), (800, 800));
    let causes = Causes::default();
    let input = WeeklyInput { window, baseline_window, overall, segments, causes, echoes, alerted };
    weekly_insights(&input, &Settings::default())
}

#[test]
fn what_moved_along_is_named_with_what_it_moved_with() {
    let apart = with_echoes(Vec::new(), Vec::new());
    let of_segments = |insights: &[Insight]| -> Vec<String> {
        let moved = insights.iter().filter(|one| one.kind == InsightKind::SegmentChange);
        moved.map(|insight| insight.title.clone()).collect()
    };
    assert_eq!(of_segments(&apart).len(), 2, "{:?}", of_segments(&apart));
    let together = with_echoes(vec![segment("rep", "Ada"), segment("rep", "Ben")], Vec::new());
    assert_eq!(of_segments(&together), ["Deal size: Enterprise down 25 points"]);
    let text = &of_kind(&together, InsightKind::SegmentChange).text;
    assert!(text.contains("Enterprise has no alert of its own: alerts compare"), "{text}");
    assert!(
        text.ends_with("It is seen in Ada and Ben as well, which share these deals."),
        "{text}"
    );
    let alerted = with_echoes(Vec::new(), vec![segment("acv_bucket", "Enterprise")]);
    let text = &of_kind(&alerted, InsightKind::SegmentChange).text;
    assert!(!text.contains("Enterprise has no alert"), "{text}");
}

#[test]
fn a_quiet_week_says_why_an_alert_stands() {
    let (window, baseline_window) = windows();
    let overall = pair(Segment::all(), (500, 500), (500, 500));
    let segments = vec![pair(segment("region", "Europe"), (250, 250), (250, 250))];
    let input = WeeklyInput {
        window,
        baseline_window,
        overall,
        segments,
        causes: Causes::default(),
        echoes: Vec::new(),
        alerted: vec![segment("region", "Europe")],
    };
    let insights = weekly_insights(&input, &Settings::default());
    let text = &of_kind(&insights, InsightKind::NothingChanged).text;
    assert!(
        text.ends_with(
            "Alerts compare with the year before, every day; against that, Europe dropped: see the alerts."
        ),
        "{text}"
    );
}
