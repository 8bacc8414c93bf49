//! Drivers that changed between two windows.

use winsight_model::Dimension;

use super::design::{Count, Design, Factor, Level};
use super::logistic::Estimate;
use super::models::Models;
use super::{
    Cell, Counted, DimensionTest, DriverError, DroppedLevel, SEPARATED, affordable, counted,
    in_two_steps, likelihood_ratio, not_tested,
};
use crate::Interval;

/// Which drivers changed between two windows. Associations only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverChanges {
    /// Closed deals of the current window.
    pub deals: u64,
    /// Closed deals of the window it is compared with.
    pub baseline_deals: u64,
    /// Whether the odds ratios of each dimension are the same in both windows.
    pub dimensions: Vec<DimensionTest>,
    /// How the odds ratio of each level moved.
    pub changes: Vec<DriverChange>,
    /// The levels whose change cannot be told, and why.
    pub dropped: Vec<DroppedLevel>,
}

/// How the odds ratio of a level moved.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverChange {
    /// The dimension.
    pub dimension: Dimension,
    /// The level.
    pub value: String,
    /// The level it is compared with in both windows.
    pub reference: String,
    /// Current over baseline odds ratio: below 1 the level fell back against the reference.
    pub factor: f64,
    /// Its 95% Wald interval.
    pub interval: Interval,
    /// Chance of a factor as far from 1 if nothing had changed (Wald test).
    pub p_value: f64,
    /// Whether it may be reported.
    pub significant: bool,
}

/// Which dimensions and levels go with winning differently than in the window before.
///
/// One logistic regression over both windows, in which everything may differ between them. Each
/// dimension is tested by refitting with its coefficients held equal in both: the likelihood-ratio
/// test of its interaction with the window. False discoveries are controlled as in
/// [`drivers`](super::drivers), over dimensions and then levels; nested dimensions, rare levels, and too
/// many of them are treated as there. Levels are compared with the reference of the current window.
///
/// # Errors
/// As `drivers`, of either window.
pub fn driver_changes(
    current: &[Cell],
    baseline: &[Cell],
    dimensions: &[Dimension],
) -> Result<DriverChanges, DriverError> {
    let now = counted(current, dimensions)?;
    let in_baseline = |error| DriverError::Baseline(Box::new(error));
    let then = counted(baseline, dimensions).map_err(in_baseline)?;
    let rarer = |counted: &Counted<'_>| counted.won.min(counted.deals - counted.won);
    let fewest = rarer(&now).min(rarer(&then));
    let is_current: Vec<bool> =
        (0..now.cells.len() + then.cells.len()).map(|place| place < now.cells.len()).collect();
    let cells: Vec<&Cell> = now.cells.iter().chain(&then.cells).copied().collect();

    let count = dimensions.len();
    let mut factors: Vec<Factor> = (0..count)
        .map(|position| Factor::compared_as_in(&cells, position, now.cells.len()))
        .collect();
    let tested = affordable(&factors, fewest)?;
    factors.push(Factor::of_two(&is_current));
    for position in 0..count {
        factors.push(factors[position].within(&cells, &is_current));
    }
    let moving = |position: usize| count + 1 + position;
    let all = Terms { with: &tested, window: count }.both(moving);
    let design = Design::new(&cells, &factors, &all);
    let mut models = Models::new(&design);

    let (deals, baseline_deals) = (now.deals, then.deals);
    let mut found = DriverChanges { deals, baseline_deals, ..DriverChanges::default() };
    for (position, dimension) in dimensions.iter().enumerate() {
        let factor = &factors[position];
        if !tested.contains(&position) {
            found.dimensions.push(not_tested(dimension, factor));
            continue;
        }
        let is_separate =
            |&other: &usize| other == position || !factor.is_nested_with(&factors[other]);
        let terms: Vec<usize> = tested.iter().copied().filter(is_separate).collect();
        let with = Terms { with: &terms, window: count }.both(moving);
        let without: Vec<usize> =
            with.iter().copied().filter(|&term| term != moving(position)).collect();
        let (reduced, full) = (models.likelihood(&without), models.likelihood(&with));
        found.dimensions.push(likelihood_ratio(dimension, reduced, full));
        let estimates = models.estimates(&with, moving(position));
        describe(&mut found, dimension, (factor, &factors[moving(position)]), estimates);
    }
    let levels: Vec<(&Dimension, f64)> =
        found.changes.iter().map(|change| (&change.dimension, change.p_value)).collect();
    let significant = in_two_steps(&mut found.dimensions, &levels);
    for (change, significant) in found.changes.iter_mut().zip(significant) {
        change.significant = significant;
    }
    Ok(found)
}

/// The terms of a model over two windows.
struct Terms<'a> {
    with: &'a [usize],
    window: usize,
}

impl Terms<'_> {
    /// The dimensions, the window, and what the dimensions add in the current window.
    fn both(&self, moving: impl Fn(usize) -> usize) -> Vec<usize> {
        let moving = self.with.iter().map(|&position| moving(position));
        self.with.iter().copied().chain([self.window]).chain(moving).collect()
    }
}

fn describe(
    found: &mut DriverChanges,
    dimension: &Dimension,
    (both, now): (&Factor, &Factor),
    estimates: &[Option<Estimate>],
) {
    let Some((reference, others)) = both.levels.split_first() else { return };
    let in_window: Vec<(&Level, &Level)> = others.iter().zip(now.levels.iter().skip(1)).collect();
    for ((level, current), estimate) in in_window.into_iter().zip(estimates) {
        let before: Count = level.count - current.count;
        let reason = match estimate {
            _ if current.count.deals() == 0 => "it has no deals in the window",
            _ if before.deals() == 0 => "it has no deals in the baseline",
            _ if current.count.won.min(before.won) == 0 => "all its deals in a window were lost",
            _ if current.count.lost.min(before.lost) == 0 => "all its deals in a window were won",
            None => "it cannot be told apart from levels of other dimensions",
            Some(estimate) if estimate.standard_error < SEPARATED => {
                found.changes.push(DriverChange {
                    dimension: dimension.clone(),
                    value: level.value.clone(),
                    reference: reference.value.clone(),
                    factor: estimate.coefficient.exp(),
                    interval: estimate.ratio_interval(),
                    p_value: estimate.p_value(),
                    significant: false,
                });
                continue;
            }
            Some(_) => "other dimensions already separate its won deals from its lost ones",
        };
        found.dropped.push(DroppedLevel {
            dimension: dimension.clone(),
            value: level.value.clone(),
            reason: reason.to_owned(),
        });
    }
}
