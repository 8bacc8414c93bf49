//! The pages of an unfinished pull, each a sealed file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use winsight_sources::Page;
use winsight_vault::durable::{Placing, create_folder, place};
use winsight_vault::{SealedReader, SealedStream, SealedWriter, Vault};

use crate::JobError;

/// Folder of the copies of dropped objects.
const COPIES: &str = "copies";

/// Where the unfinished pulls of a workspace lie, and what seals them.
#[derive(Clone, Debug)]
pub(crate) struct PageFolder {
    folder: PathBuf,
    vault: Option<Vault>,
}

impl PageFolder {
    pub(crate) fn new(folder: PathBuf, vault: Option<Vault>) -> Self {
        Self { folder, vault }
    }

    /// Whether some process pulls a source at this moment.
    pub(super) fn is_locked(&self, source: &str) -> bool {
        let lock = File::open(self.folder.join(source).join("lock"));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
    }

    /// The pages of deals of a source that are read by their ids.
    pub(super) fn of_some(&self, source: &str) -> Result<Pages, JobError> {
        // A point cannot be in the name of a source.
        self.of(&format!("{source}.announced"))
    }

    /// Throws away what was read of a source and is not loaded.
    ///
    /// # Errors
    /// [`JobError::Usage`] while another process pulls it.
    pub(crate) fn clear(&self, source: &str) -> Result<(), JobError> {
        self.of(source)?.clear()?;
        self.of_some(source)?.clear()
    }

    /// The pages of one source, for this process alone.
    ///
    /// # Errors
    /// [`JobError::Usage`] while another process pulls the same source.
    pub(crate) fn of(&self, source: &str) -> Result<Pages, JobError> {
        let folder = self.folder.join(source);
        create_folder(&folder).map_err(|error| JobError::file(&folder, error))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| JobError::file(&path, error))?;
        match try_lock(&lock) {
            Ok(()) => Ok(Pages { folder, vault: self.vault.clone(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(JobError::Usage(format!(
                "{source} is being synced already; wait until that is done"
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(JobError::file(&path, error)),
        }
    }
}

/// Who asks whether a source is being pulled has its lock for an instant: that is not taken for a pull.
fn try_lock(lock: &File) -> Result<(), std::fs::TryLockError> {
    const TRIES: u32 = 5;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 1..TRIES {
        match lock.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            settled => return settled,
        }
    }
    lock.try_lock()
}

/// The pages of one pull, numbered from 0.
#[derive(Debug)]
pub(crate) struct Pages {
    folder: PathBuf,
    vault: Option<Vault>,
    _lock: File,
}

impl Pages {
    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:09}.page"))
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }

    /// Writes a page down, for good.
    pub(super) fn write(&self, number: u64, page: &Page) -> Result<(), JobError> {
        let (path, draft) = (self.path(number), self.folder.join("draft"));
        let write = || -> io::Result<()> {
            let contents = serde_json::to_vec(page).map_err(io::Error::other)?;
            let mut file = Draft::create(&draft, &path, self.vault.as_ref())?;
            file.write_all(&contents)?;
            file.finish()?.sync_all()?;
            place(&draft, &path, Placing::Replacing)
        };
        write().map_err(|error| JobError::file(&path, error))
    }

    /// Reads a page.
    pub(super) fn read(&self, number: u64) -> io::Result<Page> {
        let path = self.path(number);
        let page = match &self.vault {
            Some(vault) => {
                let sealed = SealedReader::new(File::open(&path)?, vault, &sealed_as(&path))?;
                serde_json::from_slice(&sealed.read(0..sealed.plain_size())?)
            }
            None => serde_json::from_slice(&std::fs::read(&path)?),
        };
        page.map_err(io::Error::other)
    }

    /// Begins a file of what the pages hold in another order, in place of one of the same name.
    pub(super) fn part(&self, name: &str) -> io::Result<Draft> {
        let path = self.part_path(name);
        Draft::create(&path, &path, self.vault.as_ref())
    }

    /// Reads such a file from its beginning.
    pub(super) fn read_part(&self, name: &str) -> io::Result<Box<dyn BufRead>> {
        let path = self.part_path(name);
        let file = File::open(&path)?;
        Ok(match &self.vault {
            Some(vault) => {
                let sealed = SealedReader::new(file, vault, &sealed_as(&path))?;
                Box::new(SealedStream::new(Arc::new(sealed), 0))
            }
            None => Box::new(BufReader::new(file)),
        })
    }

    /// Throws such a file away.
    pub(super) fn remove_part(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.part_path(name))
    }

    /// Whether the first `count` pages are there and can be read.
    pub(super) fn has(&self, count: u64) -> bool {
        (0..count).all(|number| self.path(number).exists())
            && (count == 0 || self.read(count - 1).is_ok())
    }

    /// Throws all pages and copies away.
    pub(crate) fn clear(&self) -> Result<(), JobError> {
        self.clear_parts()?;
        self.clear_copies()?;
        self.remove_all("page")
    }

    /// Throws away what was made of the pages.
    pub(super) fn clear_parts(&self) -> Result<(), JobError> {
        self.remove_all("part")
    }

    fn remove_all(&self, ending: &str) -> Result<(), JobError> {
        let failed = |error| JobError::file(&self.folder, error);
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|of| of == ending) {
                std::fs::remove_file(&path).map_err(|error| JobError::file(&path, error))?;
            }
        }
        Ok(())
    }

    /// An empty folder for copies of files that lie elsewhere.
    pub(super) fn copies(&self) -> Result<PathBuf, JobError> {
        self.clear_copies()?;
        let folder = self.folder.join(COPIES);
        create_folder(&folder).map_err(|error| JobError::file(&folder, error))?;
        Ok(folder)
    }

    /// Throws away what a crash has left of such copies.
    fn clear_copies(&self) -> Result<(), JobError> {
        let folder = self.folder.join(COPIES);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(JobError::file(&folder, error))
            }
            _ => Ok(()),
        }
    }

    /// What is wrong when the pages cannot be put together.
    pub(super) fn lost(&self, error: io::Error) -> JobError {
        JobError::file(&self.folder, error)
    }
}

/// A file that is being written, sealed where there are keys.
#[derive(Debug)]
pub(super) enum Draft {
    Sealed(SealedWriter<BufWriter<File>>),
    Plain(BufWriter<File>),
}

impl Draft {
    /// A file at `at`, which is to be found at `path` once it is finished.
    fn create(at: &Path, path: &Path, vault: Option<&Vault>) -> io::Result<Self> {
        let file = BufWriter::new(File::create(at)?);
        Ok(match vault {
            Some(vault) => Self::Sealed(SealedWriter::new(file, vault, &sealed_as(path))?),
            None => Self::Plain(file),
        })
    }

    pub(super) fn finish(self) -> io::Result<File> {
        let file = match self {
            Self::Sealed(sealed) => sealed.finish()?,
            Self::Plain(file) => file,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl Write for Draft {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Sealed(file) => file.write(buffer),
            Self::Plain(file) => file.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Sealed(file) => file.flush(),
            Self::Plain(file) => file.flush(),
        }
    }
}

/// The name that a page is sealed under: its place among the pages, and the source.
fn sealed_as(path: &Path) -> String {
    let parts = path.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy());
    let parts: Vec<_> = parts.collect();
    parts.join("@")
}
