//! Exact tails of counts, for segments so small that the normal curve misses them.

use statrs::function::gamma::ln_gamma;

use crate::Share;

/// Chance of this few won deals in the current window, given how many were won in both windows
/// together, if both shared one rate; half of the chance of exactly this many counted (mid-p).
///
/// Fisher's exact test, one-sided (Lancaster, 1961, for mid-p). 1 when either window has no deals.
pub(crate) fn fewer_won_p_value(current: Share, baseline: Share) -> f64 {
    if current.deals == 0 || baseline.deals == 0 {
        return 1.0;
    }
    let deals = current.deals + baseline.deals;
    let won = current.won + baseline.won;
    let log = log_choose(won, current.won) + log_choose(deals - won, current.deals - current.won)
        - log_choose(deals, current.deals);
    let lost_elsewhere = (deals - won) as f64 - current.deals as f64;
    mid_tail(log.exp(), current.won, |k| {
        let k = k as f64;
        k * (lost_elsewhere + k) / ((won as f64 - k + 1.0) * (current.deals as f64 - k + 1.0))
    })
}

/// Chance of this few won deals if each is won with chance `rate`, with half of the chance of exactly
/// this many. 1 without deals, or when `rate` is not strictly between 0 and 1.
pub(crate) fn fewer_than_rate_p_value(share: Share, rate: f64) -> f64 {
    if share.deals == 0 || !(rate > 0.0 && rate < 1.0) {
        return 1.0;
    }
    let lost = share.deals - share.won;
    let log = log_choose(share.deals, share.won)
        + share.won as f64 * rate.ln()
        + lost as f64 * (-rate).ln_1p();
    let odds = (1.0 - rate) / rate;
    mid_tail(log.exp(), share.won, |k| k as f64 / (share.deals as f64 - k as f64 + 1.0) * odds)
}

/// Half of `chance`, the chance of `won`, and the chances of all smaller numbers, each the one above
/// times `ratio` of that.
fn mid_tail(chance: f64, won: u64, ratio: impl Fn(u64) -> f64) -> f64 {
    let mut sum = chance / 2.0;
    let mut chance = chance;
    for k in (1..=won).rev() {
        chance *= ratio(k);
        sum += chance;
        if chance <= sum * 1e-15 {
            break;
        }
    }
    sum.clamp(0.0, 1.0)
}

fn log_choose(from: u64, chosen: u64) -> f64 {
    let log_factorial = |n: u64| ln_gamma(n as f64 + 1.0);
    log_factorial(from) - log_factorial(chosen) - log_factorial(from - chosen)
}
