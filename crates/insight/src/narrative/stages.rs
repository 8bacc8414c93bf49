use serde_json::json;

use super::wording::{counted, listed, percent};
use super::{Cadence, Insight, InsightKind, evidence};
use crate::StageProgression;

/// The days after which the sentence tells of progression.
const TOLD_AFTER: u32 = 30;

/// How deals go through the stages, and where they stop.
pub(super) fn stage_insight(progression: &[StageProgression]) -> Insight {
    let told: Vec<_> = progression
        .iter()
        .filter_map(|stage| {
            Some((stage, stage.after.iter().find(|after| after.days == TOLD_AFTER)?))
        })
        .collect();
    let stickiest = told
        .iter()
        .max_by(|(_, one), (_, other)| one.still_there.value.total_cmp(&other.still_there.value));
    let (title, text) = match stickiest {
        None => ("Stage progression: too little to tell".to_owned(), without(progression)),
        Some((stage, after)) => {
            let lines: Vec<_> = told
                .iter()
                .map(|(stage, after)| format!("{} {}", stage.stage, percent(after.moved_on.value)))
                .collect();
            let median = stage.median_days.map_or_else(String::new, |days| {
                format!("; half of its deals leave within {}", counted(u64::from(days), "day"))
            });
            let text = format!(
                "Within {TOLD_AFTER} days, this share of the deals that enter a stage moves on: {}. \
                 Deals stay longest in {}: after {TOLD_AFTER} days {} are still there and {} are \
                 lost{median}.",
                listed(&lines),
                stage.stage,
                percent(after.still_there.value),
                percent(after.lost.value),
            );
            (format!("Deals stay longest in {}", stage.stage), text)
        }
    };
    let caution = stickiest.map(|_| {
        "Deals that are still in a stage are counted as far as they have been watched, by an \
         estimate that allows for it (Aalen and Johansen)."
            .to_owned()
    });
    Insight {
        kind: InsightKind::StageProgression,
        cadence: Cadence::Daily,
        title,
        text,
        caution,
        action: stickiest
            .map(|(stage, _)| format!("Look at what the deals in {} wait for", stage.stage)),
        evidence: evidence([("stages", progression.iter().map(line).collect())]),
        rank: if stickiest.is_some() { 30.0 } else { 5.0 },
    }
}

fn without(progression: &[StageProgression]) -> String {
    let entered: u64 = progression.iter().map(|stage| stage.entered).sum();
    if entered == 0 {
        return "No stage history is known: import stage events to see how deals move on."
            .to_owned();
    }
    format!(
        "{} a stage in the past year; no stage has seen enough deals for {TOLD_AFTER} days.",
        if entered == 1 {
            "1 deal entered".to_owned()
        } else {
            format!("{entered} times a deal entered")
        }
    )
}

fn line(stage: &StageProgression) -> serde_json::Value {
    let after = stage.after.iter().map(|after| {
        json!({
            "days": after.days,
            "moved_on": after.moved_on.value,
            "moved_on_interval": after.moved_on.interval,
            "lost": after.lost.value,
            "lost_interval": after.lost.interval,
            "still_there": after.still_there.value,
            "still_there_interval": after.still_there.interval,
        })
    });
    json!({
        "stage": stage.stage,
        "entered": stage.entered,
        "moved_on": stage.moved_on,
        "lost": stage.lost,
        "still_there": stage.still_there,
        "median_days": stage.median_days,
        "after": after.collect::<serde_json::Value>(),
    })
}
