mod analysis;
mod comparison;
mod design;
mod expected;
mod logistic;
mod models;
mod score;
mod symmetric;

use statrs::distribution::{ChiSquared, ContinuousCDF};
use winsight_model::Dimension;

pub use self::analysis::{
    Cell, DimensionTest, Driver, DriverAnalysis, DriverError, DriverTrend, DroppedLevel, ExposureOf,
};
pub use self::comparison::{DriverChange, DriverChanges, driver_changes};
use self::design::{Design, Factor, Level};
pub(crate) use self::expected::chances;
use self::logistic::Estimate;
use self::models::Models;
use crate::gaussian::{Z_95, beyond_either_side};
use crate::{Interval, benjamini_hochberg};

/// The false-discovery rate of everything reported.
const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// Fewest deals of the rarer outcome per coefficient. With fewer, likelihood-ratio tests see drivers
/// in noise (the rule of five to ten events per variable).
const DEALS_PER_COEFFICIENT: u64 = 5;
/// A larger standard error means that the outcomes are separated: the estimate is arbitrary.
const SEPARATED: f64 = 10.0;

/// Which dimensions and levels go with winning.
///
/// One logistic regression in treatment coding: a dimension's largest level is the reference, levels
/// with fewer than 10 deals are pooled into `(other)`. Each dimension is tested by refitting without
/// it; Benjamini–Hochberg at 5% runs over the dimensions, then over the levels of each significant
/// one at 5% × significant / tested, which keeps the false-discovery rate over both steps
/// (Benjamini and Bogomolov 2014) and implies that a reported interval excludes 1.
///
/// Where one dimension determines another, as a rep does the team, they say the same thing twice:
/// each is tested without the other. While deals are too few for all levels, the dimension with the
/// most levels is left out.
///
/// A dimension that is part of the outcome is refused, and one that tells nearly every outcome is not
/// tested: it was probably filled in when the deals closed.
pub fn drivers(cells: &[Cell], dimensions: &[Dimension]) -> Result<DriverAnalysis, DriverError> {
    let Counted { cells, deals, won } = counted(cells, dimensions)?;
    let factors: Vec<Factor> =
        (0..dimensions.len()).map(|position| Factor::new(&cells, position)).collect();
    let tested = affordable(&factors, won.min(deals - won))?;
    let design = Design::new(&cells, &factors, &tested);
    let mut models = Models::new(&design);
    let mut analysis = DriverAnalysis { deals, won, ..DriverAnalysis::default() };
    for (position, dimension) in dimensions.iter().enumerate() {
        let factor = &factors[position];
        if !tested.contains(&position) {
            analysis.dimensions.push(not_tested(dimension, factor));
            continue;
        }
        let is_separate =
            |&other: &usize| other == position || !factor.is_nested_with(&factors[other]);
        let with: Vec<usize> = tested.iter().copied().filter(is_separate).collect();
        let without: Vec<usize> = with.iter().copied().filter(|&other| other != position).collect();
        let (reduced, full) = (models.likelihood(&without), models.likelihood(&with));
        analysis.dimensions.push(likelihood_ratio(dimension, reduced, full));
        describe_levels(&mut analysis, dimension, factor, models.estimates(&with, position));
    }
    mark_significant(&mut analysis);
    score::rate(&mut analysis, &cells, dimensions, &factors);
    Ok(analysis)
}

/// The cells that hold a deal, and their sums.
struct Counted<'a> {
    cells: Vec<&'a Cell>,
    deals: u64,
    won: u64,
}

/// The cells of an analysis, or why there can be none.
fn counted<'a>(cells: &'a [Cell], dimensions: &[Dimension]) -> Result<Counted<'a>, DriverError> {
    if let Some(outcome) = dimensions.iter().find(|dimension| !dimension.is_known_while_open()) {
        return Err(DriverError::Outcome(outcome.clone()));
    }
    if let Some(cell) = cells.iter().find(|cell| cell.values.len() != dimensions.len()) {
        let (expected, found) = (dimensions.len(), cell.values.len());
        return Err(DriverError::WrongShape { expected, found });
    }
    let cells: Vec<&Cell> = cells.iter().filter(|cell| cell.won + cell.lost > 0).collect();
    let won: u64 = cells.iter().map(|cell| cell.won).sum();
    let deals: u64 = cells.iter().map(|cell| cell.won + cell.lost).sum();
    if deals == 0 {
        return Err(DriverError::NoDeals);
    }
    if won == 0 || won == deals {
        return Err(DriverError::OneOutcome(deals));
    }
    Ok(Counted { cells, deals, won })
}

/// The positions of the dimensions that the deals suffice for.
fn affordable(factors: &[Factor], rarer: u64) -> Result<Vec<usize>, DriverError> {
    let levels = |&position: &usize| factors[position].levels.len();
    let mut tested: Vec<usize> =
        (0..factors.len()).filter(|position| factors[*position].may_explain()).collect();
    loop {
        let coefficients = 1 + tested.iter().map(|position| levels(position) - 1).sum::<usize>();
        if DEALS_PER_COEFFICIENT * coefficients as u64 <= rarer {
            return Ok(tested);
        }
        let largest = tested.iter().copied().max_by_key(levels);
        let Some(largest) = largest.filter(|_| tested.len() > 1) else {
            return Err(DriverError::TooFewDeals { fewer: rarer, coefficients });
        };
        tested.retain(|&position| position != largest);
    }
}

