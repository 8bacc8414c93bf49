use rand::SeedableRng;
use rand_distr::{Binomial, Distribution};
use rand_pcg::Pcg64Mcg;

use crate::Share;
use crate::quantiles::quantile;

const SIMULATIONS: usize = 4_000;
const SEED: u64 = 0x5EED;

/// How far apart the reps' win rates lie, and how far apart luck alone would put them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Sales Rep Win-rate Variance: sample standard deviation (n − 1) of the reps' win rates.
    pub srwv: f64,
    /// 5% point of the same under one common win rate and the same deal counts.
    pub chance_low: f64,
    /// 95% point.
    pub chance_high: f64,
    /// Whether chance alone explains the spread: it is not above `chance_high`.
    pub within_chance: bool,
    /// Reps with enough deals to count.
    pub reps: usize,
}

/// The spread of the win rates of reps with at least `min_deals` deals. `None` with fewer than two.
///
/// The band is simulated with a fixed seed: every rep draws from the pooled win rate.
pub fn rep_spread(reps: &[Share], min_deals: u64) -> Option<Spread> {
    let counted: Vec<Share> =
        reps.iter().copied().filter(|rep| rep.deals >= min_deals.max(1)).collect();
    if counted.len() < 2 {
        return None;
    }
    let won: u64 = counted.iter().map(|rep| rep.won).sum();
    let deals: u64 = counted.iter().map(|rep| rep.deals).sum();
    let common_rate = Share { won, deals }.rate()?;
    let draws: Vec<(Binomial, u64)> = counted
        .iter()
        .map(|rep| Binomial::new(rep.deals, common_rate).map(|draw| (draw, rep.deals)).ok())
        .collect::<Option<_>>()?;

    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut rates = vec![0.0; draws.len()];
    let mut simulated: Vec<f64> = (0..SIMULATIONS)
        .map(|_| {
            for (rate, (draw, deals)) in rates.iter_mut().zip(&draws) {
                *rate = draw.sample(&mut random) as f64 / *deals as f64;
            }
            sample_deviation(&rates)
        })
        .collect();
    simulated.sort_by(f64::total_cmp);

    let observed: Vec<f64> = counted.iter().filter_map(|rep| rep.rate()).collect();
    let srwv = sample_deviation(&observed);
    let chance_high = quantile(&simulated, 0.95)?;
    Some(Spread {
        srwv,
        chance_low: quantile(&simulated, 0.05)?,
        chance_high,
        within_chance: srwv <= chance_high,
        reps: counted.len(),
    })
}

fn sample_deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt()
}
