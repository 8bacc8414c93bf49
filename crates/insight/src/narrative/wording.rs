//! Numbers in the words of a sentence.

use winsight_model::{Money, Window};

use crate::Interval;

/// An amount as a reader says it, to two or three digits: `$2.3M`, `€450k`, `CHF 12`.
pub fn short_money(amount: Money, currency: &str) -> String {
    const SUFFIXES: [(i128, &str); 4] =
        [(1, ""), (1_000, "k"), (1_000_000, "M"), (1_000_000_000, "B")];
    let symbol = match currency {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "INR" => "₹".to_owned(),
        code => format!("{code} "),
    };
    let sign = if amount < Money::ZERO { "-" } else { "" };
    let cents = amount.cents().abs();
    // The first unit in which the rounded figure stays below a thousand, so that $999,960 is $1M.
    let figure = SUFFIXES.into_iter().find_map(|(unit, suffix)| {
        let tenths = rounded(cents * 10, unit * 100);
        let whole = rounded(cents, unit * 100);
        let with_tenth = unit > 1 && tenths % 10 != 0 && (tenths < 100 || unit >= 1_000_000);
        let text = if with_tenth {
            format!("{}.{}{suffix}", tenths / 10, tenths % 10)
        } else {
            format!("{whole}{suffix}")
        };
        (whole < 1_000).then_some(text)
    });
    let figure =
        figure.unwrap_or_else(|| format!("{}B", grouped(&rounded(cents, 100_000_000_000))));
    format!("{sign}{symbol}{figure}")
}

fn rounded(value: i128, unit: i128) -> i128 {
    (value + unit / 2) / unit
}

/// `48%`.
pub(super) fn percent(rate: f64) -> String {
    format!("{:.0}%", rate * 100.0)
}

/// The size of a difference of rates: `12 points`, `1 point`, `less than 1 point`.
pub(super) fn points(difference: f64) -> String {
    match format!("{:.0}", difference.abs() * 100.0).as_str() {
        "0" => "less than 1 point".to_owned(),
        "1" => "1 point".to_owned(),
        size => format!("{size} points"),
    }
}

/// `down 12 points`, `up 1 point`, `unchanged`.
pub(super) fn moved(difference: f64) -> String {
    if difference < 0.0 {
        format!("down {}", points(difference))
    } else if difference > 0.0 {
        format!("up {}", points(difference))
    } else {
        "unchanged".to_owned()
    }
}

/// `95% interval −20 to +4 points`.
pub(super) fn interval_in_points(interval: Interval) -> String {
    format!("95% interval {} to {} points", signed(interval.low), signed(interval.high))
}

fn signed(difference: f64) -> String {
    let size = format!("{:.0}", difference.abs() * 100.0);
    match difference {
        _ if size == "0" => size,
        below if below < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    }
}

/// A difference of rates in tenths of a point: 31 for 3.1 points.
#[expect(clippy::cast_possible_truncation, reason = "a difference of rates is at most 1")]
pub(super) fn tenths_of_points(difference: f64) -> i64 {
    (difference * 1000.0).round() as i64
}

/// `−3.1` from −31 tenths.
pub(super) fn signed_tenths(tenths: i64) -> String {
    let sign = match tenths {
        0 => "",
        below if below < 0 => "−",
        _ => "+",
    };
    let size = tenths.unsigned_abs();
    format!("{sign}{}.{}", size / 10, size % 10)
}

/// `1 deal`, `5,000 deals`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(&count))
}

/// Digits in groups of three: `5,000`.
pub(super) fn grouped(number: &impl ToString) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}

/// What readers call a dimension: `deal size` for `acv_bucket`.
pub(super) fn dimension_words(dimension: &str) -> String {
    match dimension {
        "acv_bucket" => "deal size".to_owned(),
        "cycle_bucket" => "cycle length".to_owned(),
        other => other.replace('_', " "),
    }
}

/// With a capital first letter.
pub(super) fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How a sentence calls the window compared with: `the 91 days before` where it is that.
pub(super) fn compared_with(baseline: Window, window: Window) -> String {
    if baseline == window.preceding() {
        format!("the {} days before", baseline.days())
    } else {
        baseline.to_string()
    }
}
