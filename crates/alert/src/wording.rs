//! Numbers, windows and segments in the words of a message.

use winsight_insight::short_money;
use winsight_model::{Grain, Money, Segment, Settings, Window};

/// `42%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// Two shares as percentages, with a decimal where they would otherwise read the same.
pub(crate) fn distinct_percents(left: f64, right: f64) -> (String, String) {
    let rounded = (percent(left), percent(right));
    if rounded.0 == rounded.1 {
        (format!("{:.1}%", left * 100.0), format!("{:.1}%", right * 100.0))
    } else {
        rounded
    }
}

/// A difference of shares in points, with a real minus sign: `−16`.
pub(crate) fn points(difference: f64) -> String {
    let rounded = format!("{:.0}", difference.abs() * 100.0);
    if difference < 0.0 && rounded != "0" { format!("−{rounded}") } else { rounded }
}

/// `1 look`, `13 looks`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `95 days`.
pub(crate) fn days(days: f64) -> String {
    let rounded = format!("{days:.0}");
    if rounded == "1" { "1 day".to_owned() } else { format!("{rounded} days") }
}

/// `p = 0.0021`, or `p < 0.0001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") }
}

/// How to call a baseline window: `last quarter` only where it is one.
pub(crate) fn period(baseline: Window, window: Window) -> String {
    let starts_a_quarter = |day| Grain::Quarter.start_of(day) == day;
    let is_one_quarter = baseline.periods(Grain::Quarter).len() == 1
        && starts_a_quarter(baseline.from)
        && starts_a_quarter(baseline.to);
    if baseline.to != window.from {
        format!("from {baseline}")
    } else if is_one_quarter {
        "last quarter".to_owned()
    } else {
        format!("in the {} days before", baseline.days())
    }
}

/// What a headline calls a segment: `Enterprise`, `Overall`, or `Blank Region`.
pub(crate) fn headline(segment: &Segment) -> String {
    match segment.parts() {
        [] => "Overall".to_owned(),
        [(dimension, value)] if value == winsight_model::NONE => {
            format!("Blank {}", capitalized(&spaced(dimension.as_str())))
        }
        _ => segment.value_label(),
    }
}

/// What the `Segment:` line calls a segment: `Enterprise (>$50k ACV)`, `Europe (region)`.
pub(crate) fn segment_line(segment: &Segment, currency: &str, settings: &Settings) -> String {
    let [(dimension, value)] = segment.parts() else {
        return if segment.parts().is_empty() {
            "All deals".to_owned()
        } else {
            segment.to_string()
        };
    };
    let detail = match dimension.as_str() {
        "acv_bucket" => acv_bounds(value, currency, settings),
        name => Some(spaced(name)),
    };
    let detail = detail.unwrap_or_else(|| spaced(dimension.as_str()));
    format!("{value} ({detail})")
}

fn acv_bounds(bucket: &str, currency: &str, settings: &Settings) -> Option<String> {
    let bounds = &settings.acv_buckets;
    let money = |units: u64| short_money(Money::from_cents(i128::from(units) * 100), currency);
    let (smb, mid_market) = (money(bounds.smb_up_to), money(bounds.mid_market_up_to));
    match bucket {
        "SMB" => Some(format!("up to {smb} ACV")),
        "Mid-Market" => Some(format!(">{smb} to {mid_market} ACV")),
        "Enterprise" => Some(format!(">{mid_market} ACV")),
        _ => None,
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
