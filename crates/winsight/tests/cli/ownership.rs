//! Whose data it is: export, erasure, backup, restore, upkeep, and writers side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread;

use serde_json::Value;

use crate::home::{FAILED, REFUSED, TODAY, TestHome, USAGE, text};

const PERSON: &str = "Quackenbush";

/// Deals of three reps; the last row is refused and so kept as text.
fn company(deals: usize, edition: usize) -> String {
    let mut file =
        "deal_id,name,created_date,closed_date,outcome,deal_amount,sales_rep,account\n".to_owned();
    for number in 0..deals {
        let (month, outcome) = (number % 6 + 1, if number % 3 == 0 { "Won" } else { "Lost" });
        let person = [PERSON, "Zwingliana", "Vandermolen"][number % 7 % 3];
        let amount = number * 100 + if number < 50 { edition } else { 0 };
        writeln!(
            file,
            "d{number},Renewal with {person},2024-0{month}-03,2024-0{month}-20,{outcome},{amount},\
             {person},{person}"
        )
        .expect("text can grow");
    }
    file + &format!("bad,Visit {PERSON},2024-01-03,not a date,Won,100,{PERSON},{PERSON}\n")
}

/// Two versions and the runs that speak about them.
fn loaded(home: &TestHome) {
    for edition in 0..2 {
        home.import(&home.file("deals.csv", company(400, edition)));
    }
    home.json(["rules", "apply", text(&home.file("rules.toml", RULES))]);
    for job in ["daily", "weekly", "monthly"] {
        home.json(["--as-of", TODAY, "run", job]);
    }
    let alerts = home.json(["--as-of", TODAY, "alerts"]);
    let mut named = alerts.as_array().expect("alerts").iter();
    let named = named.find(|alert| alert["rule"] == "watched").expect("her alert");
    let alert = named["id"].as_str().expect("an id");
    for act in [["assign", alert, PERSON], ["comment", alert, "Quackenbush is on leave"]] {
        home.json(["--as-of", TODAY, "alerts", "--by", PERSON].iter().chain(&act));
    }
}

/// Alerts as long as the person does not win nearly all.
const RULES: &str = r#"
[[rule]]
name = "watched"
metric = "win_rate"
filter = { rep = "Quackenbush" }
dimensions = ["rep"]
comparison = "fixed"
threshold = { level = 0.99 }
direction = "down"
evidence = "unguarded"
window_days = 365
"#;

fn by_rep(home: &TestHome, version: &str) -> Value {
    home.json(["--known-at", version, "metrics", "--by", "rep"])
}

/// The rows without their values and version, in no order: what an erasure must leave as it is.
fn numbers(table: &Value) -> BTreeSet<String> {
    let rows = table.as_array().expect("rows").iter().map(|row| {
        let mut row = row.clone();
        row["value"] = Value::Null;
        row["data_version"] = Value::Null;
        row.to_string()
    });
    rows.collect()
}

fn holds_name(bytes: &[u8]) -> bool {
    let name = PERSON.to_lowercase();
    bytes.to_ascii_lowercase().windows(name.len()).any(|part| part == name.as_bytes())
}

/// Files below a folder in which the name stands in clear.
fn files_with_name(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("reads").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with_name(&path));
        } else if holds_name(&fs::read(&path).expect("reads")) {
            found.push(text(&path).to_owned());
        }
    }
    found
}

/// The first words of the commands whose answers hold the name.
fn answers_with_name(home: &TestHome, out: &str) -> Vec<String> {
    let export = home.path(out);
    let alerts = home.json(["--as-of", TODAY, "alerts", "--state", "all"]);
    let alert = alerts[0]["id"].as_str().expect("an alert");
    let commands: [&[&str]; 16] = [
        &["alerts", "show", alert],
        &["rules", "list"],
        &["metrics", "--by", "rep"],
        &["--known-at", "1", "metrics", "--by", "rep"],
        &["metrics", "--each"],
        &["metrics", "--history", "--by", "rep"],
        &["changes", "--by", "rep"],
        &["drivers"],
        &["insights"],
        &["alerts", "--state", "all"],
        &["deals"],
        &["quality"],
        &["quality", "--history"],
        &["restatements", "--since", "1"],
        &["export", "--out", text(&export)],
        &["doctor"],
    ];
    let mut found = Vec::new();
    for command in commands {
        for json in [&["--as-of", TODAY][..], &["--as-of", TODAY, "--json"]] {
            if command[0] == "export" && json.len() == 2 {
                continue;
            }
            let answer = home.run(json.iter().chain(command));
            if holds_name(answer.stdout.as_bytes()) {
                found.push(command.join(" "));
            }
        }
    }
    found.extend(files_with_name(&export));
    found
}

