//! Rows that cannot be loaded: set aside with a reason, and released once they are corrected.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::home::{TODAY, TestHome, deals, report, text};

const WON: &str = "a1,2024-01-01,2024-02-01,Won,100,EU";
const LOST: &str = "a2,2024-01-02,2024-02-03,Lost,200,US";

/// Line to the checks that its row failed.
type Held = BTreeMap<u64, Vec<String>>;

fn held(home: &TestHome) -> Held {
    let quality = home.json(["quality", "--limit", "1000"]);
    let rows = quality["quarantined"].as_array().expect("a list").clone();
    let checks = |row: &Value| {
        let reasons = row["reasons"].as_array().expect("a list").iter();
        reasons
            .map(|reason| {
                let message = reason["message"].as_str().expect("a message");
                assert!(message.len() > 10, "{message:?} explains something");
                reason["check"].as_str().expect("a check").to_owned()
            })
            .collect()
    };
    rows.iter().map(|row| (row["line"].as_u64().expect("a line"), checks(row))).collect()
}

/// One bad row after two good ones, and the check it fails; without one it is loaded, and
/// `closed` is what the closed amounts come to.
struct Row {
    line: String,
    check: Option<&'static str>,
    closed: &'static str,
}

fn rows() -> Vec<Row> {
    let bad = |row: &str, check| Row { line: row.to_owned(), check: Some(check), closed: "300.00" };
    let good = |row: &str, closed| Row { line: row.to_owned(), check: None, closed };
    vec![
        bad("b,2024-01-01,2024-02-01,Won,-5,EU", "negative_amount"),
        bad("b,2024-01-01,2024-02-01,Won,(500),EU", "negative_amount"),
        good("b,2024-01-01,2024-02-01,Won,,EU", "300.00"),
        good("b,2024-01-01,2024-02-01,Won,\"$1,234.50\",EU", "1534.50"),
        bad("b,2024-01-01,2024-02-01,Won,\"1.234,50 €\",EU", "currency_without_rate"),
        bad("b,2024-01-01,2024-02-01,Won,999999999999999999999999,EU", "implausible_amount"),
        bad("b,2024-01-01,2024-02-01,Won,1e300,EU", "invalid_amount"),
        bad("b,2024-01-01,2024-02-01,Won,inf,EU", "invalid_amount"),
        bad("b,2024-01-01,2024-02-01,Won,plenty,EU", "invalid_amount"),
        bad("b,2024-03-01,2024-02-01,Won,5,EU", "closed_before_created"),
        bad("b,2024-01-01,2099-02-01,Won,5,EU", "closed_in_future"),
        bad("b,2099-01-01,,Open,5,EU", "created_in_future"),
        bad("b,2024-02-30,2024-03-02,Won,5,EU", "invalid_date"),
        bad("b,0001-01-01,2024-03-02,Won,5,EU", "implausible_date"),
        bad("b,2024-01-01,,Won,5,EU", "closed_without_date"),
        bad("b,2024-01-01,2024-02-01,Maybe,5,EU", "unknown_outcome"),
        good("b,2024-01-01,2024-02-01,Closed Won,5,EU", "305.00"),
        good("b,2024-01-01,,Open,5,EU", "300.00"),
        bad("b,2024-01-01,2024-02-01,W\0n,5,EU", "nul_bytes"),
        bad("b,2024-01-01,2024-02-01", "wrong_number_of_fields"),
        bad(&format!("b,2024-01-01,2024-02-01,Won,5,{}", "x".repeat(10_000_000)), "oversized_row"),
        good("a1,2024-01-01,2024-02-01,Won,100,EU", "300.00"),
    ]
}

#[test]
fn a_bad_row_is_set_aside_and_the_others_are_loaded() {
    let mut problems = Vec::new();
    for Row { line: row, check, closed } in rows() {
        let home = TestHome::new();
        let file = home.file("deals.csv", deals(&[WON, LOST, &row]));
        let imported = home.import(&file);
        let expected: Held = check.map(|check| (4, vec![check.to_owned()])).into_iter().collect();
        let found = held(&home);
        let amount = home.json(["metrics"])["closed_amount"].clone();
        if found != expected || imported["quarantined"] != expected.len() || amount != closed {
            let start: String = row.chars().take(60).collect();
            problems.push(format!("{start}: {found:?}, closed {amount}"));
        }
    }
    report(&problems);
}

#[test]
fn a_file_cut_off_in_the_middle_of_a_row_loses_only_that_row() {
    let home = TestHome::new();
    let whole = deals(&[WON, LOST, "a3,2024-01-01,2024-02-01,Won,5,EU"]);
    let file = home.file("deals.csv", &whole[..whole.len() - 20]);
    let imported = home.import(&file);
    assert_eq!([&imported["inserted"], &imported["quarantined"]], [2, 1]);
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [4]);
}

#[test]
fn conflicting_rows_of_a_deal_are_all_set_aside() {
    let home = TestHome::new();
    let file = home.file("deals.csv", deals(&[WON, LOST, &WON.replace("Won", "Lost")]));
    let imported = home.import(&file);
    assert_eq!([&imported["inserted"], &imported["quarantined"]], [1, 2]);
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [2, 4]);

    let again = home.file("deals.csv", deals(&[WON, LOST, WON]));
    let imported = home.import(&again);
    assert_eq!([&imported["inserted"], &imported["duplicates"]], [1, 1]);
    assert_eq!(held(&home), Held::new());
}

