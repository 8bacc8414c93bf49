//! What a driver analysis says.

use winsight_model::{Dimension, Money};

use crate::Interval;

/// The closed deals that share a value in every dimension of an analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// One value per dimension, in the order of the dimensions.
    pub values: Vec<String>,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
    /// Amount of the won deals.
    pub won_amount: Money,
    /// Amount of the lost deals.
    pub lost_amount: Money,
}

/// Which attributes of deals go with winning, each with the others held equal. Associations only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverAnalysis {
    /// Closed deals analysed.
    pub deals: u64,
    /// Won deals among them.
    pub won: u64,
    /// What [`Driver::exposure`] is a share of.
    pub exposure_of: ExposureOf,
    /// The test of every dimension, in the order given.
    pub dimensions: Vec<DimensionTest>,
    /// Every level that could be compared with its dimension's reference.
    pub drivers: Vec<Driver>,
    /// The levels that could not, and why.
    pub dropped: Vec<DroppedLevel>,
}

/// What the exposure of a driver is a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExposureOf {
    /// The amount of all closed deals.
    #[default]
    Revenue,
    /// All closed deals: their amounts are blank, or those of the lost ones are.
    Deals,
}

impl ExposureOf {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::Deals => "deals",
        }
    }
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
    /// Closed deals of the level.
    pub deals: u64,
    /// Odds of winning over those of the reference, other dimensions held equal.
    pub odds_ratio: f64,
    /// Its 95% Wald interval.
    pub interval: Interval,
    /// Chance of an odds ratio at least as far from 1 if there were no difference (Wald test).
    pub p_value: f64,
    /// Whether it may be reported.
    pub significant: bool,
    /// The logarithm of the odds ratio times the standard deviation of "is of this level" over the
    /// deals, so that rare and common levels compare.
    pub standardised: f64,
    /// Share of the closed revenue that lies in this level, 0 to 1; see
    /// [`DriverAnalysis::exposure_of`].
    pub exposure: f64,
    /// How its odds ratio moved against the baseline window; stable without one.
    pub trend: DriverTrend,
    /// Win Rate Driver Score: |standardised| × exposure × the trend's multiplier. Only for drivers
    /// that may be reported, and so only where the interval excludes 1.
    pub wrds: Option<f64>,
}

/// How the odds ratio of a driver moved between two windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriverTrend {
    /// Its deals are won less often than before, compared with the reference, beyond chance.
    Worsening,
    /// No change beyond chance, or nothing to compare with.
    #[default]
    Stable,
    /// Its deals are won more often than before.
    Improving,
}

impl DriverTrend {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worsening => "worsening",
            Self::Stable => "stable",
            Self::Improving => "improving",
        }
    }

    /// The factor that it has in a Win Rate Driver Score.
    pub const fn multiplier(self) -> f64 {
        match self {
            Self::Worsening => 1.5,
            Self::Stable => 1.0,
            Self::Improving => 0.8,
        }
    }
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
        "the rarer outcome has too few deals ({fewer}) for so many values ({coefficients}); widen the window or use fewer dimensions"
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
    /// A dimension that is part of the outcome.
    #[error(
        "{0} is known only once a deal has closed, so it cannot explain how it ended; leave it out"
    )]
    Outcome(Dimension),
    /// The window compared with has the problem.
    #[error("in the baseline: {0}")]
    Baseline(Box<DriverError>),
}

impl DriverAnalysis {
    /// The drivers that may be reported, largest Win Rate Driver Score first.
    pub fn ranked(&self) -> Vec<&Driver> {
        let mut ranked: Vec<&Driver> =
            self.drivers.iter().filter(|driver| driver.significant).collect();
        let score = |driver: &Driver| driver.wrds.unwrap_or(0.0);
        ranked.sort_by(|a, b| score(b).total_cmp(&score(a)));
        ranked
    }
}
