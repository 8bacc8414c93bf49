//! The weekly answer that nothing changed, with the smallest change that would have been seen.

use serde_json::json;
use winsight_model::{Segment, Settings};

use super::wording::{counted, listed, points};
use super::{Cadence, Insight, InsightKind, WeeklyInput, evidence, rank};
use crate::{GatedChange, SegmentChange, detectable_drop};

/// Says how large a drop could have been missed, overall and in a segment of typical size.
pub(super) fn nothing_changed(
    input: &WeeklyInput,
    overall: &GatedChange,
    segments: &[GatedChange],
    settings: &Settings,
) -> Insight {
    let mut tested: Vec<&SegmentChange> =
        segments.iter().map(|gated| &gated.change).filter(|change| change.enough_data).collect();
    tested.sort_by_key(|change| change.current.deals.min(change.baseline.deals));
    // Benjamini–Hochberg holds a single drop among otherwise quiet segments to this level.
    let hypotheses = tested.len() + usize::from(overall.change.enough_data);
    let level = overall.adjusted_level / hypotheses.max(1) as f64;
    let detectable = |change: &SegmentChange| {
        let rate = change.baseline.rate()?;
        let drop = detectable_drop(change.current.deals, change.baseline.deals, rate, level)?;
        // Below the threshold nothing counts as a change, however clear it is.
        Some(drop.max(settings.alerts.win_rate_drop))
    };
    let of_all = detectable(&overall.change);
    let typical = tested.get(tested.len() / 2);
    let of_typical = typical.and_then(|change| Some((detectable(change)?, *change)));
    let threshold = points(settings.alerts.win_rate_drop);
    let beyond_chance = |change: &SegmentChange| change.p_value <= level;
    let nothing = if beyond_chance(&overall.change) || tested.iter().any(|one| beyond_chance(one)) {
        format!("Nothing changed by more than {threshold}: what moved beyond chance moved less")
    } else {
        "Nothing changed between the two windows: no segment moved beyond chance".to_owned()
    };
    let (title, text) = match (of_all, of_typical) {
        _ if hypotheses == 0 => {
            let text = "Nothing can be said: no segment has enough closed deals in both windows.";
            ("Too few deals to compare", text.to_owned())
        }
        (Some(drop), Some((in_typical, change))) => {
            let text = format!(
                "{nothing}; we would have seen a drop of {} or more in the overall win rate, and of {} or more in a segment of typical size ({}).",
                points(drop),
                points(in_typical),
                counted(change.current.deals, "deal"),
            );
            ("Nothing changed", text)
        }
        (Some(drop), None) => {
            let text = format!(
                "{nothing}; we would have seen a drop of {} or more in the overall win rate.",
                points(drop)
            );
            ("Nothing changed", text)
        }
        (None, _) if overall.change.baseline.won == 0 => {
            let text = format!("{nothing}; where no deal was won, nothing can drop.");
            ("Nothing changed", text)
        }
        (None, _) => {
            let text =
                format!("{nothing}; with so few deals not even a collapse would surely show.");
            ("Nothing changed", text)
        }
    };
    Insight {
        kind: InsightKind::NothingChanged,
        cadence: Cadence::Weekly,
        title: title.to_owned(),
        text: text + &alerts_besides(&input.alerted),
        caution: of_all.map(|_| "A drop of that size is found four times in five.".to_owned()),
        action: None,
        evidence: evidence([
            ("tested", json!(hypotheses)),
            ("level", json!(overall.adjusted_level)),
            ("detectable_drop", json!(of_all)),
            ("detectable_drop_in_typical_segment", json!(of_typical.map(|(drop, _)| drop))),
        ]),
        rank: rank(80.0, if hypotheses == 0 { 0.0 } else { 1.0 }, 1.0),
    }
}

/// Why alerts may stand although nothing changed since the window before.
fn alerts_besides(alerted: &[Segment]) -> String {
    let name = |segment: &Segment| match segment.parts() {
        [] => "all deals".to_owned(),
        _ => segment.value_label(),
    };
    let names: Vec<String> = alerted.iter().map(name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        " Alerts compare with the year before, every day; against that, {} dropped: see the alerts.",
        listed(&names)
    )
}
