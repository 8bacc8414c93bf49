use winsight_model::{DataVersion, Segment, Window};

use super::Rule;
use crate::wording::counted;
use crate::{Evidence, Finding, Severity};

/// A load that the quality gate holds back.
#[derive(Clone, Copy, Debug)]
pub struct HeldLoad<'a> {
    /// Its number.
    pub load: i64,
    /// The files that it read.
    pub files: &'a str,
    /// Rows that it read.
    pub rows: u64,
    /// Its quality score, 0 to 100.
    pub score: f64,
    /// The score of the load before it, if there was one.
    pub previous_score: Option<f64>,
    /// Why it is held, one sentence each.
    pub reasons: &'a [String],
    /// The day of the load.
    pub day: Window,
    /// The version that readers keep.
    pub data_version: DataVersion,
    /// ISO 4217 code of the reporting currency.
    pub currency: &'a str,
}

/// A load is held back, and the numbers shown are those of the load before it.
pub fn data_quality_finding(held: &HeldLoad<'_>) -> Finding {
    let reasons: Vec<_> = held.reasons.iter().map(|reason| format!("- {reason}")).collect();
    let message = format!(
        "Load: {} ({}), held back\n{}\nUntil it is released, every number is that of data version {}",
        held.files,
        counted(held.rows, "row"),
        reasons.join("\n"),
        held.data_version,
    );
    Finding {
        rule: Rule::DataQuality,
        severity: Severity::Warning,
        metric: "quality_score".to_owned(),
        segment: Segment::all(),
        current: Some(held.score),
        baseline: held.previous_score,
        change: held.previous_score.map(|before| held.score - before),
        deals: held.rows,
        baseline_deals: 0,
        confidence: None,
        window: held.day,
        baseline_window: None,
        impact: None,
        currency: held.currency.to_owned(),
        title: "Data Quality Degraded".to_owned(),
        message,
        action: format!(
            "Correct the data at its source and load it again, or release it with `winsight quality accept {}`",
            held.load
        ),
        context: None,
        data_version: held.data_version,
        custom: None,
        subject: None,
        evidence: Evidence::new(format!(
            "quality score {:.0} of 100{}",
            held.score,
            held.previous_score.map_or(String::new(), |before| format!(", {before:.0} before")),
        ))
        .with("load", held.load)
        .with("reasons", held.reasons.to_vec()),
    }
}
