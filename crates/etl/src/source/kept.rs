use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delimited::DelimitedRows;
use super::encoding::Decoded;
use super::record::{Fault, RAW_BYTES, Record};
use crate::{EtlError, RawRow};

/// Rows that were kept as text when they were set aside, each read by itself, so that one which is
/// broken does not swallow the next.
pub(super) struct KeptRows {
    path: PathBuf,
    rows: Arc<[RawRow]>,
    /// Place of the next row.
    next: usize,
    current: Option<DelimitedRows>,
}

impl KeptRows {
    pub(super) fn new(path: &Path, rows: Arc<[RawRow]>) -> Self {
        Self { path: path.to_owned(), rows, next: 0, current: None }
    }

    pub(super) fn advance(&mut self) -> Result<bool, EtlError> {
        let Some(row) = self.rows.get(self.next) else { return Ok(false) };
        self.next += 1;
        let mut current = read_one(&self.path, &row.text);
        current.advance()?;
        self.current = Some(current);
        Ok(true)
    }

    pub(super) fn record(&self) -> Record<'_> {
        let row = self.next.checked_sub(1).and_then(|place| self.rows.get(place));
        let (Some(row), Some(current)) = (row, &self.current) else {
            return Record {
                text: &[],
                ends: &[],
                line: 0,
                fault: None,
                decoded: false,
                cut_off: false,
            };
        };
        let record = current.record();
        let is_cut = row.text.len() + 3 >= RAW_BYTES;
        let fault = if is_cut { Some(Fault::CutText) } else { record.fault };
        Record { line: row.line, fault, cut_off: false, ..record }
    }

    /// The part of `bytes` that the rows read so far stand for.
    pub(super) fn share_of(&self, bytes: u64) -> u64 {
        bytes * self.next as u64 / (self.rows.len() as u64).max(1)
    }
}

/// The one row of a text, as [`Record::raw`] writes it.
pub(super) fn read_one(path: &Path, text: &str) -> DelimitedRows {
    let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
    DelimitedRows::new(path, Decoded { reader, lossy: false }, b',')
}
