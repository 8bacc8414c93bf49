//! Texts, numbers and instants as CRMs write them.

use jiff::Timestamp;

/// An instant in any form that CRMs use: RFC 3339, with `+0000` for the offset, or milliseconds.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    if let Ok(milliseconds) = text.parse() {
        return Timestamp::from_millisecond(milliseconds).ok();
    }
    let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = offset.split_at_checked(3)?;
    format!("{time}{hours}:{minutes}").parse().ok()
}

/// Microseconds since 1970; 0 for what is no instant.
pub(crate) fn microseconds(text: &str) -> i64 {
    instant(text).map_or(0, Timestamp::as_microsecond)
}

/// The instant in the one form that dates are read from; what is none, such as a plain day, stays.
pub(crate) fn written(text: &str) -> String {
    let is_day = text.len() <= "2024-06-30".len() && text.contains('-');
    match instant(text).filter(|_| !is_day) {
        Some(instant) => instant.to_string(),
        None => text.to_owned(),
    }
}

/// A text without NUL characters, which no file of rows can hold.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

/// Largest exponent that is written out: no CRM keeps numbers near it.
const LARGEST_EXPONENT: i32 = 40;

/// A number with an exponent, such as `1.65255E7`, written out exactly; `None` for anything else.
pub(crate) fn written_out(number: &str) -> Option<String> {
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (mantissa, exponent) = number.split_once(['E', 'e'])?;
    let exponent: i32 = exponent.parse().ok().filter(|it: &i32| it.abs() <= LARGEST_EXPONENT)?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Where the point comes to stand, counted from the first digit.
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let before = usize::try_from(point.unsigned_abs()).ok()?;
    let (whole, part) = if point <= 0 {
        (String::new(), format!("{}{digits}", "0".repeat(before)))
    } else if before >= digits.len() {
        (format!("{digits:0<before$}"), String::new())
    } else {
        let (whole, part) = digits.split_at(before);
        (whole.to_owned(), part.to_owned())
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{part}"))
}

#[cfg(test)]
mod tests {
    use super::{written, written_out};

    #[test]
    fn instants_in_every_form_come_out_in_one() {
        for (text, expected) in [
            ("2024-03-01T10:00:00.000+0000", "2024-03-01T10:00:00Z"),
            ("2024-03-01T10:00:00.000Z", "2024-03-01T10:00:00Z"),
            ("2024-03-01T10:00:00+02:00", "2024-03-01T08:00:00Z"),
            ("1709287200000", "2024-03-01T10:00:00Z"),
            ("2024-03-01", "2024-03-01"),
            ("", ""),
            ("soon", "soon"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn exponents_are_written_out_exactly() {
        for (number, plain) in [
            ("1.65255E7", "16525500"),
            ("1.234567891234E10", "12345678912.34"),
            ("-2.0E7", "-20000000"),
            ("9.99999999999E9", "9999999999.99"),
            ("1.5E-4", "0.00015"),
            ("0.0E0", "0"),
        ] {
            assert_eq!(written_out(number).as_deref(), Some(plain));
        }
        for other in ["16525500.0", "1,200.50", "", "E7", "1.2.3E4", "1E999999999", "NaN"] {
            assert_eq!(written_out(other), None, "{other}");
        }
    }
}
