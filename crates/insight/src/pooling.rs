//! Partial pooling: what a win rate on few deals says once the other segments are known.

use std::collections::BTreeMap;

use statrs::distribution::{Beta, ContinuousCDF};
use statrs::function::gamma::digamma;
use winsight_model::Segment;

use crate::gaussian::Z_95;
use crate::quadrature::{NOTHING, log_rising, positive_values};
use crate::{Interval, Share};

/// The largest intraclass correlation looked at. Beyond it a distribution is worth less than two deals:
/// rates would rather be 0 or 1 than anything between.
pub(crate) const MOST_CORRELATION: f64 = 1.0 / 3.0;
/// Distance of the means that are looked at: standard errors of their logits, and at most so much.
const STEP: f64 = 0.8;
const LONGEST_STEP: f64 = 0.5;

/// What the segments of one parent have in common: their win rates are taken to come from a beta
/// distribution, of which is known what the segments let know.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Beta distributions, and how likely each is.
    candidates: Vec<Candidate>,
}

/// A beta distribution that the win rates may come from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    /// Its share of all the likelihood there is.
    weight: f64,
    /// Its mean.
    mean: f64,
    /// How many deals it is worth beside a segment's own: the sum of its parameters.
    deals: f64,
}

/// A win rate that has been pulled towards those of its siblings.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PooledRate {
    /// Mean of the posterior distribution.
    pub rate: f64,
    /// Its 2.5% and 97.5% points; where it is highest at an end, as after nothing but lost deals, at
    /// least 1.96 standard deviations about its mean.
    pub interval: Interval,
}

impl Pool {
    /// What is known of the pool of `siblings`. `None` with fewer than two that have deals.
    ///
    /// The hierarchical beta-binomial model (Gelman and others, Bayesian Data Analysis, section 5.3)
    /// with its two parameters integrated out: taken as known once they are estimated, as empirical
    /// Bayes does, they would make the intervals too short. A priori every mean is as likely as any
    /// other, and so is every intraclass correlation, 1 / (1 + deals), up to a third.
    /// This is the uniform shrinkage prior for a segment of one deal (Christiansen and Morris 1997,
    /// Hierarchical Poisson regression modeling; Daniels 1999, A prior for the variance in hierarchical
    /// models); simulations say that its intervals hold the rates, whatever the spread, at least as
    /// often as they promise, which those of a prior flat in 1 / √deals do not.
    pub fn of(siblings: &[Share]) -> Option<Self> {
        let mut counted: BTreeMap<(u64, u64), f64> = BTreeMap::new();
        for share in siblings.iter().filter(|share| share.deals > 0) {
            *counted.entry((share.won, share.deals - share.won)).or_default() += 1.0;
        }
        let segments: Vec<Segments> = counted
            .into_iter()
            .map(|((won, lost), number)| Segments { won: won as f64, lost: lost as f64, number })
            .collect();
        if segments.iter().map(|one| one.number).sum::<f64>() < 2.0 {
            return None;
        }
        Some(Self { candidates: candidates(&segments) })
    }

    /// The win rate of a segment of this pool.
    ///
    /// The posterior is a mixture of beta distributions, taken as the one with its mean and variance.
    pub fn rate(&self, share: Share) -> PooledRate {
        let (won, deals) = (share.won as f64, share.deals as f64);
        let (mut rate, mut square) = (0.0, 0.0);
        for candidate in &self.candidates {
            let all = deals + candidate.deals;
            let mean = (won + candidate.mean * candidate.deals) / all;
            let variance = mean * (1.0 - mean) / (all + 1.0);
            rate += candidate.weight * mean;
            square += candidate.weight * (variance + mean * mean);
        }
        let variance = (square - rate * rate).max(0.0);
        let half = Z_95 * variance.sqrt();
        let about = Interval { low: (rate - half).max(0.0), high: (rate + half).min(1.0) };
        let worth = rate * (1.0 - rate) / variance - 1.0;
        let (wins, losses) = (rate * worth, (1.0 - rate) * worth);
        let interval = match Beta::new(wins, losses) {
            Ok(law) => {
                let (low, high) = (law.inverse_cdf(0.025), law.inverse_cdf(0.975));
                // Highest at an end, as after nothing but lost deals, it may have its mean, and all
                // that is worth saying, beyond these points.
                let is_humped = wins >= 1.0 && losses >= 1.0;
                let wider = Interval { low: low.min(about.low), high: high.max(about.high) };
                if is_humped { Interval { low, high } } else { wider }
            }
            Err(_) => about,
        };
        PooledRate { rate, interval }
    }
}

