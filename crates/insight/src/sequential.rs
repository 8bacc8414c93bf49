//! Tests that stay valid however often one looks at a growing window.
//!
//! The z-statistic of a window that grows, on the scale of information, moves like a Brownian motion
//! (Jennison and Turnbull, Group Sequential Methods, chapter 3). The chance that such a motion ever
//! crosses a straight line has a closed form (Siegmund, Sequential Analysis, section 3.3), so that a
//! boundary needs no tables and holds for any number of looks on any days.

use crate::gaussian::{below, exceeded_with};

/// The slope of the boundary, in standard errors at the end per unit of information: 0 asks for the
/// most early on (O'Brien and Fleming's boundary), larger slopes find large changes earlier and small
/// ones more rarely. Chosen by the share of planted drops found; see `docs/alert-proof.md`.
const SLOPE: f64 = 1.0;

/// The effect that the shares of the budget are chosen for: fifteen points.
const EFFECT: f64 = 0.15;

/// The share of the budget that is handed out equally, whatever a segment's chances.
const EQUAL: f64 = 0.5;

/// A p-value that may be looked at every day: if nothing changed, the chance that it is *ever* p or
/// less before the information is complete is at most p.
///
/// `z` is the statistic of today, large values speaking against "nothing changed"; `fraction` is the
/// share of the information at the end that there is today, more than 1 counting as 1. 1 for no
/// evidence or no information.
pub fn anytime_p_value(z: f64, fraction: f64) -> f64 {
    let fraction = fraction.clamp(0.0, 1.0);
    // Where the line that passes through the statistic of today begins.
    let start = z * fraction.sqrt() - SLOPE * fraction;
    if start.is_nan() || start <= 0.0 {
        return 1.0;
    }
    let at_the_end = below(-start - SLOPE);
    let before = (-2.0 * SLOPE * start).exp() * below(SLOPE - start);
    (at_the_end + before).clamp(0.0, 1.0)
}

/// How a budget for false alarms is shared among segments, given the standard error that each will
/// have at the end of the window; the shares add up to 1.
///
/// Half of it equally, and half so that most drops of fifteen points are found on average: a segment
/// too small to show them gets little, and so does one so large that it needs none (Roeder and
/// Wasserman, Genome-wide significance levels and weighted hypothesis testing, 2009). The shares must
/// depend on numbers of deals only, never on their outcomes.
pub fn budget_shares(standard_errors: &[f64], level: f64) -> Vec<f64> {
    let segments = standard_errors.len() as f64;
    let effects: Vec<f64> = standard_errors
        .iter()
        .map(|error| if *error > 0.0 { EFFECT / error } else { 0.0 })
        .collect();
    let levels_at = |cost: f64| {
        effects.iter().map(move |effect| match *effect {
            effect if effect > 0.0 => below(-(effect / 2.0 + cost / effect)),
            _ => 0.0,
        })
    };
    // The total falls as the cost rises.
    let (mut cheap, mut dear) = (-100.0, 100.0);
    for _ in 0..60 {
        let middle = f64::midpoint(cheap, dear);
        if levels_at(middle).sum::<f64>() > level {
            cheap = middle;
        } else {
            dear = middle;
        }
    }
    let total: f64 = levels_at(dear).sum();
    let by_power = |chosen: f64| if total > 0.0 { chosen / total } else { 1.0 / segments };
    levels_at(dear).map(|chosen| EQUAL / segments + (1.0 - EQUAL) * by_power(chosen)).collect()
}

/// The z-value of a one-sided p-value; bounded, so that it can be weighed against others.
pub(crate) fn z_of(p: f64) -> f64 {
    exceeded_with(p.clamp(1e-300, 1.0 - 1e-15))
}
