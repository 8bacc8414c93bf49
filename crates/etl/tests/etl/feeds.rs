//! Rows from elsewhere than a file: which of them are looked through for copies.

use std::io::Cursor;

use winsight_etl::{Feed, Mapping, SinkError, read_deals_of};

use crate::harness::{Row, options, rows_of};

const MAPPING: &str = "[columns]\ndeal_id = \"Id\"\n";

/// The deals accepted from a feed, by id and amount, and the lines set aside.
fn read(rows: &'static str, key: Option<&str>, mapping: &str) -> (Vec<String>, Vec<u64>) {
    let feed = Feed::new("the CRM", "Id,Row,Close Date,Outcome,Amount\n", move || {
        Ok(Box::new(Cursor::new(rows.as_bytes())))
    });
    let feed = match key {
        Some(key) => feed.keyed_by(key),
        None => feed,
    };
    let mut options = options();
    options.mapping = Some(Mapping::from_toml(mapping).expect("a mapping"));
    let mut deals: Vec<Row> = Vec::new();
    let mut sink = |batch: arrow::array::RecordBatch| -> Result<(), SinkError> {
        deals.extend(rows_of(&batch));
        Ok(())
    };
    let report = read_deals_of(&feed, &options, &mut sink, &mut |_| {}).expect("loads");
    deals.retain(|deal| !report.conflicting.contains(&deal["deal_id"]));
    assert_eq!(deals.len() as u64, report.accepted);
    let told = deals.iter().map(|deal| format!("{} {}", deal["deal_id"], deal["amount"])).collect();
    for row in &report.quarantined {
        assert!(row.reasons.iter().all(|reason| reason.check == "conflicting_duplicate"));
    }
    (told, report.quarantined.iter().map(|row| row.line).collect())
}

#[test]
fn rows_of_one_id_are_set_aside_unless_the_feed_is_known_by_its_ids() {
    let twice = "a,1,2024-02-01,Won,10\na,2,2024-02-01,Won,20\nb,3,2024-02-01,Won,30\n";
    let once = "a,1,2024-02-01,Won,10\nb,2,2024-02-01,Won,20\nc,3,2024-02-01,Won,30\n";
    let of_rows = "[columns]\ndeal_id = \"Row\"\n";
    for (rows, key, mapping, accepted, set_aside) in [
        (once, Some("Id"), MAPPING, vec!["a 10.00", "b 20.00", "c 30.00"], vec![]),
        // The feed's word is taken for it that there are no two.
        (twice, Some("Id"), MAPPING, vec!["a 10.00", "a 20.00", "b 30.00"], vec![]),
        (twice, None, MAPPING, vec!["b 30.00"], vec![1, 2]),
        (twice, Some("Row"), MAPPING, vec!["b 30.00"], vec![1, 2]),
        (twice, Some("Row"), of_rows, vec!["1 10.00", "2 20.00", "3 30.00"], vec![]),
        (twice, Some("none"), MAPPING, vec!["b 30.00"], vec![1, 2]),
    ] {
        let read = read(rows, key, mapping);
        let accepted = accepted.into_iter().map(str::to_owned).collect();
        assert_eq!(read, (accepted, set_aside), "by {key:?}: {mapping}");
    }
}
