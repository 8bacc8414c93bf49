use crate::Reason;
use crate::check;

/// Largest part of a row kept for the quarantine.
pub(super) const RAW_BYTES: usize = 4096;

/// What makes a row unreadable as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Longer than the limit.
    Oversized {
        /// Line where the next row begins.
        next_line: u64,
    },
    /// A quote is open at the end of the file.
    UnclosedQuote,
    /// Only its beginning was kept.
    CutText,
    /// Not text in the file's encoding.
    InvalidText,
    /// Holds NUL bytes.
    NulBytes,
    /// More or fewer fields than the header.
    WrongNumberOfFields {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
        /// Whether the file ends in this row, without a line break.
        cut_off: bool,
    },
}

impl Fault {
    /// The reason to report.
    pub(crate) fn reason(self) -> Reason {
        let (check, message) = match self {
            Self::Oversized { next_line } => (
                check::OVERSIZED_ROW,
                format!("the row is longer than 1 MiB, reading goes on at line {next_line}; look for a quote that is not closed"),
            ),
            Self::UnclosedQuote => (
                check::UNCLOSED_QUOTE,
                "the file ends inside a quoted field; close the quote, or export the file again if it was cut off".to_owned(),
            ),
            Self::CutText => (
                check::CUT_ROW,
                "only the beginning of the row was kept; correct it in its source and import it again".to_owned(),
            ),
            Self::InvalidText => (
                check::INVALID_TEXT,
                "the row holds bytes that are no text in the file's encoding; name the `encoding` in the mapping or save the file as UTF-8".to_owned(),
            ),
            Self::NulBytes => (
                check::NUL_BYTES,
                "the row holds NUL bytes, as a damaged file does; export it again".to_owned(),
            ),
            Self::WrongNumberOfFields { found, expected, cut_off } => {
                let why = if cut_off && found < expected {
                    "the file was cut off in the middle of this row; export it again"
                } else {
                    "quote texts that hold the delimiter or a line break"
                };
                let message = format!("the row has {found} fields, the header {expected}; {why}");
                (check::WRONG_NUMBER_OF_FIELDS, message)
            }
        };
        Reason { check, field: None, message }
    }
}

/// One row as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// The texts of all fields, one after another.
    pub(crate) text: &'a [u8],
    /// Where each field ends in `text`.
    pub(crate) ends: &'a [usize],
    /// Line where the row begins, from 1.
    pub(crate) line: u64,
    /// What the reader found wrong.
    pub(crate) fault: Option<Fault>,
    /// Whether replacement characters stand for bytes that could not be decoded.
    pub(crate) decoded: bool,
    /// Whether the file ends in this row, without a line break.
    pub(crate) cut_off: bool,
}

impl<'a> Record<'a> {
    /// The fields as text, if there are `width` of them; blank ones beyond do no harm.
    pub(crate) fn fields(&self, width: Option<usize>) -> Result<Fields<'a>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let text = std::str::from_utf8(self.text).map_err(|_| Fault::InvalidText)?;
        if text.as_bytes().contains(&0) {
            return Err(Fault::NulBytes);
        }
        let whole = text.is_ascii() || self.ends.iter().all(|end| text.is_char_boundary(*end));
        if !whole || self.decoded && text.contains('\u{fffd}') {
            return Err(Fault::InvalidText);
        }
        let fields = Fields { text, ends: self.ends };
        match width {
            Some(expected) if !fields.fit(expected) => Err(Fault::WrongNumberOfFields {
                found: fields.len(),
                expected,
                cut_off: self.cut_off,
            }),
            _ => Ok(fields),
        }
    }

    /// Whether every field is blank, as in the `,,,,` that spreadsheets leave at the end.
    pub(crate) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.text.iter().all(u8::is_ascii_whitespace)
    }

    /// The row as text, its fields joined by commas and cut at 4 KiB.
    pub(crate) fn raw(&self) -> String {
        let mut start = 0;
        let fields = self.ends.iter().map(|end| {
            let field = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            String::from_utf8_lossy(&field[..field.len().min(RAW_BYTES)])
        });
        joined(fields, RAW_BYTES)
    }
}

/// Fields joined by commas, quoted where they must be, and cut at a length in bytes.
pub(super) fn joined<Text: AsRef<str>>(
    fields: impl Iterator<Item = Text>,
    longest: usize,
) -> String {
    let mut raw = String::new();
    for (index, field) in fields.enumerate() {
        if raw.len() > longest {
            break;
        }
        if index > 0 {
            raw.push(',');
        }
        let field = field.as_ref();
        if field.contains([',', '"', '\n', '\r']) {
            raw.push('"');
            raw.push_str(&field.replace('"', "\"\""));
            raw.push('"');
        } else {
            raw.push_str(field);
        }
    }
    raw.truncate(raw.floor_char_boundary(longest));
    raw
}

/// The fields of a row that can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// Number of fields.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index`; blank beyond the last.
    pub(crate) fn get(&self, index: usize) -> &'a str {
        let Some(end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..*end]
    }

    /// The fields as text, in the form of [`Record::raw`] and whole.
    pub(crate) fn raw(&self) -> String {
        joined((0..self.len()).map(|index| self.get(index)), usize::MAX)
    }

    fn fit(&self, width: usize) -> bool {
        self.len() == width
            || self.len() > width
                && (width..self.len()).all(|index| self.get(index).trim().is_empty())
    }
}
