//! The pages of a pull as the rows of one load, in files from which they can be read any number of times.
//!
//! A deal may be on several pages: it changed while they were read, or the reading went over the same
//! minutes twice. The last page that names it has its newest state.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use winsight_etl::Feed;
use winsight_sources::Record;

use super::pages::{Draft, Pages};
use super::spread::{Entry, Measure, Row, Spread};

/// What is known of the deals of a pull.
#[derive(Debug)]
pub(super) struct Assembly {
    parts: Parts,
    columns: Vec<String>,
    /// The column that tells deals apart, if there is one.
    key: Option<String>,
    /// Rows of each kind, see [`Kind`].
    rows: [u64; Kind::ALL.len()],
}

/// The files, which go with it.
#[derive(Debug)]
struct Parts(Arc<Pages>);

impl Drop for Parts {
    fn drop(&mut self) {
        if let Err(error) = self.0.clear_parts() {
            tracing::warn!(%error, "rows put together for a sync were left behind; the next one removes them");
        }
    }
}

/// What a row says of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deals,
    Deleted,
    Events,
    Activities,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Deals, Self::Deleted, Self::Events, Self::Activities];

    fn file(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Deleted => "deleted",
            Self::Events => "events",
            Self::Activities => "activities",
        }
    }
}

impl Assembly {
    /// Goes through the first `count` pages; deals get the columns given.
    pub(super) fn new(
        pages: Arc<Pages>,
        count: u64,
        columns: &[String],
        measure: Measure,
    ) -> io::Result<Self> {
        let parts = Parts(pages);
        let spread = Spread::of(&parts.0, count, columns, measure)?;
        let key = columns.first().filter(|_| spread.is_keyed).cloned();
        let mut settled = Settled::create(&parts.0)?;
        spread.take(|entries| settled.add(&entries))?;
        let rows = settled.finish()?;
        Ok(Self { parts, columns: columns.to_vec(), key, rows })
    }

    /// How many rows of a kind there are.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.rows[kind as usize]
    }

    /// The deals, one row each.
    pub(super) fn deals(&self, name: &str) -> Feed {
        let feed = self.feed(name, &line(self.columns.iter().map(String::as_str)), Kind::Deals);
        match &self.key {
            Some(key) => feed.keyed_by(key),
            None => feed,
        }
    }

    /// The stages that deals entered, those of each deal together and in their order.
    pub(super) fn events(&self, name: &str) -> Feed {
        self.feed(name, "deal_id,date,stage\n", Kind::Events)
    }

    /// The activities of the deals, those of each deal together and in their order.
    pub(super) fn activities(&self, name: &str) -> Feed {
        self.feed(name, "deal_id,date,kind\n", Kind::Activities)
    }

    /// Every deal that is gone.
    pub(super) fn deleted(&self, mut take: impl FnMut(&str)) -> io::Result<()> {
        for deal in self.parts.0.read_part(Kind::Deleted.file())?.lines() {
            take(&deal?);
        }
        Ok(())
    }

    fn feed(&self, name: &str, header: &str, kind: Kind) -> Feed {
        let pages = Arc::clone(&self.parts.0);
        Feed::new(name, header, move || Ok(Box::new(pages.read_part(kind.file())?)))
    }
}

/// The files while they are written.
struct Settled {
    files: [Draft; Kind::ALL.len()],
    rows: [u64; Kind::ALL.len()],
}

impl Settled {
    fn create(pages: &Pages) -> io::Result<Self> {
        let [deals, deleted, events, activities] = Kind::ALL.map(|kind| pages.part(kind.file()));
        Ok(Self { files: [deals?, deleted?, events?, activities?], rows: Default::default() })
    }

    /// Takes all that there is of some deals, and keeps what counts.
    fn add(&mut self, entries: &[Entry<'_>]) -> io::Result<()> {
        let mut newest = HashMap::new();
        for entry in entries {
            if matches!(entry.row, Row::State(..) | Row::Gone(_)) {
                newest.insert(entry.row.deal(), entry);
            }
        }
        let (mut events, mut activities) = (Vec::new(), Vec::new());
        for entry in entries {
            let Some(newest) = newest.get(entry.row.deal()) else { continue };
            let is_newest = std::ptr::eq(entry, *newest);
            match &entry.row {
                Row::State(_, line) if is_newest => self.write(Kind::Deals, line)?,
                Row::Gone(deal) if is_newest => self.write(Kind::Deleted, &format!("{deal}\n"))?,
                Row::Event(event) if goes_with(entry, newest) => events.push(event.as_ref()),
                Row::Activity(it) if goes_with(entry, newest) => activities.push(it.as_ref()),
                _ => {}
            }
        }
        in_order(&mut events);
        // An event that enters the stage in which the deal is already says nothing.
        events
            .dedup_by(|next, row| next.deal == row.deal && next.fields.get(2) == row.fields.get(2));
        in_order(&mut activities);
        for (kind, rows) in [(Kind::Events, events), (Kind::Activities, activities)] {
            for row in rows {
                self.write(kind, &line(row.fields.iter().map(String::as_str)))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, kind: Kind, line: &str) -> io::Result<()> {
        self.rows[kind as usize] += 1;
        self.files[kind as usize].write_all(line.as_bytes())
    }

    fn finish(self) -> io::Result<[u64; Kind::ALL.len()]> {
        for file in self.files {
            file.finish()?;
        }
        Ok(self.rows)
    }
}

/// Whether an event or activity belongs to the newest state of its deal: one that came with the state
/// of an older page does not.
fn goes_with(entry: &Entry<'_>, newest: &Entry<'_>) -> bool {
    let is_there = matches!(newest.row, Row::State(..));
    is_there && if entry.is_whole { newest.page == entry.page } else { !newest.is_whole }
}

/// Rows of each deal in the order in which they happened. A row that a page repeats is left out.
fn in_order(rows: &mut Vec<&Record>) {
    rows.sort_by(|one, other| {
        let by_time = one.at.cmp(&other.at).then_with(|| one.id.cmp(&other.id));
        one.deal.cmp(&other.deal).then(by_time)
    });
    rows.dedup_by(|next, row| !row.id.is_empty() && next.deal == row.deal && next.id == row.id);
}

/// A line of CSV.
pub(super) fn line<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
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
    text
}

#[cfg(test)]
mod tests;
