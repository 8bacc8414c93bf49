//! The Win Rate Driver Score: how much a driver matters, by its size, the money exposed to it, and
//! where it is going.

use winsight_model::{Dimension, Money};

use super::design::Factor;
use super::{Cell, Driver, DriverAnalysis, DriverChanges, DriverTrend, ExposureOf};

/// Amounts of the won and of the lost deals.
type Amounts = (Money, Money);

/// Fills in what the score of each driver is made of.
pub(super) fn rate(
    analysis: &mut DriverAnalysis,
    cells: &[&Cell],
    dimensions: &[Dimension],
    factors: &[Factor],
) {
    let sum = |(won, lost): Amounts, cell: &&Cell| (won + cell.won_amount, lost + cell.lost_amount);
    let (won, lost) = cells.iter().fold(Amounts::default(), sum);
    // Many systems blank the amount of a lost deal; what is left says how much was won, not exposed.
    let has_amounts = won > Money::ZERO && lost > Money::ZERO;
    analysis.exposure_of = if has_amounts { ExposureOf::Revenue } else { ExposureOf::Deals };
    let deals = analysis.deals as f64;
    for (position, dimension) in dimensions.iter().enumerate() {
        let factor = &factors[position];
        let mut amounts = vec![Money::ZERO; factor.levels.len()];
        for (place, cell) in cells.iter().enumerate() {
            amounts[factor.level_in(place)] += cell.won_amount + cell.lost_amount;
        }
        for (level, amount) in factor.levels.iter().zip(amounts) {
            let of_level = |driver: &&mut Driver| {
                driver.dimension == *dimension && driver.value == level.value
            };
            let Some(driver) = analysis.drivers.iter_mut().find(of_level) else { continue };
            let share = level.count.deals() as f64 / deals;
            driver.standardised = driver.odds_ratio.ln() * (share * (1.0 - share)).sqrt();
            driver.exposure =
                if has_amounts { amount.as_f64() / (won + lost).as_f64() } else { share };
            score(driver);
        }
    }
}

fn score(driver: &mut Driver) {
    let score = driver.standardised.abs() * driver.exposure * driver.trend.multiplier();
    driver.wrds = driver.significant.then_some(score);
}

impl DriverAnalysis {
    /// The analysis with the trend of each driver: how its odds ratio moved between two windows, the
    /// later of which is the one analysed.
    pub fn with_trends(mut self, changes: &DriverChanges) -> Self {
        for driver in &mut self.drivers {
            let same = changes.changes.iter().find(|change| {
                change.dimension == driver.dimension
                    && change.value == driver.value
                    && change.reference == driver.reference
            });
            driver.trend = match same {
                Some(change) if change.interval.high < 1.0 => DriverTrend::Worsening,
                Some(change) if change.interval.low > 1.0 => DriverTrend::Improving,
                _ => DriverTrend::Stable,
            };
            score(driver);
        }
        self
    }
}
