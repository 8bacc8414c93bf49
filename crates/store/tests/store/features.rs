//! Features of a tiny company, each of which can be checked by hand.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use winsight_model::{FiscalYearStart, Outcome};
use winsight_store::FeatureRequest;

use crate::history::{HistoryStore, Load, Row, State, open, rows};

const TODAY: Date = date(2024, 6, 30);

fn request(as_of: Date) -> FeatureRequest {
    FeatureRequest {
        as_of,
        known_by: format!("{as_of}T23:59:59Z").parse().expect("an instant"),
        fiscal_year_start: FiscalYearStart::try_from(2).expect("a month"),
    }
}

/// Alpha has everything; Beta only its created date; Gamma is closed; Delta has no date at all.
async fn company() -> HistoryStore {
    let mut test = HistoryStore::new();
    let alpha = State {
        stage: Some("Proposal"),
        cents: Some(4_000_000),
        expected: Some(date(2024, 5, 31)),
        last_activity: Some(date(2024, 6, 2)),
        region: Some("Europe"),
        rep: Some("Ann"),
        ..open("alpha", date(2024, 1, 15))
    };
    let gamma = State {
        closed: Some((date(2024, 6, 10), Outcome::Won)),
        ..open("gamma", date(2024, 3, 1))
    };
    let delta = State { created: None, ..open("delta", TODAY) };
    let beta = open("beta", date(2024, 6, 30));
    let deals = vec![alpha.clone(), beta, gamma, delta];
    let event = |day, stage| ("alpha".to_owned(), day, stage, Outcome::Open);
    let events = vec![
        event(date(2024, 1, 15), "Prospecting"),
        event(date(2024, 2, 1), "Qualification"),
        event(date(2024, 4, 1), "Prospecting"),
        event(date(2024, 5, 1), "Proposal"),
        event(date(2024, 7, 5), "Negotiation"),
    ];
    // Today, 13, 14, 29, 30, 89 and 90 days ago, and tomorrow.
    let ago = |days: i64| ("alpha".to_owned(), TODAY.saturating_sub(days.days()));
    let activities = [0, 13, 14, 29, 30, 89, 90, -1].map(ago).to_vec();
    let first = Load { deals, events, activities, ..Load::default() };
    test.load("2024-03-01T08:00:00Z", &first).await;
    // Pushed by a month, and larger; then pulled in again, and much smaller.
    for (known_at, expected, cents) in [
        ("2024-04-15T08:00:00Z", date(2024, 6, 30), 4_500_000),
        ("2024-06-01T08:00:00Z", date(2024, 6, 15), 3_000_000),
        ("2024-07-02T08:00:00Z", date(2024, 9, 30), 3_100_000),
    ] {
        let state = State { expected: Some(expected), cents: Some(cents), ..alpha.clone() };
        test.load(known_at, &Load { deals: vec![state], ..Load::default() }).await;
    }
    test
}

async fn features(test: &HistoryStore, version: u64, as_of: Date) -> Vec<Row> {
    let commit = test.store.commit(winsight_model::DataVersion(version)).await.expect("there");
    let features = test.store.deal_features(&commit, &request(as_of)).await.expect("computes");
    let mut rows = rows(&features.collect().await.expect("computes"));
    rows.sort_by_key(|row| row["deal_id"].clone());
    rows
}

fn assert_row(row: &Row, expected: &str) {
    let mut different = Vec::new();
    for line in expected.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=').expect("a column and its value");
        let found = row.get(name.trim()).map_or("no such column", String::as_str);
        if found != value.trim() {
            different.push(format!("{} is {found:?}, not {:?}", name.trim(), value.trim()));
        }
    }
    assert!(different.is_empty(), "{}: {different:#?}", row["deal_id"]);
}

