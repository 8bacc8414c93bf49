//! The median of recorded lengths on the logarithmic scale, and how well it is known.
//!
//! A median of few deals, resampled, takes few different values, and whoever reads an interval off
//! these values gets one that is too wide. Harrell and Davis's estimate of the same median is a mean of
//! the deals around the middle: it moves smoothly, and the jackknife says how far.

use statrs::function::beta::{beta_reg, ln_beta};
use winsight_model::DayHistogram;

use crate::gaussian;
use crate::interval::standard_errors;

/// Fewest deals: of two, the distance says too little about what a third would be like.
const FEWEST: u64 = 3;
/// Deals recorded with one number of whole days are spread over at least so many points of that day.
const POINTS_OF_A_DAY: u64 = 4;
/// Points that the spread of the estimate's weights is cut into: √n deals of n. With fewer, all of the
/// weight may lie in one point, and whichever deal is left out then changes nothing.
const POINTS_OF_THE_MIDDLE: f64 = 8.0;
/// Deals up to which the incomplete beta function is computed; beyond, its normal approximation is
/// right to 1e-8.
const FEW_DEALS: f64 = 1_000.0;
/// Standard deviations from the middle beyond which a share of the middle is none or all.
const FAR: f64 = 8.0;

/// The logarithm of the median of what some deals were drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogMedian {
    /// Harrell and Davis's estimate.
    value: f64,
    /// Its jackknife variance.
    variance: f64,
    /// How many deals the variance is known from, less one.
    freedom: f64,
}

/// Deals that are taken to have lasted equally long.
struct Point {
    /// Logarithm of the days.
    value: f64,
    deals: f64,
    /// Deals up to and with these.
    up_to: f64,
}

impl LogMedian {
    /// `None` with fewer than three deals.
    ///
    /// The estimate is Σ w y over the ordered logarithms y of n deals, the k-th weighted by what the beta
    /// distribution with both parameters (n + 1) / 2 has from (k − 1) / n to k / n. Its variance is that
    /// of the jackknife (Harrell and Davis, A new distribution-free quantile estimator, Biometrika 69,
    /// 1982). The estimate is made of 1 / Σ w² deals (Kish's number), some 1.8 √n, and its variance is
    /// known no better than from so many.
    pub(super) fn of(days: &DayHistogram) -> Option<Self> {
        let total = days.total();
        if total < FEWEST {
            return None;
        }
        let points = points(days);
        let deals = total as f64;
        let (mut value, mut before) = (0.0, 0.0);
        for point in &points {
            let up_to = share_of_the_middle(deals, point.up_to);
            value += (up_to - before) * point.value;
            before = up_to;
        }
        let variance = jackknife_variance(&points, deals);
        // Σ w² by the integral of the squared density.
        let half = f64::midpoint(deals, 1.0);
        let freedom = deals * (2.0 * ln_beta(half, half) - ln_beta(deals, deals)).exp() - 1.0;
        let is_known = value.is_finite() && variance.is_finite() && freedom > 0.0;
        is_known.then_some(Self { value, variance, freedom })
    }
}

/// The 95% interval of a sum of logarithms of medians of different deals, some of them with a minus.
/// `None` where nothing is known of how far they vary.
///
/// Student's t at the degrees of freedom of Welch and Satterthwaite (Biometrics Bulletin 2, 1946). A
/// linear function of medians: Bonett and Price, Psychological Methods 7, 2002.
pub(super) fn interval_of_sum(plus: &[LogMedian], minus: &[LogMedian]) -> Option<(f64, f64)> {
    let sum = |of: &[LogMedian]| of.iter().map(|median| median.value).sum::<f64>();
    let both = || plus.iter().chain(minus);
    let variance: f64 = both().map(|median| median.variance).sum();
    let of_variance: f64 = both().map(|median| median.variance.powi(2) / median.freedom).sum();
    let half = standard_errors(variance * variance / of_variance)? * variance.sqrt();
    let middle = sum(plus) - sum(minus);
    half.is_finite().then_some((middle - half, middle + half))
}

/// The deals in order of length. Those of one recorded day lay anywhere within half a day of it; one
/// that closed on the day it was created took up to half a day.
fn points(days: &DayHistogram) -> Vec<Point> {
    let mut points = Vec::new();
    let mut seen = 0;
    let middle = (days.total() as f64).sqrt();
    for (day, deals) in days.iter() {
        let (first, width) = if day == 0 { (0.0, 0.5) } else { (f64::from(day) - 0.5, 1.0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some points")]
        let enough = (deals as f64 / middle * POINTS_OF_THE_MIDDLE).ceil() as u64;
        let count = deals.min(enough.max(POINTS_OF_A_DAY));
        for place in 0..count {
            let here = (place + 1) * deals / count - place * deals / count;
            seen += here;
            let length = first + width * (place as f64 + 0.5) / count as f64;
            points.push(Point { value: length.ln(), deals: here as f64, up_to: seen as f64 });
        }
    }
    points
}

/// The variance of the estimate of `deals` deals, from the estimates that each leaves when left out.
fn jackknife_variance(points: &[Point], deals: f64) -> f64 {
    let rest = deals - 1.0;
    let mut after: f64 = 0.0;
    // From the last point on: with one deal of this point left out, its own weight and those after it.
    let mut without: Vec<f64> = vec![0.0; points.len()];
    let mut shifted = 1.0;
    for (without, point) in without.iter_mut().zip(points).rev() {
        let start = point.up_to - point.deals;
        let own = share_of_the_middle(rest, start);
        *without = after + point.value * (shifted - own);
        let start_shifted = share_of_the_middle(rest, start - 1.0);
        after += point.value * (shifted - start_shifted);
        shifted = start_shifted;
    }
    let (mut before, mut up_to_before) = (0.0, 0.0);
    for (without, point) in without.iter_mut().zip(points) {
        *without += before;
        let up_to = share_of_the_middle(rest, point.up_to);
        before += point.value * (up_to - up_to_before);
        up_to_before = up_to;
    }
    let of_deals = || without.iter().zip(points);
    let mean = of_deals().map(|(value, point)| value * point.deals).sum::<f64>() / deals;
    let squares: f64 = of_deals().map(|(value, point)| (value - mean).powi(2) * point.deals).sum();
    rest / deals * squares
}

/// The chance that the median of a resample is among the first `up_to` of `deals`: the symmetric beta
/// distribution with parameters (`deals` + 1) / 2. With many deals by Wallace's normal approximation
/// (Annals of Mathematical Statistics 30, 1959) of Student's t, of which it is another form.
fn share_of_the_middle(deals: f64, up_to: f64) -> f64 {
    let share = up_to / deals;
    let far = 0.5 * (FAR / (deals + 2.0).sqrt()).min(1.0);
    if (share - 0.5).abs() >= far {
        return if share < 0.5 { 0.0 } else { 1.0 };
    }
    if deals <= FEW_DEALS {
        return beta_reg(f64::midpoint(deals, 1.0), f64::midpoint(deals, 1.0), share);
    }
    let freedom = deals + 1.0;
    let from_middle = (-freedom * (4.0 * share * (1.0 - share)).ln()).max(0.0).sqrt();
    let scale = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0);
    gaussian::below(scale * from_middle.copysign(share - 0.5))
}
