//! The amounts to come, by whichever of three plain methods was nearest in the past.

use winsight_model::{Grain, Money};

use super::projection::{FEWEST_ERRORS, Miss, Misses, coming, horizon};
use super::{Backtest, Projected, Projection, TrendPart, periods_in_a_year};

/// Periods that the recent mean is taken over.
const RECENT: usize = 6;
/// Periods that the line goes through.
const LINE: usize = 12;
/// Fewest periods of either.
const FEWEST: usize = 4;

/// A way to project: from the amounts up to an origin, the one so many periods ahead (0 is the next).
struct Method {
    name: &'static str,
    project: fn(&[f64], usize, usize) -> Option<f64>,
}

const METHODS: [Method; 3] = [
    Method { name: "recent mean", project: |past, _, _| recent_mean(past) },
    Method { name: "line", project: |past, step, _| line(past, step) },
    Method { name: "year before", project: year_before },
];

/// Fills in the amounts of a projection.
///
/// Works on square roots of amounts, whose variation hardly depends on their size and which may be 0.
/// The method is the one that missed by least over all origins at which all that apply could be
/// tried; the interval is made of its misses.
pub(super) fn project_bookings(grain: Grain, points: &[TrendPart], projection: &mut Projection) {
    #[expect(clippy::cast_precision_loss, reason = "an amount in cents, for a square root")]
    let roots: Vec<f64> =
        points.iter().map(|point| (point.count.won_amount.cents().max(0) as f64).sqrt()).collect();
    if roots.iter().all(|&root| root == 0.0) {
        return;
    }
    let ahead = horizon(grain);
    let year = periods_in_a_year(grain);
    let first_origin = |method: &Method| {
        let origin = (FEWEST..roots.len())
            .find(|&origin| (method.project)(&roots[..origin], 0, year).is_some())?;
        (roots.len() - origin >= FEWEST_ERRORS).then_some(origin)
    };
    let tried: Vec<(&Method, usize)> =
        METHODS.iter().filter_map(|method| Some((method, first_origin(method)?))).collect();
    let Some(common) = tried.iter().map(|&(_, origin)| origin).max() else { return };
    let mean_miss = |method: &Method| {
        let (mut count, mut sum) = (0.0_f64, 0.0);
        for origin in common..roots.len() {
            for (step, seen) in roots[origin..].iter().take(ahead).enumerate() {
                if let Some(made) = (method.project)(&roots[..origin], step, year) {
                    count += 1.0;
                    sum += (seen - made).powi(2);
                }
            }
        }
        sum / count.max(1.0)
    };
    let nearest =
        tried.iter().min_by(|(a, _), (b, _)| mean_miss(a).total_cmp(&mean_miss(b))).copied();
    let Some((method, from)) = nearest else { return };

    let mut misses = Misses::new(ahead);
    let mut backtest = Backtest::default();
    for origin in from..roots.len() {
        for step in 0..ahead.min(roots.len() - origin) {
            let Some(made) = (method.project)(&roots[..origin], step, year) else { continue };
            let (target, error) = (origin + step, roots[origin + step] - made);
            misses.add_to(step, Miss { origin, target, error }, 0.0, &mut backtest);
        }
    }
    for (step, period) in coming(grain, points).into_iter().enumerate() {
        let made = (method.project)(&roots, step, year);
        let (Some(made), Some(half)) = (made, misses.width(step, roots.len(), 0.0)) else { break };
        let (low, high) = (amount(made - half), amount(made + half));
        projection.bookings.push(Projected { period, value: amount(made), low, high });
    }
    if !projection.bookings.is_empty() {
        projection.bookings_method = Some(method.name);
        projection.bookings_backtest = backtest;
    }
}

fn amount(root: f64) -> Money {
    let root = root.max(0.0);
    Money::from_cents(1).scaled(root * root)
}

fn recent_mean(past: &[f64]) -> Option<f64> {
    let recent = &past[past.len() - RECENT.min(past.len())..];
    (recent.len() >= FEWEST).then(|| recent.iter().sum::<f64>() / recent.len() as f64)
}

/// Least squares through the last periods.
fn line(past: &[f64], step: usize) -> Option<f64> {
    let recent = &past[past.len() - LINE.min(past.len())..];
    if recent.len() < FEWEST + 2 {
        return None;
    }
    let count = recent.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = recent.iter().sum::<f64>() / count;
    let (mut across, mut squares) = (0.0, 0.0);
    for (place, root) in recent.iter().enumerate() {
        let from_middle = place as f64 - middle;
        across += from_middle * (root - mean);
        squares += from_middle * from_middle;
    }
    let at = (recent.len() + step) as f64 - middle;
    Some((mean + across / squares * at).max(0.0))
}

/// The same period a year before, times the growth of the last year over the one before it.
fn year_before(past: &[f64], step: usize, year: usize) -> Option<f64> {
    let same = past.len().checked_add(step)?.checked_sub(year)?;
    let start = past.len().checked_sub(2 * year)?;
    let (earlier, later) = past[start..].split_at(year);
    let sum = |roots: &[f64]| roots.iter().sum::<f64>();
    let growth = sum(later) / sum(earlier);
    Some(past.get(same)? * growth).filter(|made| made.is_finite())
}
