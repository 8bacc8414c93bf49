//! Events and activities that are spread over the pages of a pull, brought together by deal.
//!
//! A bulk query answers with the histories of all deals in no order. Its rows are dealt out to files
//! by the deal that they are about, so that each file has all rows of its deals and is small enough to
//! be sorted in memory.

use std::io::{self, Write};
use std::sync::Arc;

use winsight_sources::{Page, Record};

use super::assemble::Beside;
use super::pages::{Draft, Pages};

/// Pages have ten thousand rows at most; what so many of them hold is sorted at once.
const PAGES_SORTED_AT_ONCE: u64 = 4;
/// Files that are written at the same time, each with a buffer of its own, for each kind of row.
const MOST_FILES: u64 = 96;

/// Where the files lie, which go with it.
#[derive(Debug)]
struct Parts(Arc<Pages>);

impl Drop for Parts {
    fn drop(&mut self) {
        if let Err(error) = self.0.clear_parts() {
            tracing::warn!(%error, "histories put together for a sync were left behind; the next one removes them");
        }
    }
}

/// Deals rows out to files.
#[derive(Debug)]
pub(super) struct SpreadWriter {
    parts: Parts,
    buckets: u64,
    /// By kind, then bucket: the file, once a row needs it.
    files: [Vec<Option<Draft>>; 2],
}

impl SpreadWriter {
    /// For what is spread over so many pages.
    pub(super) fn new(pages: Arc<Pages>, count: u64) -> Self {
        let buckets = count.div_ceil(PAGES_SORTED_AT_ONCE).clamp(1, MOST_FILES);
        let files = || (0..buckets).map(|_| None).collect();
        Self { parts: Parts(pages), buckets, files: [files(), files()] }
    }

    /// Takes the rows of a page. `key` is a hash of a deal.
    pub(super) fn add(&mut self, page: &Page, key: impl Fn(&str) -> u64) -> io::Result<()> {
        for which in Beside::BOTH {
            for row in which.of(page) {
                let bucket = key(&row.deal) % self.buckets;
                let file = &mut self.files[which as usize][usize::try_from(bucket).unwrap_or(0)];
                let file = match file {
                    Some(file) => file,
                    None => file.insert(self.parts.0.part(&name(which, bucket))?),
                };
                serde_json::to_writer(&mut *file, row)?;
                file.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    /// Ends the writing of the files.
    pub(super) fn finish(self) -> io::Result<Spread> {
        let mut there = [Vec::new(), Vec::new()];
        for (files, there) in self.files.into_iter().zip(&mut there) {
            for file in files {
                there.push(file.is_some());
                if let Some(file) = file {
                    file.finish()?;
                }
            }
        }
        Ok(Spread { parts: self.parts, buckets: self.buckets, there })
    }
}

/// Rows by deal.
#[derive(Debug)]
pub(super) struct Spread {
    parts: Parts,
    pub(super) buckets: u64,
    there: [Vec<bool>; 2],
}

impl Spread {
    /// All rows of a bucket's deals, in no order.
    pub(super) fn rows(&self, which: Beside, bucket: u64) -> io::Result<Vec<Record>> {
        let place = usize::try_from(bucket).unwrap_or(usize::MAX);
        if self.there[which as usize].get(place) != Some(&true) {
            return Ok(Vec::new());
        }
        let contents = self.parts.0.read_part(&name(which, bucket))?;
        let rows = serde_json::Deserializer::from_slice(&contents).into_iter();
        rows.map(|row| row.map_err(io::Error::other)).collect()
    }
}

fn name(which: Beside, bucket: u64) -> String {
    let kind = match which {
        Beside::Events => "events",
        Beside::Activities => "activities",
    };
    format!("{kind}-{bucket:03}")
}
