use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::encoding::Decoded;
use super::record::{Fault, Record};
use crate::EtlError;
use crate::field::Table;

/// Longest row that is read; of a longer one only the beginning is kept.
const ROW_BYTES: usize = 1 << 20;
/// What is kept of a row that is too long.
const KEPT_BYTES: usize = 8 * 1024;
/// Most fields of a row.
const ROW_FIELDS: usize = 16 * 1024;
/// A quote that swallows more lines than this until the end of the file refuses the file: setting
/// aside that many rows as one would hide the loss.
const SWALLOWED_LINES: u64 = 100;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a text table. Memory is bounded by [`ROW_BYTES`], however long a line is.
pub(super) struct DelimitedRows {
    path: PathBuf,
    input: BufReader<Box<dyn std::io::Read>>,
    lossy: bool,
    core: Reader,
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    ends_length: usize,
    oversized: bool,
    fault: Option<Fault>,
    record_line: u64,
    last_byte: u8,
    at_end: bool,
}

impl DelimitedRows {
    pub(super) fn new(path: &Path, text: Decoded, delimiter: u8) -> Self {
        Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(256 * 1024, text.reader),
            lossy: text.lossy,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; 4 * 1024],
            text_length: 0,
            ends: vec![0; 64],
            ends_length: 0,
            oversized: false,
            fault: None,
            record_line: 1,
            last_byte: b'\n',
            at_end: false,
        }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            text: &self.text[..self.text_length],
            ends: &self.ends[..self.ends_length],
            line: self.record_line,
            fault: self.fault,
            decoded: self.lossy,
            cut_off: self.lacks_final_line_break(),
        }
    }

    pub(super) fn lacks_final_line_break(&self) -> bool {
        self.at_end && !matches!(self.last_byte, b'\n' | b'\r')
    }

    pub(super) fn advance(&mut self) -> Result<bool, EtlError> {
        self.text_length = 0;
        self.ends_length = 0;
        self.oversized = false;
        self.fault = None;
        self.skip_line_breaks()?;
        self.record_line = self.core.line();
        loop {
            let input = self.input.fill_buf().map_err(|error| EtlError::io(&self.path, error))?;
            if input.is_empty() {
                return self.finish();
            }
            let (result, read, written, ended) = self.core.read_record(
                input,
                &mut self.text[self.text_length..],
                &mut self.ends[self.ends_length..],
            );
            let consumed = &input[..read];
            self.last_byte = consumed.last().copied().unwrap_or(self.last_byte);
            self.input.consume(read);
            self.text_length += written;
            self.ends_length += ended;
            if self.is_complete(&result) {
                return Ok(true);
            }
        }
    }

    /// Line breaks before a row would make it begin on the line of the row before.
    fn skip_line_breaks(&mut self) -> Result<(), EtlError> {
        loop {
            let input = self.input.fill_buf().map_err(|error| EtlError::io(&self.path, error))?;
            let Some(line_break @ (b'\n' | b'\r')) = input.first() else { return Ok(()) };
            self.core.set_line(self.core.line() + u64::from(*line_break == b'\n'));
            self.input.consume(1);
        }
    }

    /// Makes room for more of the row, or finishes it.
    fn is_complete(&mut self, result: &ReadRecordResult) -> bool {
        match result {
            ReadRecordResult::InputEmpty => false,
            ReadRecordResult::OutputFull => {
                if self.text.len() < ROW_BYTES && !self.oversized {
                    self.text.resize(self.text.len() * 2, 0);
                } else {
                    self.oversized = true;
                    self.text_length = self.text.len() / 2;
                }
                false
            }
            ReadRecordResult::OutputEndsFull => {
                if self.ends.len() < ROW_FIELDS && !self.oversized {
                    self.ends.resize(self.ends.len() * 2, 0);
                } else {
                    self.oversized = true;
                    self.ends_length = 1;
                }
                false
            }
            ReadRecordResult::Record | ReadRecordResult::End => {
                if self.oversized {
                    self.cut_to_kept();
                    self.fault = Some(Fault::Oversized { next_line: self.core.line() });
                }
                true
            }
        }
    }

    fn cut_to_kept(&mut self) {
        self.text_length = self.text_length.min(KEPT_BYTES);
        self.ends[0] = self.text_length;
        self.ends_length = 1;
    }

    /// The last row may lack its line break. One more byte tells whether a quote is open: outside
    /// quotes a line break ends the row, inside it is part of the field.
    fn finish(&mut self) -> Result<bool, EtlError> {
        if self.at_end {
            return Ok(false);
        }
        self.at_end = true;
        loop {
            let before = self.text_length;
            let (result, read, written, ended) = self.core.read_record(
                b"\n",
                &mut self.text[self.text_length..],
                &mut self.ends[self.ends_length..],
            );
            self.text_length += written;
            self.ends_length += ended;
            match result {
                ReadRecordResult::Record => return Ok(self.is_complete(&result)),
                ReadRecordResult::InputEmpty if before == self.text_length => return Ok(false),
                _ if read == 1 => return self.end_in_quote(),
                _ => {
                    self.is_complete(&result);
                }
            }
        }
    }

    fn end_in_quote(&mut self) -> Result<bool, EtlError> {
        // The byte added by `finish` was counted as a line as well.
        let swallowed = self.core.line() - self.record_line - 1;
        if swallowed > SWALLOWED_LINES {
            return Err(EtlError::refused(
                &self.path,
                format!("a quote is opened here and never closed, which makes one row of the {swallowed} lines that follow"),
                "close the quote, or remove it",
            )
            .on_line(self.record_line));
        }
        self.cut_to_kept();
        self.fault = Some(Fault::UnclosedQuote);
        Ok(true)
    }
}

/// How a delimiter is called.
pub(super) fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        _ => "pipe",
    }
}

/// The delimiter: as given, or the one that splits the header into most known columns, then into
/// most columns.
pub(super) fn delimiter(
    path: &Path,
    head: &[u8],
    given: Option<char>,
    table: Table,
) -> Result<u8, EtlError> {
    let given = given.and_then(|delimiter| u8::try_from(delimiter).ok());
    let candidates = given.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let fields = table.fields();
    let mut best = (0, 0, b',');
    for delimiter in candidates {
        let text = Decoded { reader: Box::new(Cursor::new(head.to_vec())), lossy: false };
        let mut rows = DelimitedRows::new(path, text, delimiter);
        if !rows.advance()? {
            continue;
        }
        let Ok(header) = rows.record().fields(None) else { continue };
        let is_known = |index: &usize| {
            fields.iter().any(|field| table.rank(header.get(*index), *field).is_some())
        };
        let known = (0..header.len()).filter(is_known).count();
        if (known, header.len()) > (best.0, best.1) {
            best = (known, header.len(), delimiter);
        }
    }
    if best.1 > 1 {
        return Ok(best.2);
    }
    let line = head.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let seen: String = String::from_utf8_lossy(line).chars().take(80).collect();
    let tried = given.map_or("a comma, semicolon, tab or pipe".to_owned(), |delimiter| {
        format!("the {} that the mapping gives", delimiter_name(delimiter))
    });
    Err(EtlError::refused(
        path,
        format!("the header {seen:?} is one column: it is not split by {tried}"),
        "save the file with one of these between its columns",
    )
    .on_line(1))
}
