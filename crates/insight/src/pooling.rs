//! Partial pooling: what a win rate on few deals says once the other segments are known.

use statrs::distribution::{Beta, ContinuousCDF};
use statrs::function::gamma::{digamma, ln_gamma};
use winsight_model::Segment;

use crate::{Interval, Share};

/// Spread so small that the segments are taken to share one rate: a prior worth more deals than this.
const NO_SPREAD: f64 = 1e6;
/// The prior worth fewest deals that is looked at.
const MOST_SPREAD: f64 = 0.5;
const SECTIONS: usize = 50;
const FALSE_POSITIONS: usize = 100;
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// What the segments of one parent have in common: their win rates are taken to come from a beta
/// distribution.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pool {
    /// Mean of the segments' win rates, 0 to 1.
    pub mean: f64,
    /// How many deals the common knowledge is worth beside a segment's own: small where segments
    /// differ, infinite, here `None`, where they differ by no more than chance gives.
    pub deals: Option<f64>,
}

/// A win rate that has been pulled towards those of its siblings.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PooledRate {
    /// Mean of the posterior distribution.
    pub rate: f64,
    /// Its 2.5% and 97.5% points; `None` where siblings do not differ beyond chance, for then there
    /// is only one rate.
    pub interval: Option<Interval>,
}

impl Pool {
    /// Estimates the pool of `siblings`. `None` with fewer than two that have deals.
    ///
    /// Empirical Bayes: the beta-binomial distribution of largest marginal likelihood (Casella 1985;
    /// Gelman and others, Bayesian Data Analysis, section 5.3).
    pub fn of(siblings: &[Share]) -> Option<Self> {
        let known: Vec<Share> = siblings.iter().copied().filter(|share| share.deals > 0).collect();
        if known.len() < 2 {
            return None;
        }
        let won: u64 = known.iter().map(|share| share.won).sum();
        let deals: u64 = known.iter().map(|share| share.deals).sum();
        let common = won as f64 / deals as f64;
        if won == 0 || won == deals {
            return Some(Self { mean: common, deals: None });
        }
        let at = |log_deals: f64| {
            let prior = log_deals.exp();
            let mean = likeliest_mean(&known, prior);
            (log_likelihood(&known, mean, prior), mean)
        };
        let log_deals = highest(MOST_SPREAD.ln(), NO_SPREAD.ln(), |log_deals| at(log_deals).0);
        let (likelihood, mean) = at(log_deals);
        let of_one_rate: f64 = known
            .iter()
            .map(|share| {
                let lost = (share.deals - share.won) as f64;
                share.won as f64 * common.ln() + lost * (1.0 - common).ln()
            })
            .sum();
        // Close to the end of what is looked at, or no better than one common rate.
        if log_deals.exp() > NO_SPREAD * 0.9 || likelihood <= of_one_rate {
            return Some(Self { mean: common, deals: None });
        }
        Some(Self { mean, deals: Some(log_deals.exp()) })
    }

    /// The win rate of a segment of this pool.
    pub fn rate(self, share: Share) -> PooledRate {
        let Some(prior) = self.deals else { return PooledRate { rate: self.mean, interval: None } };
        let won = share.won as f64 + self.mean * prior;
        let lost = (share.deals - share.won) as f64 + (1.0 - self.mean) * prior;
        let interval = Beta::new(won, lost).ok().map(|posterior| Interval {
            low: posterior.inverse_cdf(0.025),
            high: posterior.inverse_cdf(0.975),
        });
        PooledRate { rate: won / (won + lost), interval }
    }
}

/// The log likelihood of a beta-binomial distribution, up to what depends on neither parameter.
fn log_likelihood(shares: &[Share], mean: f64, prior: f64) -> f64 {
    let (wins, losses) = (mean * prior, (1.0 - mean) * prior);
    let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let prior_term = log_beta(wins, losses);
    let term = |share: &Share| {
        let lost = (share.deals - share.won) as f64;
        log_beta(share.won as f64 + wins, lost + losses) - prior_term
    };
    shares.iter().map(term).sum()
}

/// The mean of largest likelihood for a prior of a given worth: where the derivative, which falls,
/// is 0.
fn likeliest_mean(shares: &[Share], prior: f64) -> f64 {
    let slope = |mean: f64| -> f64 {
        let (wins, losses) = (mean * prior, (1.0 - mean) * prior);
        let base = digamma(losses) - digamma(wins);
        let term = |share: &Share| {
            let lost = (share.deals - share.won) as f64;
            digamma(share.won as f64 + wins) - digamma(lost + losses) + base
        };
        shares.iter().map(term).sum()
    };
    // The Illinois variant of false position: as safe as bisection, and sooner there.
    let (mut low, mut high) = (1e-9, 1.0 - 1e-9);
    let (mut at_low, mut at_high) = (slope(low), slope(high));
    let mut mean = f64::midpoint(low, high);
    for _ in 0..FALSE_POSITIONS {
        let next = (low * at_high - high * at_low) / (at_high - at_low);
        let settled = (next - mean).abs() < 1e-14;
        mean = if next > low && next < high { next } else { f64::midpoint(low, high) };
        let at_mean = slope(mean);
        if settled || at_mean == 0.0 {
            break;
        }
        if at_mean > 0.0 {
            (low, at_low, at_high) = (mean, at_mean, at_high / 2.0);
        } else {
            (high, at_high, at_low) = (mean, at_mean, at_low / 2.0);
        }
    }
    mean
}

/// Where a function of one hump is highest, by golden sections.
fn highest(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let mut left = high - GOLDEN * (high - low);
    let mut right = low + GOLDEN * (high - low);
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..SECTIONS {
        if at_left > at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = value(right);
        }
    }
    f64::midpoint(low, high)
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
