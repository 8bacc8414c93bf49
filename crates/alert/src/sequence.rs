//! The windows through which the rules look for changes.
//!
//! A new window begins on the first day of every month and lasts three months, so that three grow at
//! any time: a change is met by one that began shortly before it. Each compares the days since
//! its beginning with the year before. A sequence of looks spends its part of the false-alarm budget by
//! its last look; the one whose window is a fiscal quarter has most of it. The other windows have two
//! sequences: one that is done when the quarter is, for a quarter should not end with a drop in its
//! last months untold, and one that goes on to the end of the window, for a drop in the last weeks of a
//! quarter. The parts of the sequences that begin in any three months add up to the whole.
//!
//! The last look of a sequence is its strongest, and the last known day may jump over it: over a weekend
//! without deals, or from one weekly import to the next. So a sequence looks on for a week at its
//! complete window. On a window that does not change any more, a look too many says what the last one
//! said; deals that are entered late are more often won than lost, and speak against a drop.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_insight::{Course, DropCounts, SegmentPair, Share};
use winsight_model::{FiscalYearStart, Segment, Window};

/// A window that grows by a day with every look until it is complete, and what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    /// From its first day to the day of the look, or to the day before `ends`.
    pub window: Window,
    /// The first day after its window is complete.
    pub ends: Date,
    /// The year before it, or as much of that as there is.
    pub baseline: Window,
    /// The three months from its first day on, one year before; `None` when they are not there in
    /// full.
    pub season: Option<Window>,
    /// Its share of the false-alarm budget of a rule.
    pub share: f64,
}

const MONTHS: i64 = 3;
const SHARE_OF_QUARTER: f64 = 0.7;
const SHARE_TO_QUARTERS_END: f64 = 0.1;
const SHARE_BEYOND: f64 = 0.05;

impl Sequence {
    /// Days after the end of its window on which a sequence still looks at it: as many as pass between
    /// two weekly imports.
    pub const LATE_LOOKS: i64 = 7;

    /// The sequences that look when `last_day` is the last day to judge, the latest to begin coming
    /// last, those with the same window next to each other. `first_day` is the first on which a deal
    /// closed; a sequence without four weeks of baseline is left out.
    pub fn under_way(last_day: Date, first_day: Date, fiscal: FiscalYearStart) -> Vec<Self> {
        let month = last_day.first_of_month();
        let begun = (0..=MONTHS).rev().map(|back| month.saturating_sub(back.months()));
        let sequences = begun.flat_map(|from| Self::begun(from, last_day, first_day, fiscal));
        sequences.filter(|sequence| last_day < sequence.looks_until()).collect()
    }

    fn begun(from: Date, last_day: Date, first_day: Date, fiscal: FiscalYearStart) -> Vec<Self> {
        const SHORTEST_BASELINE: i32 = 28;
        let year_before = from.saturating_sub(1.year());
        let baseline = Window { from: year_before.max(first_day), to: from };
        if baseline.days() < SHORTEST_BASELINE {
            return Vec::new();
        }
        let season = Window { from: year_before, to: year_before.saturating_add(MONTHS.months()) };
        let (ends, quarter_ends) =
            (from.saturating_add(MONTHS.months()), fiscal.quarter_window(from).to);
        let parts = if ends == quarter_ends {
            vec![(ends, SHARE_OF_QUARTER)]
        } else {
            vec![(quarter_ends, SHARE_TO_QUARTERS_END), (ends, SHARE_BEYOND)]
        };
        let sequence = |(ends, share)| Self {
            window: Window { from, to: last_day.saturating_add(1.day()).min(ends) },
            ends,
            baseline,
            season: (first_day <= year_before).then_some(season),
            share,
        };
        parts.into_iter().map(sequence).collect()
    }

    fn looks_until(&self) -> Date {
        self.ends.saturating_add(Self::LATE_LOOKS.days())
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
