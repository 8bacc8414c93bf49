//! Opening files: what they are, how their text is encoded, and their rows one after another.

mod block;
mod columnar;
mod delimited;
mod encoding;
mod feed;
mod kept;
mod record;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use block::{Block, Ended};
use columnar::ColumnarRows;
use delimited::DelimitedRows;
use encoding::Decoded;
pub(crate) use encoding::encoding_named;
pub use feed::Feed;
use kept::KeptRows;
pub(crate) use record::{Fields, Record};

use crate::field::Table;
use crate::{EtlError, Mapping, RawRow};

/// A file that was recognised, and can be read from its start any number of times.
pub(crate) struct Source {
    path: PathBuf,
    bytes: u64,
    format: Format,
    /// The header as [`Record::raw`] writes rows.
    pub(crate) header: String,
    /// Headers in the order of the columns; of a blank one its number, as in `column 3`.
    pub(crate) headers: Vec<String>,
    /// Columns that hold numbers by type, whose texts are plain decimals.
    pub(crate) numeric: Vec<bool>,
    /// How the format was recognised.
    pub(crate) notes: Vec<String>,
}

enum Format {
    Delimited {
        delimiter: u8,
        encoding: encoding::Detected,
    },
    Parquet,
    /// Rows that an earlier load set aside.
    Kept(Arc<[RawRow]>),
    /// Rows from elsewhere.
    Feed(Feed),
}

impl Source {
    /// Recognises the file, as far as the mapping leaves it open.
    pub(crate) fn open(path: &Path, mapping: &Mapping, table: Table) -> Result<Self, EtlError> {
        let named = mapping.encoding.as_deref();
        Self::open_with(path, mapping, table, |head| encoding::detect(path, head, named))
    }

    /// Recognises as much of a file as its headers need.
    pub(crate) fn open_headers(path: &Path, table: Table) -> Result<Self, EtlError> {
        let detect = |head: &[u8]| encoding::detect_for_header(path, head);
        Self::open_with(path, &Mapping::default(), table, detect)
    }

    fn open_with(
        path: &Path,
        mapping: &Mapping,
        table: Table,
        detect: impl FnOnce(&[u8]) -> Result<encoding::Detected, EtlError>,
    ) -> Result<Self, EtlError> {
        let io = |error| EtlError::io(path, error);
        let metadata = std::fs::metadata(path).map_err(io)?;
        if metadata.is_dir() {
            return Err(EtlError::refused(
                path,
                "this is a directory",
                "name the CSV or Parquet files inside it",
            ));
        }
        let head = read_head(path).map_err(io)?;
        if encoding::is_blank(&head) {
            return Err(EtlError::refused(
                path,
                "the file is empty",
                "export it again; a header and at least one row are needed",
            ));
        }
        if head.starts_with(b"PAR1") {
            return Self::open_parquet(path, metadata.len());
        }
        encoding::refuse_other_formats(path, &head)?;
        let encoding = detect(&head)?;
        let text = encoding.decode_head(&head);
        let delimiter = delimited::delimiter(path, &text, mapping.delimiter, table)?;
        let mut source = Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            notes: vec![
                format!("delimiter: {}", delimited::delimiter_name(delimiter)),
                format!("encoding: {}", encoding.describe()),
            ],
            format: Format::Delimited { delimiter, encoding },
            header: String::new(),
            headers: Vec::new(),
            numeric: Vec::new(),
        };
        (source.header, source.headers) = source.read_header()?;
        source.numeric = vec![false; source.headers.len()];
        Ok(source)
    }

    /// Rows that were set aside, with the header of their file, both as [`Record::raw`] writes them.
    pub(crate) fn of_rows(path: &Path, header: &str, rows: &[RawRow]) -> Result<Self, EtlError> {
        let mut first = kept::read_one(path, header);
        first.advance()?;
        let headers = first.record().fields(None).map(names_of).unwrap_or_default();
        if headers.is_empty() {
            return Err(EtlError::refused(
                path,
                format!("the header {header:?} cannot be read"),
                "import the file again instead",
            ));
        }
        let mut rows = rows.to_vec();
        rows.sort_by_key(|row| row.line);
        Ok(Self {
            path: path.to_owned(),
            bytes: rows.iter().map(|row| row.text.len() as u64).sum(),
            format: Format::Kept(rows.into()),
            numeric: vec![false; headers.len()],
            header: header.to_owned(),
            headers,
            notes: Vec::new(),
        })
    }

    /// Rows from elsewhere than a file.
    pub(crate) fn of_feed(feed: &Feed) -> Result<Self, EtlError> {
        let (path, header) = (feed.name(), feed.header().to_owned());
        let mut first = kept::read_one(path, &header);
        first.advance()?;
        let headers = first.record().fields(None).map(names_of).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            bytes: 0,
            format: Format::Feed(feed.clone()),
            numeric: vec![false; headers.len()],
            header,
            headers,
            notes: Vec::new(),
        })
    }

    /// The column in which no value stands twice, where that is known.
    pub(crate) fn key(&self) -> Option<usize> {
        let Format::Feed(feed) = &self.format else { return None };
        self.headers.iter().position(|header| Some(header.as_str()) == feed.key())
    }

    /// Whether the rows are some of many only, so that nothing can be concluded from them.
    pub(crate) fn is_part(&self) -> bool {
        matches!(self.format, Format::Kept(_) | Format::Feed(_))
    }

    fn open_parquet(path: &Path, bytes: u64) -> Result<Self, EtlError> {
        let (headers, numeric) = columnar::header(path)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            format: Format::Parquet,
            header: record::joined(headers.iter(), usize::MAX),
            headers,
            numeric,
            notes: vec!["format: Parquet".to_owned()],
        })
    }

    fn read_header(&self) -> Result<(String, Vec<String>), EtlError> {
        let mut rows = self.all_rows()?;
        let header = if rows.advance()? {
            let record = rows.record();
            record.fields(None).ok().map(|fields| (fields.raw(), names_of(fields)))
        } else {
            None
        };
        header.ok_or_else(|| {
            EtlError::refused(
                &self.path,
                "the header cannot be read as text",
                "save the file as CSV in UTF-8",
            )
            .on_line(1)
        })
    }

    /// The rows after the header, from the first.
    pub(crate) fn rows(&self) -> Result<Rows, EtlError> {
        let mut rows = self.all_rows()?;
        if matches!(self.format, Format::Delimited { .. }) {
            rows.advance()?;
        }
        Ok(rows)
    }

    fn all_rows(&self) -> Result<Rows, EtlError> {
        let read = Arc::new(AtomicU64::new(0));
        let kind = match &self.format {
            Format::Kept(rows) => Kind::Kept(Box::new(KeptRows::new(&self.path, Arc::clone(rows)))),
            Format::Parquet => Kind::Columnar(Box::new(ColumnarRows::open(&self.path)?)),
            Format::Feed(feed) => {
                let rows = feed.rows().map_err(|error| EtlError::io(&self.path, error))?;
                let counted = Counted { inner: rows, read: Arc::clone(&read) };
                let text = Decoded { reader: Box::new(counted), lossy: false };
                Kind::Delimited(Box::new(DelimitedRows::new(&self.path, text, b',')))
            }
            Format::Delimited { delimiter, encoding } => {
                let file =
                    File::open(&self.path).map_err(|error| EtlError::io(&self.path, error))?;
                let counted = Counted { inner: file, read: Arc::clone(&read) };
                let text = encoding.decode(counted);
                Kind::Delimited(Box::new(DelimitedRows::new(&self.path, text, *delimiter)))
            }
        };
        Ok(Rows { kind, read, bytes_total: self.bytes })
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.headers.len()
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The character between two fields, and the name of the encoding; none for Parquet.
    pub(crate) fn text_format(&self) -> Option<(char, &'static str)> {
        match &self.format {
            Format::Delimited { delimiter, encoding } => {
                Some((char::from(*delimiter), encoding.name()))
            }
            Format::Parquet | Format::Kept(_) | Format::Feed(_) => None,
        }
    }
}

