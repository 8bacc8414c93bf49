//! Numbers that lie far from all others, found without keeping them.

use crate::ExampleRow;
use crate::findings::EXAMPLES;

/// Bins per unit of the natural logarithm: a bin spans one percent.
const BINS_PER_UNIT: f64 = 100.0;
/// Bins up to the logarithm of the largest 64-bit number.
const BINS: usize = 4400;
/// Distance from the median beyond which a number is reported, in robust standard deviations.
const DEVIATIONS: f64 = 6.0;
/// What makes the median absolute deviation estimate a standard deviation (Rousseeuw and Croux,
/// *Alternatives to the Median Absolute Deviation*, 1993).
const CONSISTENCY: f64 = 1.4826;
/// Fewest numbers that show what is usual.
const FEWEST: u64 = 30;

/// The bin of a positive number; `None` for zero and below.
pub(crate) fn bin_of(number: i128) -> Option<u16> {
    let bin = (number > 0).then(|| ((number as f64).ln() * BINS_PER_UNIT).floor())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a logarithm of a number from 1, limited to the bins"
    )]
    Some(bin.min((BINS - 1) as f64) as u16)
}

/// How positive numbers are distributed on a logarithmic scale, with the rows of the extreme ones.
pub(crate) struct Spread {
    bins: Vec<u64>,
    lowest: Vec<(u16, ExampleRow)>,
    highest: Vec<(u16, ExampleRow)>,
}

/// Numbers far from the median, in the unit of the numbers.
pub(crate) struct Outliers {
    pub(crate) count: u64,
    pub(crate) median: f64,
    /// Below this a number lies far out.
    pub(crate) low: f64,
    /// Above this a number lies far out.
    pub(crate) high: f64,
    pub(crate) rows: Vec<ExampleRow>,
}

impl Default for Spread {
    fn default() -> Self {
        Self { bins: vec![0; BINS], lowest: Vec::new(), highest: Vec::new() }
    }
}

impl Spread {
    /// Counts one more number; `row` is asked for when it is an extreme one.
    pub(crate) fn add(&mut self, bin: u16, row: impl Fn() -> ExampleRow) {
        self.bins[usize::from(bin)] += 1;
        keep(&mut self.lowest, bin, |other| bin < other, &row);
        keep(&mut self.highest, bin, |other| bin > other, &row);
    }

    /// The numbers whose logarithm lies more than six robust standard deviations from the median.
    /// `None` when there are none, or too few numbers to say, or more than half are the same.
    pub(crate) fn outliers(&self) -> Option<Outliers> {
        let total: u64 = self.bins.iter().sum();
        let median = middle(total, self.bins.iter().copied().enumerate())?;
        let mut distances = vec![0; BINS];
        for (bin, count) in self.bins.iter().enumerate() {
            distances[bin.abs_diff(median)] += count;
        }
        let deviation = middle(total, distances.into_iter().enumerate())?;
        if total < FEWEST || deviation == 0 {
            return None;
        }
        let reach = DEVIATIONS * CONSISTENCY * deviation as f64;
        let is_far = |bin: usize| bin.abs_diff(median) as f64 > reach;
        let count = (0..BINS).filter(|bin| is_far(*bin)).map(|bin| self.bins[bin]).sum();
        let mut extremes: Vec<_> = self
            .highest
            .iter()
            .chain(&self.lowest)
            .filter(|(bin, _)| is_far(usize::from(*bin)))
            .map(|(_, row)| row.clone())
            .collect();
        extremes.truncate(EXAMPLES);
        let number = |bin: f64| (bin / BINS_PER_UNIT).exp();
        (count > 0).then(|| Outliers {
            count,
            median: number(median as f64 + 0.5),
            low: number(median as f64 - reach),
            high: number(median as f64 + reach + 1.0),
            rows: extremes,
        })
    }
}

/// The bin in which the middle one of all numbers lies.
fn middle(total: u64, bins: impl Iterator<Item = (usize, u64)>) -> Option<usize> {
    let mut below = 0;
    for (bin, count) in bins {
        below += count;
        if count > 0 && below * 2 >= total {
            return Some(bin);
        }
    }
    None
}

/// Keeps the most extreme rows, of equal ones the first.
fn keep(
    rows: &mut Vec<(u16, ExampleRow)>,
    bin: u16,
    is_beyond: impl Fn(u16) -> bool,
    row: impl Fn() -> ExampleRow,
) {
    if rows.len() == EXAMPLES && rows.last().is_some_and(|(other, _)| !is_beyond(*other)) {
        return;
    }
    let place = rows.iter().position(|(other, _)| is_beyond(*other)).unwrap_or(rows.len());
    rows.insert(place, (bin, row()));
    rows.truncate(EXAMPLES);
}

#[cfg(test)]
mod tests {
    use super::{Spread, bin_of};
    use crate::ExampleRow;

    fn spread_of(numbers: impl Iterator<Item = i128>) -> Spread {
        let mut spread = Spread::default();
        for (line, number) in (1..).zip(numbers) {
            let bin = bin_of(number).expect("positive");
            spread.add(bin, || ExampleRow { line, deal_id: None });
        }
        spread
    }

    #[test]
    fn finds_what_lies_far_out_on_both_sides() {
        let usual = (0..1000).map(|index| 10_000 + index * 40);
        let spread = spread_of(usual.chain([5, 90_000_000_000, 60_000]));
        let found = spread.outliers().expect("two lie far out");
        assert_eq!(found.count, 2);
        let lines: Vec<_> = found.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [1002, 1001]);
        assert!((28_000.0..32_000.0).contains(&found.median), "{}", found.median);
        assert!(found.low < 10_000.0 && found.high > 60_000.0);
    }

    #[test]
    fn says_nothing_without_a_usual_number() {
        assert!(spread_of([1, 1_000_000].into_iter()).outliers().is_none(), "two numbers");
        let same = std::iter::repeat_n(500, 100);
        assert!(spread_of(same.chain([9_000_000])).outliers().is_none(), "no spread");
        let even = (1..=1000).map(|number| 5_000 + number * 100);
        assert!(spread_of(even).outliers().is_none(), "nothing far out");
    }
}
