//! Wrong usage: exit code 2, an empty stdout, and a message that helps.

use crate::home::{FAILED, TestHome, USAGE, deals, report};

/// A wrong command line, and what the message must say.
const WRONG: [(&str, &[&str]); 34] = [
    ("metrics --by regoin", &["\"regoin\"", "did you mean \"region\"", "acv_bucket"]),
    ("metrics --by region,", &["acv_bucket"]),
    ("metrics --grain year", &["week, month or quarter"]),
    ("metrics --from 2024-13-01", &["--from", "2024-13-01"]),
    ("metrics --from yesterday", &["--from", "yesterday"]),
    ("metrics --from 2024-02-01 --to 2024-02-01", &["empty"]),
    ("metrics --from 2024-03-01 --to 2024-02-01", &["empty"]),
    ("--as-of 2024-02-29 metrics --from 2024-03-01", &["empty", "after 2024-02-29"]),
    ("--as-of 2024-02-29 metrics --grain week --from 2024-03-01", &["empty", "after 2024-02-29"]),
    ("--as-of 2024-02-30 metrics", &["--as-of", "2024-02-30", "2024-06-30"]),
    ("--as-of tomorrow metrics", &["--as-of", "tomorrow", "2024-06-30T06:00:00Z"]),
    ("--as-of 9999-12-31 metrics", &["--as-of"]),
    ("--known-at 99 metrics", &["99", "newest is 1"]),
    ("--known-at 0 metrics", &["version 0", "newest is 1"]),
    ("--known-at 2024-01-01 metrics", &["first load", "version 1", "2024-07-21"]),
    ("--known-at abc metrics", &["--known-at", "abc"]),
    ("changes", &["--by"]),
    ("--as-of 2024-02-29 changes --by region --from 2024-03-01", &["empty", "after 2024-02-"]),
    ("changes --by region --from 2024-03-01 --to 2024-02-01", &["empty"]),
    ("drivers --from 2024-03-01 --to 2024-02-01", &["empty"]),
    ("drivers --from 2024-01-01 --baseline-from 2024-03-01", &["baseline", "ends on 2023-12-31"]),
    ("drivers --from 2030-01-01 --to 2030-04-01", &["no deal closed in 2030", "2024-02-01"]),
    ("reps --from 2010-01-01 --to 2010-04-01", &["no deal closed in 2010", "2024-02-01"]),
    ("cohorts --from 2030-01-01 --to 2030-04-01", &["window from 2030-01-01 is empty"]),
    ("trends --grain year", &["week, month or quarter"]),
    ("trends --by regoin", &["region"]),
    ("reps --from 2024-03-01 --to 2024-02-01", &["empty"]),
    ("run hourly", &["daily, weekly, monthly"]),
    ("alerts --state gone", &["open, acknowledged"]),
    ("frobnicate", &["frobnicate", "--help"]),
    ("import", &["FILE"]),
    ("--workspace ../elsewhere metrics", &["../elsewhere", "letters"]),
    ("serve --listen nonsense", &["--listen"]),
    ("simulate --out anywhere --deals 10", &["500"]),
];

#[test]
fn wrong_usage_is_explained() {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", deals(&["a,2024-01-01,2024-02-01,Won,100,EU"])));
    let answers = WRONG.iter().map(|(line, words)| {
        let answer = home.run(line.split(' '));
        answer.is_failure(USAGE, words).map_err(|problem| format!("{line}: {problem}"))
    });
    report(&answers.filter_map(Result::err).collect::<Vec<_>>());
}

#[test]
fn variables_of_the_command_line_are_no_settings() {
    let home = TestHome::new();
    let mut command = home.command();
    let answer = command.env("WINSIGHT_USER", "ana").arg("alerts").output().expect("starts");
    assert!(answer.status.success(), "{answer:?}");
}

#[test]
fn a_question_before_the_first_load_says_how_to_load() {
    let home = TestHome::new();
    for line in [
        "metrics",
        "changes --by region",
        "drivers",
        "trends",
        "reps",
        "deals",
        "pipeline",
        "cohorts",
        "run daily",
    ] {
        let answer = home.run(line.split(' '));
        answer
            .is_failure(FAILED, &["no deals have been loaded yet", "winsight import"])
            .expect(line);
    }
    for line in ["alerts", "insights", "quality"] {
        assert_eq!(home.run([line]).code, Some(0), "{line} has an answer before the first load");
    }
}

#[test]
fn an_unknown_setting_is_named_with_its_nearest() {
    let home = TestHome::new();
    assert_eq!(home.run(["init"]).code, Some(0));
    home.file("home/winsight.toml", "min_dels = 5\n");
    home.run(["metrics"]).is_failure(USAGE, &["did you mean \"min_deals\""]).expect("explained");
    home.file("home/winsight.toml", "colour = 5\n");
    let answer = home.run(["metrics"]);
    answer.is_failure(USAGE, &["colour"]).expect("explained");
    assert!(!answer.stderr.contains("did you mean"), "nothing is near: {answer:#?}");
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let home = TestHome::new();
    assert_eq!(home.run(["init"]).code, Some(0));
    for (line, words) in [
        ("min_deals = 0", &["min_deals is 0", "1 or more"][..]),
        ("alerts.dfi_rise = -1", &["alerts.dfi_rise is -1", "0 or more"]),
        ("alerts.false_alarm_budget = 1", &["alerts.false_alarm_budget is 1", "between 0 and 1"]),
        ("alerts.window_days = 6", &["alerts.window_days is 6", "7 or more"]),
        ("alerts.idle_days = -3", &["alerts.idle_days is -3"]),
        ("quality_gate.max_lost = 5", &["quality_gate.max_lost is 5", "from 0 to 1"]),
        ("acv_buckets.smb_up_to = 50000", &["smb_up_to", "below mid_market_up_to"]),
        ("cycle_buckets.fast_up_to = 500", &["fast_up_to", "rise"]),
        ("pipeline.win_chance_by = [\"cycle_bucket\"]", &["cycle_bucket", "leave it out"]),
    ] {
        home.file("home/winsight.toml", format!("{line}\n"));
        home.run(["metrics"]).is_failure(USAGE, words).expect(line);
    }
}

#[test]
fn a_fiscal_year_begins_in_a_month() {
    let home = TestHome::new();
    assert_eq!(home.run(["init"]).code, Some(0));
    home.file("home/winsight.toml", "fiscal_year_start_month = 13\n");
    home.run(["metrics"])
        .is_failure(USAGE, &["fiscal_year_start_month", "13 is not a month", "1 (January) to 12"])
        .expect("explained");
    home.file("home/winsight.toml", "fiscal_year_start_month = 4\n");
    home.run(["metrics"]).is_failure(FAILED, &["no deals have been loaded yet"]).expect("valid");
}

#[test]
fn strangers_cannot_reach_the_dashboard() {
    let home = TestHome::new();
    let answer = home.run(["serve", "--listen", "0.0.0.0:0"]);
    assert_ne!(answer.code, Some(0));
    assert!(answer.stderr.contains("loopback"), "{answer:#?}");
}

#[test]
fn the_default_scenario_is_printed_without_a_folder_to_write_to() {
    let answer = TestHome::new().run(["simulate", "--print-scenario"]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert!(answer.stdout.contains("[[incident"), "{answer:#?}");
}
