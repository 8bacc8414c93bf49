use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a whole file could not be read. Nothing of it may be kept.
#[derive(Debug, thiserror::Error)]
pub enum EtlError {
    /// The operating system refused to open or read the file.
    #[error("cannot read {}: {source}; check that the file exists and may be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was read, and is not a table that can be loaded.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The mapping contradicts itself, the file or the settings of the workspace.
    #[error("mapping: {0}")]
    Mapping(String),
    /// A check was waived that is none, or must not be.
    #[error("waiving checks: {0}")]
    Waive(String),
    /// Whoever receives the batches failed.
    #[error("the rows were read but could not be stored: {0}")]
    Sink(#[from] SinkError),
}

impl EtlError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A refusal of the file as a whole.
    pub(crate) fn refused(
        path: &Path,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Refused(Box::new(Refusal {
            path: path.to_owned(),
            line: None,
            column: None,
            field: None,
            problem: problem.into(),
            hint: hint.into(),
        }))
    }

    /// Adds the line of the file that a refusal is about.
    pub(crate) fn on_line(mut self, line: u64) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.line = Some(line);
        }
        self
    }

    /// Adds the column of the file that a refusal is about.
    pub(crate) fn in_column(mut self, header: &str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.column = Some(header.to_owned());
        }
        self
    }

    /// Adds the field that a refusal is about.
    pub(crate) fn about(mut self, field: &str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.field = Some(field.to_owned());
        }
        self
    }
}

/// What is wrong with a file, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub path: PathBuf,
    /// Line of the file, from 1.
    pub line: Option<u64>,
    /// Header of the column.
    pub column: Option<String>,
    /// Field of a deal.
    pub field: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column:?}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", field {field}")?;
        }
        write!(f, ": {}; {}", self.problem, self.hint)
    }
}

impl Error for Refusal {}

/// The failure of whoever receives the batches.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(Box<dyn Error + Send + Sync>);

impl SinkError {
    /// Wraps any error, or a message.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
