use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::{DateEvidence, DateFault, DateFormat, DateOrder, DateReader};

fn reader(order: Option<DateOrder>) -> DateReader {
    let zone = TimeZone::get("America/New_York").expect("known zone");
    DateReader { order, pattern: None, zone }
}

#[test]
fn reads_what_sales_tools_write() {
    let expected = date(2024, 3, 5);
    for text in [
        "2024-03-05",
        "2024/03/05",
        "2024-3-5",
        "05.03.2024",
        "5.3.24",
        "Mar 5, 2024",
        "March 5, 2024",
        "5 Mar 2024",
        "5-Mar-2024",
        "5-Mar-24",
        "2024-03-05 10:15:00",
        "2024-03-05T10:15:00",
        "2024-03-06T02:00:00Z",
        "2024-03-06T02:00:00.000+0000",
        "2024-03-05T23:59:59-05:00",
        "2024-03-05 10:15",
    ] {
        assert_eq!(reader(None).read(text), Ok(expected), "{text}");
    }
    for text in ["5/3/2024", "05/03/24", "05-03-2024", "5/3/2024 10:15 AM", "5/3/2024, 10:15"] {
        assert_eq!(reader(Some(DateOrder::DayFirst)).read(text), Ok(expected), "{text}");
        assert_eq!(reader(None).read(text), Err(DateFault::Ambiguous), "{text}");
    }
    assert_eq!(reader(Some(DateOrder::MonthFirst)).read("3/5/2024"), Ok(expected));
}

#[test]
fn refuses_days_that_do_not_exist() {
    for text in [
        "2024-02-30",
        "2023-02-29",
        "31/31/2024",
        "0/1/2024",
        "soon",
        "2024",
        "20240305",
        "5/2024",
        "2024-03-05x",
        "1/2/3/4",
        "5 Foo 2024",
        "-",
        "2024-03-05T99:00:00",
        "5/3/202",
    ] {
        assert_eq!(reader(Some(DateOrder::DayFirst)).read(text), Err(DateFault::Invalid), "{text}");
    }
}

fn order_of(texts: &[&str]) -> Result<Option<DateOrder>, String> {
    let mut evidence = DateEvidence::default();
    for (line, text) in (2..).zip(texts) {
        evidence.add(text, line);
    }
    evidence.order()
}

#[test]
fn the_order_of_day_and_month_needs_evidence() {
    assert_eq!(order_of(&["2024-01-02", "05.03.2024", "7/7/2024"]), Ok(None));
    assert_eq!(order_of(&["1/2/2024", "13/2/2024"]), Ok(Some(DateOrder::DayFirst)));
    assert_eq!(order_of(&["1/2/2024", "2/13/2024"]), Ok(Some(DateOrder::MonthFirst)));
    let message = order_of(&["1/2/2024", "3/4/2024"]).expect_err("ambiguous");
    assert!(message.contains("d/m/y") && message.contains("m/d/y"), "{message}");
    let message = order_of(&["13/2/2024", "2/13/2024"]).expect_err("contradictory");
    assert!(message.contains("line 2") && message.contains("line 3"), "{message}");
    let mostly: Vec<_> = std::iter::repeat_n("2/13/2024", 20).chain(["13/2/2024"]).collect();
    assert_eq!(order_of(&mostly), Ok(Some(DateOrder::MonthFirst)));
}

#[test]
fn patterns_are_tried_first_and_checked() {
    let Ok(DateFormat::Pattern(pattern)) = DateFormat::named("%Y%m%d") else {
        panic!("a pattern");
    };
    let reader = DateReader { pattern: Some(pattern), ..reader(None) };
    assert_eq!(reader.read("20240305"), Ok(date(2024, 3, 5)));
    for text in ["", "y", "%Y", "%Q", "dd/mm/yyyy"] {
        assert!(DateFormat::named(text).is_err(), "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn every_day_is_read_back(days in 0i32..40_000) {
        let day: Date = date(1990, 1, 1).saturating_add(jiff::ToSpan::days(i64::from(days)));
        let (y, m, d) = (day.year(), day.month(), day.day());
        for (order, text) in [
            (None, day.to_string()),
            (None, format!("{d}.{m}.{y}")),
            (Some(DateOrder::DayFirst), format!("{d}/{m:02}/{y}")),
            (Some(DateOrder::MonthFirst), format!("{m:02}/{d:02}/{y}")),
        ] {
            proptest::prop_assert_eq!(reader(order).read(&text), Ok(day));
        }
    }
}
