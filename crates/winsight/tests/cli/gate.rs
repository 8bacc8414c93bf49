//! The quality gate: a load that would spoil what readers see is held until somebody decides.

use serde_json::{Value, json};

use crate::home::{Answer, REFUSED, TODAY, TestHome, USAGE, deals, text};

/// 200 deals; of each `blank_every`-th the amount is blank.
fn file(rows: std::ops::Range<usize>, blank_every: usize) -> String {
    let row = |number: usize| {
        let outcome = if number.is_multiple_of(2) { "Won" } else { "Lost" };
        let is_blank = blank_every > 0 && number.is_multiple_of(blank_every);
        let amount = if is_blank { String::new() } else { format!("{}", 1_000 + number) };
        format!("d{number},2024-01-01,2024-02-01,{outcome},{amount},EU")
    };
    let rows: Vec<_> = rows.map(row).collect();
    deals(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn with_deals() -> TestHome {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", file(0..200, 0)));
    home
}

fn import(home: &TestHome, name: &str, contents: &str, more: &[&str]) -> (Answer, Value) {
    let path = home.file(name, contents);
    let mut arguments = vec!["--json", "--as-of", TODAY, "import", text(&path)];
    arguments.extend(more);
    let answer = home.run(arguments);
    let report = serde_json::from_str(&answer.stdout).unwrap_or(Value::Null);
    (answer, report)
}

fn held(home: &TestHome) -> Vec<Value> {
    home.json(["quality"])["held"].as_array().expect("a list").clone()
}

#[test]
fn a_load_that_blanks_amounts_is_held_and_readers_keep_what_they_had() {
    let home = with_deals();
    let before = home.json(["metrics"]);
    let (answer, report) = import(&home, "bad.csv", &file(0..200, 3), &[]);
    assert_eq!(answer.code, Some(REFUSED), "{answer:#?}");
    assert!(answer.stderr.contains("winsight quality accept 2"), "{}", answer.stderr);
    let reason = report["held"][0]["reasons"][0].as_str().expect("a reason");
    assert!(reason.contains("amount would become blank in 67 of 200 deals"), "{reason}");
    assert_eq!([&report["data_version"], &report["new_version"]], [&json!(1), &json!(false)]);
    assert_eq!(home.json(["metrics"])["won_amount"], before["won_amount"]);

    let alerts = home.json(["alerts"]);
    assert_eq!([&alerts[0]["rule"], &alerts[0]["state"]], ["data_quality", "open"]);
    let shown = home.run(["metrics"]);
    assert!(
        shown.stdout.contains("data as of 2024-07-21, version 1; load 2 is held"),
        "{shown:#?}"
    );

    let released = home.json(["--as-of", TODAY, "quality", "accept"]);
    assert_eq!([&released["load"], &released["updated"]], [2, 67]);
    assert_eq!(released["data_version"], 2);
    assert_ne!(home.json(["metrics"])["won_amount"], before["won_amount"]);
    assert_eq!(home.json(["alerts"]), json!([]));
    assert_eq!(held(&home), Vec::<Value>::new());
    assert!(!home.store("held/2").exists(), "its rows are not kept twice");
}

#[test]
fn a_load_that_lost_deals_is_replaced_by_a_better_one() {
    let home = with_deals();
    let (answer, _) = import(&home, "short.csv", &file(0..120, 0), &[]);
    assert_eq!(answer.code, Some(REFUSED), "{answer:#?}");
    assert!(answer.stderr.contains("120 rows where the one before it had 200"), "{answer:#?}");
    let (answer, _) = import(&home, "short.csv", &file(0..120, 0), &["--full"]);
    assert!(answer.stderr.contains("80 of the 200 deals stored would be deleted"), "{answer:#?}");
    assert_eq!(held(&home).len(), 2);

    let (answer, report) = import(&home, "whole.csv", &file(0..210, 0), &["--full"]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert_eq!([&report["inserted"], &report["deleted"]], [10, 0]);
    assert_eq!(held(&home), Vec::<Value>::new());
    assert_eq!(home.json(["alerts", "--state", "all"])[0]["state"], "resolved");
}

#[test]
fn a_held_load_stays_until_another_one_brings_its_deals() {
    let home = with_deals();
    import(&home, "bad.csv", &file(0..200, 3), &[]);
    let (answer, _) = import(&home, "others.csv", &file(300..400, 0), &[]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert_eq!(held(&home).len(), 1, "these are other deals");
    let (answer, _) = import(&home, "better.csv", &file(5..200, 0), &[]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert_eq!(held(&home), Vec::<Value>::new(), "a few may be gone");
}

#[test]
fn releasing_a_load_leaves_what_newer_ones_changed() {
    let home = with_deals();
    import(&home, "bad.csv", &file(0..200, 3), &[]);
    let (answer, _) = import(&home, "newer.csv", &file(0..20, 0).replace(",EU", ",US"), &[]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    let released = home.json(["--as-of", TODAY, "quality", "accept"]);
    assert_eq!(released["updated"], 60, "of 67 without an amount, 7 have changed since");
    let in_us = home.json(["metrics", "--where", "region=US"]);
    assert_eq!([&in_us["deals"], &in_us["won_amount"]], [&json!(20), &json!("10090.00")]);

    import(&home, "short.csv", &file(0..120, 0), &["--full"]);
    import(&home, "others.csv", &file(300..310, 0), &[]);
    let released = home.json(["--as-of", TODAY, "quality", "accept"]);
    assert_eq!(released["deleted"], 80, "not those that came later");
    assert_eq!(home.json(["metrics"])["deals"], 130);
}

#[test]
fn a_full_file_deletes_what_it_lacks_and_a_row_set_aside_is_not_lacking() {
    let home = with_deals();
    let rest =
        file(0..190, 0).replace("d5,2024-01-01,2024-02-01,Lost", "d5,2024-01-01,2024-02-01,Maybe");
    let (answer, report) = import(&home, "full.csv", &rest, &["--full"]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert_eq!([&report["deleted"], &report["quarantined"]], [10, 1]);
    assert_eq!(home.json(["metrics"])["deals"], 190);
    let before = home.json(["--known-at", "1", "metrics"]);
    assert_eq!(before["deals"], 200, "what was known before can still be asked for");
}

#[test]
fn a_held_load_can_be_thrown_away() {
    let home = with_deals();
    import(&home, "bad.csv", &file(0..200, 3), &[]);
    let wrong = home.run(["quality", "accept", "9"]);
    assert_eq!(wrong.is_failure(USAGE, &["load 9 is not held; held are: 2"]), Ok(()));
    home.json(["quality", "discard", "2"]);
    assert_eq!(held(&home), Vec::<Value>::new());
    let none = home.run(["quality", "accept"]);
    assert_eq!(none.is_failure(USAGE, &["no load is held"]), Ok(()));
    assert_eq!(home.json(["metrics"])["won_amount"], "109900.00");
}