/// Segments with the same counts.
struct Segments {
    won: f64,
    lost: f64,
    number: f64,
}

/// Beta distributions that stand for all there are, each with its share of the posterior.
fn candidates(segments: &[Segments]) -> Vec<Candidate> {
    // About the posterior of a correlation, the mean integrated out.
    let correlations = positive_values(MOST_CORRELATION, |correlation| {
        let about = Likely::of(segments, correlation);
        log_likelihood(segments, about.rate, correlation) - about.deals.ln() / 2.0
    });
    let mut found: Vec<(f64, f64, f64)> = Vec::new();
    for (correlation, width) in correlations {
        for (mean, measure) in Likely::of(segments, correlation).means() {
            let log = log_likelihood(segments, mean, correlation) + (measure * width).ln();
            found.push((log, mean, 1.0 / correlation - 1.0));
        }
    }
    let largest = found.iter().map(|&(log, ..)| log).fold(f64::NEG_INFINITY, f64::max);
    found.retain(|&(log, ..)| largest - log < NOTHING);
    let total: f64 = found.iter().map(|&(log, ..)| (log - largest).exp()).sum();
    let candidate = |(log, mean, deals): (f64, _, _)| Candidate {
        weight: (log - largest).exp() / total,
        mean,
        deals,
    };
    found.into_iter().map(candidate).collect()
}

/// About where the mean lies, given the correlation: a win rate on so many deals.
struct Likely {
    rate: f64,
    deals: f64,
}

impl Likely {
    /// Deals of one segment tell the less about the mean the more alike they are.
    fn of(segments: &[Segments], correlation: f64) -> Self {
        let (mut won, mut deals) = (1.0, 2.0);
        for one in segments {
            let all = one.won + one.lost;
            let weight = one.number / (1.0 + (all - 1.0) * correlation);
            won += weight * one.won;
            deals += weight * all;
        }
        Self { rate: won / deals, deals }
    }

    /// Means that stand for all, evenly by their logits, and what each stands for.
    fn means(&self) -> impl Iterator<Item = (f64, f64)> {
        let (wins, losses) = (self.rate * self.deals, (1.0 - self.rate) * self.deals);
        let trigamma = |x: f64| 1.0 / x + 1.0 / (2.0 * x * x) + 1.0 / (6.0 * x * x * x);
        let middle = digamma(wins) - digamma(losses);
        let error = (trigamma(wins) + trigamma(losses)).sqrt();
        let step = (STEP * error).min(LONGEST_STEP);
        // On the side of few deals the density falls no faster than an exponential.
        let reach = |deals: f64| ((5.5 * error + 8.0 / deals) / step).ceil();
        let (left, right) = (-reach(wins), reach(losses));
        let steps = std::iter::successors(Some(left), |at| Some(at + 1.0));
        steps.take_while(move |&at| at <= right).map(move |at| {
            let odds = (middle + at * step).exp();
            let mean = odds / (1.0 + odds);
            (mean, mean * (1.0 - mean) * step)
        })
    }
}

/// The log likelihood of a beta-binomial distribution, up to what depends on neither parameter.
fn log_likelihood(segments: &[Segments], mean: f64, correlation: f64) -> f64 {
    let deals = 1.0 / correlation - 1.0;
    let (wins, losses) = (mean * deals, (1.0 - mean) * deals);
    let term = |one: &Segments| {
        let part = log_rising(wins, one.won) + log_rising(losses, one.lost);
        one.number * (part - log_rising(deals, one.won + one.lost))
    };
    segments.iter().map(term).sum()
}

/// Where a segment with too few deals is read off: the largest combination of its leading parts that
/// has `min_deals` deals, at last all deals. `deals_of` gives the closed deals of a segment.
pub fn rolled_up(segment: &Segment, min_deals: u64, deals_of: impl Fn(&Segment) -> u64) -> Segment {
    let parts = segment.parts();
    (0..=parts.len())
        .rev()
        .map(|kept| Segment::of(parts[..kept].to_vec()))
        .find(|parent| deals_of(parent) >= min_deals)
        .unwrap_or_else(Segment::all)
}
