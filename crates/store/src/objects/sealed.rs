//! An object store in which contents and names are sealed, over any other object store.
//!
//! Never hands out the file that an object lies in: that would be the sealed one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};
use winsight_vault::{
    HEADER_BYTES, OpenedName, SealedWriter, Unsealer, Vault, VaultError, data_key_of, plain_size,
    sealed_size,
};

use super::sealed_upload::SealedUpload;

/// How much of an object is asked for at first when all of it is wanted: most log files fit.
const FIRST_BYTES: u64 = 256 * 1024;
/// How much of an object is opened at a time when it is streamed.
const STREAMED_BYTES: u64 = 4 * 1024 * 1024;
/// How many headers are kept.
const KNOWN_OBJECTS: usize = 4096;

/// Sealed objects in `inner`.
#[derive(Clone, Debug)]
pub(crate) struct SealedStore {
    inner: Arc<dyn ObjectStore>,
    vault: Vault,
    /// Headers that were read, so that the ranges of a far object need one request each, not two.
    known: Arc<Mutex<HashMap<Path, Arc<Known>>>>,
}

/// An object whose header was read.
struct Known {
    unsealer: Unsealer,
    /// As the inner store describes it.
    stored: ObjectMeta,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Known({})", self.stored.location)
    }
}

impl SealedStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, vault: Vault) -> Self {
        Self { inner, vault, known: Arc::default() }
    }

    /// Seals an object anew if it is sealed with another data key than the newest. Returns whether
    /// it was.
    pub(crate) async fn reseal(&self, location: &Path) -> Result<bool> {
        let header = self.inner.get_range(&self.sealed(location)?, 0..HEADER_BYTES as u64).await?;
        if data_key_of(&header) == Some(self.vault.newest_data_key()) {
            return Ok(false);
        }
        let contents = self.get(location).await?.bytes().await?;
        self.put(location, contents.into()).await?;
        Ok(true)
    }

    fn sealed(&self, location: &Path) -> Result<Path> {
        let sealed = self.vault.seal_name(location.as_ref()).map_err(of_vault)?;
        Ok(Path::parse(sealed)?)
    }

    /// The description of an object as its reader sees it; `None` for what nobody sealed.
    fn plain(&self, stored: ObjectMeta) -> Result<Option<ObjectMeta>> {
        let OpenedName::Path(path) =
            self.vault.open_name(stored.location.as_ref()).map_err(of_vault)?
        else {
            return Ok(None);
        };
        let location = Path::parse(path)?;
        Ok(Some(described(stored, location)))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Path, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, location: &Path, header: &[u8], stored: ObjectMeta) -> Result<Arc<Known>> {
        let unsealer = Unsealer::new(&self.vault, location.as_ref(), header, stored.size);
        let known = Arc::new(Known { unsealer: unsealer.map_err(of_vault)?, stored });
        let mut all = self.known();
        if all.len() >= KNOWN_OBJECTS {
            all.clear();
        }
        all.insert(location.clone(), Arc::clone(&known));
        Ok(known)
    }

    /// Reads the beginning of an object, at least its header.
    async fn begin(
        &self,
        location: &Path,
        bytes: u64,
        conditions: GetOptions,
    ) -> Result<(Arc<Known>, Bytes, GetResult)> {
        let sealed = self.sealed(location)?;
        let options = conditions.with_range(Some(GetRange::Bounded(0..bytes)));
        let result = self.inner.get_opts(&sealed, options).await;
        let mut result = result.map_err(|error| renamed(error, location))?;
        let rest = GetResultPayload::Stream(stream::empty().boxed());
        let payload = std::mem::replace(&mut result.payload, rest);
        let (meta, range) = (result.meta.clone(), result.range.clone());
        let beginning = GetResult { payload, meta, range, attributes: result.attributes.clone() };
        let beginning = beginning.bytes().await?;
        let header = &beginning[..beginning.len().min(HEADER_BYTES)];
        let known = self.learn(location, header, result.meta.clone())?;
        Ok((known, beginning, result))
    }

    /// Opens ranges of an object whose header is known.
    async fn open_ranges(&self, known: &Known, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in sorted {
            let begins = known.unsealer.stored_range(&range).start;
            match merged.last_mut() {
                Some(last) if known.unsealer.stored_range(last).end >= begins => {
                    last.end = last.end.max(range.end);
                }
                _ => merged.push(range),
            }
        }
        let stored: Vec<_> =
            merged.iter().map(|range| known.unsealer.stored_range(range)).collect();
        let stored = self.inner.get_ranges(&known.stored.location, &stored).await?;
        let mut opened = Vec::with_capacity(merged.len());
        for (range, stored) in merged.iter().zip(stored) {
            opened.push(known.unsealer.open(range, &stored).map_err(of_vault)?);
        }
        let cut = |range: &Range<u64>| {
            let place = merged.partition_point(|merged| merged.start <= range.start) - 1;
            let within = |offset: u64| usize::try_from(offset - merged[place].start);
            let cut = within(range.start).and_then(|begins| Ok(begins..within(range.end)?));
            cut.map(|cut| opened[place].slice(cut)).map_err(|error| generic(error.into()))
        };
        ranges.iter().map(cut).collect()
    }

    /// The contents in `range`, a few megabytes at a time.
    fn stream(&self, known: &Arc<Known>, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
        let pieces = (range.start..range.end).step_by(usize::try_from(STREAMED_BYTES).unwrap_or(1));
        let store = self.clone();
        let known = Arc::clone(known);
        stream::iter(pieces)
            .then(move |begins| {
                let piece = begins..range.end.min(begins + STREAMED_BYTES);
                let (store, known) = (store.clone(), Arc::clone(&known));
                async move {
                    let mut opened = store.open_ranges(&known, &[piece]).await?;
                    Ok(opened.pop().unwrap_or_default())
                }
            })
            .boxed()
    }
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "SealedStore", source }
}

