//! How much of a rep's excess is skill: the variance between reps, integrated out.

use crate::pooling::MOST_CORRELATION;
use crate::quadrature::positive_values;

/// How much reps may differ: variances between their excesses, and how likely each is.
pub(super) struct Skill(Vec<(f64, f64)>);

impl Skill {
    /// What the excesses say, each with its sampling variance. A priori every variance is as likely as
    /// any other, up to that of deals as alike as those of a [`Pool`](crate::Pool) can be.
    pub(super) fn behind(effects: &[(f64, f64)], win_rate: f64) -> Self {
        let most = MOST_CORRELATION * (1.0 - win_rate) / win_rate;
        if effects.is_empty() || !(most > 0.0 && most.is_finite()) {
            return Self(vec![(0.0, 1.0)]);
        }
        let density = |between: f64| -> f64 {
            let term = |&(excess, within): &(f64, f64)| {
                let variance = between + within;
                -0.5 * (variance.ln() + excess * excess / variance)
            };
            effects.iter().map(term).sum()
        };
        let values = positive_values(most, density);
        let logs = values.iter().map(|&(between, width)| density(between) + width.ln());
        let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.clone().map(|log| (log - largest).exp()).sum();
        let weights = logs.map(|log| (log - largest).exp() / total);
        Self(values.iter().zip(weights).map(|(&(between, _), weight)| (between, weight)).collect())
    }

    /// Mean and standard deviation of what is skill in an excess.
    pub(super) fn of(&self, (excess, within): (f64, f64)) -> (f64, f64) {
        let (mut mean, mut square) = (0.0, 0.0);
        for (between, weight) in &self.0 {
            let kept = between / (between + within);
            let at = kept * excess;
            mean += weight * at;
            square += weight * (kept * within + at * at);
        }
        (mean, (square - mean * mean).max(0.0).sqrt())
    }
}
