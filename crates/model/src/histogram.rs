/// How many deals took each whole number of days. Adding two gives the histogram of both together,
/// so medians stay exact however the data was split.
#[derive(Clone, Debug, Default, Eq)]
pub struct DayHistogram {
    counts: Vec<u64>,
}

impl DayHistogram {
    /// Counts `deals` more deals of `days` days.
    pub fn add(&mut self, days: u32, deals: u64) {
        let index = days as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += deals;
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Number of deals counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
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
        (0..).zip(self.counts.iter().copied()).filter(|&(_, deals)| deals > 0)
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

impl PartialEq for DayHistogram {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
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
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }
    }

    #[test]
    fn empty_has_no_median() {
        assert_eq!(DayHistogram::default().median(), None);
    }
}
