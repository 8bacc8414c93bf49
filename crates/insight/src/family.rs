//! All segments of a workspace asked together whether a win rate dropped, within one budget.

use crate::{
    Course, DropCounts, DropTest, Interval, Share, drop_test, newcombe, overall_drop_test,
};

/// The segments that are looked at together through one window; they share the budget equally.
///
/// Made from the baseline alone, so that it is the same at every look.
#[derive(Clone, Debug, PartialEq)]
pub struct DropFamily {
    taking_part: Vec<bool>,
    level: f64,
    min_deals: u64,
    threshold: f64,
}

/// What a look says about one segment of a family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedDrop {
    /// Its evidence.
    pub test: DropTest,
    /// The win rate of the window minus that of the baseline.
    pub change: f64,
    /// Whether the change is a fall by more than the threshold, and Newcombe's 95% interval of it
    /// excludes 0. Of a change that is not, no evidence is looked for.
    pub large: bool,
    /// The p-value that it needed: its share of the budget.
    pub level: f64,
}

impl JudgedDrop {
    /// Whether this is a large drop, with evidence within the budget of the whole family.
    pub fn passed(&self) -> bool {
        self.large && self.test.p_value <= self.level
    }
}

impl DropFamily {
    /// The family of `all` deals together and of `segments`, with the chance `level` of any false
    /// alarm before the window ends. Segments that have, or are expected to get, fewer than
    /// `min_deals` deals take no part. Drops up to `threshold`, a share, are none.
    pub fn new(
        all: &DropCounts,
        segments: &[DropCounts],
        course: &Course,
        level: f64,
        min_deals: u64,
        threshold: f64,
    ) -> Self {
        let min_deals = min_deals.max(1);
        let takes_part = |counts: &DropCounts| {
            counts.baseline.deals >= min_deals && course.deals_foreseen(counts) >= min_deals as f64
        };
        let taking_part: Vec<bool> = std::iter::once(all).chain(segments).map(takes_part).collect();
        let size = taking_part.iter().filter(|takes_part| **takes_part).count();
        Self { taking_part, level: level / size.max(1) as f64, min_deals, threshold }
    }

    /// What is to be said on a day: of all deals first, then of the segments in the order they had
    /// in [`DropFamily::new`]. `None` for a segment that takes no part or has too few deals yet.
    /// `dimensions` says of each segment which dimension it belongs to; values of one dimension are
    /// what the mix of all deals is made of.
    pub fn look(
        &self,
        all: &DropCounts,
        segments: &[DropCounts],
        dimensions: &[usize],
        course: &Course,
    ) -> Vec<Option<JudgedDrop>> {
        let judge = |takes_part: bool, counts: &DropCounts, test: &dyn Fn() -> DropTest| {
            let change = change(counts.current, counts.baseline)?;
            if !takes_part || counts.current.deals < self.min_deals {
                return None;
            }
            let interval = || newcombe(counts.current, counts.baseline);
            let large = change < -self.threshold && interval().is_some_and(Interval::excludes_zero);
            let test = if large { test() } else { DropTest::NO_EVIDENCE };
            Some(JudgedDrop { test, change, large, level: self.level })
        };
        let mut taking_part = self.taking_part.iter().copied();
        let mut judged = vec![judge(taking_part.next().unwrap_or(false), all, &|| {
            overall_drop_test(all, mix(all, segments, dimensions), course)
        })];
        judged.extend(taking_part.zip(segments).map(|(takes_part, segment)| {
            judge(takes_part, segment, &|| drop_test(segment, &all.without(segment), course))
        }));
        judged
    }
}

/// How much of a fall of all deals is explained by their mix; 0 or less. Direct standardisation: the
/// change inside each value, weighted by its current deals, is not mix, and the rest is. Values that
/// are new say nothing about a change and are left out. The mixes along several dimensions add up, or
/// count twice where dimensions go together, which errs on the quiet side.
fn mix(all: &DropCounts, segments: &[DropCounts], dimensions: &[usize]) -> f64 {
    let Some((now, before)) = all.current.rate().zip(all.baseline.rate()) else { return 0.0 };
    let count = dimensions.iter().max().map_or(0, |last| last + 1);
    let mut inside = vec![(0.0, 0.0); count];
    for (segment, &dimension) in segments.iter().zip(dimensions) {
        if let Some(change) = change(segment.current, segment.baseline) {
            let deals = segment.current.deals as f64;
            inside[dimension].0 += deals * change;
            inside[dimension].1 += deals;
        }
    }
    let parts = inside.iter().filter(|(_, deals)| *deals > 0.0);
    let mixes = parts.map(|(weighted, deals)| (now - before) - weighted / deals);
    mixes.map(|mix| mix.min(0.0)).sum()
}

fn change(current: Share, baseline: Share) -> Option<f64> {
    Some(current.rate()? - baseline.rate()?)
}
