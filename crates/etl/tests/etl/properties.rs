use std::path::Path;

use arrow::array::AsArray;
use proptest::prelude::*;
use winsight_etl::{
    EtlError, ImportOptions, Mapping, RawRow, SinkError, is_lookup, read_activities, read_deals,
    read_events, read_indicators, read_lookup, read_rows,
};
use winsight_model::Settings;

use crate::harness::{Scratch, TODAY, load, load_text, options};

const HEADER: &str = "deal_id,created_date,closed_date,outcome,amount,region\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), after_header: bool) {
        let scratch = Scratch::new();
        let head = if after_header { HEADER.as_bytes() } else { b"" };
        let path = scratch.write("deals.csv", [head, &bytes].concat());
        let _ = load(&path, &options());
        let _ = read_events(&path, &options(), &mut |_| Ok(()), &mut |_| {});
        let _ = read_activities(&path, &options(), &mut |_| Ok(()), &mut |_| {});
        let _ = read_indicators(&path);
        let _ = is_lookup(&path);
        let _ = read_lookup(&path);
    }

    #[test]
    fn no_kept_rows_panic(
        header in "[a-c\"\n,_ ]{0,20}|deal_id,closed_date,outcome",
        rows in prop::collection::vec("[a-c\"\n\r,;0-9/.€$ -]{0,60}", 0..8),
    ) {
        let rows: Vec<_> = (2..).zip(rows).map(|(line, text)| RawRow { line, text }).collect();
        let path = Path::new("deals.csv");
        let _ = read_rows(path, &header, &rows, &options(), &mut |_| Ok(()));
    }

    #[test]
    fn no_rows_panic(rows in prop::collection::vec("[a-c\"\n\r,;0-9/.€$ -]{0,60}", 0..8)) {
        let _ = load_text(&format!("{HEADER}{}", rows.join("\n")));
    }

    #[test]
    fn every_row_is_accounted_for(
        rows in prop::collection::vec(("[ab]{1,2}", 1u8..29, "(Won|Lost|Open|\\?)", 0i32..5000), 1..40),
    ) {
        let lines = rows.iter().map(|(id, day, outcome, amount)| {
            format!("{id},2024-01-01,2024-01-{day:02},{outcome},{amount},EMEA\n")
        });
        let loaded = load_text(&format!("{HEADER}{}", lines.collect::<String>()));
        // The sums are checked for every load.
        prop_assert_eq!(loaded.expect("loads").report.rows_read, rows.len() as u64);
    }

    #[test]
    fn the_row_hash_depends_on_every_value_and_on_nothing_else(
        changed in 0usize..6,
        padding in 0usize..4,
    ) {
        let mut row = ["a", "2024-01-01", "2024-02-01", "Won", "1234.50", "EMEA"];
        let hash_of = |row: [&str; 6]| {
            let loaded = load_text(&format!("{HEADER}{}\n", row.join(","))).expect("loads");
            loaded.deals[0]["row_hash"].clone()
        };
        let original = hash_of(row);
        // Any machine and any run must give this number, or every deal would count as changed.
        prop_assert_eq!(&original, HASH);
        let blanks = " ".repeat(padding);
        let padded = row.map(|text| format!("{blanks}{text}{blanks}"));
        prop_assert_eq!(&hash_of(padded.each_ref().map(String::as_str)), HASH);
        row[changed] = ["b", "2024-01-02", "2024-02-02", "Lost", "1234.51", "APAC"][changed];
        prop_assert_ne!(hash_of(row), original);
    }
}

const HASH: &str = "-2170095676732091498";

#[test]
fn the_row_hash_covers_custom_dimensions() {
    let scratch = Scratch::new();
    let mut options = options();
    options.mapping = Some(Mapping::from_toml("dimensions = { tier = \"Tier\" }").expect("valid"));
    let hash_of = |tier: &str| {
        let text = format!("deal_id,closed_date,outcome,Tier\na,2024-02-01,Won,{tier}\n");
        let loaded = load(&scratch.write("deals.csv", text), &options).expect("loads");
        loaded.deals[0]["row_hash"].clone()
    };
    assert_ne!(hash_of("gold"), hash_of("silver"));
    assert_ne!(hash_of("gold"), hash_of(""));
}

