use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight as insight;
use winsight_jobs::DriverReport;

use super::Window;

/// Which attributes go with winning, each with the others held equal. Associations, never causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Drivers {
    /// Always `association`.
    pub label: String,
    /// The days analysed.
    pub window: Window,
    /// The days they are compared with.
    pub baseline_window: Window,
    /// Closed deals analysed.
    pub deals: u64,
    /// Those won.
    pub won: u64,
    /// What `exposure` is a share of: `revenue`, or `deals` where amounts are blank.
    pub exposure_of: String,
    /// Whether each dimension tells won from lost.
    pub dimensions: Vec<DimensionTest>,
    /// The levels that may be reported, past a false-discovery rate of 5%; highest score first.
    pub drivers: Vec<Driver>,
    /// Levels that cannot be compared, and why.
    pub dropped: Vec<DroppedLevel>,
    /// Whether each dimension goes with winning as it did in the baseline; null without a comparison.
    #[schema(required)]
    pub changed_dimensions: Option<Vec<DimensionTest>>,
    /// The levels whose odds ratios changed, past the same rate.
    pub changes: Vec<DriverChange>,
    /// What is missing, and why.
    pub notes: Vec<String>,
}

/// A likelihood-ratio test of one dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DimensionTest {
    /// The dimension.
    pub dimension: String,
    /// Chance of as much difference if the dimension said nothing.
    pub p_value: f64,
    /// Whether it passes the false-discovery rate.
    pub significant: bool,
    /// Why it was not tested.
    #[schema(required)]
    pub untested: Option<String>,
}

/// A level against the largest level of its dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Driver {
    /// The dimension.
    pub dimension: String,
    /// The level.
    pub value: String,
    /// The level it is compared with.
    pub reference: String,
    /// Closed deals of the level.
    pub deals: u64,
    /// Odds of winning over those of the reference.
    pub odds_ratio: f64,
    /// Lower end of its 95% interval.
    pub odds_ratio_low: f64,
    /// Upper end of its 95% interval.
    pub odds_ratio_high: f64,
    /// Chance of an odds ratio as far from 1 if there were no difference.
    pub p_value: f64,
    /// Logarithm of the odds ratio times the standard deviation of being of this level.
    pub standardised_log_odds: f64,
    /// Share of revenue or of deals in this level, 0 to 1.
    pub exposure: f64,
    /// `worsening`, `stable` or `improving` against the baseline.
    pub trend: String,
    /// Win Rate Driver Score.
    #[schema(required)]
    pub wrds: Option<f64>,
}

/// A level whose odds ratio moved between the windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DriverChange {
    /// The dimension.
    pub dimension: String,
    /// The level.
    pub value: String,
    /// The level it is compared with.
    pub reference: String,
    /// Current over baseline odds ratio.
    pub factor: f64,
    /// Lower end of its 95% interval.
    pub factor_low: f64,
    /// Upper end of its 95% interval.
    pub factor_high: f64,
    /// Chance of a factor as far from 1 if nothing had changed.
    pub p_value: f64,
}

/// A level without an odds ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DroppedLevel {
    /// The dimension.
    pub dimension: String,
    /// The level.
    pub value: String,
    /// Why, as a clause.
    pub reason: String,
}

impl From<DriverReport> for Drivers {
    fn from(report: DriverReport) -> Self {
        let analysis = report.analysis;
        let drivers = analysis.ranked().into_iter().map(Driver::from).collect();
        let dropped = analysis.dropped.iter().map(|level| DroppedLevel {
            dimension: level.dimension.to_string(),
            value: level.value.clone(),
            reason: level.reason.clone(),
        });
        let compared = report.changes.iter().flat_map(|changes| &changes.changes);
        let changed = compared.filter(|change| change.significant);
        Self {
            label: winsight_alert::LABEL.to_owned(),
            window: report.window.into(),
            baseline_window: report.baseline.into(),
            deals: analysis.deals,
            won: analysis.won,
            exposure_of: analysis.exposure_of.as_str().to_owned(),
            drivers,
            dropped: dropped.collect(),
            dimensions: analysis.dimensions.into_iter().map(DimensionTest::from).collect(),
            changes: changed.map(DriverChange::from).collect(),
            changed_dimensions: report
                .changes
                .map(|changes| changes.dimensions.into_iter().map(DimensionTest::from).collect()),
            notes: report.notes,
        }
    }
}

impl From<insight::DimensionTest> for DimensionTest {
    fn from(test: insight::DimensionTest) -> Self {
        Self {
            dimension: test.dimension.to_string(),
            p_value: test.p_value,
            significant: test.significant,
            untested: test.untested,
        }
    }
}

impl From<&insight::Driver> for Driver {
    fn from(driver: &insight::Driver) -> Self {
        Self {
            dimension: driver.dimension.to_string(),
            value: driver.value.clone(),
            reference: driver.reference.clone(),
            deals: driver.deals,
            odds_ratio: driver.odds_ratio,
            odds_ratio_low: driver.interval.low,
            odds_ratio_high: driver.interval.high,
            p_value: driver.p_value,
            standardised_log_odds: driver.standardised,
            exposure: driver.exposure,
            trend: driver.trend.as_str().to_owned(),
            wrds: driver.wrds,
        }
    }
}

impl From<&insight::DriverChange> for DriverChange {
    fn from(change: &insight::DriverChange) -> Self {
        Self {
            dimension: change.dimension.to_string(),
            value: change.value.clone(),
            reference: change.reference.clone(),
            factor: change.factor,
            factor_low: change.interval.low,
            factor_high: change.interval.high,
            p_value: change.p_value,
        }
    }
}
