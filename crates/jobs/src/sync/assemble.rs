//! The pages of a pull as the rows of one load.
//!
//! A deal may be on several pages: it changed while they were read, or the reading went over the same
//! minutes twice. The last page that names it has its newest state.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use winsight_etl::Feed;
use winsight_sources::{Page, Record};

use super::pages::Pages;
use super::spread::{Spread, SpreadWriter};

/// The place of a deal that is gone.
const GONE: u32 = u32::MAX;

/// The pages of a pull, and which of them counts for each deal.
#[derive(Debug)]
pub(super) struct Assembly {
    pages: Arc<Pages>,
    contents: Vec<Contents>,
    /// Hash of the id to page and row.
    newest: HashMap<u64, (u32, u32), Plain>,
    /// Events and activities on pages that are not whole.
    spread: Spread,
    pub(super) deals: u64,
    pub(super) deleted: u64,
    /// Whether there are any events, and any activities.
    pub(super) has: [bool; 2],
}

/// What a page has.
#[derive(Clone, Copy, Debug)]
struct Contents {
    is_whole: bool,
    deals: bool,
    deleted: bool,
}

/// Keys that are hashes already.
type Plain = BuildHasherDefault<DefaultHasher>;

fn key(deal: &str) -> u64 {
    Plain::default().hash_one(deal)
}

/// Which rows of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Events,
    Activities,
}

impl Beside {
    pub(super) const BOTH: [Self; 2] = [Self::Events, Self::Activities];

    pub(super) fn of(self, page: &Page) -> &[Record] {
        match self {
            Self::Events => &page.events.rows,
            Self::Activities => &page.activities.rows,
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Events => "deal_id,date,stage\n",
            Self::Activities => "deal_id,date,kind\n",
        }
    }
}

impl Assembly {
    /// Goes through the first `count` pages.
    pub(super) fn new(pages: Arc<Pages>, count: u64) -> io::Result<Self> {
        let mut newest: HashMap<u64, (u32, u32), Plain> = HashMap::default();
        let mut spread = SpreadWriter::new(Arc::clone(&pages), count);
        let (mut contents, mut has) = (Vec::new(), [false; 2]);
        for number in 0..count {
            let page = pages.read(number)?;
            let number = u32::try_from(number).map_err(io::Error::other)?;
            // What a page both lists and calls gone was merged or deleted as it was read.
            for (row, deal) in (0..).zip(&page.deals.rows) {
                newest.insert(key(&deal.deal), (number, row));
            }
            for gone in &page.deleted {
                newest.insert(key(&gone.deal), (number, GONE));
            }
            for which in Beside::BOTH {
                has[which as usize] |= !which.of(&page).is_empty();
            }
            if !page.whole {
                spread.add(&page, key)?;
            }
            contents.push(Contents {
                is_whole: page.whole,
                deals: !page.deals.rows.is_empty(),
                deleted: !page.deleted.is_empty(),
            });
        }
        let deleted = newest.values().filter(|(_, row)| *row == GONE).count() as u64;
        let deals = newest.len() as u64 - deleted;
        Ok(Self { pages, contents, newest, spread: spread.finish()?, deals, deleted, has })
    }

    /// The deals, one row each, under the columns given.
    pub(super) fn deals(self: &Arc<Self>, name: &str, columns: &[String]) -> Feed {
        let (this, wanted) = (Arc::clone(self), columns.to_vec());
        Self::feed(name, &line(columns), self.contents.len() as u64, move |chunk| {
            let mut text = String::new();
            if !this.page(chunk).is_some_and(|page| page.deals) {
                return Ok(text);
            }
            let page = this.pages.read(chunk)?;
            let places: Vec<_> = wanted
                .iter()
                .map(|wanted| page.deals.columns.iter().position(|column| column == wanted))
                .collect();
            for (row, deal) in (0_u32..).zip(&page.deals.rows) {
                if this.newest.get(&key(&deal.deal)) == Some(&(truncated(chunk), row)) {
                    let field = |place: &Option<usize>| deal.fields.get((*place)?);
                    let fields = places.iter().map(|place| field(place).map_or("", String::as_str));
                    push_line(&mut text, fields);
                }
            }
            Ok(text)
        })
    }

