//! The answers that the real files must give. Numbers are those of the product's definition of
//! its metrics; per segment they are worked out from the file itself.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use serde_json::Value;

use crate::home::{TODAY, TestHome, text};
use crate::tally::{Deal, assert_metrics, assert_rate, read};

const DIMENSIONS: [&str; 6] = ["region", "lead_source", "rep", "acv_bucket", "industry", "product"];

pub(crate) fn real_file(name: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if folder.exists() {
        return Some(folder.join(name));
    }
    println!("skipped: no ../shared/data beside the repository");
    None
}

fn skygeni() -> Option<(TestHome, Vec<Deal>)> {
    let file = real_file("skygeni_sales_data.csv")?;
    let home = TestHome::new();
    let report = home.import(&file);
    assert_eq!(report["rows_read"], 5000);
    assert_eq!(report["inserted"], 5000);
    assert_eq!(report["quarantined"], 0);
    Some((home, read(&fs::read_to_string(file).expect("readable"))))
}

fn rows(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(rows) => rows,
        row => vec![row],
    }
}

#[test]
fn skygeni_gives_the_known_answers() {
    let Some((home, deals)) = skygeni() else { return };

    let all = home.json(["metrics"]);
    assert_eq!(all["dimension"], "all");
    assert_eq!([&all["deals"], &all["won"], &all["lost"]], [5000, 2263, 2737]);
    assert_rate(&all["win_rate"], 0.4526, "win rate");
    assert_rate(&all["rwwr"], 60_589_278.0 / 131_432_464.0, "rwwr");
    assert_rate(&all["dfi"], 64.0 / 63.0, "dfi");
    assert_eq!(all["won_amount"], "60589278.00");
    assert_eq!(all["closed_amount"], "131432464.00");

    let deals: Vec<_> = deals.iter().collect();
    assert_metrics(&[all], &deals, "all");
    for dimension in DIMENSIONS {
        assert_metrics(&rows(home.json(["metrics", "--by", dimension])), &deals, dimension);
    }
}

#[test]
fn skygeni_segments_have_the_published_numbers() {
    let Some((home, _)) = skygeni() else { return };
    let row = |dimension: &str, value: &str| {
        let found = rows(home.json(["metrics", "--by", dimension]));
        found.into_iter().find(|row| row["value"] == value).expect("the segment")
    };

    let enterprise = row("acv_bucket", "Enterprise");
    assert_eq!(enterprise["deals"], 1042);
    assert_rate(&enterprise["win_rate"], 0.469_290, "Enterprise win rate");
    assert_rate(&enterprise["rwwr"], 0.468_088, "Enterprise rwwr");
    let america = row("region", "North America");
    assert_eq!([&america["deals"], &america["won"]], [1239, 555]);
    assert_rate(&america["rwwr"], 0.439_401, "North America rwwr");
    assert_rate(&america["dfi"], 1.1, "North America dfi");
    let partner = row("lead_source", "Partner");
    assert_eq!([&partner["deals"], &partner["won"]], [1240, 545]);
    assert_rate(&partner["dfi"], 1.140_351, "Partner dfi");

    let reps = rows(home.json(["metrics", "--by", "rep"]));
    let friction = |row: &Value| row["dfi"].as_f64().expect("a number");
    let slowest = reps.iter().max_by(|one, other| friction(one).total_cmp(&friction(other)));
    let slowest = slowest.expect("25 reps");
    assert_eq!(slowest["value"], "rep_2");
    assert_rate(&slowest["dfi"], 1.42, "largest dfi");
}

#[test]
fn skygeni_can_be_replayed_to_any_day() {
    let Some((home, deals)) = skygeni() else { return };
    for last in [date(2023, 6, 30), date(2023, 12, 31)] {
        let as_of = last.to_string();
        let closed: Vec<_> = deals.iter().filter(|deal| deal.closed <= last).collect();
        for dimension in ["region", "acv_bucket"] {
            let answer = home.json(["--as-of", &as_of, "metrics", "--by", dimension]);
            assert_metrics(&rows(answer), &closed, dimension);
        }

        let existing = deals.iter().filter(|deal| deal.created <= last).count();
        let run = home.json(["--as-of", &as_of, "run", "daily"]);
        assert_eq!(run["deals"], existing, "deals created by {as_of}");
        let pipeline = run["insights"].as_array().expect("a list").iter();
        let mut pipeline = pipeline.filter(|insight| insight["kind"] == "pipeline_health");
        let open = &pipeline.next().expect("pipeline health")["evidence"]["deals"];
        assert_eq!(*open, existing - closed.len(), "deals open on {as_of}");
    }
}

