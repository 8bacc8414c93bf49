//! Instants as CRMs write them.

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

#[cfg(test)]
mod tests {
    use super::written;

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
}
