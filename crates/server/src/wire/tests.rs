use jiff::civil::date;
use serde_json::{Value, json};
use winsight_alert::{AlertState, Finding, Impact, ImpactKind, Rule, Severity};
use winsight_insight::{
    SegmentPair, decompose, decompose_rwwr, gate_changes, headline_changes, loss_concentration,
    metrics,
};
use winsight_jobs::{ChangesTable, MetricRow};
use winsight_model::{
    DataVersion, Dimension, Grain, Money, Outcome, Segment, Settings, Tally, Window,
};

use super::{Alert, Changes, Metric, Trend, Verdict};

/// `won` and `lost` deals of 100.50 each, won in 20 days and lost in 30.
fn tally(won: u32, lost: u32) -> Tally {
    let amount = Some(Money::from_cents(10_050));
    let mut tally = Tally::default();
    (0..won).for_each(|_| tally.add(Outcome::Won, amount, Some(20)));
    (0..lost).for_each(|_| tally.add(Outcome::Lost, amount, Some(30)));
    tally
}

fn region(value: &str) -> Segment {
    Segment::of(vec![(Dimension::built_in("region").expect("known"), value.to_owned())])
}

fn row(segment: Segment, window: Window, tally: &Tally) -> MetricRow {
    MetricRow {
        segment,
        period: "all".to_owned(),
        window,
        metrics: metrics(tally, 10),
        currency: "EUR".to_owned(),
        pooled: None,
        rolled_up_to: None,
        data_version: DataVersion(3),
        data_as_of: date(2026, 7, 1),
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

const JUNE: Window = Window { from: date(2026, 6, 1), to: date(2026, 7, 1) };
const MAY: Window = Window { from: date(2026, 5, 1), to: date(2026, 6, 1) };

#[test]
fn a_metric_has_the_fields_of_the_contract() {
    let metric = Metric::from(row(region("Europe"), JUNE, &tally(30, 10)));
    let written = serde_json::to_value(&metric).expect("JSON");
    let names = "dimension value period deals won lost win_rate win_rate_low win_rate_high rwwr \
                 rwwr_low rwwr_high rwwr_reason dfi dfi_low dfi_high median_cycle_days \
                 median_cycle_days_won median_cycle_days_lost won_amount \
                 closed_amount currency enough_data data_version data_as_of pooled_win_rate \
                 pooled_win_rate_low pooled_win_rate_high rolled_up_to";
    assert_eq!(sorted(keys(&written)), sorted(names.split_whitespace().collect()));
    for (name, expected) in [
        ("dimension", json!("region")),
        ("value", json!("Europe")),
        ("won_amount", json!("3015.00")),
        ("closed_amount", json!("4020.00")),
        ("win_rate", json!(0.75)),
        ("rwwr", json!(0.75)),
        ("dfi", json!(1.5)),
        ("enough_data", json!(true)),
    ] {
        assert_eq!(written[name], expected, "{name}");
    }
}

#[test]
fn too_few_deals_are_counted_and_not_rated() {
    let written = serde_json::to_value(Metric::from(row(Segment::all(), JUNE, &tally(3, 1))));
    let written = written.expect("JSON");
    assert_eq!((&written["dimension"], &written["deals"]), (&json!("all"), &json!(4)));
    assert_eq!(written["enough_data"], json!(false));
    for name in ["win_rate", "win_rate_low", "rwwr", "dfi_high", "median_cycle_days"] {
        assert_eq!(written[name], Value::Null, "{name}");
    }
}

#[test]
fn a_trend_marks_the_periods_that_are_cut_off() {
    let window = Window { from: date(2026, 1, 15), to: date(2026, 4, 1) };
    let rows = window.periods(Grain::Month).into_iter().map(|period| MetricRow {
        period: period.label,
        ..row(Segment::all(), period.window, &tally(6, 6))
    });
    let trend = Trend::new(Grain::Month, rows.collect());
    assert_eq!(trend.grain, "month");
    let points: Vec<_> =
        trend.points.iter().map(|point| (point.metric.period.as_str(), point.complete)).collect();
    assert_eq!(points, [("2026-01", false), ("2026-02", true), ("2026-03", true)]);
}

fn changes(pairs: &[SegmentPair]) -> Changes {
    let all = Segment::all();
    let mut overall =
        SegmentPair { segment: all, current: Tally::default(), baseline: Tally::default() };
    for pair in pairs {
        overall.current.merge(&pair.current);
        overall.baseline.merge(&pair.baseline);
    }
    let settings = Settings::default();
    let table = ChangesTable {
        window: JUNE,
        baseline: MAY,
        overall: gate_changes(std::slice::from_ref(&overall), &settings, 13).remove(0),
        headline: headline_changes(&overall, &settings, 13),
        decomposition: decompose(pairs),
        rwwr_decomposition: decompose_rwwr(pairs),
        shapley: None,
        rwwr_shapley: None,
        segments: gate_changes(pairs, &settings, 13),
        concentration: loss_concentration(pairs),
        causes: None,
        remarks: Vec::new(),
    };
    Changes::new(&[Dimension::built_in("region").expect("known")], table)
}

#[test]
fn a_verdict_comes_from_the_evidence_and_not_from_the_difference() {
    let pair = |value: &str, current: Tally, baseline: Tally| SegmentPair {
        segment: region(value),
        current,
        baseline,
    };
    let table = changes(&[
        pair("Americas", tally(60, 140), tally(120, 80)),
        pair("Asia", tally(5, 15), tally(8, 12)),
        pair("Europe", tally(150, 50), tally(90, 110)),
        pair("Oceania", tally(0, 3), tally(3, 0)),
    ]);
    let verdicts: Vec<_> = table.segments.iter().map(|change| change.verdict).collect();
    let (fell, rose) = (Verdict::Fell, Verdict::Rose);
    assert_eq!(verdicts, [fell, Verdict::NoRealChange, rose, Verdict::NotEnoughData]);
    assert_eq!(table.overall.verdict, Verdict::NoRealChange);
    assert_eq!(table.segments[0].wr_delta.map(|delta| (delta * 100.0).round()), Some(-30.0));
    assert_eq!(table.segments[3].wr_delta, None);
}

#[test]
fn the_parts_of_a_change_add_up_to_it() {
    let pair = |value: &str, current: Tally, baseline: Tally| SegmentPair {
        segment: region(value),
        current,
        baseline,
    };
    let table = changes(&[
        pair("Americas", tally(60, 140), tally(50, 20)),
        pair("Europe", tally(150, 50), tally(90, 110)),
    ]);
    let sum = |part: fn(&super::Change) -> Option<f64>| -> f64 {
        table.segments.iter().filter_map(part).sum()
    };
    let (mix, rate) = (table.overall.mix.expect("split"), table.overall.rate.expect("split"));
    assert!((sum(|change| change.mix) - mix).abs() < 1e-11);
    assert!((sum(|change| change.rate) - rate).abs() < 1e-11);
    assert!((mix + rate - table.overall.wr_delta.expect("enough data")).abs() < 1e-11);
}

#[test]
fn a_verdict_is_written_as_one_word() {
    for (verdict, word) in [
        (Verdict::Fell, "fell"),
        (Verdict::Rose, "rose"),
        (Verdict::NoRealChange, "no_real_change"),
        (Verdict::NotEnoughData, "not_enough_data"),
    ] {
        assert_eq!(serde_json::to_value(verdict).expect("JSON"), json!(word));
    }
}

#[test]
fn an_alert_has_the_fields_of_the_contract() {
    let impact = Impact { amount: Money::from_cents(230_045_000), kind: ImpactKind::RevenueAtRisk };
    let alert = winsight_alert::Alert {
        id: "wrd-enterprise-7k2mq".to_owned(),
        state: AlertState::Open,
        opened_at: "2026-06-30T23:59:59Z".parse().expect("a time"),
        resolved_at: None,
        life: winsight_alert::Life::default(),
        finding: Finding {
            rule: Rule::WinRateDrop,
            severity: Severity::Critical,
            metric: "win_rate".to_owned(),
            segment: region("Europe"),
            current: Some(0.42),
            baseline: Some(0.58),
            change: Some(-0.16),
            deals: 210,
            baseline_deals: 230,
            confidence: Some(0.999),
            window: JUNE,
            baseline_window: Some(MAY),
            impact: Some(impact),
            currency: "USD".to_owned(),
            title: "Europe Win Rate Decline".to_owned(),
            message: "Segment: Europe (region)".to_owned(),
            action: "Review pricing and competitive positioning".to_owned(),
            context: None,
            custom: None,
            subject: None,
            data_version: DataVersion(3),
            evidence: winsight_alert::Evidence {
                summary: "210 deals against 230".to_owned(),
                facts: [("tested".to_owned(), json!(48))].into(),
            },
        },
    };
    let written = serde_json::to_value(Alert::from(alert)).expect("JSON");
    let names = "id rule severity state metric dimension value current baseline change deals \
                 baseline_deals confidence window baseline_window impact_amount impact_kind currency \
                 title message action context label opened_at resolved_at data_version evidence \
                 life condition duration_seconds";
    assert_eq!(sorted(keys(&written)), sorted(names.split_whitespace().collect()));
    for (name, expected) in [
        ("rule", json!("win_rate_drop")),
        ("severity", json!("critical")),
        ("state", json!("open")),
        ("label", json!("association")),
        ("window", json!({ "from": "2026-06-01", "to": "2026-07-01" })),
        ("impact_amount", json!("2300450.00")),
        ("impact_kind", json!("revenue_at_risk")),
        ("opened_at", json!("2026-06-30T23:59:59Z")),
        ("evidence", json!({ "summary": "210 deals against 230", "tested": 48 })),
    ] {
        assert_eq!(written[name], expected, "{name}");
    }
}
