//! The rows of a pull, dealt out to files by the deal that they are about.
//!
//! What is about one deal may be on any of the pages: it changed while they were read, the reading went
//! over the same minutes twice, or a bulk query answered with the histories of all deals in no order.
//! Each file has all rows of its deals, and is small enough to be worked on in memory.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use winsight_sources::{Page, Record};

use super::assemble::line;
use super::pages::{Draft, Pages};

/// Pages have ten thousand rows at most; what so many of them hold is in memory at once.
const PAGES_AT_ONCE: u64 = 4;
/// Files that are written at the same time, each with a buffer of its own.
const MOST_FILES: u64 = 128;

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

/// Rows by deal, in files of their own.
pub(super) struct Spread<'a> {
    pages: &'a Pages,
    files: Vec<Option<Draft>>,
    /// Whether the first column of every state is what its deal is known by.
    pub(super) is_keyed: bool,
}

impl<'a> Spread<'a> {
    /// Deals out the first `count` pages; states have the columns given.
    pub(super) fn of(pages: &'a Pages, count: u64, columns: &[String]) -> io::Result<Self> {
        let buckets = count.div_ceil(PAGES_AT_ONCE).clamp(1, MOST_FILES);
        let files = (0..buckets).map(|_| None).collect();
        let mut spread = Self { pages, files, is_keyed: true };
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
        let bucket = hash(row.deal()) % self.files.len() as u64;
        let file = &mut self.files[usize::try_from(bucket).unwrap_or(0)];
        let file = match file {
            Some(file) => file,
            None => file.insert(self.pages.part(&name(bucket))?),
        };
        serde_json::to_writer(&mut *file, &Entry { page, is_whole: of.whole, row })?;
        file.write_all(b"\n")
    }

    /// All rows of some deals after the other, in the order of the pages. What was taken is thrown away.
    pub(super) fn take(
        self,
        mut settle: impl FnMut(Vec<Entry<'static>>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut files = Vec::new();
        for (bucket, file) in (0..).zip(self.files) {
            if let Some(file) = file {
                file.finish()?;
                files.push(name(bucket));
            }
        }
        for file in files {
            let mut entries = Vec::new();
            for line in self.pages.read_part(&file)?.split(b'\n') {
                entries.push(serde_json::from_slice(&line?)?);
            }
            settle(entries)?;
            self.pages.remove_part(&file)?;
        }
        Ok(())
    }
}

fn hash(deal: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(deal)
}

fn name(bucket: u64) -> String {
    format!("spread-{bucket:03}")
}