/// The rows of a file, read one at a time.
pub(crate) struct Rows {
    kind: Kind,
    read: Arc<AtomicU64>,
    bytes_total: u64,
}

enum Kind {
    Delimited(Box<DelimitedRows>),
    Columnar(Box<ColumnarRows>),
    Kept(Box<KeptRows>),
}

impl Rows {
    /// Moves to the next row; false after the last.
    pub(crate) fn advance(&mut self) -> Result<bool, EtlError> {
        match &mut self.kind {
            Kind::Delimited(rows) => rows.advance(),
            Kind::Columnar(rows) => rows.advance(),
            Kind::Kept(rows) => rows.advance(),
        }
    }

    /// The row that [`Rows::advance`] moved to.
    pub(crate) fn record(&self) -> Record<'_> {
        match &self.kind {
            Kind::Delimited(rows) => rows.record(),
            Kind::Columnar(rows) => rows.record(),
            Kind::Kept(rows) => rows.record(),
        }
    }

    /// How far the file has been read; its rows are not counted.
    pub(crate) fn progress(&self) -> crate::Progress {
        let bytes_read = match &self.kind {
            Kind::Delimited(_) => self.read.load(Ordering::Relaxed),
            Kind::Columnar(columnar) => columnar.share_of(self.bytes_total),
            Kind::Kept(kept) => kept.share_of(self.bytes_total),
        };
        crate::Progress { bytes_read, bytes_total: self.bytes_total, rows: 0 }
    }

    /// Whether the text ended without a line break; known after the last row.
    pub(crate) fn lacks_final_line_break(&self) -> bool {
        matches!(&self.kind, Kind::Delimited(rows) if rows.lacks_final_line_break())
    }
}

/// The names of columns; of a blank one its number.
fn names_of(fields: Fields<'_>) -> Vec<String> {
    let name = |index: usize| match fields.get(index).trim() {
        "" => format!("column {}", index + 1),
        name => name.to_owned(),
    };
    (0..fields.len()).map(name).collect()
}

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

fn read_head(path: &Path) -> std::io::Result<Vec<u8>> {
    const HEAD_BYTES: u64 = 256 * 1024;
    let mut head = Vec::new();
    let file = BufReader::new(File::open(path)?);
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}