#[test]
fn batches_are_bounded_and_hold_every_deal() {
    use std::fmt::Write as _;
    let mut text = HEADER.to_owned();
    for deal in 0..70_000 {
        writeln!(text, "d{deal},2024-01-01,2024-02-01,Won,1,region {deal}").expect("a string");
    }
    let scratch = Scratch::new();
    let path = scratch.write("deals.csv", text);
    let mut sizes = Vec::new();
    let mut steps = Vec::new();
    let mut ids = Vec::new();
    let mut sink = |batch: arrow::array::RecordBatch| -> Result<(), SinkError> {
        sizes.push(batch.num_rows());
        let column = batch["deal_id"].as_string::<i32>();
        ids.extend(column.iter().flatten().map(str::to_owned));
        Ok(())
    };
    let report = read_deals(&path, &options(), &mut sink, &mut |progress| steps.push(progress))
        .expect("loads");
    assert_eq!(report.accepted, 70_000);
    assert_eq!(sizes.iter().sum::<usize>(), 70_000);
    let in_order = (0..).zip(&ids).all(|(deal, id)| *id == format!("d{deal}"));
    assert!(in_order, "the deals come in the order of the file");
    assert!(sizes.iter().all(|size| (1..=65_536).contains(size)), "{sizes:?}");
    assert!(steps.len() >= 7 && steps.is_sorted_by_key(|step| (step.rows, step.bytes_read)));
    assert!(report.issues.iter().any(|issue| issue.check == "too_many_values"));
}

#[test]
fn files_that_cannot_be_opened_are_named() {
    let scratch = Scratch::new();
    let missing = scratch.path("nowhere.csv");
    let folder = missing.parent().expect("a folder");
    let refused = |path: &Path| load(path, &options()).err().expect("refused").to_string();
    assert!(refused(&missing).contains("nowhere.csv"));
    assert!(refused(folder).contains("directory"));
}

#[test]
fn a_failing_sink_ends_the_load() {
    let scratch = Scratch::new();
    let path = scratch.write("deals.csv", format!("{HEADER}a,2024-01-01,2024-02-01,Won,1,x\n"));
    let mut sink = |_: arrow::array::RecordBatch| -> Result<(), SinkError> {
        Err(SinkError::new("disk full"))
    };
    let error = read_deals(&path, &options(), &mut sink, &mut |_| {}).expect_err("fails");
    assert!(matches!(error, EtlError::Sink(_)));
    assert!(error.to_string().contains("disk full"));
}

#[test]
fn a_sink_that_fails_midway_ends_the_load() {
    use std::fmt::Write as _;
    let mut text = HEADER.to_owned();
    for deal in 0..100_000 {
        writeln!(text, "d{deal},2024-01-01,2024-02-01,Won,1,EMEA").expect("a string");
    }
    let scratch = Scratch::new();
    let path = scratch.write("deals.csv", text);
    let mut batches = 0;
    let mut sink = |_: arrow::array::RecordBatch| -> Result<(), SinkError> {
        batches += 1;
        if batches == 2 { Err(SinkError::new("disk full")) } else { Ok(()) }
    };
    read_deals(&path, &options(), &mut sink, &mut |_| {}).expect_err("fails");
    assert_eq!(batches, 2);
}

#[test]
fn copies_and_conflicts_are_found_far_apart() {
    use std::fmt::Write as _;
    let mut text = HEADER.to_owned();
    for deal in 0..30_000 {
        let region = if deal % 2 == 0 { "EMEA" } else { "APAC" };
        writeln!(text, "d{},2024-01-01,2024-02-01,Won,1,{region}", deal % 20_001)
            .expect("a string");
    }
    let report = load_text(&text).expect("loads").report;
    // The second round begins at d0 with the other region: each of its deals conflicts.
    assert_eq!((report.accepted, report.quarantined.len()), (10_002, 2 * 9_999));
    assert_eq!(report.conflicting.len(), 9_999);
    let same = text.replace("APAC", "EMEA");
    let report = load_text(&same).expect("loads").report;
    assert_eq!((report.accepted, report.duplicates), (20_001, 9_999));
    let copies = report.issues.iter().find(|issue| issue.check == "duplicates");
    assert_eq!(copies.map(|issue| issue.count), Some(9_999));
    assert_eq!(report.quality.fields["region"].filled, 1.0);
}

