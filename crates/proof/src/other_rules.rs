//! What people use instead, for comparison: each looks once, at the end of a quarter.

use winsight_insight::{Share, benjamini_hochberg_levels, difference_p_value};
use winsight_model::Window;

use crate::{History, Told, Watch};

const MIN_DEALS: u64 = 10;

/// The level at which the z-test is made.
pub(crate) const QUARTERLY_LEVEL: f64 = 0.05;

/// "The win rate fell by more than five points against the quarter before", with at least ten deals
/// in both.
pub fn five_points(history: &History, quarters: &[Window]) -> Watch {
    let fell = |(now, before): &(Share, Share)| fell(*now, *before, 0.05);
    alerts(history, quarters, |pairs| pairs.iter().map(fell).collect())
}

/// The same, if a two-sided z-test with Benjamini–Hochberg over all segments at
/// [`QUARTERLY_LEVEL`] agrees.
pub fn quarterly_test(history: &History, quarters: &[Window]) -> Watch {
    alerts(history, quarters, |pairs| {
        levels(pairs).into_iter().map(|level| level <= QUARTERLY_LEVEL).collect()
    })
}

/// The lowest level at which the z-test would alert on all deals, and on each segment after them, at
/// the end of each of the quarters but the first; infinite where the win rate did not fall.
pub fn quarterly_levels(history: &History, quarters: &[Window]) -> Vec<Vec<f64>> {
    let ends = quarters.windows(2);
    ends.map(|quarters| levels(&at_the_end(history, quarters[0], quarters[1]))).collect()
}

fn levels(pairs: &[(Share, Share)]) -> Vec<f64> {
    let enough = |(now, before): &&(Share, Share)| now.deals.min(before.deals) >= MIN_DEALS;
    let tested = pairs.iter().filter(enough);
    let p_values: Vec<f64> =
        tested.map(|(now, before)| difference_p_value(*now, *before)).collect();
    let mut levels = benjamini_hochberg_levels(&p_values).into_iter();
    let level = |pair: &(Share, Share)| {
        let level = if enough(&pair) { levels.next() } else { None };
        level.filter(|_| fell(pair.0, pair.1, 0.05)).unwrap_or(f64::INFINITY)
    };
    pairs.iter().map(level).collect()
}

fn fell(now: Share, before: Share, by: f64) -> bool {
    let drop = || Some(before.rate()? - now.rate()?);
    now.deals.min(before.deals) >= MIN_DEALS && drop().is_some_and(|drop| drop > by)
}

/// All deals and each segment, in a quarter and in the one before, as known at its end.
fn at_the_end(history: &History, before: Window, now: Window) -> Vec<(Share, Share)> {
    let seen = history.seen_on(now.last_day());
    let mut pairs = vec![(seen.all(now), seen.all(before))];
    pairs.extend(seen.segments(now).into_iter().zip(seen.segments(before)));
    pairs
}

fn alerts(
    history: &History,
    quarters: &[Window],
    judge: impl Fn(&[(Share, Share)]) -> Vec<bool>,
) -> Watch {
    let segments = history.dimensions().len();
    let mut watch =
        Watch { overall: None, segments: vec![None; segments], lead_sources: vec![None; segments] };
    for quarters in quarters.windows(2) {
        let pairs = at_the_end(history, quarters[0], quarters[1]);
        let last_day = quarters[1].last_day();
        let found = std::iter::once(&mut watch.overall).chain(&mut watch.segments);
        for (first, fell) in found.zip(judge(&pairs)) {
            if fell {
                first.get_or_insert(Told { on: last_day, judged: last_day });
            }
        }
    }
    watch
}
