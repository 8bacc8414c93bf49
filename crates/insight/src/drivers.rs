mod design;
mod logistic;
mod models;
mod symmetric;

use statrs::distribution::{ChiSquared, ContinuousCDF};
use winsight_model::Dimension;

use self::design::{Design, Factor};
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

/// The closed deals that share a value in every dimension of an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// One value per dimension, in the order of the dimensions.
    pub values: Vec<String>,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
}

/// Which attributes of deals go with winning, each with the others held equal. Associations only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverAnalysis {
    /// Closed deals analysed.
    pub deals: u64,
    /// Won deals among them.
    pub won: u64,
    /// The test of every dimension, in the order given.
    pub dimensions: Vec<DimensionTest>,
    /// Every level that could be compared with its dimension's reference.
    pub drivers: Vec<Driver>,
    /// The levels that could not, and why.
    pub dropped: Vec<DroppedLevel>,
}

/// Whether the levels of a dimension win at different rates: a likelihood-ratio test.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionTest {
    /// The dimension.
    pub dimension: Dimension,
    /// Twice the log likelihood that the dimension adds.
    pub statistic: f64,
    /// Coefficients it adds; 0 when it was not tested.
    pub degrees_of_freedom: usize,
    /// Chance of a statistic at least this large if the dimension said nothing; 1 when not tested.
    pub p_value: f64,
    /// Whether Benjamini–Hochberg at 5% over the tested dimensions rejects that it says nothing.
    pub significant: bool,
    /// Why it was not tested, as a clause: "all deals have the same value".
    pub untested: Option<String>,
}

/// A level of a dimension against the dimension's largest level.
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    /// The dimension.
    pub dimension: Dimension,
    /// The level.
    pub value: String,
    /// The level it is compared with.
    pub reference: String,
    /// Odds of winning over those of the reference, other dimensions held equal.
    pub odds_ratio: f64,
    /// Its 95% Wald interval.
    pub interval: Interval,
    /// Chance of an odds ratio at least as far from 1 if there were no difference (Wald test).
    pub p_value: f64,
    /// Whether it may be reported.
    pub significant: bool,
}

/// A level without an odds ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedLevel {
    /// The dimension.
    pub dimension: Dimension,
    /// The level.
    pub value: String,
    /// Why, as a clause: "all its deals were won".
    pub reason: String,
}

/// Why there is no driver analysis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// No closed deals.
    #[error("no closed deals in the window; widen it")]
    NoDeals,
    /// Nothing to tell apart.
    #[error("all {0} deals in the window ended alike, so nothing tells them apart; widen it")]
    OneOutcome(u64),
    /// More questions than the deals can answer.
    #[error(
        "{fewer} deals of the rarer outcome cannot tell {coefficients} levels apart; widen the window or use fewer dimensions"
    )]
    TooFewDeals {
        /// Deals of the rarer outcome.
        fewer: u64,
        /// Coefficients of the model.
        coefficients: usize,
    },
    /// A cell of the wrong length.
    #[error("a cell has {found} values for {expected} dimensions; give every cell one value each")]
    WrongShape {
        /// Dimensions given.
        expected: usize,
        /// Values of the cell.
        found: usize,
    },
}

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
pub fn drivers(cells: &[Cell], dimensions: &[Dimension]) -> Result<DriverAnalysis, DriverError> {
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
    let rarer = won.min(deals - won);
    if rarer == 0 {
        return Err(DriverError::OneOutcome(deals));
    }

    let factors: Vec<Factor> =
        (0..dimensions.len()).map(|position| Factor::new(&cells, position)).collect();
    let tested = affordable(&factors, rarer)?;
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
    Ok(analysis)
}

/// The positions of the dimensions that the deals suffice for.
fn affordable(factors: &[Factor], rarer: u64) -> Result<Vec<usize>, DriverError> {
    let levels = |&position: &usize| factors[position].levels.len();
    let mut tested: Vec<usize> =
        (0..factors.len()).filter(|position| levels(position) > 1).collect();
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
    let reason = if factor.levels.len() > 1 {
        "it has too many values for the number of deals"
    } else {
        "all deals have the same value"
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
                analysis.drivers.push(driver(dimension, &level.value, &reference.value, *estimate));
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

fn driver(dimension: &Dimension, value: &str, reference: &str, estimate: Estimate) -> Driver {
    let Estimate { coefficient, standard_error } = estimate;
    let half = Z_95 * standard_error;
    Driver {
        dimension: dimension.clone(),
        value: value.to_owned(),
        reference: reference.to_owned(),
        odds_ratio: coefficient.exp(),
        interval: Interval { low: (coefficient - half).exp(), high: (coefficient + half).exp() },
        p_value: beyond_either_side(coefficient / standard_error),
        significant: false,
    }
}

fn mark_significant(analysis: &mut DriverAnalysis) {
    let tests: Vec<&mut DimensionTest> =
        analysis.dimensions.iter_mut().filter(|test| test.untested.is_none()).collect();
    let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
    let rejected = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let selected = rejected.iter().filter(|&&rejected| rejected).count();
    let level = FALSE_DISCOVERY_RATE * selected as f64 / tests.len().max(1) as f64;
    let significant = tests.into_iter().zip(rejected).filter(|(_, rejected)| *rejected);
    for (test, _) in significant {
        test.significant = true;
        let mut levels: Vec<&mut Driver> = analysis
            .drivers
            .iter_mut()
            .filter(|driver| driver.dimension == test.dimension)
            .collect();
        let p_values: Vec<f64> = levels.iter().map(|driver| driver.p_value).collect();
        let rejected = benjamini_hochberg(&p_values, level);
        for (driver, rejected) in levels.iter_mut().zip(rejected) {
            driver.significant = rejected;
        }
    }
}
