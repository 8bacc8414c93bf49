//! How deals go through the stages: how many move on, how long it takes.

use std::collections::BTreeMap;

use winsight_model::{DayHistogram, Stays};

use crate::Estimate;
use crate::survival::{CompetingRisks, Durations};

/// The days after which progression is told.
pub const PROGRESSION_DAYS: [u32; 3] = [30, 60, 90];

/// What became of the deals that entered a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageProgression {
    /// The stage.
    pub stage: String,
    /// Deals that entered it in the window; one that entered twice counts twice.
    pub entered: u64,
    /// Those that went on to another stage or were won.
    pub moved_on: u64,
    /// Those that were lost from it.
    pub lost: u64,
    /// Those that are still in it.
    pub still_there: u64,
    /// Shares after 30, 60 and 90 days, as far as any deal has been watched so long.
    pub after: Vec<ProgressionShares>,
    /// Kaplan–Meier median of the days in the stage; `None` when more than half are still there.
    pub median_days: Option<u32>,
    /// The lower end of its 95% interval.
    pub median_days_low: Option<u32>,
    /// The upper end; `None` when it cannot be told yet.
    pub median_days_high: Option<u32>,
    /// Whether there are enough deals to show shares; without, only counts are.
    pub enough_data: bool,
}

/// The shares of the deals of a stage some days after they entered it. They add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProgressionShares {
    /// Days since entry.
    pub days: u32,
    /// Went on to another stage or were won.
    pub moved_on: Estimate,
    /// Were lost from it.
    pub lost: Estimate,
    /// Are still there.
    pub still_there: Estimate,
}

/// What became of the deals that entered each stage, in the order that deals go through them.
///
/// Deals that are still there have been watched for a while only; Aalen and Johansen's estimator makes
/// use of that while, where a ratio of counts would take young deals for stuck ones.
pub fn stage_progression(
    stages: &BTreeMap<String, Stays>,
    min_deals: u64,
) -> Vec<StageProgression> {
    let order = stage_order(stages);
    let in_order = order.iter().filter_map(|stage| Some((stage, stages.get(stage)?)));
    in_order.map(|(stage, stays)| progression_of(stage, stays, min_deals)).collect()
}

fn progression_of(stage: &str, stays: &Stays, min_deals: u64) -> StageProgression {
    let (entered, still_there) = (stays.total(), stays.ongoing.total());
    let lost = stays.lost.total();
    let moved_on = entered - still_there - lost;
    let counted = StageProgression {
        stage: stage.to_owned(),
        entered,
        moved_on,
        lost,
        still_there,
        after: Vec::new(),
        median_days: None,
        median_days_low: None,
        median_days_high: None,
        enough_data: entered >= min_deals.max(1),
    };
    if !counted.enough_data {
        return counted;
    }
    let mut moved = stays.won.clone();
    stays.moved.values().for_each(|days| moved.merge(days));
    let risks = CompetingRisks::of(&Durations::new(&[&moved, &stays.lost], &stays.ongoing));
    let shares = |days: u32| {
        Some(ProgressionShares {
            days,
            moved_on: risks.ended(0, days)?,
            lost: risks.ended(1, days)?,
            still_there: risks.remaining(days)?,
        })
    };
    let (low, high) = risks.median_days();
    StageProgression {
        after: PROGRESSION_DAYS.into_iter().filter_map(shares).collect(),
        median_days: risks.median(),
        median_days_low: low,
        median_days_high: high,
        ..counted
    }
}

/// The stages in the order that deals go through them: each before the one it mostly leads to.
///
/// By the balance of moves out to and in from the other stages; stages that are equal in that, by name.
fn stage_order(stages: &BTreeMap<String, Stays>) -> Vec<String> {
    let moves = |from: &String, to: &String| {
        let days = stages.get(from).and_then(|stays| stays.moved.get(to));
        days.map_or(0, DayHistogram::total)
    };
    let mut order: Vec<(usize, &String)> = stages
        .keys()
        .map(|stage| {
            let before = |other: &&String| moves(other, stage) > moves(stage, other);
            (ancestors(stages.keys().filter(before), stages, &moves), stage)
        })
        .collect();
    order.sort();
    order.into_iter().map(|(_, stage)| stage.clone()).collect()
}

/// How many stages come before, directly or through others.
fn ancestors<'a>(
    direct: impl Iterator<Item = &'a String>,
    stages: &'a BTreeMap<String, Stays>,
    moves: &impl Fn(&String, &String) -> u64,
) -> usize {
    let mut known: Vec<&String> = direct.collect();
    let mut next = 0;
    while let Some(stage) = known.get(next).copied() {
        next += 1;
        for other in stages.keys() {
            if moves(other, stage) > moves(stage, other) && !known.contains(&other) {
                known.push(other);
            }
        }
    }
    known.len()
}
