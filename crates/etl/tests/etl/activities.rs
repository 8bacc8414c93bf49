use winsight_etl::{EtlError, EventsReport, SinkError, read_activities};
use winsight_model::schema;

use crate::harness::{Row, Scratch, options, rows_of};

fn read(text: &str) -> Result<(EventsReport, Vec<Row>), EtlError> {
    let scratch = Scratch::new();
    let path = scratch.write("activities.csv", text);
    let mut activities = Vec::new();
    let mut sink = |batch: arrow::array::RecordBatch| -> Result<(), SinkError> {
        assert_eq!(batch.schema(), schema::activities());
        activities.extend(rows_of(&batch));
        Ok(())
    };
    let report = read_activities(&path, &options(), &mut sink, &mut |_| {})?;
    assert_eq!(report.rows_read, report.accepted + report.quarantined.len() as u64);
    assert_eq!(report.accepted, activities.len() as u64);
    Ok((report, activities))
}

#[test]
fn activities_keep_deal_day_and_kind() {
    let (report, activities) = read(
        "deal_id,date,kind,rep\n\
         b,2024-01-02,call,Ann\n\
         a,2024-02-01,e-mail,Bob\n\
         a,2024-02-01,e-mail,Bob\n\
         a,2024-03-01,,Bob\n",
    )
    .expect("loads");
    assert!(report.quarantined.is_empty());
    let told: Vec<_> = activities
        .iter()
        .map(|row| ["source", "deal_id", "date", "kind", "month"].map(|name| row[name].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ["files", "b", "2024-01-02", "call", "2024-01"],
            ["files", "a", "2024-02-01", "e-mail", "2024-02"],
            ["files", "a", "2024-02-01", "e-mail", "2024-02"],
            ["files", "a", "2024-03-01", "activity", "2024-03"],
        ]
    );
}

#[test]
fn unusable_activities_are_set_aside_with_their_reasons() {
    let (report, _) = read(
        "OpportunityId,ActivityDate,Type\n\
         ,2024-01-01,Call\n\
         b,,Call\n\
         c,2024-02-30,Call\n\
         d,2025-01-01,Meeting\n\
         e,2024-01-01\n\
         f,2024-01-01,Call\n",
    )
    .expect("loads");
    let told: Vec<_> = report
        .quarantined
        .iter()
        .map(|row| (row.line, row.deal_id.as_deref(), row.reasons[0].check))
        .collect();
    assert_eq!(
        told,
        [
            (2, None, "missing_id"),
            (3, Some("b"), "missing_date"),
            (4, Some("c"), "invalid_date"),
            (5, Some("d"), "event_in_future"),
            (6, None, "wrong_number_of_fields"),
        ]
    );
}

#[test]
fn files_that_are_no_activities_are_refused() {
    for (text, part) in [
        ("deal_id,when,kind\na,2024-01-01,call\n", "no column holds date"),
        ("deal,date,kind\na,2024-01-01,call\n", "no column holds deal_id"),
        ("deal_id,date,kind\n", "no rows"),
        ("deal_id,date,kind\na,1/2/2024,call\n", "date_format"),
    ] {
        let error = read(text).expect_err("refused").to_string();
        assert!(error.contains(part) && error.contains("activities.csv"), "{error}");
    }
}
