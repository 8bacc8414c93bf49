//! The files: same bytes for the same request, nothing half done, errors with a hint.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use winsight_simulate::{Request, Scenario, SimulateError, write_company};

fn request(deals: u64, seed: u64) -> Request {
    Request { deals, seed, scenario: Scenario::default_scenario() }
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn the_same_request_gives_the_same_bytes_and_another_seed_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let [one, again, other] = [("one", 7), ("again", 7), ("other", 8)].map(|(name, seed)| {
        let path = folder.path().join(name);
        write_company(&path, &request(1_500, seed), &mut |_| {}).unwrap();
        contents(&path)
    });
    let names: Vec<&str> = one.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["activities.csv", "deals.csv", "mapping.toml", "stage_events.csv", "truth.json"]
    );
    assert_eq!(one, again);
    for table in ["activities.csv", "deals.csv", "stage_events.csv", "truth.json"] {
        assert_ne!(one[table], other[table], "{table}");
    }
}

#[test]
fn the_columns_are_the_agreed_ones() {
    let folder = tempfile::tempdir().unwrap();
    write_company(folder.path(), &request(1, 1), &mut |_| {}).unwrap();
    for (table, header) in [
        (
            "deals.csv",
            "deal_id,name,account,created_date,closed_date,expected_close_date,stage,outcome,amount,currency,region,industry,product,lead_source,rep,team,deal_type,last_activity_date,updated_at",
        ),
        ("stage_events.csv", "deal_id,date,stage"),
        ("activities.csv", "deal_id,date,kind,rep"),
    ] {
        let text = fs::read_to_string(folder.path().join(table)).unwrap();
        assert_eq!(text.lines().next(), Some(header));
    }
}

#[test]
fn the_truth_on_disk_is_the_one_returned() {
    let folder = tempfile::tempdir().unwrap();
    let truth = write_company(folder.path(), &request(800, 3), &mut |_| {}).unwrap();
    let text = fs::read_to_string(folder.path().join("truth.json")).unwrap();
    assert_eq!(text, serde_json::to_string_pretty(&truth).unwrap() + "\n");
}

#[test]
fn progress_is_told_every_ten_thousand_deals_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    write_company(folder.path(), &request(20_500, 1), &mut |done| reports.push(done)).unwrap();
    assert_eq!(reports, [10_000, 20_000, 20_500]);
}

#[test]
fn an_older_company_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    write_company(folder.path(), &request(900, 1), &mut |_| {}).unwrap();
    let truth = write_company(folder.path(), &request(300, 2), &mut |_| {}).unwrap();
    let rows = fs::read_to_string(folder.path().join("deals.csv")).unwrap().lines().count() as u64;
    assert_eq!(rows, 1 + 300 + truth.totals.duplicates);
}

#[test]
fn a_company_without_deals_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = write_company(folder.path(), &request(0, 1), &mut |_| {});
    assert!(matches!(refused, Err(SimulateError::NoDeals)));
}

#[test]
fn a_file_in_place_of_the_folder_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    fs::write(&file, "").unwrap();
    let error = write_company(&file, &request(10, 1), &mut |_| {}).unwrap_err();
    assert!(matches!(error, SimulateError::OutputFolder { .. }));
    assert!(error.to_string().contains("taken") && error.to_string().contains("hint:"));
}

#[test]
fn a_run_that_fails_leaves_no_partial_file() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in place of the last file: everything is written, and cannot be named.
    fs::create_dir_all(folder.path().join("deals.csv/occupied")).unwrap();
    let error = write_company(folder.path(), &request(10, 1), &mut |_| {}).unwrap_err();
    assert!(matches!(error, SimulateError::Write { .. }));
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["deals.csv"]);
}