#[test]
fn an_erased_person_is_nowhere_and_the_numbers_stay() {
    let home = TestHome::in_clear();
    loaded(&home);
    let before = [by_rep(&home, "1"), by_rep(&home, "2")];
    assert!(!answers_with_name(&home, "export-before").is_empty(), "the search can find it");
    assert!(!files_with_name(&home.path("home")).is_empty(), "the search can find it");

    let planned = home.json(["erase", "--person", "  quackenBUSH ", "--dry-run"]);
    assert!(planned["rows"]["deals"].as_u64() > Some(100), "{planned}");
    assert!(planned["rows"]["quarantine"].as_u64() >= Some(1), "{planned}");
    assert_eq!(by_rep(&home, "2"), before[1], "a dry run changes nothing");

    let erased = home.json(["--as-of", TODAY, "erase", "--person", PERSON]);
    let pseudonym = erased["pseudonym"].as_str().expect("a pseudonym").to_owned();
    assert!(pseudonym.starts_with("erased-"), "{pseudonym}");
    assert_eq!(answers_with_name(&home, "export-after"), Vec::<String>::new());
    assert_eq!(files_with_name(&home.path("home")), Vec::<String>::new());
    let alerts = home.json(["--as-of", TODAY, "alerts", "--state", "all"]);
    let shown = home.json(["alerts", "show", alerts[0]["id"].as_str().expect("an id")]);
    let history = shown["history"].as_array().expect("a history");
    let comment = history.iter().find_map(|event| event["text"].as_str()).expect("a comment");
    assert!(comment.contains(&pseudonym), "{shown}");
    for (version, before) in ["1", "2"].iter().zip(&before) {
        let after = by_rep(&home, version);
        assert_eq!(numbers(&after), numbers(before), "version {version}");
        let values = after.as_array().expect("rows").iter().map(|row| row["value"].as_str());
        assert!(values.flatten().any(|value| value == pseudonym));
    }

    // The source still names the person; the store does not take it.
    let again = home.import(&home.path("deals.csv"));
    assert_eq!((&again["unchanged"], &again["updated"]), (&Value::from(400), &Value::from(0)));
    let changed = home.import(&home.file("deals.csv", company(410, 2)));
    assert_eq!((&changed["inserted"], &changed["updated"]), (&Value::from(10), &Value::from(50)));
    home.json(["--as-of", TODAY, "run", "weekly"]);
    assert_eq!(answers_with_name(&home, "export-again"), Vec::<String>::new());
    assert_eq!(files_with_name(&home.path("home")), Vec::<String>::new());

    let backup = home.path("backup.tar");
    home.json(["backup", text(&backup)]);
    assert!(!holds_name(&fs::read(&backup).expect("reads")));
    let other = TestHome::in_clear();
    other.json(["restore", text(&backup)]);
    assert_eq!(answers_with_name(&other, "export"), Vec::<String>::new());
}

#[test]
fn an_erasure_that_was_killed_is_finished_by_whatever_writes_next() {
    for next in [&["--as-of", TODAY, "run", "weekly"][..], &["upkeep"]] {
        let home = TestHome::in_clear();
        loaded(&home);
        let before = by_rep(&home, "2");
        let mut erasing = home.spawn(&["--as-of", TODAY, "erase", "--person", PERSON]);
        // The erasure is in the books, and the store is being rewritten.
        while !home.store("g0002").exists() && erasing.try_wait().expect("asks").is_none() {
            thread::yield_now();
        }
        erasing.kill().expect("it can be killed");
        erasing.wait().expect("it ends");
        home.json(next);
        assert_eq!(answers_with_name(&home, "export"), Vec::<String>::new(), "{next:?}");
        assert_eq!(files_with_name(&home.path("home")), Vec::<String>::new(), "{next:?}");
        assert_eq!(numbers(&by_rep(&home, "2")), numbers(&before));
    }
}

