//! The Deal Friction Index and its uncertainty.

mod confidence;
mod median;

use winsight_model::Tally;

use self::confidence::Confidence;
use self::median::{LogMedian, interval_of_sum};
use crate::sequential::z_of;
use crate::{Interval, anytime_p_value};

/// Median cycle days of lost deals over that of won deals. `None` when a side is empty or the won
/// median is 0.
pub(crate) fn deal_friction(tally: &Tally) -> Option<f64> {
    let won = tally.won.cycle_days.median().filter(|&days| days > 0.0)?;
    Some(tally.lost.cycle_days.median()? / won)
}

/// The 95% interval of the index, from the logarithms of both medians. `None` without an index, and
/// with fewer than three deals on a side.
pub(crate) fn deal_friction_interval(tally: &Tally) -> Option<Interval> {
    let index = deal_friction(tally)?;
    let (won, lost) = log_medians(tally)?;
    factors_around(index, interval_of_sum(&[lost], &[won])?)
}

/// The logarithms of the medians of won and of lost deals.
fn log_medians(tally: &Tally) -> Option<(LogMedian, LogMedian)> {
    Some((LogMedian::of(&tally.won.cycle_days)?, LogMedian::of(&tally.lost.cycle_days)?))
}

/// An interval of logarithms as one of factors. Where days are few and alike the index, a ratio of whole
/// days, may itself lie at an end.
fn factors_around(index: f64, (low, high): (f64, f64)) -> Option<Interval> {
    let interval = Interval { low: low.exp().min(index), high: high.exp().max(index) };
    interval.high.is_finite().then_some(interval)
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

/// The factor by which the Deal Friction Index changed, 95% interval, from the logarithms of four
/// medians. `None` without an index in both windows, and with fewer than three deals on a side.
pub(crate) fn deal_friction_change_interval(current: &Tally, baseline: &Tally) -> Option<Interval> {
    let factor = deal_friction(current)? / deal_friction(baseline)?;
    let (won, lost) = log_medians(current)?;
    let (won_before, lost_before) = log_medians(baseline)?;
    let interval = interval_of_sum(&[lost, won_before], &[won, lost_before])?;
    factors_around(factor, interval).filter(|_| factor.is_finite())
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

#[cfg(test)]
mod tests;
