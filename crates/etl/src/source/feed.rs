use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Open = dyn Fn() -> io::Result<Box<dyn Read>> + Send + Sync;

/// Rows that come from elsewhere than a file, under headers that are known: CSV with commas, in
/// UTF-8, that can be read from its start any number of times.
///
/// Nothing is guessed from its values: a few rows that changed since yesterday show less than a file.
#[derive(Clone)]
pub struct Feed {
    name: PathBuf,
    header: String,
    key: Option<String>,
    open: Arc<Open>,
}

impl Feed {
    /// A feed that messages call `name`. `header` is its first row; `open` gives what follows it.
    pub fn new(
        name: &str,
        header: &str,
        open: impl Fn() -> io::Result<Box<dyn Read>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: PathBuf::from(name),
            header: header.trim_end().to_owned(),
            key: None,
            open: Arc::new(open),
        }
    }

    /// Declares that no two rows have the same value in a column: where the deals are known by it, no
    /// memory is spent on looking for copies.
    #[must_use]
    pub fn keyed_by(self, column: &str) -> Self {
        Self { key: Some(column.to_owned()), ..self }
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    pub(super) fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The rows from the first, without the header.
    pub fn rows(&self) -> io::Result<Box<dyn Read>> {
        (self.open)()
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").field("name", &self.name).finish_non_exhaustive()
    }
}