#[test]
fn an_export_gives_the_same_metric_table() {
    let home = TestHome::new();
    loaded(&home);
    let out = home.path("export");
    let exported = home.json(["export", "--out", text(&out), "--format", "csv"]);
    assert_eq!(exported["data_version"], 2);
    let file = fs::read_to_string(out.join("deals.csv")).expect("reads");
    let mut lines = file.lines();
    let header: Vec<_> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).expect(name);
    let (rep, outcome, amount) = (column("rep"), column("outcome"), column("amount"));
    let mut won: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for line in lines {
        let fields: Vec<_> = line.split(',').collect();
        let cents = fields[amount].replace('.', "");
        let row = won.entry(fields[rep].to_owned()).or_default();
        row.0 += 1;
        if fields[outcome] == "won" {
            row.1 += 1;
            row.2 += cents.parse::<u64>().expect("cents");
        }
    }
    let table = home.json(["metrics", "--by", "rep"]);
    let rows = table.as_array().expect("rows");
    assert_eq!(rows.len(), won.len());
    for row in rows {
        let (deals, of_won, cents) = won[row["value"].as_str().expect("a name")];
        assert_eq!((&row["deals"], &row["won"]), (&deals.into(), &of_won.into()));
        assert_eq!(row["won_amount"], format!("{}.{:02}", cents / 100, cents % 100));
    }
    home.run(["export", "--out", text(&out)])
        .is_failure(FAILED, &["not empty"])
        .expect("explained");
}

#[test]
fn a_backup_made_during_a_load_is_whole() {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", company(400, 0)));
    let old = by_rep(&home, "1");
    let more = home.file("more.csv", company(20_000, 1));
    let mut load = home.spawn(&["--as-of", TODAY, "import", text(&more)]);
    let staged = home.store("staging/incoming");
    while !staged.exists() && load.try_wait().expect("asked").is_none() {
        thread::yield_now();
    }
    let backup = home.path("backup.tar");
    home.json(["backup", text(&backup)]);
    assert!(load.wait().expect("ends").success());
    let new = home.json(["metrics", "--by", "rep"]);

    let other = TestHome::new();
    fs::create_dir_all(other.path("home")).expect("made");
    fs::copy(home.path("home/winsight.key"), other.path("home/winsight.key")).expect("copied");
    other.json(["restore", text(&backup)]);
    let restored = other.json(["metrics", "--by", "rep"]);
    assert!(restored == old || restored == new);
    // Life goes on there.
    other.import(&more);
    assert_eq!(other.json(["metrics", "--by", "rep"]), new);
}

#[test]
fn a_backup_brings_a_damaged_home_back() {
    let home = TestHome::new();
    loaded(&home);
    let (table, backup) = (by_rep(&home, "2"), home.path("backup.tar"));
    home.json(["backup", text(&backup)]);
    home.run(["backup", text(&backup)]).is_failure(USAGE, &["exists already"]).expect("explained");

    let whole = fs::read(&backup).expect("reads");
    let cut = home.file("cut.tar", &whole[..whole.len() * 2 / 3]);
    let mut bytes = whole.clone();
    bytes[whole.len() / 2] ^= 1;
    let changed = home.file("changed.tar", bytes);
    home.run(["restore", text(&backup)])
        .is_failure(USAGE, &["holds data", "--force"])
        .expect("explained");
    for refused in [&cut, &changed] {
        home.run(["restore", text(refused), "--force"])
            .is_failure(REFUSED, &["no whole backup", "nothing was restored"])
            .expect("explained");
        assert_eq!(by_rep(&home, "2"), table, "it is as it was");
    }

    fs::remove_dir_all(home.store("")).expect("removed");
    fs::write(home.path("home/winsight.db"), b"no database").expect("damaged");
    assert_ne!(home.run(["metrics"]).code, Some(0));
    home.json(["restore", text(&backup), "--force"]);
    assert_eq!(by_rep(&home, "2"), table);
    assert_eq!(home.run(["doctor"]).code, Some(0));

    let other = TestHome::new();
    other.import(&other.file("deals.csv", company(10, 0)));
    other
        .run(["restore", text(&backup), "--force"])
        .is_failure(FAILED, &["winsight.key", "right key"])
        .expect("explained");
    assert_eq!(other.json(["metrics"])["deals"], 10, "another key opens no backup");
}

