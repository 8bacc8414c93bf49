//! Daily counts of closed deals per segment, and what of them is known on a day.

use jiff::civil::Date;
use winsight_insight::Share;
use winsight_model::Window;

/// Deals closed on each day, in each segment, and how many days later each became known.
#[derive(Clone, Debug)]
pub struct History {
    first_day: Date,
    days: usize,
    /// Which dimension each segment is a value of; all deals are no segment.
    dimensions: Vec<usize>,
    /// By days until known: segment after segment (all deals first), the running counts.
    known_after: Vec<Vec<Share>>,
    /// The same, however late; filled by [`History::finished`].
    in_the_end: Vec<Share>,
}

impl History {
    /// No deals, from `first_day` on. A deal becomes known up to `latest` days after it closed.
    pub fn new(first_day: Date, days: usize, dimensions: Vec<usize>, latest: usize) -> Self {
        let cells = (dimensions.len() + 1) * (days + 1);
        let known_after = vec![vec![Share::default(); cells]; latest + 1];
        Self { first_day, days, dimensions, known_after, in_the_end: Vec::new() }
    }

    /// Counts a deal that closed on the day with this number and became known `late` days after it.
    pub fn add(&mut self, day: usize, late: usize, won: bool, segments: &[usize]) {
        let days = self.days;
        let counts = &mut self.known_after[late];
        for cell in std::iter::once(0).chain(segments.iter().map(|segment| segment + 1)) {
            let count = &mut counts[cell * (days + 1) + day + 1];
            count.deals += 1;
            count.won += u64::from(won);
        }
    }

    /// Turns counts of days into running counts; to be called once, after the last deal.
    pub fn finished(mut self) -> Self {
        for counts in &mut self.known_after {
            for segment in counts.chunks_mut(self.days + 1) {
                let mut total = Share::default();
                for count in segment {
                    total = Share { won: total.won + count.won, deals: total.deals + count.deals };
                    *count = total;
                }
            }
        }
        self.in_the_end = vec![Share::default(); self.known_after[0].len()];
        for counts in &self.known_after {
            for (total, count) in self.in_the_end.iter_mut().zip(counts) {
                total.won += count.won;
                total.deals += count.deals;
            }
        }
        self
    }

    /// The first day on which a deal may have closed.
    pub fn first_day(&self) -> Date {
        self.first_day
    }

    /// Which dimension each segment is a value of.
    pub fn dimensions(&self) -> &[usize] {
        &self.dimensions
    }

    /// The history as it is known at the end of `day`.
    pub fn seen_on(&self, day: Date) -> Seen<'_> {
        Seen { history: self, known: self.number_of(day) + 1 }
    }

    fn number_of(&self, day: Date) -> usize {
        let days = self.first_day.until(day).map_or(0, |span| span.get_days());
        usize::try_from(days).unwrap_or(0).min(self.days)
    }
}

/// A history as it is known on a day.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    history: &'a History,
    known: usize,
}

impl Seen<'_> {
    /// Won and closed deals of all deals in a window.
    pub fn all(&self, window: Window) -> Share {
        self.count(0, window)
    }

    /// Won and closed deals of each segment in a window.
    pub fn segments(&self, window: Window) -> Vec<Share> {
        (1..=self.history.dimensions.len()).map(|cell| self.count(cell, window)).collect()
    }

    fn count(&self, cell: usize, window: Window) -> Share {
        let (from, to) = (self.history.number_of(window.from), self.history.number_of(window.to));
        let first = cell * (self.history.days + 1);
        let minus = |until: Share, before: Share| Share {
            won: until.won - before.won,
            deals: until.deals - before.deals,
        };
        // Before this day everything is known; after it only what was not late.
        let all_known = (self.known + 1).saturating_sub(self.history.known_after.len());
        let certain = to.min(all_known).max(from);
        let counts = &self.history.in_the_end;
        let mut total = minus(counts[first + certain], counts[first + from]);
        let from = certain;
        for (late, counts) in self.history.known_after.iter().enumerate() {
            if from >= to {
                break;
            }
            let to = to.min(self.known.saturating_sub(late));
            if from < to {
                let known = minus(counts[first + to], counts[first + from]);
                total.won += known.won;
                total.deals += known.deals;
            }
        }
        total
    }
}
