//! The local disk as an object store in which a file appears whole or not at all, and stays after a
//! power cut. Reading is left to `object_store`'s own implementation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    RenameTargetMode, Result, UploadPart,
};
use tokio::runtime::Handle;
use winsight_vault::durable::{self, Placing};

/// The folder of files that are being written, below the store's root.
pub(super) const INCOMING: &str = "staging/incoming";
/// What else lies in the store's folder and is no object.
const NOT_OBJECTS: [&str; 2] = ["staging", "writer.lock"];

/// Objects as files below a folder.
#[derive(Clone, Debug)]
pub(crate) struct DurableFileSystem {
    files: LocalFileSystem,
    incoming: PathBuf,
}

impl DurableFileSystem {
    pub(crate) fn new(root: &FilePath) -> Result<Self> {
        let files = LocalFileSystem::new_with_prefix(root)?;
        Ok(Self { files, incoming: root.join(INCOMING) })
    }

    fn begin(&self) -> io::Result<Incoming> {
        durable::create_folder(&self.incoming)?;
        let process = std::process::id();
        let mut number = 0_u32;
        loop {
            let path = self.incoming.join(format!("{process}-{number}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Incoming { file, path: Some(path) }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes a file and gives it its name, or leaves no trace of it.
    async fn write(
        &self,
        location: &Path,
        placing: Placing,
        contents: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let store = self.clone();
        let destination = self.files.path_to_filesystem(location)?;
        blocking(location, move || {
            let mut incoming = store.begin()?;
            contents(&mut incoming.file)?;
            incoming.place(&destination, placing)
        })
        .await
    }
}

/// A file that is being written. Dropped before it has its name, it is removed.
#[derive(Debug)]
struct Incoming {
    file: File,
    path: Option<PathBuf>,
}

impl Incoming {
    fn place(&mut self, destination: &FilePath, placing: Placing) -> io::Result<()> {
        let Some(path) = &self.path else { return Err(ErrorKind::NotFound.into()) };
        self.file.sync_all()?;
        if let Some(folder) = destination.parent() {
            durable::create_folder(folder)?;
        }
        durable::place(path, destination, placing)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What cannot be removed now is swept away when the next load begins.
            let _ = fs::remove_file(path);
        }
    }
}

/// Runs `work` where it may block, and names the object in its errors.
async fn blocking<T: Send + 'static>(
    location: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    };
    done.map_err(|error| failed(location, error))
}

fn failed(location: &Path, error: io::Error) -> Error {
    let path = location.to_string();
    match error.kind() {
        ErrorKind::NotFound => Error::NotFound { path, source: error.into() },
        ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: error.into() },
        ErrorKind::PermissionDenied => Error::PermissionDenied { path, source: error.into() },
        _ => {
            let source = format!("{path}: {error}").into();
            Error::Generic { store: "DurableFileSystem", source }
        }
    }
}

fn not_supported(what: &str) -> Error {
    let source = format!("a local folder cannot {what}").into();
    Error::NotSupported { source }
}

fn is_object(meta: &ObjectMeta) -> bool {
    let first = meta.location.parts().next();
    first.is_none_or(|first| !NOT_OBJECTS.contains(&first.as_ref()))
}

impl std::fmt::Display for DurableFileSystem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DurableFileSystem({})", self.files)
    }
}

#[async_trait]
impl ObjectStore for DurableFileSystem {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let placing = match options.mode {
            PutMode::Overwrite => Placing::Replacing,
            PutMode::Create => Placing::New,
            PutMode::Update(_) => return Err(not_supported("update a certain version of a file")),
        };
        let contents =
            move |file: &mut File| payload.iter().try_for_each(|part| file.write_all(part));
        self.write(location, placing, contents).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let destination = self.files.path_to_filesystem(location)?;
        let store = self.clone();
        let incoming = blocking(location, move || store.begin()).await?;
        let location = location.clone();
        let incoming = Arc::new(Mutex::new(incoming));
        Ok(Box::new(Upload { location, destination, incoming, written: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    /// Sorted: readers of a Delta log rely on it.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.files.list(prefix);
        let sorted = async move {
            let mut listed: Vec<_> = listed.try_collect().await?;
            listed.retain(is_object);
            listed.sort_unstable_by(|one, other| one.location.cmp(&other.location));
            Ok::<_, Error>(stream::iter(listed.into_iter().map(Ok)))
        };
        sorted.into_stream().try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut listed = self.files.list_with_delimiter(prefix).await?;
        if prefix.is_none_or(|prefix| prefix.as_ref().is_empty()) {
            listed.common_prefixes.retain(|folder| !NOT_OBJECTS.contains(&folder.as_ref()));
        }
        listed.objects.retain(is_object);
        listed.objects.sort_unstable_by(|one, other| one.location.cmp(&other.location));
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let placing = match options.mode {
            CopyMode::Overwrite => Placing::Replacing,
            CopyMode::Create => Placing::New,
        };
        let source = self.files.path_to_filesystem(from)?;
        let copied = move |file: &mut File| io::copy(&mut File::open(source)?, file).map(|_| ());
        self.write(to, placing, copied).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let placing = match options.target_mode {
            RenameTargetMode::Overwrite => Placing::Replacing,
            RenameTargetMode::Create => Placing::New,
        };
        let source = self.files.path_to_filesystem(from)?;
        let destination = self.files.path_to_filesystem(to)?;
        blocking(to, move || {
            if let Some(folder) = destination.parent() {
                durable::create_folder(folder)?;
            }
            durable::place(&source, &destination, placing)
        })
        .await
    }
}

/// A file that is written in parts.
#[derive(Debug)]
struct Upload {
    location: Path,
    destination: PathBuf,
    incoming: Arc<Mutex<Incoming>>,
    written: u64,
}

impl Upload {
    fn change(
        &self,
        work: impl FnOnce(&mut Incoming) -> io::Result<()> + Send + 'static,
    ) -> UploadPart {
        let incoming = Arc::clone(&self.incoming);
        let location = self.location.clone();
        async move {
            let work = move || work(&mut incoming.lock().unwrap_or_else(PoisonError::into_inner));
            blocking(&location, work).await
        }
        .boxed()
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        let offset = self.written;
        self.written += part.content_length() as u64;
        self.change(move |incoming| {
            incoming.file.seek(SeekFrom::Start(offset))?;
            part.iter().try_for_each(|part| incoming.file.write_all(part))
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let destination = self.destination.clone();
        self.change(move |incoming| incoming.place(&destination, Placing::Replacing)).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        let remove = |incoming: &mut Incoming| incoming.path.take().map_or(Ok(()), fs::remove_file);
        self.change(remove).await
    }
}
