//! Confidence distributions: for every value that an unknown may have, the confidence that it lies
//! below, so that a p-value is a reading of one curve (Xie and Singh 2013, Confidence Distribution, the
//! Frequentist Distribution Estimator of a Parameter).

use winsight_model::DayHistogram;

use crate::gaussian;

/// Points with less confidence are left out, and then count against every conclusion.
const NEGLIGIBLE: f64 = 1e-12;
/// Where a deal that is recorded with a whole number of days may lie: a quarter day to either side
/// stands for the half day that recording rounds by.
const WITHIN_A_DAY: [f64; 2] = [-0.25, 0.25];

/// Confidence about the logarithm of a median, or of a ratio of medians.
#[derive(Debug)]
pub(super) struct Confidence {
    /// Values in order, each with the confidence placed on it.
    points: Vec<(f64, f64)>,
    /// Confidence placed on no value: the unknown may lie beyond every deal, on either side.
    unplaced: f64,
}

impl Confidence {
    /// About the logarithm of the median of the deals that these were drawn from. `None` without
    /// deals.
    ///
    /// Inverts the sign test: of n deals as many lie below the median as heads fall in n throws of a
    /// coin, however the lengths are distributed. The normal approximation of the throws is symmetric
    /// as they are, and its tails are heavier, so that a conclusion takes a little more evidence.
    pub(super) fn of_median(days: &DayHistogram) -> Option<Self> {
        let deals = days.total();
        if deals == 0 {
            return None;
        }
        let confidence_below = |shorter: u64| {
            let more_than_half = 2.0 * shorter as f64 - deals as f64;
            gaussian::below(more_than_half / (deals as f64).sqrt())
        };
        let mut points = Vec::new();
        let mut seen = 0;
        let mut confidence = confidence_below(0);
        for (day, more) in days.iter() {
            seen += more;
            let up_to_here = confidence_below(seen);
            let share = (up_to_here - confidence) / WITHIN_A_DAY.len() as f64;
            confidence = up_to_here;
            if share > NEGLIGIBLE {
                // A deal that closed on the day it was created took up to half a day.
                let first = if day == 0 { 0.25 } else { f64::from(day) };
                let width = if day == 0 { 0.5 } else { 1.0 };
                points.extend(WITHIN_A_DAY.map(|by| ((first + by * width).ln(), share)));
            }
        }
        Some(Self::placed(points))
    }

    /// About the difference of two logarithms that were estimated from different deals.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut points = Vec::with_capacity(self.points.len() * other.points.len());
        for &(value, confidence) in &self.points {
            let pairs = other.points.iter().map(|&(less, with)| (value - less, confidence * with));
            points.extend(pairs.filter(|&(_, both)| both > NEGLIGIBLE));
        }
        points.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        Self::placed(points)
    }

    fn placed(points: Vec<(f64, f64)>) -> Self {
        let placed: f64 = points.iter().map(|&(_, confidence)| confidence).sum();
        Self { points, unplaced: (1.0 - placed).max(0.0) }
    }

    /// Exactly `value`.
    pub(super) fn certain(value: f64) -> Self {
        Self { points: vec![(value, 1.0)], unplaced: 0.0 }
    }

    /// Two-sided p-value of "the same unknown as `other`".
    ///
    /// The convolution of confidence distributions is Fisher's solution of the Behrens–Fisher problem;
    /// it errs on the side of a p-value that is too large.
    pub(super) fn p_value_of_equality(&self, other: &Self) -> f64 {
        let below = self.below(other);
        let above = 1.0 - below - self.unplaced_with(other);
        (2.0 * (below.min(above).max(0.0) + self.unplaced_with(other))).min(1.0)
    }

    /// Confidence that this unknown lies below `other`, ties by half.
    fn below(&self, other: &Self) -> f64 {
        let mut lower = Sum::over(&self.points);
        let mut not_higher = Sum::over(&self.points);
        let with = |&(value, confidence): &(f64, f64)| {
            let lower = lower.while_value(|mine| mine < value);
            let not_higher = not_higher.while_value(|mine| mine <= value);
            confidence * f64::midpoint(lower, not_higher)
        };
        other.points.iter().map(with).sum()
    }

    fn unplaced_with(&self, other: &Self) -> f64 {
        1.0 - (1.0 - self.unplaced) * (1.0 - other.unplaced)
    }
}

/// The confidence of the first points, as many as a growing bound lets in.
struct Sum<'a> {
    rest: &'a [(f64, f64)],
    confidence: f64,
}

impl<'a> Sum<'a> {
    fn over(points: &'a [(f64, f64)]) -> Self {
        Self { rest: points, confidence: 0.0 }
    }

    fn while_value(&mut self, is_in: impl Fn(f64) -> bool) -> f64 {
        while let Some((&(value, confidence), rest)) = self.rest.split_first()
            && is_in(value)
        {
            self.confidence += confidence;
            self.rest = rest;
        }
        self.confidence
    }
}
