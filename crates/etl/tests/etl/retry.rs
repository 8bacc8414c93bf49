//! Rows that were set aside, read again: corrected, or with checks waived.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::RecordBatch;
use winsight_etl::{DealsReport, EtlError, ImportOptions, RawRow, SinkError, read_rows};

use crate::harness::{Loaded, Row, Scratch, load, options, rows_of};

const FILE: &str = "deal_id;name;created_date;closed_date;outcome;amount;currency\n\
    a;good;01/02/2024;13/02/2024;Won;1.234,50;USD\n\
    b;\"two\nlines; \"\"quoted\"\", comma\";01/02/2024;31/02/2024;Won;5;USD\n\
    c;later;01/02/2024;01/02/2025;Won;5;USD\n\
    d;absurd;01/02/2024;13/02/2024;Won;99999999999;USD\n\
    e;old;01/02/1024;13/02/2024;Lost;5;USD\n\
    f;twice;01/02/2024;13/02/2024;Won;5;USD\n\
    f;twice;01/02/2024;13/02/2024;Won;6;USD\n\
    f;twice;01/02/2024;13/02/2024;Lost;7;USD\n\
    g;endless;01/02/2024;13/02/2024;Won;99999999999999999;USD\n\
    h;backwards;01/02/2024;13/01/2024;Won;5;USD\n";

fn waive(names: &[&str]) -> ImportOptions {
    let waive: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
    ImportOptions { waive, ..options() }
}

fn first_load() -> Loaded {
    let scratch = Scratch::new();
    load(&scratch.write("deals.csv", FILE), &options()).expect("loads")
}

fn kept(report: &DealsReport) -> Vec<RawRow> {
    let rows = report.quarantined.iter();
    rows.map(|row| RawRow { line: row.line, text: row.raw.clone() }).collect()
}

fn again(
    first: &DealsReport,
    rows: &[RawRow],
    mut options: ImportOptions,
) -> Result<(DealsReport, Vec<Row>), EtlError> {
    options.mapping = Some(first.mapping.clone());
    let mut deals = Vec::new();
    let mut sink = |batch: RecordBatch| -> Result<(), SinkError> {
        deals.extend(rows_of(&batch));
        Ok(())
    };
    let report = read_rows(Path::new("deals.csv"), &first.header, rows, &options, &mut sink)?;
    deals.retain(|deal| !report.conflicting.contains(&deal["deal_id"]));
    assert_eq!(deals.len() as u64, report.accepted);
    Ok((report, deals))
}

#[test]
fn rows_that_are_still_wrong_are_set_aside_as_before() {
    let first = first_load().report;
    assert_eq!(first.header, "deal_id,name,created_date,closed_date,outcome,amount,currency");
    let (report, deals) = again(&first, &kept(&first), options()).expect("loads");
    assert_eq!(deals, Vec::<Row>::new());
    assert_eq!(report.quarantined, first.quarantined);
    assert_eq!(report.conflicting, ["f"]);
    assert_eq!(report.mapping, first.mapping, "the mapping still describes the file");
}

#[test]
fn corrected_rows_are_read_like_the_others_of_their_file() {
    let first = first_load().report;
    let mut rows = kept(&first);
    rows.retain(|row| row.line == 3 || row.text.contains(",7,"));
    rows[0].text = rows[0].text.replace("31/02/2024", "03/04/2024").replace(",5,", ",\"1.234\",");
    rows.reverse();
    let (report, deals) = again(&first, &rows, options()).expect("loads");
    assert_eq!((report.accepted, report.rows_read), (2, 2));
    assert_eq!(deals[0]["name"], "two\nlines; \"quoted\", comma");
    assert_eq!(deals[0]["closed_date"], "2024-04-03");
    assert_eq!(deals[0]["amount"], "1234.00");
    assert_eq!((deals[1]["deal_id"].as_str(), deals[1]["outcome"].as_str()), ("f", "lost"));
}

#[test]
fn waived_checks_let_usable_deals_pass_and_say_so() {
    let first = first_load().report;
    let options = waive(&[
        "closed_in_future",
        "implausible_amount",
        "implausible_date",
        "conflicting_duplicate",
    ]);
    let (report, deals) = again(&first, &kept(&first), options).expect("loads");
    let told: Vec<_> = deals
        .iter()
        .map(|deal| {
            ["deal_id", "created_date", "closed_date", "amount"].map(|name| deal[name].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ["c", "2024-02-01", "2025-02-01", "5.00"],
            ["d", "2024-02-01", "2024-02-13", "99999999999.00"],
            ["e", "1024-02-01", "2024-02-13", "5.00"],
            ["f", "2024-02-01", "2024-02-13", "7.00"],
        ]
    );
    let left: Vec<_> =
        report.quarantined.iter().map(|row| (row.line, row.reasons[0].check)).collect();
    assert_eq!(left, [(3, "invalid_date"), (11, "invalid_amount"), (12, "closed_before_created")]);
    let issue =
        |name: &str| report.issues.iter().find(|issue| issue.check == name).expect("is reported");
    assert_eq!(issue("waived").count, 3);
    assert!(issue("waived").examples[0].starts_with("c: the deal is won on 2025-02-01"));
    assert_eq!(issue("conflicting_duplicate").count, 2);
    assert_eq!(report.conflicting, Vec::<String>::new());
}

#[test]
fn a_whole_file_can_be_read_with_checks_waived() {
    let scratch = Scratch::new();
    let path = scratch.write("deals.csv", FILE);
    let loaded = load(&path, &waive(&["conflicting_duplicate"])).expect("loads");
    assert_eq!(loaded.deal("f")["amount"], "7.00");
    assert_eq!(loaded.report.duplicates, 2);
}

#[test]
fn checks_that_leave_no_usable_deal_cannot_be_waived() {
    for (name, parts) in [
        ("closed_before_created", &["cannot be waived", "closed_in_future"][..]),
        ("missing_id", &["cannot be waived"]),
        ("close_in_future", &["not a check", "\"closed_in_future\""]),
    ] {
        let scratch = Scratch::new();
        let path = scratch.write("deals.csv", FILE);
        let error = load(&path, &waive(&[name])).err().expect("refused");
        assert!(matches!(error, EtlError::Waive(_)));
        let error = error.to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn a_broken_or_cut_row_harms_no_other() {
    let first = first_load().report;
    let text = |deal: &str| format!("{deal},x,01/02/2024,13/02/2024,Won,5,USD");
    let rows = [
        RawRow { line: 7, text: format!("c,\"open quote,{}", "x".repeat(20)) },
        RawRow { line: 8, text: text("d") },
        RawRow { line: 9, text: format!("{}{}", text("e"), "x".repeat(4096))[..4096].to_owned() },
        RawRow { line: 10, text: String::new() },
    ];
    let (report, deals) = again(&first, &rows, options()).expect("loads");
    assert_eq!(deals.len(), 1);
    let left: Vec<_> =
        report.quarantined.iter().map(|row| (row.line, row.reasons[0].check)).collect();
    assert_eq!(left, [(7, "unclosed_quote"), (9, "cut_row")]);
    let error = read_rows(Path::new("deals.csv"), "", &rows, &options(), &mut |_| Ok(()));
    assert!(error.expect_err("refused").to_string().contains("header"));
}
