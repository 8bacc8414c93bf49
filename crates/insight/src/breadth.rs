//! Whether a change is the market's or a segment's, and what else moved in the same days.

use std::collections::BTreeMap;

use jiff::civil::Date;
use winsight_model::{Segment, Window};

use crate::{SegmentChange, heterogeneity};

/// Share of the deals that must lie in values which moved the same way.
const MOST: f64 = 2.0 / 3.0;
/// Level of the test whether the values of a dimension moved alike.
const LEVEL: f64 = 0.05;
/// Fewest earlier moves that say what is usual for an indicator.
const FEWEST_MOVES: usize = 4;
/// Standard deviations of earlier moves beyond which a move is unusual.
const UNUSUAL: f64 = 2.0;

/// How far a change of all deals is shared by their segments.
#[derive(Clone, Debug, PartialEq)]
pub struct Breadth {
    /// What to call it.
    pub kind: BreadthKind,
    /// The share of deals in values that moved as all deals did, in the dimension where it is smallest.
    pub together: f64,
    /// The dimension whose values moved least alike, with the chance of as much difference if they had
    /// all moved alike (Cochran's test). `None` when no dimension has two values to compare.
    pub least_alike: Option<(String, f64)>,
}

/// Whether a change is everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreadthKind {
    /// Most segments moved together, and no dimension tells them apart beyond chance.
    BroadBased,
    /// The values of a dimension moved differently, beyond chance.
    Local,
    /// Neither can be said.
    Unclear,
}

impl BreadthKind {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BroadBased => "broad_based",
            Self::Local => "local",
            Self::Unclear => "unclear",
        }
    }
}

/// How far the change of all deals is shared: by value of each single dimension among `segments`.
/// `None` when the win rate of all deals has no change.
///
/// Values of a dimension are compared by Cochran's heterogeneity of their changes, each with the
/// variance of a difference of two rates, corrected for many dimensions by Bonferroni.
pub fn breadth(overall: &SegmentChange, segments: &[SegmentChange]) -> Option<Breadth> {
    let direction = overall.change.filter(|&by| by != 0.0)?.signum();
    let mut by_dimension: BTreeMap<String, Vec<&SegmentChange>> = BTreeMap::new();
    let single = |change: &&SegmentChange| {
        change.segment != Segment::all() && change.segment.parts().len() == 1 && change.enough_data
    };
    for change in segments.iter().filter(single) {
        by_dimension.entry(change.segment.dimension_label()).or_default().push(change);
    }
    by_dimension.retain(|_, values| values.len() > 1);
    let together = |values: &Vec<&SegmentChange>| {
        let deals = |change: &&SegmentChange| change.current.deals as f64;
        let all: f64 = values.iter().map(deals).sum();
        let same = values.iter().filter(|one| one.change.is_some_and(|by| by * direction > 0.0));
        same.map(deals).sum::<f64>() / all
    };
    let tests = by_dimension.len() as f64;
    let p_value = |values: &Vec<&SegmentChange>| {
        let effects: Vec<(f64, f64)> = values.iter().filter_map(|change| effect(change)).collect();
        heterogeneity(&effects).map(|found| (found.p_value * tests).min(1.0))
    };
    let least_alike = by_dimension
        .iter()
        .filter_map(|(dimension, values)| Some((dimension.clone(), p_value(values)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let together = by_dimension.values().map(together).fold(1.0, f64::min);
    let kind = match &least_alike {
        Some((_, p_value)) if *p_value < LEVEL => BreadthKind::Local,
        Some(_) if together >= MOST => BreadthKind::BroadBased,
        _ => BreadthKind::Unclear,
    };
    Some(Breadth { kind, together, least_alike })
}

/// A change and its variance. One deal that never happened keeps rates of 0 and 1 from looking
/// certain.
fn effect(change: &SegmentChange) -> Option<(f64, f64)> {
    let variance = |won: u64, deals: u64| {
        let rate = (won as f64 + 0.5) / (deals as f64 + 1.0);
        rate * (1.0 - rate) / deals as f64
    };
    let (now, then) = (change.current, change.baseline);
    Some((change.change?, variance(now.won, now.deals) + variance(then.won, then.deals)))
}

/// A day of an external series, such as a price or an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// Its name.
    pub name: String,
    /// Day and value, in order of days.
    pub values: Vec<(Date, f64)>,
}

/// How an external series moved between two windows. Context, not cause.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorMove {
    /// Its name.
    pub name: String,
    /// Mean of its values in the current window.
    pub current: f64,
    /// The same in the baseline window.
    pub baseline: f64,
    /// Current over baseline minus 1; `None` where the baseline is 0 or less.
    pub relative: Option<f64>,
    /// The move in standard deviations of earlier moves between windows of this length; `None` with
    /// fewer than four of them.
    pub usual_moves: Option<f64>,
}

impl IndicatorMove {
    /// Whether it moved by more than it usually does.
    pub fn is_unusual(&self) -> bool {
        self.usual_moves.is_some_and(|moves| moves.abs() > UNUSUAL)
    }
}

/// How each series moved between two windows; those without a value in both are left out.
pub fn indicator_moves(
    indicators: &[Indicator],
    window: Window,
    baseline: Window,
) -> Vec<IndicatorMove> {
    let moved = |indicator: &Indicator| {
        let mean = |window: Window| mean_in(indicator, window);
        let (current, before) = (mean(window)?, mean(baseline)?);
        let mut earlier = Vec::new();
        let (mut later, mut preceding) = (baseline, baseline.preceding());
        let first = indicator.values.first()?.0;
        while preceding.from >= first && preceding.days() > 0 {
            if let (Some(now), Some(then)) = (mean(later), mean(preceding)) {
                earlier.push(now - then);
            }
            (later, preceding) = (preceding, preceding.preceding());
        }
        let squares: f64 = earlier.iter().map(|by| by * by).sum();
        let usual = (squares / earlier.len().max(1) as f64).sqrt();
        let known = earlier.len() >= FEWEST_MOVES && usual > 0.0;
        Some(IndicatorMove {
            name: indicator.name.clone(),
            current,
            baseline: before,
            relative: (before > 0.0).then(|| current / before - 1.0),
            usual_moves: known.then(|| (current - before) / usual),
        })
    };
    indicators.iter().filter_map(moved).collect()
}

fn mean_in(indicator: &Indicator, window: Window) -> Option<f64> {
    let inside =
        indicator.values.iter().filter(|(day, value)| window.contains(*day) && value.is_finite());
    let (count, sum) = inside.fold((0_u32, 0.0), |sum, (_, value)| (sum.0 + 1, sum.1 + value));
    (count > 0).then(|| sum / f64::from(count))
}
