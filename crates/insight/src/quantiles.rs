//! Quantiles of sorted values.

/// The value with a share `probability` of `sorted` at or below it: the inverse of the empirical
/// distribution function. `None` when empty.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank lies between 0 and the number of values"
    )]
    let rank = (probability * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}
