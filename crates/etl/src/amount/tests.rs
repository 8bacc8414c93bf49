use proptest::prelude::*;
use winsight_model::Money;

use super::{Amount, AmountEvidence, AmountFault, CurrencyMark, Decimal, read_amount};

fn code(text: &str) -> CurrencyMark {
    CurrencyMark::Code(text.to_owned())
}

#[test]
fn reads_what_sales_tools_write() {
    for (text, cents, currency) in [
        ("4253", 425_300, None),
        ("4253.5", 425_350, None),
        ("$1,234.50", 123_450, Some(CurrencyMark::Dollar)),
        ("1.234,50 €", 123_450, Some(code("EUR"))),
        ("1 234,50", 123_450, None),
        ("1\u{a0}234\u{202f}", 123_400, None),
        ("1'234.50", 123_450, None),
        ("USD 1,234.50", 123_450, Some(code("USD"))),
        ("1234,50 eur", 123_450, Some(code("EUR"))),
        ("US$1,234,567.89", 123_456_789, Some(code("USD"))),
        ("₹12,34,567", 123_456_700, Some(code("INR"))),
        ("1.234.567", 123_456_700, None),
        ("(500)", -50_000, None),
        ("($500.00)", -50_000, Some(CurrencyMark::Dollar)),
        ("-$500", -50_000, Some(CurrencyMark::Dollar)),
        ("500-", -50_000, None),
        ("+5", 500, None),
        ("0", 0, None),
        (".5", 50, None),
        ("5.", 500, None),
        ("0.125", 12, None),
        ("0.135", 14, None),
        ("1234.5678", 123_457, None),
        ("0.30000000000000004", 30, None),
    ] {
        let expected = Amount { value: Money::from_cents(cents), currency };
        assert_eq!(read_amount(text, None), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_is_no_amount() {
    for text in [
        "1e5",
        "abc",
        "$",
        "1,23,4",
        "12 34",
        "1.5k",
        "2M",
        "5%",
        "--5",
        "(5",
        "5)",
        "(-5)",
        "1/2",
        "$5€",
        "1,234.567.890",
        "0x10",
        "NaN",
        "1..2",
        "1,,234",
        "١٢٣",
    ] {
        assert_eq!(read_amount(text, None), Err(AmountFault::Invalid), "{text}");
    }
    assert_eq!(read_amount(&"9".repeat(40), None), Err(AmountFault::Implausible));
}

#[test]
fn the_convention_settles_what_a_text_leaves_open() {
    for (text, point, comma) in [("1.234", 123, 123_400), ("12,345", 1_234_500, 1234)] {
        assert_eq!(read_amount(text, None), Err(AmountFault::Ambiguous));
        let read = |decimal| read_amount(text, Some(decimal)).map(|amount| amount.value.cents());
        assert_eq!(read(Decimal::Point), Ok(point));
        assert_eq!(read(Decimal::Comma), Ok(comma));
    }
}

fn evidence(texts: &[&str]) -> AmountEvidence {
    let mut evidence = AmountEvidence::default();
    for text in texts {
        evidence.add(text);
    }
    evidence
}

#[test]
fn the_column_shows_its_convention() {
    assert_eq!(evidence(&["1.234", "99,90"]).decimal(), Some(Decimal::Comma));
    assert_eq!(evidence(&["1.234", "2.345.678"]).decimal(), Some(Decimal::Comma));
    assert_eq!(evidence(&["1,234", "$99.90"]).decimal(), Some(Decimal::Point));
    assert_eq!(evidence(&["1,50", "1.50"]).decimal(), None);
    let open = evidence(&["1.234", "5.678"]);
    assert!(!open.is_decided());
    assert_eq!(open.guess(), Some((Decimal::Comma, "1.234", 2)));
    assert_eq!(evidence(&["1.234", "5,678"]).guess(), None);
    assert!(evidence(&["1234", "5678"]).is_decided());
}

/// `1234567.89` as an accountant would write it.
fn written(cents: u64, thousands: &str, decimal: char) -> String {
    let units = (cents / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in units.chars().enumerate() {
        if index > 0 && (units.len() - index).is_multiple_of(3) {
            grouped.push_str(thousands);
        }
        grouped.push(digit);
    }
    format!("{grouped}{decimal}{:02}", cents % 100)
}

proptest! {
    #[test]
    fn amounts_are_read_back_in_both_conventions(cents in 0u64..100_000_000_000_000, negative: bool) {
        let signed = if negative { -i128::from(cents) } else { i128::from(cents) };
        for (thousands, decimal, convention) in [
            (",", '.', Decimal::Point), ("", '.', Decimal::Point), ("'", '.', Decimal::Point),
            (".", ',', Decimal::Comma), ("", ',', Decimal::Comma), (" ", ',', Decimal::Comma),
        ] {
            let sign = if negative { "-" } else { "" };
            let text = format!("{sign}{}", written(cents, thousands, decimal));
            // Two decimals show the convention themselves, so that knowing it changes nothing.
            for known in [None, Some(convention)] {
                let read = read_amount(&text, known).map(|amount| amount.value.cents());
                prop_assert_eq!(read, Ok(signed), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,24}") {
        for convention in [None, Some(Decimal::Point), Some(Decimal::Comma)] {
            let _ = read_amount(&text, convention);
        }
        evidence(&[&text]);
    }
}
