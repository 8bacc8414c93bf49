use std::collections::BTreeSet;

use winsight_meta::{Metadata, NewLoad, QuarantineRow};

use crate::data::{load, outcome, refused, workspace};

async fn import(metadata: &Metadata, load: NewLoad) {
    let id = metadata.begin_load(&workspace("acme"), load).await.expect("begins");
    metadata.finish_load(id, outcome(Some(1))).await.expect("finishes");
}

async fn raw_rows(metadata: &Metadata) -> Vec<String> {
    let rows = metadata.quarantine(&workspace("acme"), 100).await.expect("reads");
    rows.into_iter().map(|quarantined| quarantined.row.raw).collect()
}

#[tokio::test]
async fn the_latest_refusal_of_a_row_is_the_one_shown() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let first = vec![
        refused(Some("d1"), "d1,-5", &["negative_amount"]),
        refused(Some("d2"), "d2,?", &["unreadable_amount"]),
        refused(None, ",,9", &["blank_deal_id"]),
    ];
    import(&metadata, load("crm", first)).await;
    import(&metadata, load("other", vec![refused(Some("d1"), "other", &["blank_stage"])])).await;
    let second = vec![
        refused(Some("d1"), "d1,-6", &["negative_amount"]),
        refused(None, ",,9", &["blank_deal_id"]),
        refused(None, ",,10", &["blank_deal_id"]),
    ];
    import(&metadata, NewLoad { repaired: vec!["d2".to_owned()], ..load("crm", second) }).await;

    assert_eq!(raw_rows(&metadata).await, ["d1,-6", ",,9", ",,10", "other"]);
    let acme = workspace("acme");
    assert_eq!(metadata.quarantine(&acme, 2).await.expect("reads").len(), 2);
    let deals = metadata.quarantined_deals(&acme, "crm").await.expect("reads");
    assert_eq!(deals, BTreeSet::from(["d1".to_owned()]));
    assert_eq!(metadata.quarantine(&workspace("else"), 9).await.expect("reads"), []);
}

#[tokio::test]
async fn a_load_that_failed_leaves_the_quarantine_alone() {
    let metadata = Metadata::in_memory().await.expect("opens");
    import(&metadata, load("crm", vec![refused(Some("d1"), "old", &["blank"])])).await;
    let new = load("crm", vec![refused(Some("d1"), "new", &["blank"])]);
    let id = metadata.begin_load(&workspace("acme"), new).await.expect("begins");
    metadata.fail_load(id, "disk full").await.expect("fails");
    assert_eq!(raw_rows(&metadata).await, ["old"]);
}

#[tokio::test]
async fn reasons_stay_with_their_row_in_their_order() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let rows: Vec<QuarantineRow> = (0..2_500)
        .map(|number| {
            let deal_id = format!("d{number}");
            let checks = ["z_first", "a_second", "m_third"];
            refused(Some(&deal_id), &format!("row {number}"), &checks[..=number % 3])
        })
        .collect();
    import(&metadata, load("crm", rows.clone())).await;
    let acme = workspace("acme");
    let read = metadata.quarantine(&acme, 10_000).await.expect("reads");
    assert_eq!(read.into_iter().map(|quarantined| quarantined.row).collect::<Vec<_>>(), rows);
    let summary = metadata.quarantine_summary(&acme).await.expect("counts");
    let expected = [("z_first", 2_500), ("a_second", 1_666), ("m_third", 833)];
    assert_eq!(summary, expected.map(|(check, rows)| (check.to_owned(), rows)));
}

#[tokio::test]
async fn a_nul_byte_is_shown_as_its_picture() {
    let metadata = Metadata::in_memory().await.expect("opens");
    import(&metadata, load("crm", vec![refused(None, "a\0b", &["nul_byte"])])).await;
    assert_eq!(raw_rows(&metadata).await, ["a␀b"]);
}
