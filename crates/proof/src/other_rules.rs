//! What people use instead, for comparison: each looks once, at the end of a quarter.

use jiff::civil::Date;
use winsight_insight::{Share, benjamini_hochberg, difference_p_value};
use winsight_model::Window;

use crate::{History, Watch};

const MIN_DEALS: u64 = 10;

/// "The win rate fell by more than five points against the quarter before", with at least ten deals
/// in both.
pub fn five_points(history: &History, quarters: &[Window]) -> Watch {
    at_the_ends(history, quarters, |pairs| {
        pairs.iter().map(|(now, before)| fell(*now, *before, 0.05)).collect()
    })
}

/// The same, if a two-sided z-test with Benjamini–Hochberg over all segments at 5% agrees.
pub fn quarterly_test(history: &History, quarters: &[Window]) -> Watch {
    at_the_ends(history, quarters, |pairs| {
        let enough = |(now, before): &&(Share, Share)| now.deals.min(before.deals) >= MIN_DEALS;
        let p_values: Vec<f64> = pairs
            .iter()
            .filter(enough)
            .map(|(now, before)| difference_p_value(*now, *before))
            .collect();
        let mut rejected = benjamini_hochberg(&p_values, 0.05).into_iter();
        let judge = |pair: &(Share, Share)| {
            enough(&pair) && rejected.next().unwrap_or(false) && fell(pair.0, pair.1, 0.05)
        };
        pairs.iter().map(judge).collect()
    })
}

fn fell(now: Share, before: Share, by: f64) -> bool {
    let drop = || Some(before.rate()? - now.rate()?);
    now.deals.min(before.deals) >= MIN_DEALS && drop().is_some_and(|drop| drop > by)
}

fn at_the_ends(
    history: &History,
    quarters: &[Window],
    judge: impl Fn(&[(Share, Share)]) -> Vec<bool>,
) -> Watch {
    let segments = history.dimensions().len();
    let mut watch =
        Watch { overall: None, segments: vec![None; segments], lead_sources: vec![None; segments] };
    for quarters in quarters.windows(2) {
        let (before, now) = (quarters[0], quarters[1]);
        let day: Date = now.last_day();
        let seen = history.seen_on(day);
        let mut pairs = vec![(seen.all(now), seen.all(before))];
        pairs.extend(seen.segments(now).into_iter().zip(seen.segments(before)));
        let found = std::iter::once(&mut watch.overall).chain(&mut watch.segments);
        for (first, fell) in found.zip(judge(&pairs)) {
            if fell {
                first.get_or_insert(day);
            }
        }
    }
    watch
}