#[test]
fn skygeni_windows_hold_the_deals_closed_in_them() {
    let Some((home, deals)) = skygeni() else { return };
    let (from, to) = (date(2023, 10, 1), date(2024, 1, 1));
    let inside = |from: Date, to: Date| -> Vec<&Deal> {
        deals.iter().filter(|deal| from <= deal.closed && deal.closed < to).collect()
    };
    let window = ["metrics", "--from", "2023-10-01", "--to", "2024-01-01"];
    let answer = home.json(window.into_iter().chain(["--by", "rep"]));
    let enough: Vec<_> =
        rows(answer).into_iter().filter(|row| row["enough_data"] == true).collect();
    let names: Vec<_> = enough.iter().map(|row| row["value"].clone()).collect();
    let judged: Vec<_> = inside(from, to)
        .into_iter()
        .filter(|deal| names.contains(&deal.value("rep").into()))
        .collect();
    assert!(names.len() > 20, "nearly every rep closes ten deals in a quarter");
    assert_metrics(&enough, &judged, "rep");

    let months = rows(home.json(window.into_iter().chain(["--grain", "month"])));
    assert_eq!(months.len(), 3);
    for (row, month) in months.iter().zip(10..) {
        let from = date(2023, month, 1);
        let to = from.last_of_month().tomorrow().expect("a day");
        assert_metrics(std::slice::from_ref(row), &inside(from, to), "all");
    }
}

#[test]
fn skygeni_raises_no_alert_and_claims_no_driver() {
    let Some((home, _)) = skygeni() else { return };
    for job in ["weekly", "monthly"] {
        let run = home.json(["--as-of", TODAY, "run", job]);
        assert_eq!(run["job"], job);
        assert_eq!(run["as_of"], TODAY);
        assert_eq!(run["alerts_opened"], serde_json::json!([]), "{job}");
    }
    assert_eq!(home.json(["alerts", "--state", "all"]), serde_json::json!([]));
    for days in [&["--from", "2023-01-01", "--to", "2024-07-22"][..], &[]] {
        let drivers = home.json(["--as-of", TODAY, "drivers"].iter().chain(days));
        let claimed = drivers["drivers"].as_array().expect("a list").iter();
        assert_eq!(claimed.filter(|driver| driver["significant"] != false).count(), 0);
        assert!(drivers["deals"].as_u64() > Some(1000), "there was something to analyse");
        assert_eq!(
            (&drivers["label"], &drivers["changes"]),
            (&"association".into(), &serde_json::json!([]))
        );
        let reps = home.json(["--as-of", TODAY, "reps"].iter().chain(days));
        assert_eq!(reps["ranked"], false, "the reps differ by less than luck alone gives");
        assert_eq!(reps["reps"].as_array().map(Vec::len), Some(25));
    }
}

#[test]
fn the_same_file_again_changes_nothing() {
    let Some((home, _)) = skygeni() else { return };
    let again = home.import(&real_file("skygeni_sales_data.csv").expect("there"));
    assert_eq!([&again["inserted"], &again["updated"], &again["unchanged"]], [0, 0, 5000]);
    assert_eq!(again["data_version"], 1);
    assert_eq!(home.run(["--known-at", "2", "metrics"]).code, Some(crate::home::USAGE));
}

#[test]
fn maven_gives_the_known_answers() {
    let Some(file) = real_file("maven_sales_pipeline.csv") else { return };
    let home = TestHome::new();
    assert_eq!(home.import(&file)["inserted"], 8800);
    let all = home.json(["metrics"]);
    assert_eq!([&all["deals"], &all["won"], &all["lost"]], [6711, 4238, 2473]);
    assert_rate(&all["win_rate"], 0.631_501, "win rate");
    assert_eq!(all["won_amount"], "10005534.00");
    assert_eq!(all["rwwr"], Value::Null);
    let reason = all["rwwr_reason"].as_str().expect("a reason");
    assert!(reason.contains("2473 of 2473"), "{reason}");
    assert_rate(&all["dfi"], 14.0 / 57.0, "dfi");
    assert_eq!(home.json(["--as-of", "2017-12-31", "run", "daily"])["deals"], 8800);
}

#[test]
fn two_spellings_of_a_product_are_reported() {
    let Some(file) = real_file("maven_sales_pipeline.csv") else { return };
    let products = real_file("maven_products.csv").expect("beside the other");
    let report = TestHome::new().json(["import", text(&file), text(&products)]);
    let issues = report["issues"].as_array().expect("a list").iter();
    let messages: Vec<_> = issues.filter_map(|issue| issue["message"].as_str()).collect();
    let both = |message: &&&str| message.contains("\"GTXPro\"") && message.contains("\"GTX Pro\"");
    assert_eq!(messages.iter().filter(both).count(), 1, "{messages:#?}");
}