fn not_tested(dimension: &Dimension, factor: &Factor) -> DimensionTest {
    let reason = if factor.levels.len() <= 1 {
        "all deals have the same value"
    } else if factor.tells_outcomes() {
        "it tells nearly every outcome, and so was probably filled in when the deals closed"
    } else {
        "it has too many values for the number of deals"
    };
    DimensionTest {
        dimension: dimension.clone(),
        statistic: 0.0,
        degrees_of_freedom: 0,
        p_value: 1.0,
        significant: false,
        untested: Some(reason.to_owned()),
    }
}

fn likelihood_ratio(
    dimension: &Dimension,
    without: (f64, usize),
    with: (f64, usize),
) -> DimensionTest {
    // Both likelihoods are maxima up to convergence, so a useless dimension may seem to lower it.
    let statistic = (2.0 * (with.0 - without.0)).max(0.0);
    let degrees_of_freedom = with.1 - without.1;
    let p_value = ChiSquared::new(degrees_of_freedom as f64).map_or(1.0, |law| law.sf(statistic));
    let untested =
        (degrees_of_freedom == 0).then(|| "the other dimensions together say the same".to_owned());
    let dimension = dimension.clone();
    DimensionTest {
        dimension,
        statistic,
        degrees_of_freedom,
        p_value,
        significant: false,
        untested,
    }
}

/// Records an odds ratio, or why there is none, for every level but the reference.
fn describe_levels(
    analysis: &mut DriverAnalysis,
    dimension: &Dimension,
    factor: &Factor,
    estimates: &[Option<Estimate>],
) {
    let Some((reference, others)) = factor.levels.split_first() else { return };
    for (level, estimate) in others.iter().zip(estimates) {
        let reason = match estimate {
            _ if level.count.won == 0 => "all its deals were lost",
            _ if level.count.lost == 0 => "all its deals were won",
            None => "it cannot be told apart from levels of other dimensions",
            Some(estimate) if estimate.standard_error < SEPARATED => {
                analysis.drivers.push(driver(dimension, level, &reference.value, *estimate));
                continue;
            }
            Some(_) => "other dimensions already separate its won deals from its lost ones",
        };
        analysis.dropped.push(DroppedLevel {
            dimension: dimension.clone(),
            value: level.value.clone(),
            reason: reason.to_owned(),
        });
    }
}

fn driver(dimension: &Dimension, level: &Level, reference: &str, estimate: Estimate) -> Driver {
    Driver {
        dimension: dimension.clone(),
        value: level.value.clone(),
        reference: reference.to_owned(),
        deals: level.count.deals(),
        odds_ratio: estimate.coefficient.exp(),
        interval: estimate.ratio_interval(),
        p_value: estimate.p_value(),
        significant: false,
        standardised: 0.0,
        exposure: 0.0,
        trend: DriverTrend::Stable,
        wrds: None,
    }
}

impl Estimate {
    /// The 95% Wald interval of the ratio of odds.
    fn ratio_interval(self) -> Interval {
        let half = Z_95 * self.standard_error;
        Interval { low: (self.coefficient - half).exp(), high: (self.coefficient + half).exp() }
    }

    /// Wald's test that the coefficient is 0.
    fn p_value(self) -> f64 {
        beyond_either_side(self.coefficient / self.standard_error)
    }
}

fn mark_significant(analysis: &mut DriverAnalysis) {
    let levels: Vec<(&Dimension, f64)> =
        analysis.drivers.iter().map(|driver| (&driver.dimension, driver.p_value)).collect();
    let significant = in_two_steps(&mut analysis.dimensions, &levels);
    for (driver, significant) in analysis.drivers.iter_mut().zip(significant) {
        driver.significant = significant;
    }
}

/// Marks the dimensions that Benjamini–Hochberg selects, and returns which of their levels it selects
/// at the level that is left for them.
fn in_two_steps(tests: &mut [DimensionTest], levels: &[(&Dimension, f64)]) -> Vec<bool> {
    let tested: Vec<&mut DimensionTest> =
        tests.iter_mut().filter(|test| test.untested.is_none()).collect();
    let p_values: Vec<f64> = tested.iter().map(|test| test.p_value).collect();
    let rejected = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let selected = rejected.iter().filter(|&&rejected| rejected).count();
    let level = FALSE_DISCOVERY_RATE * selected as f64 / tested.len().max(1) as f64;
    let mut significant = vec![false; levels.len()];
    for (test, _) in tested.into_iter().zip(rejected).filter(|(_, rejected)| *rejected) {
        test.significant = true;
        let (places, p_values): (Vec<usize>, Vec<f64>) = levels
            .iter()
            .enumerate()
            .filter(|(_, (dimension, _))| **dimension == test.dimension)
            .map(|(place, (_, p_value))| (place, *p_value))
            .unzip();
        for (place, rejected) in places.into_iter().zip(benjamini_hochberg(&p_values, level)) {
            significant[place] = rejected;
        }
    }
    significant
}
