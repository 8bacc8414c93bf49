use winsight_etl::{EtlError, IndicatorsReport, read_indicators};

use crate::harness::Scratch;

fn read(text: &str) -> Result<IndicatorsReport, EtlError> {
    let scratch = Scratch::new();
    read_indicators(&scratch.write("market.csv", text))
}

/// The figures as `name date value`.
fn told(report: &IndicatorsReport) -> Vec<String> {
    let figures = report.indicators.iter();
    figures.map(|it| format!("{} {} {}", it.name, it.date, it.value)).collect()
}

#[test]
fn a_column_for_each_indicator() {
    let report = read(
        "observation_date,Orders,Interest rate,Comment\n\
         2024-02-01,\"1,234.5\",5.25%,\n\
         2024-01-01,1200,.,revised\n\
         2024-03-01,-3e1,n/a,\n",
    )
    .expect("loads");
    assert_eq!(
        told(&report),
        [
            "Interest rate 2024-02-01 5.25",
            "Orders 2024-01-01 1200",
            "Orders 2024-02-01 1234.5",
            "Orders 2024-03-01 -30",
        ]
    );
    let notes = report.notes.join("\n");
    assert!(notes.contains("indicators: Orders, Interest rate"), "{notes}");
    assert!(notes.contains("unused columns: Comment"), "{notes}");
}

#[test]
fn one_row_for_each_indicator_and_date() {
    let report = read(
        "date;name;value\n\
         31.01.2024;orders;1.234,5\n\
         29.02.2024;orders;1.300,25\n\
         29.02.2024;rate;5,125\n\
         29.02.2024;rate;5,125\n",
    )
    .expect("loads");
    assert_eq!(
        told(&report),
        ["orders 2024-01-31 1234.5", "orders 2024-02-29 1300.25", "rate 2024-02-29 5.125"]
    );
}

#[test]
fn months_and_quarters_stand_for_their_first_day() {
    let report = read("period,gdp\n2024-Q1,1.5\n2024 q4,2\n2024-11,3\n").expect("loads");
    assert_eq!(told(&report), ["gdp 2024-01-01 1.5", "gdp 2024-10-01 2", "gdp 2024-11-01 3"]);
    let decimals = read("month;rate\n2024-01;3,512\n2024-02;3,498\n").expect("loads");
    assert_eq!(told(&decimals), ["rate 2024-01-01 3.512", "rate 2024-02-01 3.498"]);
}

#[test]
fn rows_that_cannot_be_read_are_set_aside() {
    let report = read(
        "date,name,value\n\
         2024-01-01,orders,1\n\
         2024-02-30,orders,2\n\
         2024-03-01,,3\n\
         ,orders,4\n\
         2024-05-01,orders,plenty\n\
         2024-06-01,orders\n\
         1024-07-01,orders,7\n",
    )
    .expect("loads");
    assert_eq!((report.rows_read, report.indicators.len()), (7, 1));
    let told: Vec<_> = report
        .quarantined
        .iter()
        .map(|row| (row.line, row.reasons.iter().map(|reason| reason.check).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        told,
        [
            (3, vec!["invalid_date"]),
            (4, vec!["missing_id"]),
            (5, vec!["missing_date"]),
            (6, vec!["invalid_amount"]),
            (7, vec!["wrong_number_of_fields"]),
            (8, vec!["implausible_date"]),
        ]
    );
}

#[test]
fn what_is_unclear_is_refused() {
    for (text, parts) in [
        ("", &["empty"][..]),
        ("when,orders\n2024-01-01,1\n", &["no column holds date", "\"when\""]),
        ("date,comment\n2024-01-01,good\n", &["no column holds figures"]),
        ("date,orders\n1/2/2024,1\n", &["day first", "2024-03-31"]),
        ("date,orders\n2024-01-01,1\n2024-01-01,2\n", &["line 3", "\"orders\"", "line 2"]),
        ("date,orders\n2024-02-31,1\n", &["no figure", "2024-02-31"]),
    ] {
        let error = read(text).expect_err("refused").to_string();
        assert!(error.contains("market.csv"), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}
