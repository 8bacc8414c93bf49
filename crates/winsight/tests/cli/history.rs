//! What was shown before can be shown again, and what has been restated is named.

use serde_json::Value;

use crate::home::{TestHome, USAGE, deals, text};

/// Twelve deals closed in February and twelve in March 2024, of two regions.
fn rows() -> Vec<String> {
    let mut rows = Vec::new();
    for month in [2, 3] {
        for number in 0..12 {
            let outcome = if number % 3 == 0 { "Won" } else { "Lost" };
            let region = if number % 2 == 0 { "EU" } else { "US" };
            let amount = 1000 + number * 7;
            let day = number + 1;
            rows.push(format!(
                "{month}-{number},2024-01-{day:02},2024-{month:02}-{day:02},{outcome},{amount},{region}"
            ));
        }
    }
    rows
}

fn load(home: &TestHome, as_of: &str, rows: &[String]) {
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let file = home.file("deals.csv", deals(&rows));
    home.json(["--as-of", as_of, "import", text(&file)]);
}

/// Loaded at the end of March; in May a deal of February turns out lost rather than won, with
/// another amount, and one more is found.
fn restated() -> TestHome {
    let home = TestHome::new();
    load(&home, "2024-03-31", &rows());
    home.json(["--as-of", "2024-03-31", "run", "weekly"]);
    home.json(["--as-of", "2024-03-31", "run", "daily"]);
    let mut later = rows();
    "2-0,2024-01-01,2024-02-01,Lost,1500,EU".clone_into(&mut later[0]);
    later.push("late,2024-01-05,2024-02-20,Won,900.50,US".to_owned());
    later.push("may,2024-01-05,2024-05-02,Won,100,US".to_owned());
    load(&home, "2024-05-10", &later);
    home
}

#[test]
fn a_number_that_was_shown_is_reproduced_exactly() {
    let home = restated();
    for by in [None, Some("region"), Some("cycle_bucket")] {
        let mut history = vec!["metrics", "--history"];
        history.extend(by.iter().flat_map(|by| ["--by", *by]));
        let shown = home.json(&history);
        let shown: Vec<&Value> =
            shown.as_array().expect("rows").iter().filter(|row| row["job"] == "weekly").collect();
        assert!(!shown.is_empty(), "{by:?}");
        let word = |name: &str| shown[0][name].as_str().expect("a text").to_owned();
        let version = shown[0]["data_version"].to_string();
        let (as_of, from, to) = (word("as_of"), word("from"), word("to"));
        let mut again = vec!["--as-of", &as_of, "--known-at", &version, "metrics"];
        again.extend(["--from", &from, "--to", &to]);
        again.extend(by.iter().flat_map(|by| ["--by", *by]));
        let again = home.json(&again);
        let again = again.as_array().cloned().unwrap_or_else(|| vec![again]);
        assert_eq!(again.len(), shown.len());
        for (shown, again) in shown.iter().zip(&again) {
            let metrics = shown.as_object().expect("an object").iter();
            let place = ["job", "as_of", "data_version", "from", "to"];
            for (name, value) in metrics.filter(|(name, _)| !place.contains(&name.as_str())) {
                assert_eq!(*value, again[name], "{name} of {}", shown["value"]);
            }
        }
        // Today's number is another one: the history is not recomputed.
        let today = home.json(["--as-of", &as_of, "metrics", "--from", &from, "--to", &to]);
        assert_ne!(today["won_amount"], shown[0]["won_amount"]);
    }
}

#[test]
fn a_history_shows_each_run_once_and_none_of_the_future() {
    let home = restated();
    home.json(["--as-of", "2024-05-10", "run", "weekly"]);
    home.json(["--as-of", "2024-05-10", "run", "weekly"]);
    let runs = |arguments: &[&str]| -> Vec<(String, Value)> {
        let rows = home.json(arguments);
        let run = |row: &Value| {
            let day = row["as_of"].as_str().expect("a text")[..10].to_owned();
            (format!("{} {day}", row["job"].as_str().expect("a job")), row["data_version"].clone())
        };
        rows.as_array().expect("rows").iter().map(run).collect()
    };
    let march =
        [("daily 2024-03-31".to_owned(), 1.into()), ("weekly 2024-03-31".to_owned(), 1.into())];
    let mut all = march.to_vec();
    all.push(("weekly 2024-05-10".to_owned(), 2.into()));
    assert_eq!(runs(&["metrics", "--history"]), all);
    assert_eq!(runs(&["--as-of", "2024-04-30", "metrics", "--history"]), march);
    assert_eq!(runs(&["--known-at", "1", "metrics", "--history"]), march);
    assert_eq!(runs(&["metrics", "--history", "--from", "2024-04-01"]), all[2..]);
    // The same day again on newer data was shown too, and replaces nothing.
    home.json(["--as-of", "2024-03-31", "run", "weekly"]);
    assert_eq!(runs(&["metrics", "--history", "--to", "2024-04-01"]).len(), 3);
    let refused = home.run(["metrics", "--history", "--by", "region,rep"]);
    refused.is_failure(USAGE, &["one dimension"]).expect("a hint");
}

