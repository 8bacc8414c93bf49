//! Tests that stay valid however often one looks at a growing window.
//!
//! The z-statistic of a window that grows, on the scale of information, moves like a Brownian motion
//! (Jennison and Turnbull, Group Sequential Methods, chapter 3). Such a motion that reaches a level is
//! as likely to end above it as below, so that the chance of ever reaching the level is twice that of
//! ending above it (Siegmund, Sequential Analysis, section 3.3). A boundary at that level needs no
//! tables and holds for any number of looks on any days. It is O'Brien and Fleming's: it asks for much
//! early on, and at the end for little more than a single look would.

use crate::gaussian::{beyond_either_side, exceeded_with};

/// A p-value that may be looked at every day: if nothing changed, the chance that it is *ever* p or
/// less before the information is complete is at most p.
///
/// `z` is the statistic of today, large values speaking against "nothing changed"; `fraction` is the
/// share of the information at the end that there is today, more than 1 counting as 1. 1 for no
/// evidence or no information.
pub fn anytime_p_value(z: f64, fraction: f64) -> f64 {
    let level = z * fraction.clamp(0.0, 1.0).sqrt();
    if level > 0.0 { beyond_either_side(level) } else { 1.0 }
}

/// The z-value of a one-sided p-value; bounded, so that it can be weighed against others.
pub(crate) fn z_of(p: f64) -> f64 {
    exceeded_with(p.clamp(1e-300, 1.0 - 1e-15))
}