pub(super) fn of_vault(error: VaultError) -> Error {
    generic(error.into())
}

/// The error with the name that the caller used.
fn renamed(error: Error, location: &Path) -> Error {
    let path = location.to_string();
    match error {
        Error::NotFound { source, .. } => Error::NotFound { path, source },
        Error::AlreadyExists { source, .. } => Error::AlreadyExists { path, source },
        Error::Precondition { source, .. } => Error::Precondition { path, source },
        Error::NotModified { source, .. } => Error::NotModified { path, source },
        other => other,
    }
}

fn described(stored: ObjectMeta, location: Path) -> ObjectMeta {
    // What cannot be a sealed file is noticed when it is read, not when its folder is listed.
    ObjectMeta { size: plain_size(stored.size).unwrap_or(0), location, ..stored }
}

impl std::fmt::Display for SealedStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SealedStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for SealedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let size = sealed_size(payload.content_length() as u64);
        let stored = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let seal = || -> std::io::Result<Vec<u8>> {
            let mut writer = SealedWriter::new(stored, &self.vault, location.as_ref())?;
            payload.iter().try_for_each(|part| std::io::Write::write_all(&mut writer, part))?;
            writer.finish()
        };
        let stored = seal().map_err(|error| generic(error.into()))?;
        let put = self.inner.put_opts(&self.sealed(location)?, stored.into(), options).await;
        put.map_err(|error| renamed(error, location))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(&self.sealed(location)?, options).await?;
        Ok(Box::new(SealedUpload::new(inner, &self.vault, location)?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            let conditions = GetOptions { range: None, ..options };
            let result = self.inner.get_opts(&self.sealed(location)?, conditions).await;
            let result = result.map_err(|error| renamed(error, location))?;
            let meta = described(result.meta, location.clone());
            return Ok(GetResult { range: 0..meta.size, meta, ..result });
        }
        let wanted = options.range.clone();
        let first = if wanted.is_none() { FIRST_BYTES } else { HEADER_BYTES as u64 };
        let (known, beginning, result) =
            self.begin(location, first, GetOptions { range: None, ..options }).await?;
        let meta = described(result.meta, location.clone());
        let size = known.unsealer.plain_size();
        let range = wanted.map_or(Ok(0..size), |range| range.as_range(size));
        let range = range.map_err(|error| generic(error.into()))?;
        let whole_is_here = beginning.len() as u64 == known.stored.size;
        let payload = if whole_is_here && range == (0..size) {
            let opened = known.unsealer.open(&range, &beginning[HEADER_BYTES..]);
            stream::iter([opened.map_err(of_vault)]).boxed()
        } else {
            self.stream(&known, range.clone())
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes: result.attributes,
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let within = |known: &Known| -> Result<Vec<_>> {
            let size = known.unsealer.plain_size();
            let cut = |range: &Range<u64>| GetRange::Bounded(range.clone()).as_range(size);
            let cut: std::result::Result<_, _> = ranges.iter().map(cut).collect();
            cut.map_err(|error| generic(error.into()))
        };
        let remembered = self.known().get(location).cloned();
        if let Some(known) = remembered
            && let Ok(ranges) = within(&known)
            && let Ok(opened) = self.open_ranges(&known, &ranges).await
        {
            return Ok(opened);
        }
        // Not known, or replaced since.
        let header = HEADER_BYTES as u64;
        let (known, _, _) = self.begin(location, header, GetOptions::default()).await?;
        self.open_ranges(&known, &within(&known)?).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (sealing, opening) = (self.clone(), self.clone());
        let sealed = locations.map(move |location| sealing.sealed(&location?)).boxed();
        let opened = move |deleted: Result<Path>| {
            let name = opening.vault.open_name(deleted?.as_ref()).map_err(of_vault)?;
            match name {
                OpenedName::Path(path) => Ok(Path::parse(path)?),
                other => Err(generic(format!("deleted {other:?}").into())),
            }
        };
        self.inner.delete_stream(sealed).map(opened).boxed()
    }

    /// Sorted by the names that the caller sees: readers of a Delta log rely on it.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let prefix = prefix.cloned();
        let sorted = async move {
            let prefix = prefix.map(|prefix| store.sealed(&prefix)).transpose()?;
            let mut opened = Vec::new();
            let mut listed = store.inner.list(prefix.as_ref());
            while let Some(stored) = listed.try_next().await? {
                opened.extend(store.plain(stored)?);
            }
            opened.sort_unstable_by(|one, other| one.location.cmp(&other.location));
            Ok::<_, Error>(stream::iter(opened.into_iter().map(Ok)))
        };
        sorted.into_stream().try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut folders = vec![prefix.map(|prefix| self.sealed(prefix)).transpose()?];
        let mut common_prefixes = Vec::new();
        let mut objects = Vec::new();
        while let Some(folder) = folders.pop() {
            let listed = self.inner.list_with_delimiter(folder.as_ref()).await?;
            for stored in listed.objects {
                objects.extend(self.plain(stored)?);
            }
            for below in listed.common_prefixes {
                match self.vault.open_name(below.as_ref()).map_err(of_vault)? {
                    OpenedName::Path(path) => common_prefixes.push(Path::parse(path)?),
                    OpenedName::Partial => folders.push(Some(below)),
                    OpenedName::Foreign => {}
                }
            }
        }
        common_prefixes.sort_unstable();
        objects.sort_unstable_by(|one, other| one.location.cmp(&other.location));
        Ok(ListResult { common_prefixes, objects })
    }

    /// Seals the contents anew, since they are bound to their path.
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let contents = self.get(from).await?.bytes().await?;
        let mode = match options.mode {
            CopyMode::Overwrite => PutMode::Overwrite,
            CopyMode::Create => PutMode::Create,
        };
        self.put_opts(to, contents.into(), mode.into()).await?;
        Ok(())
    }
}
