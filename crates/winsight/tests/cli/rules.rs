//! Rules of a workspace's own, and what they would have raised on its past.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::home::{TestHome, USAGE, deals, text};

const FIRST: Date = date(2023, 1, 2);

/// Five deals close a day, of which `won` says how many are won on a day, counted from the first.
fn company(home: &TestHome, days: i32, won: impl Fn(i32) -> i32) {
    let rows: Vec<_> = (0..days * 5)
        .map(|number| {
            let (day, place) = (number / 5, number % 5);
            let closed = FIRST.saturating_add(day.days());
            let outcome = if place < won(day) { "Won" } else { "Lost" };
            format!("d{number},{FIRST},{closed},{outcome},100,EU")
        })
        .collect();
    let file = deals(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    home.import(&home.file("deals.csv", file));
}

fn rule(home: &TestHome, lines: &str) -> std::path::PathBuf {
    home.file(
        "rules.toml",
        format!("[[rule]]\nname = \"mine\"\nevidence = \"unguarded\"\n{lines}\n"),
    )
}

fn raised(home: &TestHome, rules: &std::path::Path, from: Date, to: Date) -> Vec<Value> {
    let (from, to) = (from.to_string(), to.to_string());
    let tests = home.json(["rules", "backtest", text(rules), "--from", &from, "--to", &to]);
    tests[0]["raised"].as_array().expect("a list").clone()
}

#[test]
fn a_backtest_counts_an_alert_once_as_long_as_it_holds() {
    let home = TestHome::new();
    company(&home, 200, |day| if (100..140).contains(&day) { 1 } else { 3 });
    let low = "metric = \"win_rate\"\ncomparison = \"fixed\"\nthreshold = { level = 0.5 }\n\
               direction = \"down\"\nwindow_days = 28";
    let year = (FIRST.saturating_add(28.days()), FIRST.saturating_add(199.days()));
    let once = raised(&home, &rule(&home, low), year.0, year.1);
    assert_eq!(once.len(), 1, "{once:?}");
    let first: Date = once[0]["day"].as_str().expect("a day").parse().expect("a day");

    let patient = rule(&home, &format!("{low}\npending_days = 14"));
    let later = raised(&home, &patient, year.0, year.1);
    assert_eq!(later.len(), 1, "{later:?}");
    assert_eq!(later[0]["day"], json!(first.saturating_add(14.days())));
}

#[test]
fn a_short_history_is_no_expectation() {
    let home = TestHome::new();
    company(&home, 400, |_| 2);
    let rules = rule(
        &home,
        "metric = \"deals\"\ncomparison = \"expected\"\nthreshold = { percent = 20 }\n\
         direction = \"up\"\nwindow_days = 91",
    );
    let found =
        raised(&home, &rules, FIRST.saturating_add(60.days()), FIRST.saturating_add(399.days()));
    assert_eq!(found, [] as [Value; 0], "the company closes five deals every day");
}

#[test]
fn a_rule_is_routed_to_channels_that_exist() {
    let home = TestHome::new();
    company(&home, 1, |_| 2);
    let rules = rule(
        &home,
        "metric = \"deals\"\ncomparison = \"previous_period\"\nthreshold = { percent = 20 }\n\
         direction = \"up\"\nrouting = [\"finance\"]",
    );
    let answer = home.run(["rules", "apply", text(&rules)]);
    answer
        .is_failure(USAGE, &["\"mine\"", "\"finance\"", "channels add finance"])
        .expect("refused");
    assert!(!home.run(["rules", "list"]).stdout.contains("mine"));
}
