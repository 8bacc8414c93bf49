//! The standard normal distribution, where every interval and test of proportions ends up.

use statrs::distribution::{ContinuousCDF, Normal};

/// Half the width of a 95% interval in standard errors: the 97.5% point.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// Chance of a value below `z`.
pub(crate) fn below(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// Chance of a value at least as far from zero as `z`, on either side.
pub(crate) fn beyond_either_side(z: f64) -> f64 {
    (2.0 * Normal::standard().sf(z.abs())).min(1.0)
}

/// The value that is exceeded with chance `tail`.
pub(crate) fn exceeded_with(tail: f64) -> f64 {
    -Normal::standard().inverse_cdf(tail)
}
