//! The two clocks: the world as it stood, and what was known of it.

use crate::home::{TestHome, deals, text};

fn load(home: &TestHome, as_of: &str, rows: &[&str]) {
    let file = home.file("deals.csv", deals(rows));
    home.json(["--as-of", as_of, "import", text(&file)]);
}

/// Deals, won deals and closed amount, as known at a version or day.
fn known(home: &TestHome, at: &str) -> (u64, u64, String) {
    let metrics = home.json(["--known-at", at, "metrics"]);
    let count = |name: &str| metrics[name].as_u64().expect("a count");
    let amount = metrics["closed_amount"].as_str().expect("an amount").to_owned();
    (count("deals"), count("won"), amount)
}

fn two_loads() -> TestHome {
    let home = TestHome::new();
    load(&home, "2024-03-01", &["a,2024-01-01,2024-02-01,Won,100,EU"]);
    let restated = ["a,2024-01-01,2024-02-01,Lost,150,EU", "b,2024-01-01,2024-02-05,Won,50,US"];
    load(&home, "2024-04-01", &restated);
    home
}

#[test]
fn an_earlier_version_reproduces_its_numbers() {
    let home = two_loads();
    let first = (1, 1, "100.00".to_owned());
    let second = (2, 1, "200.00".to_owned());
    for (at, expected) in [
        ("1", &first),
        ("2024-03-01", &first),
        ("2024-03-31", &first),
        ("2", &second),
        ("2024-04-01", &second),
        ("2024-12-31", &second),
    ] {
        assert_eq!(known(&home, at), *expected, "known at {at}");
    }
}

#[test]
fn a_load_dated_back_does_not_change_what_was_known_before() {
    let home = two_loads();
    let file = home.file("late.csv", deals(&["c,2024-01-01,2024-02-10,Won,7,EU"]));
    // Whether it is refused or taken as known from the latest load on is not the question here.
    home.run(["--as-of", "2024-02-20", "import", text(&file)]);
    assert_eq!(known(&home, "2024-03-01"), (1, 1, "100.00".to_owned()));
    assert_eq!(known(&home, "1"), (1, 1, "100.00".to_owned()));
}

#[test]
fn a_deal_closed_later_is_still_open() {
    let home = TestHome::new();
    load(
        &home,
        "2024-07-21",
        &["a,2024-01-01,2024-02-01,Won,100,EU", "b,2024-01-15,2024-03-01,Lost,50,EU"],
    );
    for (as_of, existing, closed) in [
        ("2023-12-31", 0, 0),
        ("2024-01-01", 1, 0),
        ("2024-01-31", 2, 0),
        ("2024-02-01", 2, 1),
        ("2024-02-01T10:00:00Z", 2, 1),
        ("2024-03-01", 2, 2),
    ] {
        assert_eq!(home.json(["--as-of", as_of, "run", "daily"])["deals"], existing, "{as_of}");
        assert_eq!(home.json(["--as-of", as_of, "metrics"])["deals"], closed, "{as_of}");
    }
}

#[test]
fn a_replay_hears_nothing_of_what_was_said_later() {
    let home = TestHome::new();
    load(&home, "2024-07-20", &["a,2024-01-01,,Open,100,EU"]);
    home.json(["--as-of", "2024-07-21", "run", "daily"]);
    let insights = |as_of: &str| home.json(["--as-of", as_of, "insights"]);
    assert_eq!(insights("2024-07-20"), serde_json::json!([]));
    assert_ne!(insights("2024-07-21"), serde_json::json!([]));
}

#[test]
fn a_month_that_is_not_loaded_to_its_end_is_not_complete() {
    let home = TestHome::new();
    let rows = ["a,2024-01-01,2024-01-31,Won,100,EU", "b,2024-01-15,2024-02-12,Lost,50,EU"];
    load(&home, "2024-02-13", &rows);
    let months = home.json(["--as-of", "2024-03-20", "metrics", "--grain", "month"]);
    let months: Vec<_> = months.as_array().expect("rows").iter().collect();
    let ends: Vec<_> = months.iter().map(|month| (&month["period"], &month["to"])).collect();
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert_eq!(ends[1].0, "2024-02");
}

#[test]
fn newer_events_leave_the_older_ones() {
    let home = TestHome::new();
    let file =
        home.file("deals.csv", deals(&["a,2024-01-01,,Open,100,EU", "b,2024-01-01,,Open,1,EU"]));
    let events = |name: &str, rows: &str| home.file(name, format!("deal_id,date,stage\n{rows}"));
    let january = "a,2024-01-05,Demo\na,2024-01-25,Proposal\nb,2024-01-07,Demo\n";
    let stages = |day: &str| -> Vec<String> {
        let open = home.json(["--as-of", day, "deals"]);
        let open = open.as_array().expect("deals").iter();
        open.map(|deal| deal["stage"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let load = |name: &str, rows: &str| {
        let events = events(name, rows);
        home.json(["--as-of", "2024-03-01", "import", text(&file), "--events", text(&events)])
    };
    load("january.csv", january);
    load("february.csv", "a,2024-02-10,Negotiation\n");
    let all = [("2024-01-10", "Demo"), ("2024-01-30", "Proposal"), ("2024-02-20", "Negotiation")];
    for (day, stage) in all {
        assert_eq!(stages(day), [stage, "Demo"], "{day}");
    }
    let again = load("january.csv", january);
    assert_eq!(again["data_version"], 2, "nothing is new");
    load("corrected.csv", "a,2024-01-05,Discovery\na,2024-01-25,Proposal\n");
    for (day, stage) in [("2024-01-10", "Discovery"), all[1], all[2]] {
        assert_eq!(stages(day), [stage, "Demo"], "{day}");
    }
}

#[test]
fn a_rerun_on_the_same_day_replaces_what_the_first_one_said() {
    let home = TestHome::new();
    load(&home, "2024-07-20", &["a,2024-01-01,,Open,100,EU"]);
    home.json(["--as-of", "2024-07-21", "run", "daily"]);
    load(&home, "2024-07-21", &["b,2024-01-02,,Open,50,EU"]);
    home.json(["--as-of", "2024-07-21T09:00:00Z", "run", "daily"]);
    let insights = home.json(["insights", "--cadence", "daily"]);
    let pipeline = insights.as_array().expect("a list").iter();
    let pipeline: Vec<_> =
        pipeline.filter(|insight| insight["kind"] == "pipeline_health").collect();
    assert_eq!(pipeline.len(), 1);
    assert_eq!(
        pipeline[0]["evidence"]["deals"], 2,
        "the later run, though as of an earlier instant"
    );
}