#[test]
fn a_restore_that_was_killed_comes_to_its_end() {
    let home = TestHome::new();
    loaded(&home);
    let (table, backup) = (by_rep(&home, "2"), home.path("backup.tar"));
    home.json(["backup", text(&backup)]);
    let later = home.import(&home.file("deals.csv", company(400, 9)));
    assert_eq!(later["data_version"], 3);
    let newer = home.json(["metrics", "--by", "rep"]);

    for moment in ["home/restore.partial", "home/restore.ready"] {
        let mut restore = home.spawn(&["restore", text(&backup), "--force"]);
        while !home.path(moment).exists() && restore.try_wait().expect("asked").is_none() {
            thread::yield_now();
        }
        restore.kill().expect("killed");
        restore.wait().expect("ends");
        let found = home.json(["metrics", "--by", "rep"]);
        assert!(found == table || found == newer, "killed at {moment}");
    }
    home.json(["restore", text(&backup), "--force"]);
    assert_eq!(home.json(["metrics", "--by", "rep"]), table);
    assert!(
        !home.path("home/restore.partial").exists() && !home.path("home/restore.ready").exists()
    );
}

#[test]
fn an_earlier_version_can_be_made_the_newest() {
    let home = TestHome::new();
    loaded(&home);
    let restored = home.json(["--as-of", TODAY, "restore", "--version", "1"]);
    assert_eq!((&restored["restored_version"], &restored["data_version"]), (&1.into(), &3.into()));
    let numbers_of = |version| numbers(&by_rep(&home, version));
    assert_eq!(numbers_of("3"), numbers_of("1"));
    assert_ne!(numbers_of("2"), numbers_of("3"));
    let again = home.json(["restore", "--version", "3"]);
    assert_eq!(again["data_version"], Value::Null);
    home.run(["restore", "--version", "9"]).is_failure(USAGE, &["newest is 3"]).expect("explained");
}

#[test]
fn two_imports_at_once_both_succeed() {
    let home = TestHome::new();
    let files = [("a", 0), ("b", 1)].map(|(source, edition)| {
        (source, home.file(&format!("{source}.csv"), company(300, edition)))
    });
    home.json(["init"]);
    let running: Vec<_> = files
        .iter()
        .map(|(source, file)| {
            home.spawn(&["--as-of", TODAY, "import", text(file), "--source", source])
        })
        .collect();
    for import in running {
        let output = import.wait_with_output().expect("ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(home.json(["metrics"])["deals"], 600);
    assert_eq!(home.json(["--known-at", "1", "metrics"])["deals"], 300);
}

#[test]
fn upkeep_says_what_there_is_to_do_and_does_it() {
    let home = TestHome::new();
    for edition in 0..5 {
        let rows = company(60 + edition * 20, edition);
        home.import(&home.file("deals.csv", rows));
    }
    let table = home.json(["metrics", "--by", "rep"]);
    let planned = home.json(["--as-of", TODAY, "upkeep", "--dry-run"]);
    assert!(planned["files_compacted"].as_u64() > Some(0), "{planned}");
    let done = home.json(["--as-of", TODAY, "upkeep"]);
    assert_eq!(done["files_compacted"], planned["files_compacted"]);
    assert_eq!(home.json(["metrics", "--by", "rep"]), table);
    for version in ["1", "2", "3", "4"] {
        assert_eq!(home.run(["--known-at", version, "metrics"]).code, Some(0));
    }
    let again = home.json(["--as-of", TODAY, "upkeep", "--dry-run"]);
    assert_eq!(again["files_compacted"], 0, "{again}");
}
