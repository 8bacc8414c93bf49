/// How many deals took each whole number of days. Adding two gives the histogram of both together,
/// so medians stay exact however the data was split.
///
/// Collects from `(days, deals)` pairs in any order; days that appear twice are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayHistogram {
    /// In order of days, each at most once, none without a deal.
    counts: Vec<(u32, u64)>,
}

impl DayHistogram {
    /// Counts `deals` more deals of `days` days.
    pub fn add(&mut self, days: u32, deals: u64) {
        if deals == 0 {
            return;
        }
        match self.counts.binary_search_by_key(&days, |&(known, _)| known) {
            Ok(place) => self.counts[place].1 += deals,
            Err(place) => self.counts.insert(place, (days, deals)),
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
        } else if !other.counts.is_empty() {
            *self = self.iter().chain(other.iter()).collect();
        }
    }

    /// What is left without the counts of `other`; `None` when they were not all counted here.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let mut left = self.clone();
        for (days, deals) in other.iter() {
            let place = left.counts.binary_search_by_key(&days, |&(known, _)| known).ok()?;
            left.counts[place].1 = left.counts[place].1.checked_sub(deals)?;
        }
        left.counts.retain(|&(_, deals)| deals > 0);
        Some(left)
    }

    /// Number of deals counted.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, deals)| deals).sum()
    }

    /// The median in days: the middle deal, or the mean of the two middle ones. `None` when empty.
    pub fn median(&self) -> Option<f64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let lower = self.at_rank((total - 1) / 2);
        let upper = self.at_rank(total / 2);
        Some(f64::midpoint(f64::from(lower), f64::from(upper)))
    }

    /// `(days, deals)` pairs with at least one deal, in order of days.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.counts.iter().copied()
    }

    /// Days of the deal at `rank` (0-based) in order of length. The last deal's for a larger rank.
    pub fn at_rank(&self, rank: u64) -> u32 {
        let mut seen = 0;
        let mut last = 0;
        for (days, deals) in self.iter() {
            seen += deals;
            last = days;
            if seen > rank {
                break;
            }
        }
        last
    }
}

impl FromIterator<(u32, u64)> for DayHistogram {
    fn from_iter<I: IntoIterator<Item = (u32, u64)>>(pairs: I) -> Self {
        let mut counts: Vec<_> = pairs.into_iter().filter(|&(_, deals)| deals > 0).collect();
        if !counts.is_sorted_by(|one, other| one.0 < other.0) {
            // Stable, as it is fastest where two sorted runs were chained.
            counts.sort_by_key(|&(days, _)| days);
            counts.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
        }
        Self { counts }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::DayHistogram;

    fn of(days: &[u32]) -> DayHistogram {
        let mut histogram = DayHistogram::default();
        for &day in days {
            histogram.add(day, 1);
        }
        histogram
    }

    proptest! {
        #[test]
        fn median_equals_the_sorted_middle(mut days in prop::collection::vec(0u32..400, 1..60)) {
            let median = of(&days).median();
            days.sort_unstable();
            let middle = days.len() / 2;
            let expected = if days.len() % 2 == 1 {
                f64::from(days[middle])
            } else {
                f64::midpoint(f64::from(days[middle - 1]), f64::from(days[middle]))
            };
            prop_assert_eq!(median, Some(expected));
        }

        #[test]
        fn merging_equals_counting_together(left in prop::collection::vec(0u32..90, 0..30), right in prop::collection::vec(0u32..90, 0..30)) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            let together = [left.clone(), right.clone()].concat();
            prop_assert_eq!(&merged, &of(&together));
            prop_assert_eq!(merged.checked_sub(&of(&right)), Some(of(&left)));
            let collected: DayHistogram = together.into_iter().map(|day| (day, 1)).collect();
            prop_assert_eq!(merged, collected);
        }
    }

    #[test]
    fn empty_has_no_median() {
        assert_eq!(DayHistogram::default().median(), None);
    }
}