    /// The events or activities of the deals, those of each deal together and in their order.
    pub(super) fn beside(self: &Arc<Self>, name: &str, which: Beside) -> Feed {
        let pages = self.contents.len() as u64;
        let this = Arc::clone(self);
        Self::feed(name, which.header(), pages + self.spread.buckets, move |chunk| {
            let rows = match chunk.checked_sub(pages) {
                None => this.of_page(chunk, which)?,
                Some(bucket) => this.of_bucket(bucket, which)?,
            };
            Ok(lines(rows, which))
        })
    }

    fn of_page(&self, number: u64, which: Beside) -> io::Result<Vec<Record>> {
        if !self.page(number).is_some_and(|page| page.is_whole) {
            return Ok(Vec::new());
        }
        let page = self.pages.read(number)?;
        let counts = |row: &&Record| {
            let newest = self.newest.get(&key(&row.deal));
            newest.is_some_and(|(page, row)| u64::from(*page) == number && *row != GONE)
        };
        Ok(which.of(&page).iter().filter(counts).cloned().collect())
    }

    fn of_bucket(&self, bucket: u64, which: Beside) -> io::Result<Vec<Record>> {
        let mut rows = self.spread.rows(which, bucket)?;
        rows.retain(|row| {
            let newest = self.newest.get(&key(&row.deal));
            let is_spread =
                |page: u32| self.page(u64::from(page)).is_some_and(|contents| !contents.is_whole);
            newest.is_some_and(|(page, row)| *row != GONE && is_spread(*page))
        });
        Ok(rows)
    }

    fn page(&self, number: u64) -> Option<&Contents> {
        self.contents.get(usize::try_from(number).ok()?)
    }

    /// Every deal that is gone.
    pub(super) fn gone(&self, mut take: impl FnMut(&str)) -> io::Result<()> {
        for (number, _) in (0..).zip(&self.contents).filter(|(_, page)| page.deleted) {
            for gone in &self.pages.read(number)?.deleted {
                if self.newest.get(&key(&gone.deal)) == Some(&(truncated(number), GONE)) {
                    take(&gone.deal);
                }
            }
        }
        Ok(())
    }

    fn feed(
        name: &str,
        header: &str,
        chunks: u64,
        make: impl Fn(u64) -> io::Result<String> + Send + Sync + 'static,
    ) -> Feed {
        let make: Arc<Make> = Arc::new(make);
        Feed::new(name, header, 0, move || {
            let (make, current) = (Arc::clone(&make), Cursor::default());
            Ok(Box::new(Chunks { make, next: 0, end: chunks, current }))
        })
    }
}

/// Pages are counted in 32 bits: [`Assembly::new`] refuses more.
fn truncated(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

type Make = dyn Fn(u64) -> io::Result<String> + Send + Sync;

/// Text that is made piece by piece.
struct Chunks {
    make: Arc<Make>,
    next: u64,
    end: u64,
    current: Cursor<Vec<u8>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.next >= self.end {
                return Ok(read);
            }
            self.current = Cursor::new((self.make)(self.next)?.into_bytes());
            self.next += 1;
        }
    }
}

/// The rows of each deal in the order in which they happened. A row that a page repeats is left out,
/// and so is an event that enters the stage in which the deal is already.
fn lines(mut rows: Vec<Record>, which: Beside) -> String {
    rows.sort_by(|one, other| {
        let by_time = one.at.cmp(&other.at).then_with(|| one.id.cmp(&other.id));
        one.deal.cmp(&other.deal).then(by_time)
    });
    rows.dedup_by(|next, row| !row.id.is_empty() && next.deal == row.deal && next.id == row.id);
    if which == Beside::Events {
        rows.dedup_by(|next, row| next.deal == row.deal && next.fields.get(2) == row.fields.get(2));
    }
    let mut text = String::new();
    for row in &rows {
        push_line(&mut text, row.fields.iter().map(String::as_str));
    }
    text
}

fn line(fields: &[String]) -> String {
    let mut text = String::new();
    push_line(&mut text, fields.iter().map(String::as_str));
    text
}

fn push_line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            text.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) || field.is_empty() && place == 0 {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