#[test]
fn a_deal_that_turns_bad_keeps_what_was_known_of_it() {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", deals(&[WON, LOST])));
    home.import(&home.file("deals.csv", deals(&[&WON.replace("Won", "Maybe"), LOST])));
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [2]);
    let metrics = home.json(["metrics"]);
    assert_eq!([&metrics["deals"], &metrics["won"]], [2, 1]);
}

#[test]
fn corrected_rows_leave_the_quarantine() {
    let home = TestHome::new();
    let bad = ["b1,2024-01-01,2024-02-01,Maybe,5,EU", "b2,2024-01-01,2024-02-01,Won,-5,EU"];
    home.import(&home.file("deals.csv", deals(&[WON, bad[0], bad[1]])));
    assert_eq!(held(&home).len(), 2);

    let half = deals(&[WON, &bad[0].replace("Maybe", "Lost"), bad[1]]);
    let imported = home.import(&home.file("deals.csv", &half));
    assert_eq!([&imported["inserted"], &imported["unchanged"]], [1, 1]);
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [4]);

    home.import(&home.file("corrected.csv", half.replace("-5", "5")));
    assert_eq!(held(&home), Held::new(), "a deal is known by its id, not by its file");
}

#[test]
fn corrected_rows_leave_the_quarantine_though_their_id_could_not_be_read() {
    let home = TestHome::new();
    let bad = ["b1,2024-01-01,2024-02-01,W\0n,5,EU", "b2,2024-01-01,2024-02-01"];
    home.import(&home.file("deals.csv", deals(&[WON, bad[0], bad[1]])));
    assert_eq!(held(&home).len(), 2);

    let good = ["b1,2024-01-01,2024-02-01,Won,5,EU", "b2,2024-01-01,2024-02-01,Lost,5,EU"];
    home.import(&home.file("deals.csv", deals(&[WON, good[0], good[1]])));
    assert_eq!(held(&home), Held::new());
}

#[test]
fn a_bad_stage_event_is_reported_with_its_own_file() {
    let home = TestHome::new();
    let file = home.file("deals.csv", deals(&[WON]));
    let events =
        home.file("events.csv", "deal_id,date,stage\na1,yesterday,Demo\na1,2024-01-09,Demo\n");
    let [file, events] = [&file, &events].map(|path| crate::home::text(path).to_owned());
    home.json(["--as-of", TODAY, "import", &file, "--events", &events]);
    let row = &home.json(["quality"])["quarantined"][0];
    assert_eq!([&row["file"], &row["line"]], [&Value::from(events), &Value::from(2)]);
}

const ABSURD: &str = "b,2024-01-01,2024-02-01,Won,999999999999,EU";

#[test]
fn rows_released_by_hand_are_loaded_and_leave_the_quarantine() {
    let home = TestHome::new();
    let twice =
        [WON, LOST, ABSURD, "c,2024-01-01,2024-02-01,Won,1,EU", "c,2024-01-01,2024-02-01,Won,2,EU"];
    home.import(&home.file("deals.csv", deals(&twice)));
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [4, 5, 6]);
    let score = home.json(["quality"])["score"].clone();

    let released = home.json(["--as-of", TODAY, "quality", "release", "c"]);
    assert_eq!([&released["inserted"], &released["data_version"]], [1, 2]);
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [4]);
    assert_eq!(home.json(["metrics"])["closed_amount"], "302.00", "the last row counts");

    home.json(["--as-of", TODAY, "quality", "release", "b"]);
    assert_eq!(held(&home), Held::new());
    assert_eq!(home.json(["metrics"])["deals"], 4);
    assert_eq!(home.json(["quality"])["score"], score, "two rows say nothing about the source");
}

#[test]
fn what_is_no_usable_deal_is_not_released() {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", deals(&[WON, "b,2024-01-01,,Won,5,EU"])));
    let answer = home.run(["--as-of", TODAY, "quality", "release", "b"]);
    assert_eq!(answer.is_failure(1, &["closed_without_date cannot be waived", "correct"]), Ok(()));
    let answer = home.run(["--as-of", TODAY, "quality", "release", "zzz"]);
    assert_eq!(answer.is_failure(2, &["\"zzz\" is not in quarantine"]), Ok(()));
    assert_eq!(held(&home).into_keys().collect::<Vec<_>>(), [3]);
}

#[test]
fn rows_are_read_again_with_a_corrected_mapping() {
    let home = TestHome::new();
    let file = home.file("deals.csv", deals(&[WON, LOST, "b,2024-01-01,2024-02-01,Hurrah,5,EU"]));
    let saved = home.path("mapping.toml");
    home.json(["--as-of", TODAY, "import", text(&file), "--save-mapping", text(&saved)]);
    let retried = home.json(["--as-of", TODAY, "quality", "retry"]);
    assert_eq!(retried["quarantined"][0]["deal_id"], "b", "nothing has changed yet");

    let mapping = std::fs::read_to_string(&saved).expect("the mapping was saved");
    let corrected = format!("{mapping}\n[outcomes]\nHurrah = \"won\"\n");
    let corrected = home.file("corrected.toml", corrected);
    let retried = home.json(["--as-of", TODAY, "quality", "retry", "--mapping", text(&corrected)]);
    assert_eq!([&retried["inserted"], &retried["rows_read"]], [1, 1], "{retried}");
    assert_eq!(held(&home), Held::new());
    assert_eq!(home.json(["metrics"])["won"], 2);
}
