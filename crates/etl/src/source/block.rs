use super::record::{Fault, Record};
use crate::Progress;

/// Rows of the first block of a file: of a small file, too, each core gets a share.
const FIRST_ROWS: usize = 1024;
/// Rows of a block. Each block is twice as long as the one before it until they have so many.
const BLOCK_ROWS: usize = 8192;
/// Bytes of text after which a block is full, however few its rows.
const BLOCK_BYTES: usize = 4 << 20;

/// Some rows of a file, copied out of its reader so that another thread can work on them.
pub(crate) struct Block {
    text: Vec<u8>,
    ends: Vec<usize>,
    rows: Vec<Place>,
    /// Rows with which it is full.
    room: usize,
    decoded: bool,
}

/// Where a row ends in the buffers of its block, and what was known of it.
struct Place {
    text: usize,
    ends: usize,
    line: u64,
    fault: Option<Fault>,
    cut_off: bool,
}

impl Block {
    /// The first block of a file.
    pub(crate) fn first() -> Self {
        Self {
            text: Vec::new(),
            ends: Vec::new(),
            rows: Vec::new(),
            room: FIRST_ROWS,
            decoded: false,
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        self.text.extend_from_slice(record.text);
        self.ends.extend_from_slice(record.ends);
        self.decoded = record.decoded;
        self.rows.push(Place {
            text: self.text.len(),
            ends: self.ends.len(),
            line: record.line,
            fault: record.fault,
            cut_off: record.cut_off,
        });
    }

    /// Whether the block should be passed on.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= self.room || self.text.len() >= BLOCK_BYTES
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows that are not blank.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let (mut text, mut ends) = (0, 0);
        let all = self.rows.iter().map(move |place| {
            let record = Record {
                text: &self.text[text..place.text],
                ends: &self.ends[ends..place.ends],
                line: place.line,
                fault: place.fault,
                decoded: self.decoded,
                cut_off: place.cut_off,
            };
            (text, ends) = (place.text, place.ends);
            record
        });
        all.filter(|record| !record.is_blank())
    }

    /// Rows, the blank ones among them.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The empty block that comes after this one.
    fn successor(&self) -> Self {
        let room = BLOCK_ROWS.min(self.room * 2);
        let times = room / self.room;
        Self {
            text: Vec::with_capacity(times * (self.text.len() + self.text.len() / 8)),
            ends: Vec::with_capacity(times * self.ends.len()),
            rows: Vec::with_capacity(times * self.rows.len()),
            room,
            decoded: self.decoded,
        }
    }

    /// Hands the rows on and begins anew.
    pub(crate) fn take(&mut self) -> Self {
        let successor = self.successor();
        std::mem::replace(self, successor)
    }
}

/// How the reading of a file ended.
pub(crate) struct Ended {
    /// Whether its text ends without a line break.
    pub(crate) lacks_line_break: bool,
    /// How far it was read; its rows are not counted.
    pub(crate) progress: Progress,
}