#[test]
fn the_quality_falls_with_every_fault() {
    let good = "a,2024-12-01,2024-12-31,Won,1,EMEA\n";
    let score = |rows: &str| {
        let text = format!("{HEADER}b,2024-12-01,2024-12-31,Won,1,EMEA\n{rows}");
        load_text(&text).expect("loads").report.quality.score
    };
    let best = score(good);
    for worse in [
        "a,2024-12-01,2024-12-31,Won,1,\n",
        "a,2024-12-01,2024-12-31,perhaps,1,EMEA\n",
        "a,2024-12-01,2024-12-31,Won,1,emea\n",
        &format!("{good}{good}"),
        &format!("{good}a,2024-12-01,2024-12-31,Lost,1,EMEA\n"),
    ] {
        assert!(score(worse) < best, "{worse}");
    }
    let scratch = Scratch::new();
    let path = scratch.write("deals.csv", format!("{HEADER}{good}"));
    let at = |today| {
        let options = ImportOptions::new(Settings::default(), today);
        load(&path, &options).expect("loads").report.quality
    };
    assert_eq!(at(TODAY).timeliness, 100.0);
    assert!(at(jiff::civil::date(2025, 6, 30)).timeliness < 60.0);
    assert_eq!(at(jiff::civil::date(2027, 1, 1)).timeliness, 0.0);
}

#[test]
fn a_mapping_must_be_usable() {
    for (text, part) in [
        ("delimiter = \":\"", "delimiter"),
        ("decimal = \"x\"", "decimal"),
        ("encoding = \"klingon\"", "klingon"),
        ("[stages]\nDone = \"finished\"", "finished"),
        ("[currency_rates]\nEUR = \"-1\"", "rate"),
        ("[currency_rates]\nEuro = \"1\"", "currency code"),
        ("default_currency = \"euro\"", "currency code"),
        ("date_format = 5", "date_format"),
        // Rows of a feed that is keyed by its ids are not looked through for copies.
        ("[values.deal_id]\nb = \"a\"", "[values.deal_id] is neither a text field"),
        ("columns = { regin = \"Region\" }", "region"),
    ] {
        let error = Mapping::from_toml(text).expect_err(text).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_mapping_that_cannot_be_read_is_told_with_columns_where_it_is_about_them() {
    for (text, said, is_of_columns) in [
        ("amount: Amount", "line 1: ", true),
        ("amount = \"Amount\"", "line 1, amount: unknown field `amount`", true),
        ("amuont = \"Amount\"", "line 1, amuont: unknown field `amuont`", true),
        ("amount = Amount", "line 1, amount: ", true),
        ("[columns]\namount = 5", "line 2, amount: invalid type: integer `5`", true),
        ("preset = 5", "line 1, preset: invalid type: integer `5`, expected a string", false),
        ("preset = \"hubspot\"\ndecimal = \"ab\"", "line 2, decimal: invalid value", false),
        ("[currency_rates]\nEUR = 1.08", "line 2, EUR: invalid type: floating point", false),
        ("[[currency_rate]]\ncurrency = \"EUR\"", "line 1: missing field `from`", false),
        ("[columns]\n[stages]\nDone = 1", "line 3, Done: invalid type: integer `1`", false),
        ("[collums]\namount = \"Amount\"", "line 1: unknown field `collums`", false),
    ] {
        let error = Mapping::from_toml(text).expect_err(text).to_string();
        let advice = "write lines such as amount = \"Amount\" under [columns]";
        assert!(error.contains(said), "{error}");
        assert_eq!(error.contains(advice), is_of_columns, "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
