//! The rows of a pull, dealt out to files by the deal that they are about.
//!
//! What is about one deal may be on any of the pages: it changed while they were read, the reading went
//! over the same minutes twice, or a bulk query answered with the histories of all deals in no order.
//! Each file has all rows of its deals, and is small enough to be worked on in memory: one that is not
//! is dealt out once more.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use winsight_sources::{Page, Record};

use super::assemble::line;
use super::pages::{Draft, Pages};

/// How rows are dealt out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// Rows of a file that are worked on at once.
    pub(super) rows: u64,
    /// Files that are written at the same time, each with a buffer of its own.
    pub(super) files: u64,
}

impl Default for Measure {
    fn default() -> Self {
        Self { rows: 60_000, files: 128 }
    }
}

/// Pages have ten thousand rows at most, and mostly less: files for these come out at half of what is
/// worked on at once.
const ROWS_OF_A_PAGE: u64 = 7_500;
/// How often rows are dealt out: what is too much then is about a few deals.
const ROUNDS: u32 = 4;

/// A row and the page that it was on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    pub(super) page: u64,
    /// Whether the page had all events and activities of its deals.
    pub(super) is_whole: bool,
    pub(super) row: Row<'a>,
}

/// What is known of a deal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Row<'a> {
    /// The deal, and its state as a line of text.
    State(Cow<'a, str>, String),
    Gone(Cow<'a, str>),
    Event(Cow<'a, Record>),
    Activity(Cow<'a, Record>),
}

impl Row<'_> {
    pub(super) fn deal(&self) -> &str {
        match self {
            Self::State(deal, _) | Self::Gone(deal) => deal,
            Self::Event(record) | Self::Activity(record) => &record.deal,
        }
    }
}

/// Files that rows are dealt out to.
struct Files<'a> {
    pages: &'a Pages,
    name: String,
    /// How many files a deal could already have come to: its hash is divided by that.
    divisor: u64,
    drafts: Vec<Option<(Draft, u64)>>,
}

impl<'a> Files<'a> {
    fn new(pages: &'a Pages, name: &str, divisor: u64, count: u64) -> Self {
        Self { pages, name: name.to_owned(), divisor, drafts: (0..count).map(|_| None).collect() }
    }

    fn add(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let place = hash(entry.row.deal()) / self.divisor % self.drafts.len() as u64;
        let file = &mut self.drafts[usize::try_from(place).unwrap_or(0)];
        let (file, rows) = match file {
            Some(file) => file,
            None => file.insert((self.pages.part(&format!("{}-{place:03}", self.name))?, 0)),
        };
        *rows += 1;
        serde_json::to_writer(&mut *file, entry)?;
        file.write_all(b"\n")
    }

    /// Gives all rows of some deals after the other, in the order in which they were added. What was
    /// taken is thrown away.
    fn take(
        self,
        measure: Measure,
        round: u32,
        settle: &mut impl FnMut(Vec<Entry<'static>>) -> io::Result<()>,
    ) -> io::Result<()> {
        let divisor = self.divisor * self.drafts.len() as u64;
        let mut written = Vec::new();
        for (place, file) in self.drafts.into_iter().enumerate() {
            if let Some((file, rows)) = file {
                file.finish()?;
                written.push((format!("{}-{place:03}", self.name), rows));
            }
        }
        for (name, rows) in written {
            let entries = read(self.pages, &name)?;
            if rows > measure.rows && round < ROUNDS {
                let count = rows.div_ceil(measure.rows / 2).clamp(2, measure.files);
                let mut files = Files::new(self.pages, &name, divisor, count);
                entries.into_iter().try_for_each(|entry| files.add(&entry?))?;
                self.pages.remove_part(&name)?;
                files.take(measure, round + 1, settle)?;
            } else {
                settle(entries.collect::<io::Result<_>>()?)?;
                self.pages.remove_part(&name)?;
            }
        }
        Ok(())
    }
}

fn read(pages: &Pages, name: &str) -> io::Result<impl Iterator<Item = io::Result<Entry<'static>>>> {
    let lines = pages.read_part(name)?.split(b'\n');
    Ok(lines.map(|line| Ok(serde_json::from_slice(&line?)?)))
}

/// Rows by deal, in files of their own.
pub(super) struct Spread<'a> {
    files: Files<'a>,
    measure: Measure,
    /// Whether the first column of every state is what its deal is known by.
    pub(super) is_keyed: bool,
}

impl<'a> Spread<'a> {
    /// Deals out the first `count` pages; states have the columns given.
    pub(super) fn of(
        pages: &'a Pages,
        count: u64,
        columns: &[String],
        measure: Measure,
    ) -> io::Result<Self> {
        let rows = count * ROWS_OF_A_PAGE;
        let files = rows.div_ceil(measure.rows / 2).clamp(1, measure.files);
        let files = Files::new(pages, "spread", 1, files);
        let mut spread = Self { files, measure, is_keyed: true };
        for number in 0..count {
            let page = pages.read(number)?;
            let places: Vec<_> = columns
                .iter()
                .map(|wanted| page.deals.columns.iter().position(|column| column == wanted))
                .collect();
            for deal in &page.deals.rows {
                let field = |place: &Option<usize>| deal.fields.get((*place)?);
                let fields = places.iter().map(|place| field(place).map_or("", String::as_str));
                spread.is_keyed &= fields.clone().next() == Some(&deal.deal);
                let row = Row::State(Cow::Borrowed(&deal.deal), line(fields));
                spread.add(number, &page, row)?;
            }
            // What a page both lists and calls gone was merged or deleted as it was read.
            for gone in &page.deleted {
                spread.add(number, &page, Row::Gone(Cow::Borrowed(&gone.deal)))?;
            }
            for event in &page.events.rows {
                spread.add(number, &page, Row::Event(Cow::Borrowed(event)))?;
            }
            for activity in &page.activities.rows {
                spread.add(number, &page, Row::Activity(Cow::Borrowed(activity)))?;
            }
        }
        Ok(spread)
    }

    fn add(&mut self, page: u64, of: &Page, row: Row<'_>) -> io::Result<()> {
        self.files.add(&Entry { page, is_whole: of.whole, row })
    }

    /// All rows of some deals after the other, in the order of the pages. What was taken is thrown away.
    pub(super) fn take(
        self,
        mut settle: impl FnMut(Vec<Entry<'static>>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.files.take(self.measure, 1, &mut settle)
    }
}

fn hash(deal: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(deal)
}
