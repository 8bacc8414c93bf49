//! Loads, runs and alerts to test with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use winsight_alert::{Evidence, Finding, Rule, Severity, Transitions};
use winsight_insight::{Cadence, Insight, InsightKind};
use winsight_meta::{LoadOutcome, NewLoad, OwnFindings, QuarantineReason, QuarantineRow, RunRow};
use winsight_model::{DataVersion, Dimension, LoadCounts, Segment, Window, WorkspaceId};

pub(crate) fn workspace(name: &str) -> WorkspaceId {
    name.parse().expect("a valid name")
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn load(source: &str, quarantined: Vec<QuarantineRow>) -> NewLoad {
    NewLoad {
        files: vec!["deals.csv".to_owned(), "more deals.csv".to_owned()],
        source: source.to_owned(),
        started_at: instant("2024-07-01T02:00:00.123456Z"),
        mapping_toml: "deal_id = \"Opportunity ID\"\n".to_owned(),
        report: serde_json::json!({"issues": [{"check": "blank", "rows": 3}]}),
        quality_score: 97.5,
        rows_read: 5_000,
        quarantined,
        repaired: Vec::new(),
        counts: LoadCounts { inserted: 4_990, updated: 1, unchanged: 2, deleted: 3 },
    }
}

pub(crate) fn outcome(version: Option<u64>) -> LoadOutcome {
    LoadOutcome { data_version: version.map(DataVersion), duration_ms: Some(450) }
}

/// A refused row; each of `checks` is a reason.
pub(crate) fn refused(deal_id: Option<&str>, raw: &str, checks: &[&str]) -> QuarantineRow {
    let reasons = checks.iter().map(|check| QuarantineReason {
        check: (*check).to_owned(),
        field: Some("amount".to_owned()),
        message: format!("{check} in {raw}"),
    });
    QuarantineRow {
        file: "deals.csv".to_owned(),
        line: 7,
        deal_id: deal_id.map(str::to_owned),
        reasons: reasons.collect(),
        raw: raw.to_owned(),
    }
}

pub(crate) fn insight(cadence: Cadence, title: &str) -> Insight {
    Insight {
        kind: InsightKind::PipelineHealth,
        cadence,
        title: title.to_owned(),
        text: "12 open deals worth $1.2M.".to_owned(),
        caution: None,
        action: Some("Look at them".to_owned()),
        evidence: BTreeMap::from([("deals".to_owned(), 12.into())]),
        rank: 1.5,
    }
}

pub(crate) fn run(job: Cadence, as_of: &str, titles: &[&str]) -> RunRow {
    let as_of = instant(as_of);
    let day = as_of.to_zoned(TimeZone::UTC).date();
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).expect("in range").timestamp();
    RunRow {
        job,
        as_of,
        day: midnight(day)..midnight(day.tomorrow().expect("in range")),
        data_version: DataVersion(3),
        deals: 5_000,
        insights: titles.iter().map(|title| insight(job, title)).collect(),
        transitions: Transitions::default(),
        own_findings: OwnFindings::default(),
        started_at: instant("2024-07-01T06:00:00Z"),
        duration_ms: 12,
    }
}

pub(crate) fn finding(region: &str, deals: u64) -> Finding {
    let dimension = Dimension::built_in("region").expect("built in");
    let last = instant("2024-06-30T00:00:00Z").to_zoned(jiff::tz::TimeZone::UTC).date();
    Finding {
        rule: Rule::WinRateDrop,
        severity: Severity::Critical,
        metric: "win_rate".to_owned(),
        segment: Segment::of(vec![(dimension, region.to_owned())]),
        current: Some(0.25),
        baseline: Some(0.5),
        change: Some(-0.25),
        deals,
        baseline_deals: 100,
        confidence: Some(0.75),
        window: Window::trailing(91, last),
        baseline_window: Some(Window::trailing(91, last).preceding()),
        impact: None,
        currency: "USD".to_owned(),
        title: format!("{region} Win Rate Decline"),
        message: "Win Rate: 25%".to_owned(),
        action: "Look".to_owned(),
        context: None,
        data_version: DataVersion(3),
        evidence: Evidence::default(),
        custom: None,
        subject: None,
    }
}
