//! Files that appear whole or not at all, and stay after a power cut.
//!
//! A file is written under another name, flushed to the disk, and only then given its own name in
//! one step; at last the folder is flushed, which is what remembers the name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::key::random;

/// What to do when a file of that name is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// Leave it, and fail with [`ErrorKind::AlreadyExists`].
    New,
    /// Take its place.
    Replacing,
}

/// Gives a written and flushed file its name. Both must lie on the same file system.
///
/// # Errors
/// What the operating system says; the written file then still has its old name.
pub fn place(written: &Path, destination: &Path, placing: Placing) -> io::Result<()> {
    match placing {
        Placing::Replacing => fs::rename(written, destination)?,
        Placing::New => match fs::hard_link(written, destination) {
            Ok(()) => fs::remove_file(written)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            Err(error) if destination.parent().is_none_or(|folder| !folder.exists()) => {
                return Err(error);
            }
            // File systems without hard links. Between the question and the step somebody else
            // could create the file: writers are kept apart by a lock for the sake of this case.
            Err(_) if destination.exists() => return Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(written, destination)?,
        },
    }
    destination.parent().map_or(Ok(()), sync_folder)
}

/// Flushes the names in a folder to the disk.
///
/// # Errors
/// What the operating system says. Systems that cannot flush folders do it by themselves.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

/// Creates a folder and those above it, and flushes their names.
///
/// # Errors
/// What the operating system says.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, contents: &[u8], placing: Placing) -> io::Result<()> {
    let suffix = random::<8>()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", HEXLOWER.encode(suffix.as_ref())));
    let written = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&written)?;
    let placed = file
        .write_all(contents)
        .and_then(|()| file.sync_all())
        .and_then(|()| place(&written, path, placing));
    if placed.is_err() {
        // The error that is reported already says more than one about the tidying would.
        let _ = fs::remove_file(&written);
    }
    placed
}
