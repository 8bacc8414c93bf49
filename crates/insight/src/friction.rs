//! The Deal Friction Index and its uncertainty.

mod confidence;

use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Distribution};
use rand_pcg::Pcg64Mcg;
use winsight_model::{DayHistogram, Tally};

use self::confidence::Confidence;
use crate::quantiles::quantile;
use crate::sequential::z_of;
use crate::{Interval, anytime_p_value};

const REPLICATES: usize = 2_000;
const SEED: u64 = 0xD1F1;

/// Median cycle days of lost deals over that of won deals. `None` when a side is empty or the won
/// median is 0.
pub(crate) fn deal_friction(tally: &Tally) -> Option<f64> {
    let won = tally.won.cycle_days.median().filter(|&days| days > 0.0)?;
    Some(tally.lost.cycle_days.median()? / won)
}

/// Percentile bootstrap of the log ratio, 95%, with a fixed seed. Percentiles of the ratio are those
/// of its logarithm.
///
/// `None` when the index is none, and when so many replicates have a won median of 0 that no upper
/// end exists.
pub(crate) fn deal_friction_interval(tally: &Tally) -> Option<Interval> {
    deal_friction(tally)?;
    let replicates = sorted_ratios(tally)?;
    let low = quantile(&replicates, 0.025)?;
    let high = quantile(&replicates, 0.975)?;
    high.is_finite().then_some(Interval { low, high })
}

/// Chance of a change in the Deal Friction Index at least this large, either way, if nothing had
/// changed. 1 when either window has no index.
///
/// Compares the [`Confidence`] about the ratio of medians in both windows. Against simulated windows
/// without a change, of 10 to 200 won and lost deals each, the chance of a p-value below p is at most
/// p, down to the far tail that the false-alarm budget works in; it is about half of p at 5% with 60
/// deals, and nearer with more.
pub fn dfi_change_p_value(current: &Tally, baseline: &Tally) -> f64 {
    let p_value = || Some(log_friction(current)?.p_value_of_equality(&log_friction(baseline)?));
    p_value().unwrap_or(1.0)
}

/// The same, looked at every day of a window that will have `deals_at_end` deals.
pub fn dfi_anytime_p_value(current: &Tally, baseline: &Tally, deals_at_end: f64) -> f64 {
    let (now, before) = (current.deals() as f64, baseline.deals() as f64);
    if now <= 0.0 || before <= 0.0 {
        return 1.0;
    }
    let fraction = (1.0 / deals_at_end.max(1.0) + 1.0 / before) / (1.0 / now + 1.0 / before);
    anytime_p_value(z_of(dfi_change_p_value(current, baseline) / 2.0), fraction)
}

/// The factor by which the Deal Friction Index changed, 95% interval: the other reading of the test of
/// [`dfi_change_p_value`]. `None` without an index, or with too few deals to bound it.
pub(crate) fn deal_friction_change_interval(current: &Tally, baseline: &Tally) -> Option<Interval> {
    let factor = deal_friction(current)? / deal_friction(baseline)?;
    let (low, high) = log_friction(current)?.interval_of_difference(&log_friction(baseline)?)?;
    // Where days are few and alike the index itself may lie at an end.
    let interval = Interval { low: low.exp().min(factor), high: high.exp().max(factor) };
    factor.is_finite().then_some(interval)
}

/// Chance of an index at least this far from 1 if lost deals took as long as won ones. 1 without an
/// index. The same test as [`dfi_change_p_value`], against a known 1.
pub(crate) fn deal_friction_p_value(tally: &Tally) -> f64 {
    log_friction(tally).map_or(1.0, |log| log.p_value_of_equality(&Confidence::certain(0.0)))
}

/// What is known of the logarithm of the index. `None` without an index.
fn log_friction(tally: &Tally) -> Option<Confidence> {
    deal_friction(tally)?;
    let lost = Confidence::of_median(&tally.lost.cycle_days)?;
    Some(lost.minus(&Confidence::of_median(&tally.won.cycle_days)?))
}

/// The bootstrap distribution of lost median / won median. Replicates in which both medians are 0
/// have no ratio and are left out; where only the won median is 0 the ratio is infinite.
fn sorted_ratios(tally: &Tally) -> Option<Vec<f64>> {
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let won = BootstrapMedian::new(&tally.won.cycle_days)?;
    let lost = BootstrapMedian::new(&tally.lost.cycle_days)?;
    let ratio = |_| lost.draw(&mut random) / won.draw(&mut random);
    let mut ratios: Vec<f64> = (0..REPLICATES).map(ratio).filter(|ratio| !ratio.is_nan()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    Some(ratios)
}

/// Draws the median of a resample without resampling.
///
/// The k-th smallest of n values resampled from a histogram is the histogram's quantile at the k-th
/// smallest of n uniform numbers, which is Beta(k, n + 1 − k); for even n the next one up is drawn
/// given the first (David and Nagaraja, Order Statistics, sections 2.1 and 2.5). A replicate thus
/// costs the same for ten deals and for ten million.
struct BootstrapMedian {
    days: Vec<u32>,
    cumulative: Vec<u64>,
    total: u64,
    lower_middle: Beta<f64>,
}

impl BootstrapMedian {
    fn new(histogram: &DayHistogram) -> Option<Self> {
        let mut total = 0;
        let (days, cumulative) = histogram
            .iter()
            .map(|(days, deals)| {
                total += deals;
                (days, total)
            })
            .unzip();
        let rank = total.div_ceil(2);
        let lower_middle = Beta::new(rank as f64, (total + 1 - rank) as f64).ok()?;
        Some(Self { days, cumulative, total, lower_middle })
    }

    fn draw(&self, random: &mut Pcg64Mcg) -> f64 {
        let lower = self.lower_middle.sample(random);
        if self.total % 2 == 1 {
            return self.at(lower);
        }
        let above = (self.total / 2) as f64;
        let gap = 1.0 - random.random::<f64>().powf(1.0 / above);
        f64::midpoint(self.at(lower), self.at(lower + (1.0 - lower) * gap))
    }

    fn at(&self, uniform: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the total lies between 0 and the total"
        )]
        let rank = ((uniform * self.total as f64) as u64).min(self.total - 1);
        let index = self.cumulative.partition_point(|&seen| seen <= rank);
        f64::from(self.days[index])
    }
}

#[cfg(test)]
mod tests;
