use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::gaussian::Z_95;

/// Degrees of freedom beyond which Student's t is the normal distribution, to four digits.
const MANY: f64 = 1e5;

/// A 95% confidence interval, both ends finite.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside, ends included.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether it lies wholly above or wholly below zero.
    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Half the width of a 95% interval in standard errors that are known with so many degrees of freedom:
/// Student's t. `None` when there is nothing to know them from.
pub(crate) fn standard_errors(freedom: f64) -> Option<f64> {
    if freedom > MANY {
        return Some(Z_95);
    }
    let law = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(law.inverse_cdf(0.975))
}
