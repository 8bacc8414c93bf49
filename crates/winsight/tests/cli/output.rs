//! Results on stdout as one document, everything else on stderr.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::home::{Answer, TODAY, TestHome, deals, text};

const METRIC: &str = "dimension value period deals won lost win_rate win_rate_low win_rate_high \
    rwwr rwwr_low rwwr_high rwwr_reason dfi dfi_low dfi_high median_cycle_days \
    median_cycle_days_won median_cycle_days_lost won_amount \
    closed_amount currency enough_data data_version data_as_of pooled_win_rate \
    pooled_win_rate_low pooled_win_rate_high rolled_up_to";
const RUN: &str = "job as_of data_version deals insights alerts_opened alerts_resolved duration_ms";
const IMPORT: &str = "rows_read inserted updated unchanged deleted quarantined quality_score \
    issues mapping data_version duration_ms";
const ALERT: &str = "id rule severity state metric dimension value current baseline change deals \
    baseline_deals confidence window baseline_window impact_amount impact_kind currency title \
    message action context label opened_at resolved_at data_version evidence";

fn assert_fields(document: &Value, promised: &str) {
    let object = document.as_object().unwrap_or_else(|| panic!("no object: {document}"));
    let missing: Vec<_> =
        promised.split_whitespace().filter(|name| !object.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {document:#}");
}

/// Two quarters: Enterprise deals were won in the first and lost in the second, while small deals
/// went on as before.
fn a_drop() -> TestHome {
    let home = TestHome::new();
    // The last is there so that the days of the drop are long enough ago to be judged.
    let mut rows =
        vec!["open,2024-05-01,,Open,70000,EU".to_owned(), "new,2024-06-28,,Open,,EU".to_owned()];
    for (created, closed, won_of_hundred) in
        [("2024-01-05", "2024-02-20", 80), ("2024-04-05", "2024-06-20", 20)]
    {
        for number in 0..100 {
            for (size, amount, won) in [("large", 60_000, won_of_hundred), ("small", 6_000, 50)] {
                let outcome = if number < won { "Won" } else { "Lost" };
                rows.push(format!(
                    "{size}-{created}-{number},{created},{closed},{outcome},{amount},EU"
                ));
            }
        }
    }
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    home.import(&home.file("deals.csv", deals(&rows)));
    home
}

/// The one open deal, of 70,000, times the drop of the revenue-weighted win rate: from 4.8 to 1.2 of
/// 6 million for Enterprise, from 5.1 to 1.5 of 6.6 million for all deals.
fn assert_at_risk(alert: &Value, amount: &str) {
    let found = [&alert["impact_kind"], &alert["impact_amount"]];
    assert_eq!(found, ["revenue_at_risk", amount], "{alert:#}");
}

#[test]
fn the_tables_of_several_dimensions_come_at_once() {
    let home = a_drop();
    let metrics = |more: &[&str]| {
        let answer = home.json(["metrics", "--grain", "month"].iter().chain(more));
        answer.as_array().expect("rows").clone()
    };
    let each = metrics(&["--each", "--by", "region,acv_bucket"]);
    assert_eq!(each, [metrics(&["--by", "region"]), metrics(&["--by", "acv_bucket"])].concat());
    assert_eq!(each, metrics(&["--each", "--by", "region,acv_bucket", "--no-cache"]));
    assert!(each[0]["dfi_low"].is_number());

    let every = metrics(&["--each", "--quick"]);
    let dimensions: BTreeSet<_> = every.iter().map(|row| row["dimension"].as_str()).collect();
    assert_eq!(dimensions.len(), winsight_model::Dimension::BUILT_IN.len());
    assert!(every.iter().all(|row| row["dfi_low"].is_null()));

    let printed = home.run(["metrics", "--each", "--by", "region,acv_bucket"]).stdout;
    let line = |words: &[&str]| {
        let starts =
            |line: &str| line.split_whitespace().take(words.len()).eq(words.iter().copied());
        printed.lines().any(starts)
    };
    assert!(line(&["dimension", "segment", "period"]), "{printed}");
    assert!(line(&["acv_bucket", "SMB", "all", "200"]), "{printed}");
}

#[test]
fn documents_have_the_promised_fields() {
    let home = a_drop();
    let all = home.json(["metrics"]);
    assert_fields(&all, METRIC);
    assert_eq!(all["closed_amount"], "13200000.00");
    let by = home.json(["metrics", "--by", "region,acv_bucket"]);
    assert_fields(&by[0], METRIC);
    assert_eq!([&by[0]["dimension"], &by[0]["value"]], ["region × acv_bucket", "EU × Enterprise"]);
    assert_eq!(by[0]["closed_amount"], "12000000.00");

    let run = home.json(["--as-of", "2024-06-30", "run", "weekly"]);
    assert_fields(&run, RUN);
    let alerts = home.json(["alerts"]);
    let alerts = alerts.as_array().expect("a list");
    let opened = run["alerts_opened"].as_array().expect("a list");
    assert_eq!(alerts.len(), opened.len());
    assert_fields(&alerts[0], ALERT);
    assert!(alerts.iter().all(|alert| alert["label"] == "association"));
    let enterprise = alerts.iter().find(|alert| alert["value"] == "Enterprise").expect("an alert");
    assert_eq!([&enterprise["deals"], &enterprise["baseline_deals"]], [100, 100]);
    assert_eq!([&enterprise["current"], &enterprise["baseline"]], [0.2, 0.8]);
    assert_at_risk(enterprise, "42000.00");
    // All deals dropped only because the Enterprise ones did: that is one alert, not two.
    assert_eq!(alerts.len(), 1);
    assert!(enterprise["context"].as_str().expect("a context").contains("all deals"));

    let file = home.file("deals.csv", deals(&["a,2024-01-01,2024-02-01,Won,100,EU"]));
    assert_fields(&home.json(["import", text(&file)]), IMPORT);
}

#[test]
fn every_command_prints_one_document() {
    let home = a_drop();
    let file = home.file("more.csv", deals(&["m,2024-01-01,2024-02-01,Won,100,EU"]));
    let out = home.path("company");
    let lines = [
        vec!["init"],
        vec!["run", "daily"],
        vec!["run", "weekly"],
        vec!["run", "monthly"],
        vec!["metrics", "--grain", "quarter"],
        vec!["changes", "--by", "region"],
        vec!["drivers"],
        vec![
            "drivers",
            "--from",
            "2024-04-01",
            "--to",
            "2024-07-01",
            "--baseline-from",
            "2024-01-01",
            "--baseline-to",
            "2024-04-01",
        ],
        vec!["trends"],
        vec!["trends", "--grain", "week", "--by", "region"],
        vec!["reps"],
        vec!["insights"],
        vec!["alerts", "--state", "all"],
        vec!["deals"],
        vec!["quality"],
        vec!["import", "--dry-run", text(&file)],
        vec!["simulate", "--deals", "500", "--out", text(&out)],
        vec!["openapi"],
    ];
    for line in lines {
        let document = home.json(["--as-of", TODAY].iter().chain(&line));
        assert!(document.is_object() || document.is_array(), "{line:?}");
    }
}

#[test]
fn a_server_says_where_it_listens() {
    let home = a_drop();
    let mut server = home.spawn(&["--json", "serve", "--listen", "127.0.0.1:0"]);
    let stdout = server.stdout.take().expect("piped");
    let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
    let document = documents.next().expect("one document").expect("JSON");
    let url = document["dashboard"].as_str().expect("an address");
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"), "{url}");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
}

#[test]
fn a_dry_run_stores_nothing() {
    let home = TestHome::new();
    let file = home.file("deals.csv", deals(&["a,2024-01-01,2024-02-01,Won,100,EU"]));
    let report = home.json(["import", "--dry-run", text(&file)]);
    assert_eq!([&report["rows_read"], &report["data_version"]], [&Value::from(1), &Value::Null]);
    assert_eq!(home.run(["metrics"]).code, Some(1));
}

#[test]
fn a_saved_mapping_reads_the_file_again() {
    let home = TestHome::new();
    let file = home.file("deals.csv", "Opp;Opened;Ended;Verdict\na;01/02/2024;03/04/2024;+\n");
    let mapping = home.file(
        "mapping.toml",
        "date_format = \"d/m/y\"\n[columns]\ndeal_id = \"Opp\"\ncreated_date = \"Opened\"\n\
         closed_date = \"Ended\"\noutcome = \"Verdict\"\n[outcomes]\n\"+\" = \"won\"\n",
    );
    let saved = home.path("saved.toml");
    let first =
        ["import", "--mapping", text(&mapping), "--save-mapping", text(&saved), text(&file)];
    assert_eq!(home.json(first)["inserted"], 1);
    let again = home.json(["import", "--mapping", text(&saved), text(&file)]);
    assert_eq!([&again["unchanged"], &again["data_version"]], [1, 1]);
    let april = home.json(["metrics", "--from", "2024-04-03", "--to", "2024-04-04"]);
    assert_eq!(april["deals"], 1, "day first");
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let home = a_drop();
    let mut child = home.spawn(&["openapi"]);
    drop(child.stdout.take());
    let answer = Answer::of(&child.wait_with_output().expect("it ends"));
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device of Linux");
    let mut command = a_drop().command();
    let output = command.arg("openapi").stdout(full).output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn segments_cover_every_deal() {
    let home = TestHome::new();
    let rows = ["a,2024-01-01,2024-02-01,Won,1,EU", "b,2024-01-01,2024-02-01,Won,1,"];
    home.import(&home.file("deals.csv", deals(&rows)));
    let by_region = home.json(["metrics", "--by", "region"]);
    let names: BTreeSet<_> = by_region
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["value"].as_str())
        .collect();
    assert_eq!(names, BTreeSet::from(["(none)", "EU"]));
}
