use winsight_etl::{EtlError, EventsReport, Mapping, SinkError, read_events};
use winsight_model::schema;

use crate::harness::{Row, Scratch, options, rows_of};

fn read(text: &str, mapping: &str) -> Result<(EventsReport, Vec<Row>), EtlError> {
    let scratch = Scratch::new();
    let path = scratch.write("stage_events.csv", text);
    let mut options = options();
    options.mapping = Some(Mapping::from_toml(mapping)?);
    let mut events = Vec::new();
    let mut sink = |batch: arrow::array::RecordBatch| -> Result<(), SinkError> {
        assert_eq!(batch.schema(), schema::stage_events());
        events.extend(rows_of(&batch));
        Ok(())
    };
    let report = read_events(&path, &options, &mut sink, &mut |_| {})?;
    assert_eq!(report.rows_read, report.accepted + report.quarantined.len() as u64);
    assert_eq!(report.accepted, events.len() as u64);
    Ok((report, events))
}

#[test]
fn events_keep_their_order_within_deal_and_day() {
    let (report, events) = read(
        "deal_id,date,stage\n\
         a,2024-01-01,Prospecting\n\
         b,2024-01-01,Prospecting\n\
         a,2024-01-01,Qualified\n\
         a,2024-01-09,Closed Lost\n\
         a,2024-01-09,Qualified\n\
         a,2024-02-01,Signed\n",
        // The columns are those of a deals file; this one has others.
        "[columns]\nstage = \"Deal Stage\"\n[stages]\nSigned = \"won\"\n",
    )
    .expect("loads");
    assert!(report.quarantined.is_empty());
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            ["deal_id", "date", "position", "stage", "outcome", "month"]
                .map(|column| event[column].as_str())
                .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "a 2024-01-01 0 Prospecting open 2024-01",
            "b 2024-01-01 0 Prospecting open 2024-01",
            "a 2024-01-01 1 Qualified open 2024-01",
            "a 2024-01-09 0 Closed Lost lost 2024-01",
            "a 2024-01-09 1 Qualified open 2024-01",
            "a 2024-02-01 0 Signed won 2024-02",
        ]
    );
}

#[test]
fn unusable_events_are_set_aside_with_their_reasons() {
    let (report, _) = read(
        "OpportunityId,CreatedDate,StageName\n\
         ,2024-01-01,Prospecting\n\
         b,,\n\
         c,2024-02-30,Closed\n\
         d,2025-01-01,Won\n\
         e,2024-01-01\n\
         f,2024-01-01,Won\n",
        "",
    )
    .expect("loads");
    let told: Vec<_> = report
        .quarantined
        .iter()
        .map(|row| (row.line, row.reasons.iter().map(|reason| reason.check).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        told,
        [
            (2, vec!["missing_id"]),
            (3, vec!["missing_stage", "missing_date"]),
            (4, vec!["unknown_outcome", "invalid_date"]),
            (5, vec!["event_in_future"]),
            (6, vec!["wrong_number_of_fields"]),
        ]
    );
    assert_eq!(report.quarantined[1].deal_id.as_deref(), Some("b"));
}

#[test]
fn files_that_are_no_events_are_refused() {
    for (text, part) in [
        ("deal_id,when,stage\na,2024-01-01,Won\n", "no column holds date"),
        ("deal_id,date,stage\n", "no rows"),
        ("deal_id,date,stage\na,1/2/2024,Won\n", "date_format"),
        ("", "empty"),
    ] {
        let error = read(text, "").expect_err("refused").to_string();
        assert!(error.contains(part) && error.contains("stage_events.csv"), "{error}");
    }
}
