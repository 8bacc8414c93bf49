//! The score, its parts by field, and the rows behind issues and reasons.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use winsight_etl::check::{self, Kind};
use winsight_etl::{ExampleRow, Mapping, Quality, Severity, reasons_for_quarantine};

use crate::harness::{Scratch, load, load_text, options};

const HEADER: &str = "deal_id,created_date,closed_date,stage,outcome,amount,region\n";

fn row(line: u64, deal_id: &str) -> ExampleRow {
    ExampleRow { line, deal_id: Some(deal_id.to_owned()) }
}

#[test]
fn each_field_has_a_quality_of_its_own() {
    let loaded = load_text(&format!(
        "{HEADER}\
         a,2024-01-01,2024-02-01,Closed Won,Won,100,EMEA\n\
         b,2024-01-01,2024-02-01,Closed Won,Lost,,emea\n\
         c,,,Proposal,,50,\n\
         d,2024-01-01,2024-02-01,Proposal,Won,100,EMEA\n\
         e,2024-01-01,2024-02-31,Proposal,Won,lots,EMEA\n\
         f,2024-01-01,2023-02-01,Proposal,Won,100,EMEA\n"
    ))
    .expect("loads");
    let quality = &loaded.report.quality;
    let told: Vec<_> = quality
        .fields
        .iter()
        .map(|(name, field)| (name.as_str(), field.filled, field.invalid, field.inconsistent))
        .collect();
    assert_eq!(
        told,
        [
            ("amount", 0.75, 1, 0),
            ("closed_date", 1.0, 1, 1),
            ("created_date", 0.75, 0, 0),
            ("deal_id", 1.0, 0, 0),
            ("outcome", 1.0, 0, 0),
            ("region", 0.75, 0, 1),
            ("stage", 1.0, 0, 1),
        ]
    );
    let json = serde_json::to_string(quality).expect("JSON");
    assert_eq!(&serde_json::from_str::<Quality>(&json).expect("the same"), quality);
    let without_fields = serde_json::json!({
        "score": 90.0, "completeness": 90.0, "validity": 90.0, "consistency": 90.0,
        "uniqueness": 90.0, "timeliness": 90.0,
    });
    let older: Quality = serde_json::from_value(without_fields).expect("an older score");
    assert!(older.fields.is_empty());
}

#[test]
fn issues_name_their_first_rows() {
    let mut text = HEADER.to_owned();
    for deal in 1..=7 {
        writeln!(text, "d{deal},2024-01-01,2024-02-01,Closed Lost,Won,100,").expect("a string");
    }
    text += "d1,2024-01-01,2024-02-01,Closed Lost,Won,100,\n";
    let loaded = load_text(&text).expect("loads");
    let issue = loaded.issue("outcome_stage_mismatch", "stage");
    assert_eq!(
        (issue.count, issue.severity, issue.kind),
        (7, Severity::Warning, Kind::Inconsistent)
    );
    assert_eq!(issue.rows, [2, 3, 4, 5, 6].map(|line| row(line, &format!("d{}", line - 1))));
    assert_eq!(issue.examples[0], "d1: outcome won, stage \"Closed Lost\"");
}

#[test]
fn reasons_for_quarantine_are_counted_with_their_first_rows() {
    let mut text = HEADER.to_owned();
    for deal in 1..=6 {
        writeln!(text, "d{deal},2024-01-01,2024-02-31,,Won,100,").expect("a string");
    }
    text += ",2024-01-01,2024-02-01,,Won,-5,\nz,2024-01-01,2024-02-01,,Won,100,\n";
    let loaded = load_text(&text).expect("loads");
    let reasons = reasons_for_quarantine(&loaded.report.quarantined);
    let told: Vec<_> = reasons
        .iter()
        .map(|reason| (reason.check.as_str(), reason.kind, reason.count, reason.rows.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("invalid_date", Kind::Invalid, 6, 5),
            ("missing_id", Kind::Missing, 1, 1),
            ("negative_amount", Kind::Invalid, 1, 1),
        ]
    );
    assert_eq!(reasons[0].rows[0], row(2, "d1"));
    assert_eq!(reasons[2].rows, [ExampleRow { line: 8, deal_id: None }]);
}

#[test]
fn numbers_far_from_all_others_are_reported_and_loaded() {
    let mut text = HEADER.to_owned();
    for deal in 0..100 {
        let (day, amount) = (deal % 28 + 1, 9_000 + deal * 31);
        writeln!(text, "d{deal},2024-01-01,2024-03-{day:02},,Won,{amount},").expect("a string");
    }
    text += "cents,2024-01-01,2024-03-01,,Won,912345678,\nold,1994-01-01,2024-03-01,,Lost,9999,\n";
    let loaded = load_text(&text).expect("loads");
    let amount = loaded.issue("outlying_amount", "amount");
    assert_eq!((amount.count, amount.kind), (1, Kind::Implausible));
    assert_eq!(amount.rows, [row(102, "cents")]);
    let cycle = loaded.issue("outlying_cycle", "cycle_days");
    assert_eq!((cycle.count, &cycle.rows[..]), (1, &[row(103, "old")][..]));
    assert_eq!(loaded.report.accepted, 102);
}

#[test]
fn spellings_come_with_the_lines_that_settle_them() {
    let mut text = HEADER.to_owned();
    for deal in 0..60 {
        let region = match deal {
            0 => "asia pacific",
            1 => "Asia Pacfic",
            2 => "Asia \"\"Pacific\"\"",
            _ => "Asia Pacific",
        };
        writeln!(text, "d{deal},2024-01-01,2024-03-01,,Won,100,\"{region}\"").expect("a string");
    }
    let loaded = load_text(&text).expect("loads");
    let variants = loaded.issue("spelling_variants", "region");
    assert_eq!(variants.count, 2);
    let misspelt = loaded.issue("misspelt_values", "region");
    assert_eq!(misspelt.count, 1);
    assert_eq!(misspelt.examples, ["\"Asia Pacfic\" ×1 for \"Asia Pacific\""]);

    let fixes = [variants, misspelt].map(|issue| issue.fix.clone().expect("a fix"));
    assert_eq!(fixes[1], "[values.region]\n\"Asia Pacfic\" = \"Asia Pacific\"\n");
    for (fix, left) in fixes.iter().zip([2, 3]) {
        let scratch = Scratch::new();
        let mut options = options();
        options.mapping = Some(Mapping::from_toml(fix).expect("a mapping"));
        let loaded = load(&scratch.write("deals.csv", &text), &options).expect("loads");
        let regions: BTreeSet<_> = loaded.deals.iter().map(|deal| &deal["region"]).collect();
        assert_eq!(regions.len(), left, "{regions:?}");
    }
}

#[test]
fn the_catalogue_names_every_check_once() {
    for (index, one) in check::CATALOGUE.iter().enumerate() {
        assert_eq!(check::named(one.name), Some(one));
        assert!(check::CATALOGUE[..index].iter().all(|other| other.name != one.name));
        assert!(!one.waivable || one.severity == Severity::Error, "{}", one.name);
    }
    assert_eq!(check::named("no_such_check"), None);
}
