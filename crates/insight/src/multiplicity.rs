/// Which hypotheses the Benjamini–Hochberg procedure rejects at `level`, in the order given.
///
/// Benjamini and Hochberg (1995): of the rejected, at most a share `level` is expected to be true.
/// When all of them are true, the chance of rejecting any is at most `level`.
pub fn benjamini_hochberg(p_values: &[f64], level: f64) -> Vec<bool> {
    benjamini_hochberg_levels(p_values).into_iter().map(|lowest| lowest <= level).collect()
}

/// The lowest level at which the procedure rejects each hypothesis, its adjusted p-value.
pub fn benjamini_hochberg_levels(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|left, right| p_values[*left].total_cmp(&p_values[*right]));
    let tests = p_values.len() as f64;
    let mut levels = vec![1.0; p_values.len()];
    let mut lowest = 1.0_f64;
    for (rank, place) in order.into_iter().enumerate().rev() {
        lowest = lowest.min(p_values[place] * tests / (rank + 1) as f64);
        levels[place] = lowest;
    }
    levels
}