#[tokio::test]
async fn are_what_an_analyst_counts_by_hand() {
    let test = company().await;
    let rows = features(&test, 3, TODAY).await;
    let ids: Vec<_> = rows.iter().map(|row| row["deal_id"].as_str()).collect();
    assert_eq!(ids, ["alpha", "beta", "delta"], "the open deals");
    assert_row(
        &rows[0],
        "source = test
         region = Europe
         rep = Ann
         industry =
         amount = 30000.00
         acv_bucket = Mid-Market
         created_date = 2024-01-15
         created_month = 2024-01
         created_quarter = 2024-Q1
         fiscal_period = FY2024-Q4
         days_since_creation = 167
         stage = Proposal
         days_in_stage = 60
         stages_passed = 2
         expected_close_date = 2024-06-15
         close_date_pushes = 1
         amount_changes = 2
         amount_change = -10000.00
         days_since_activity = 0
         activities_14_days = 2
         activities_30_days = 4
         activities_90_days = 6
         engagement = medium",
    );
    let velocity: f64 = rows[0]["stage_velocity"].parse().expect("a number");
    assert!((velocity - 2.0 * 30.0 / 167.0).abs() < 1e-12, "{velocity}");
    assert_row(
        &rows[1],
        "region =
         amount =
         acv_bucket =
         created_quarter = 2024-Q2
         fiscal_period = FY2025-Q2
         days_since_creation = 0
         stage =
         days_in_stage =
         stages_passed =
         stage_velocity =
         close_date_pushes = 0
         amount_changes = 0
         amount_change = 0.00
         days_since_activity =
         activities_30_days = 0
         engagement = none",
    );
    assert_row(&rows[2], "created_month =\n fiscal_period =\n days_since_creation =");
}

#[tokio::test]
async fn of_an_earlier_day_hold_nothing_of_later_days_or_loads() {
    let test = company().await;
    // The world of 31 March as it is known today: what was loaded later is a correction of the
    // amount, but not a change that had been seen by then.
    let rows = features(&test, 4, date(2024, 3, 31)).await;
    let ids: Vec<_> = rows.iter().map(|row| row["deal_id"].as_str()).collect();
    assert_eq!(ids, ["alpha", "delta", "gamma"], "gamma was open, beta was not there");
    assert_row(
        &rows[0],
        "stage = Qualification
         days_in_stage = 59
         stages_passed = 1
         close_date_pushes = 0
         amount_changes = 0
         amount = 31000.00
         days_since_activity =
         activities_90_days =
         engagement =",
    );
    // Before the first load nothing is known of changes.
    let rows = features(&test, 4, date(2024, 2, 15)).await;
    assert_row(&rows[0], "close_date_pushes =\n amount_changes =\n amount_change =");
}

#[tokio::test]
async fn without_activities_fall_back_to_the_date_of_the_last_one() {
    for (days_ago, engagement) in [(0, "medium"), (13, "medium"), (14, "low"), (30, "none")] {
        let mut test = HistoryStore::new();
        let last_activity = Some(TODAY.saturating_sub(i64::from(days_ago).days()));
        let deal = State { last_activity, ..open("a", date(2024, 1, 1)) };
        let tomorrow = TODAY.saturating_add(1.day());
        let later = State { last_activity: Some(tomorrow), ..open("b", date(2024, 1, 1)) };
        let load = Load { deals: vec![deal, later], ..Load::default() };
        test.load("2024-06-30T08:00:00Z", &load).await;
        let rows = features(&test, 1, TODAY).await;
        let expected = format!(
            "days_since_activity = {days_ago}\n activities_30_days =\n engagement = {engagement}"
        );
        assert_row(&rows[0], &expected);
        assert_row(&rows[1], "days_since_activity =\n engagement =");
    }
}

#[tokio::test]
async fn are_recorded_once_a_day() {
    let mut test = company().await;
    for _ in 0..2 {
        let commit = test.latest().await;
        test.store.record_snapshots(&commit, &request(TODAY)).await.expect("records");
    }
    let recorded = rows(&test.store.snapshots(TODAY).await.expect("reads"));
    let ids: Vec<_> = recorded.iter().map(|row| row["deal_id"].as_str()).collect();
    assert_eq!(ids, ["alpha", "beta", "delta"]);
    assert_row(&recorded[0], "data_version = 4\n day = 2024-06-30\n amount = 31000.00");
    // A day later Beta is gone; the snapshot of the day before stays as it was.
    let gone = Load { deleted: vec!["beta".to_owned()], ..Load::default() };
    test.load("2024-07-03T08:00:00Z", &gone).await;
    let tomorrow = TODAY.saturating_add(1.day());
    let commit = test.latest().await;
    test.store.record_snapshots(&commit, &request(tomorrow)).await.expect("records");
    let count = async |day| rows(&test.store.snapshots(day).await.expect("reads")).len();
    assert_eq!((count(TODAY).await, count(tomorrow).await), (3, 2));
    // The same day again, on the newer version, replaces it.
    test.store.record_snapshots(&commit, &request(TODAY)).await.expect("records");
    assert_eq!((count(TODAY).await, count(tomorrow).await), (2, 2));
}
