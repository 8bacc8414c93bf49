use winsight_model::{Settings, Tally};

use crate::friction::deal_friction_change_interval;
use crate::gaussian::Z_95;
use crate::interval;
use crate::metrics::{deals_by_amount, effective_deals};
use crate::proportion::{difference_p_value_of, newcombe_with};
use crate::{
    Interval, Metrics, SegmentPair, benjamini_hochberg, dfi_change_p_value, level_of_a_look,
    metrics,
};

/// How a metric of all deals changed between two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricChange {
    /// The metric in the current window.
    pub current: Option<f64>,
    /// The metric in the baseline window.
    pub baseline: Option<f64>,
    /// How far it moved; `None` unless both windows have it.
    pub change: Option<f64>,
    /// 95% interval of the change; `None` where the deals do not bound it.
    pub interval: Option<Interval>,
    /// Chance of a change at least as large, either way, if nothing had changed. 1 without a change.
    pub p_value: f64,
    /// Whether it is more than chance gives, by the measure of alerts.
    pub real: bool,
}

/// The changes of the headline metrics beside the win rate.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadlineChanges {
    /// Of the revenue-weighted win rate: current minus baseline (0.05 is five points).
    pub rwwr: MetricChange,
    /// Of the Deal Friction Index: current over baseline (1.2 is a fifth up).
    pub dfi: MetricChange,
}

/// How the headline metrics of all deals changed.
///
/// `rwwr`: Newcombe's interval and the score test of two rates, each worth the effective number of
/// deals that its own interval is made of; since these numbers are estimates themselves, the interval is
/// as wide as Student's t asks for. `dfi`: an interval of the logarithms of four medians, and the test of
/// [`dfi_change_p_value`]. Real is as in [`crate::gate_changes`]: the interval excludes no change, Benjamini–Hochberg
/// over the two rejects it at [`level_of_a_look`], and a change of `rwwr` is larger than
/// `alerts.win_rate_drop`.
pub fn headline_changes(
    overall: &SegmentPair,
    settings: &Settings,
    looks_per_quarter: u32,
) -> HeadlineChanges {
    let (current, baseline) = (&overall.current, &overall.baseline);
    let now = metrics(current, settings.min_deals);
    let then = metrics(baseline, settings.min_deals);
    let mut rwwr = rwwr_change((current, &now), (baseline, &then));
    let mut dfi = MetricChange {
        current: now.dfi,
        baseline: then.dfi,
        change: now.dfi.zip(then.dfi).map(|(now, then)| now / then).filter(|by| by.is_finite()),
        interval: None,
        p_value: 1.0,
        real: false,
    };
    if dfi.change.is_some() {
        dfi.interval = deal_friction_change_interval(current, baseline);
        dfi.p_value = dfi_change_p_value(current, baseline);
    }
    let level = level_of_a_look(settings, looks_per_quarter);
    let rejected = benjamini_hochberg(&[rwwr.p_value, dfi.p_value], level);
    let large = rwwr.change.is_some_and(|by| by.abs() > settings.alerts.win_rate_drop);
    rwwr.real = rejected[0] && large && rwwr.interval.is_some_and(Interval::excludes_zero);
    dfi.real = rejected[1] && dfi.interval.is_some_and(|interval| !interval.contains(1.0));
    HeadlineChanges { rwwr, dfi }
}

fn rwwr_change(
    (current, now): (&Tally, &Metrics),
    (baseline, then): (&Tally, &Metrics),
) -> MetricChange {
    let both = now.rwwr.zip(then.rwwr);
    let change = both.map(|(now, then)| now - then);
    let worth = |tally: &Tally, rate: Option<f64>| {
        let rate = rate?;
        Some((rate, effective_deals(tally, rate)?))
    };
    let rates = worth(current, now.rwwr).zip(worth(baseline, then.rwwr));
    MetricChange {
        current: now.rwwr,
        baseline: then.rwwr,
        change,
        interval: rates.map(|(now, then)| {
            newcombe_with(now, then, standard_errors((current, now), (baseline, then)))
        }),
        p_value: rates.map_or(1.0, |(now, then)| difference_p_value_of(now, then)),
        real: false,
    }
}

/// Half the width of a 95% interval of a difference in standard errors, when each of them is known from
/// as many deals as their amounts are spread like: Student's t at the degrees of freedom of Welch and
/// Satterthwaite (Korn and Graubard, Analysis of Health Surveys, section 5.1, for effective numbers).
fn standard_errors(
    (current, now): (&Tally, (f64, f64)),
    (baseline, then): (&Tally, (f64, f64)),
) -> f64 {
    let variance = |(rate, deals): (f64, f64)| rate * (1.0 - rate) / deals;
    let freedom = |tally: &Tally| (deals_by_amount(tally).unwrap_or(2.0) - 1.0).max(1.0);
    let (of_now, of_then) = (variance(now), variance(then));
    let of_variance = of_now.powi(2) / freedom(current) + of_then.powi(2) / freedom(baseline);
    let together = (of_now + of_then).powi(2) / of_variance;
    // Where all deals ended alike there is no variance to be unsure of.
    interval::standard_errors(together).unwrap_or(Z_95)
}
