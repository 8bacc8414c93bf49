/// Which hypotheses the Benjamini–Hochberg procedure rejects at `level`, in the order given.
///
/// Benjamini and Hochberg (1995): of the rejected, at most a share `level` is expected to be true.
/// When all of them are true, the chance of rejecting any is at most `level`.
pub fn benjamini_hochberg(p_values: &[f64], level: f64) -> Vec<bool> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tests = sorted.len() as f64;
    let passing =
        sorted.iter().zip(1_u32..).filter(|&(&p, rank)| p <= level * f64::from(rank) / tests);
    let Some((&cutoff, _)) = passing.last() else { return vec![false; p_values.len()] };
    p_values.iter().map(|&p| p <= cutoff).collect()
}
