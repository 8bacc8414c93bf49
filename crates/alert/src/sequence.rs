//! The windows through which the rules look for changes.
//!
//! A new sequence of daily looks begins on the first day of every month and lasts three months, so
//! that three are under way at any time: a change is met by one that began shortly before it. Each
//! compares the days since its beginning with the year before. The sequence that begins with a fiscal
//! quarter gets most of the false-alarm budget, the other two share the rest; over any three months
//! their shares add up to the whole.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_insight::{Course, DropCounts, SegmentPair, Share};
use winsight_model::{FiscalYearStart, Segment, Window};

/// A window that grows by a day with every look, and what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    /// From its first day to the day of the look.
    pub window: Window,
    /// The first day after its last look.
    pub ends: Date,
    /// The year before it, or as much of that as there is.
    pub baseline: Window,
    /// Its own days one year before; `None` when they are not there in full.
    pub season: Option<Window>,
    /// Its share of the false-alarm budget of a rule.
    pub share: f64,
}

const MONTHS: i64 = 3;
const SHARE_OF_QUARTERS: f64 = 0.7;

impl Sequence {
    /// The sequences that look at `last_day`, the latest to begin coming last. `first_day` is the
    /// first on which a deal closed; a sequence without four weeks of baseline is left out.
    pub fn under_way(last_day: Date, first_day: Date, fiscal: FiscalYearStart) -> Vec<Self> {
        let month = last_day.first_of_month();
        let begun = (0..MONTHS).rev().map(|back| month.saturating_sub(back.months()));
        begun.filter_map(|from| Self::begun(from, last_day, first_day, fiscal)).collect()
    }

    fn begun(from: Date, last_day: Date, first_day: Date, fiscal: FiscalYearStart) -> Option<Self> {
        const SHORTEST_BASELINE: i32 = 28;
        let year_before = from.saturating_sub(1.year());
        let baseline = Window { from: year_before.max(first_day), to: from };
        let season = Window { from: year_before, to: year_before.saturating_add(MONTHS.months()) };
        let day_before = from.saturating_sub(1.day());
        let begins_quarter = fiscal.quarter_of(from) != fiscal.quarter_of(day_before);
        let others = (MONTHS - 1) as f64;
        (baseline.days() >= SHORTEST_BASELINE).then(|| Self {
            window: Window { from, to: last_day.saturating_add(1.day()) },
            ends: from.saturating_add(MONTHS.months()),
            baseline,
            season: (first_day <= year_before).then_some(season),
            share: if begins_quarter {
                SHARE_OF_QUARTERS
            } else {
                (1.0 - SHARE_OF_QUARTERS) / others
            },
        })
    }

    /// How far it has come.
    pub fn course(&self) -> Course {
        let days = |window: Window| window.days().unsigned_abs();
        Course {
            elapsed: days(self.window),
            days: days(Window { to: self.ends, ..self.window }),
            baseline_days: days(self.baseline),
        }
    }
}

/// A sequence and the deals that it sees.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceLook {
    /// Its windows.
    pub sequence: Sequence,
    /// Every deal, in the window and in its baseline.
    pub overall: SegmentPair,
    /// Every value of every single dimension known while a deal is open.
    pub pairs: Vec<SegmentPair>,
    /// Won and closed one year before the window, where there is a season; all deals too.
    pub seasons: BTreeMap<Segment, Share>,
}

impl SequenceLook {
    /// The numbers of a segment that a test of its win rate asks for.
    pub(crate) fn counts(&self, pair: &SegmentPair) -> DropCounts {
        let season = self.sequence.season.map(|_| self.seasons.get(&pair.segment));
        DropCounts {
            current: Share::from(&pair.current),
            baseline: Share::from(&pair.baseline),
            season: season.map(|share| share.copied().unwrap_or_default()),
        }
    }
}