#[test]
fn a_restatement_names_the_month_the_numbers_and_the_deals() {
    let home = restated();
    let answer = home.json(["restatements"]);
    assert_eq!(answer["since"]["data_version"], 1);
    assert_eq!(answer["now"]["data_version"], 2);
    let months = answer["months"].as_array().expect("months");
    let labels: Vec<_> = months.iter().map(|month| &month["month"]).collect();
    assert_eq!(labels, ["2024-02"], "March is as it was, and May was not over");
    let month = &months[0];
    for (field, before, after, change) in
        [("deals", 12, 13, 1), ("won", 4, 4, 0), ("lost", 8, 9, 1)]
    {
        assert_eq!(month["before"][field], before, "{field}");
        assert_eq!(month["after"][field], after, "{field}");
        assert_eq!(month["change"][field], change, "{field}");
    }
    // 1000 + 1021 + 1042 + 1063, then without the first and with 900.50.
    assert_eq!(month["before"]["won_amount"], "4126.00");
    assert_eq!(month["after"]["won_amount"], "4026.50");
    assert_eq!(month["change"]["won_amount"], "-99.50");
    let february = ["metrics", "--from", "2024-02-01", "--to", "2024-03-01"];
    for (version, side) in [("1", "before"), ("2", "after")] {
        let metrics = home.json(["--known-at", version].iter().chain(&february));
        for name in ["deals", "won", "lost", "win_rate", "rwwr", "dfi", "won_amount"] {
            assert_eq!(metrics[name], month[side][name], "{name} {side}");
        }
    }
    let deals = month["deals"].as_array().expect("deals");
    let told: Vec<_> = deals
        .iter()
        .map(|deal| {
            let fields = deal["fields"].as_array().expect("fields").iter().map(|field| {
                let word = |name: &str| field[name].as_str().unwrap_or("none").to_owned();
                format!("{} {} → {}", word("field"), word("before"), word("after"))
            });
            let word = |name: &str| deal[name].as_str().expect("a text");
            let fields = fields.collect::<Vec<_>>().join(", ");
            format!("{} {} {}: {fields}", word("deal_id"), word("change"), &word("known_at")[..10])
        })
        .collect();
    assert_eq!(
        told,
        [
            "2-0 changed 2024-05-10: outcome won → lost, amount 1000.00 → 1500.00",
            "late inserted 2024-05-10: outcome none → won, closed_date none → 2024-02-20, \
             created_date none → 2024-01-05, amount none → 900.50",
        ]
    );
    let limited = home.json(["restatements", "--limit", "1"]);
    assert_eq!(limited["months"][0]["deals"].as_array().map(Vec::len), Some(1));
    assert_eq!(limited["months"][0]["deals_changed"], 2);
    let printed = home.run(["restatements"]).stdout;
    assert!(printed.contains("12 → 13 (+1)") && printed.contains("2-0 changed"), "{printed}");
}

#[test]
fn nothing_restated_is_an_answer() {
    let home = restated();
    let nothing = |arguments: &[&str]| {
        let answer = home.json(arguments);
        assert_eq!(answer["months"], Value::Array(Vec::new()), "{arguments:?}");
        let printed = home.run(arguments).stdout;
        assert!(printed.starts_with("nothing was restated"), "{arguments:?}: {printed}");
    };
    nothing(&["restatements", "--since", "2"]);
    nothing(&["restatements", "--from", "2024-03-01"]);
    nothing(&["restatements", "--to", "2024-02-01"]);
    nothing(&["--known-at", "1", "restatements"]);
    for (since, months) in [("2024-03-31", 1), ("2024-05-10", 0), ("1", 1)] {
        let answer = home.json(["restatements", "--since", since]);
        assert_eq!(answer["months"].as_array().map(Vec::len), Some(months), "since {since}");
    }
    for (arguments, words) in [
        (["restatements", "--since", "2024-01-01"], "nothing had been loaded"),
        (["restatements", "--since", "7"], "version 7 does not exist"),
    ] {
        home.run(arguments).is_failure(USAGE, &[words]).expect("a hint");
    }
    let swapped = home.run(["--known-at", "1", "restatements", "--since", "2"]);
    swapped.is_failure(USAGE, &["later"]).expect("a hint");
}

#[test]
fn a_training_set_is_a_file_with_a_row_per_deal_and_age() {
    let home = restated();
    let out = home.path("set.csv");
    let answer = home.json([
        "--as-of",
        "2024-05-31",
        "training-set",
        "--out",
        text(&out),
        "--ages",
        "30,10",
    ]);
    let written = std::fs::read_to_string(&out).expect("written");
    let rows = written.lines().count() - 1;
    assert_eq!(answer["rows"], rows);
    // Every deal was open after 10 and after 30 days: the first of February closed after 31.
    assert_eq!(rows, 26 * 2);
    let header: Vec<_> = written.lines().next().expect("a header").split(',').collect();
    for name in ["age_days", "days_in_stage", "engagement", "label_outcome", "label_cycle_days"] {
        assert!(header.contains(&name), "{name}");
    }
    let wrong = home.run(["training-set", "--out", "set.xlsx"]);
    wrong.is_failure(USAGE, &[".csv or .parquet"]).expect("a hint");
}
