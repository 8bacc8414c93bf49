use serde::{Deserialize, Serialize};
use winsight_insight::DriverAnalysis;

/// Which attributes go with winning, each with the others held equal. Associations, never causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drivers {
    /// Always `association`.
    pub label: String,
    /// Closed deals analysed.
    pub deals: u64,
    /// Those won.
    pub won: u64,
    /// Whether each dimension tells won from lost.
    pub dimensions: Vec<DimensionTest>,
    /// The levels that may be reported, past a false-discovery rate of 5%.
    pub drivers: Vec<Driver>,
}

/// A likelihood-ratio test of one dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionTest {
    /// The dimension.
    pub dimension: String,
    /// Chance of as much difference if the dimension said nothing.
    pub p_value: f64,
    /// Whether it passes the false-discovery rate.
    pub significant: bool,
    /// Why it was not tested.
    pub untested: Option<String>,
}

/// A level against the largest level of its dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// The dimension.
    pub dimension: String,
    /// The level.
    pub value: String,
    /// The level it is compared with.
    pub reference: String,
    /// Odds of winning over those of the reference.
    pub odds_ratio: f64,
    /// Lower end of its 95% interval.
    pub odds_ratio_low: f64,
    /// Upper end of its 95% interval.
    pub odds_ratio_high: f64,
    /// Chance of an odds ratio as far from 1 if there were no difference.
    pub p_value: f64,
}

impl From<DriverAnalysis> for Drivers {
    fn from(analysis: DriverAnalysis) -> Self {
        let dimensions = analysis.dimensions.into_iter().map(|test| DimensionTest {
            dimension: test.dimension.to_string(),
            p_value: test.p_value,
            significant: test.significant,
            untested: test.untested,
        });
        let found = analysis.drivers.into_iter().filter(|driver| driver.significant);
        let drivers = found.map(|driver| Driver {
            dimension: driver.dimension.to_string(),
            value: driver.value,
            reference: driver.reference,
            odds_ratio: driver.odds_ratio,
            odds_ratio_low: driver.interval.low,
            odds_ratio_high: driver.interval.high,
            p_value: driver.p_value,
        });
        Self {
            label: winsight_alert::LABEL.to_owned(),
            deals: analysis.deals,
            won: analysis.won,
            dimensions: dimensions.collect(),
            drivers: drivers.collect(),
        }
    }
}
