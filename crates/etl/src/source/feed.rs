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
    bytes: u64,
    open: Arc<Open>,
}

impl Feed {
    /// A feed that messages call `name`. `header` is its first row; `open` gives what follows it, in
    /// about as many `bytes`.
    pub fn new(
        name: &str,
        header: &str,
        bytes: u64,
        open: impl Fn() -> io::Result<Box<dyn Read>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: PathBuf::from(name),
            header: header.trim_end().to_owned(),
            bytes,
            open: Arc::new(open),
        }
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    pub(super) fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
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
