//! What is answered once deals have been loaded.

use std::fmt::Write;

use serde_json::{Value, json};
use winsight_jobs::{Beside, ImportRequest};

use super::{Opened, json_of};
use crate::wire::LoadReport;

/// 60 deals in the first quarter and 60 in the second: Europe goes from 20 of 30 won to 6 of 30,
/// Asia stays at 15 of 30. Each is worth 1000.50, took 20 days when won and 40 when lost.
fn deals() -> String {
    let mut file = String::from("deal_id,created_date,closed_date,outcome,amount,region\n");
    let groups =
        [("Europe", "02", 20), ("Asia", "02", 15), ("Europe", "05", 6), ("Asia", "05", 15)];
    for (group, (region, month, won)) in groups.into_iter().enumerate() {
        for deal in 0..30 {
            let (outcome, created) = if deal < won { ("Won", "05") } else { ("Lost", "01") };
            let closed = if deal < won { "25" } else { "28" };
            let _ = writeln!(
                file,
                "d{group}-{deal},2026-{month}-{created},2026-{month}-{closed},{outcome},1000.50,{region}"
            );
        }
    }
    file
}

async fn loaded() -> Opened {
    let opened = Opened::empty().await;
    let file = opened.home.path().join("deals.csv");
    std::fs::write(&file, deals()).expect("written");
    let request = ImportRequest {
        files: vec![file],
        beside: Beside::default(),
        shown_as: None,
        source: "test".to_owned(),
        mapping: None,
        full: false,
        dry_run: false,
    };
    let reports = opened.workspace.import(&request, |_| {}).await.expect("imports");
    let report = serde_json::to_value(LoadReport::new(&reports, false)).expect("JSON");
    for (name, expected) in [
        ("rows_read", json!(120)),
        ("inserted", json!(120)),
        ("updated", json!(0)),
        ("unchanged", json!(0)),
        ("deleted", json!(0)),
        ("quarantined", json!(0)),
        ("data_version", json!(1)),
    ] {
        assert_eq!(report[name], expected, "{name}");
    }
    opened
}

async fn ask(opened: &Opened, path: &str) -> Value {
    json_of(opened.get(path).await).await
}

#[tokio::test]
async fn loaded_deals_are_answered_for() {
    let opened = loaded().await;

    let status = ask(&opened, "/api/v1/status").await;
    assert_eq!((&status["data_version"], &status["deals"]), (&json!(1), &json!(120)));

    let rows = ask(&opened, "/api/v1/metrics?by=region&from=2026-04-01&to=2026-07-01").await;
    let row = |index: usize, name: &str| rows[index][name].clone();
    assert_eq!(
        (row(0, "value"), row(0, "won"), row(0, "deals")),
        (json!("Asia"), json!(15), json!(30))
    );
    assert_eq!(
        (row(1, "value"), row(1, "won"), row(1, "deals")),
        (json!("Europe"), json!(6), json!(30))
    );
    assert_eq!(row(1, "won_amount"), json!("6003.00"));
    assert_eq!(row(1, "dfi"), json!(27.0 / 20.0));

    let quarters = ask(&opened, "/api/v1/metrics?grain=quarter").await;
    let periods: Vec<_> =
        quarters.as_array().expect("rows").iter().map(|row| &row["period"]).collect();
    assert_eq!(periods, ["2026-Q1", "2026-Q2"]);
}

#[tokio::test]
async fn a_change_is_told_with_its_verdict_and_parts() {
    let opened = loaded().await;
    let path = "/api/v1/changes?by=region&from=2026-04-01&to=2026-07-01\
                &baseline_from=2026-01-01&baseline_to=2026-04-01";
    let changes = ask(&opened, path).await;
    assert_eq!(changes["window"], json!({ "from": "2026-04-01", "to": "2026-07-01" }));
    assert_eq!(changes["baseline_window"], json!({ "from": "2026-01-01", "to": "2026-04-01" }));
    assert_eq!(changes["segments"][0]["verdict"], "no_real_change");
    assert_eq!(changes["segments"][1]["value"], "Europe");
    assert_eq!(changes["segments"][1]["verdict"], "fell");
    assert_eq!(changes["overall"]["mix"], json!(0.0));
    let whole = changes["overall"]["wr_delta"].as_f64().expect("a number");
    assert!((whole - (21.0 - 35.0) / 60.0).abs() < 1e-12);
    // All deals are worth the same, so the revenue-weighted win rate moved as the win rate did.
    let rwwr = &changes["rwwr"];
    assert!((rwwr["change"].as_f64().expect("a number") - whole).abs() < 1e-12);
    assert!(
        rwwr["change_low"].as_f64() < Some(whole) && Some(whole) < rwwr["change_high"].as_f64()
    );
    assert_eq!(
        (&rwwr["verdict"], &changes["dfi"]["verdict"]),
        (&json!("no_real_change"), &json!("no_real_change"))
    );
    assert_eq!(
        (&changes["dfi"]["current"], &changes["dfi"]["change"]),
        (&json!(27.0 / 20.0), &json!(1.0))
    );
}

#[tokio::test]
async fn a_trend_has_a_point_for_every_period_even_an_empty_one() {
    let opened = loaded().await;
    let trend = ask(&opened, "/api/v1/trend?grain=month").await;
    let points: Vec<_> = trend["points"].as_array().expect("points").iter().collect();
    let periods: Vec<_> = points.iter().map(|point| &point["period"]).collect();
    assert_eq!(periods[..4], ["2026-02", "2026-03", "2026-04", "2026-05"]);
    assert_eq!(points[0]["won"], 35);
    assert_eq!((&points[1]["deals"], &points[1]["win_rate"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn the_pipeline_its_cohorts_and_its_deals() {
    let opened = loaded().await;
    let pipeline = ask(&opened, "/api/v1/pipeline?from=2026-02-01&to=2026-03-01&all=true").await;
    assert_eq!((&pipeline["deals"], &pipeline["amount"]), (&json!(0), &json!("0.00")));
    assert_eq!(pipeline["pipeline_quality"]["score"], Value::Null);
    let bridge = &pipeline["bridge"];
    assert_eq!(bridge["created"]["deals"], 60);
    assert_eq!(bridge["won"]["amount"], "35017.50");
    assert_eq!(bridge["end"], json!({ "deals": 0, "amount": "0.00", "largest_deal_ids": [] }));

    let cohorts = ask(&opened, "/api/v1/cohorts?from=2026-01-01&horizon_days=24").await;
    let cohort = &cohorts[0];
    assert_eq!((&cohort["cohort"], &cohort["deals"]), (&json!("2026-Q1"), &json!(60)));
    // All deals that are won take 20 days, all that are lost 27.
    assert_eq!(cohort["cohort_win_rate"], json!(35.0 / 60.0));
    assert_eq!(cohort["cohort_loss_rate"], json!(0.0));
    assert_eq!(cohort["resolved"], json!(1.0));
    assert_eq!(ask(&opened, "/api/v1/deals?risk=high").await, json!([]));
}
