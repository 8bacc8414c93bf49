//! Objects under an address: S3 and what speaks like it, Google Cloud Storage, Azure.

use std::collections::BTreeMap;
use std::path::Path as LocalPath;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use url::Url;

use super::{Dropped, State};
use crate::{Cause, SourceError};

/// The objects under an address.
#[derive(Clone)]
pub struct Objects {
    pub(super) url: String,
    store: Arc<dyn ObjectStore>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The store has the keys.
        formatter.debug_struct("Objects").field("url", &self.url).finish_non_exhaustive()
    }
}

fn usage(problem: String, remedy: &str) -> SourceError {
    SourceError::new(Cause::Usage, problem, remedy)
}

impl Objects {
    pub(super) fn open(url: &str, options: &BTreeMap<String, String>) -> Result<Self, SourceError> {
        let remedy = "write it like s3://BUCKET/PATH, gs://BUCKET/PATH or az://CONTAINER/PATH";
        let parsed = Url::parse(url);
        let parsed =
            parsed.map_err(|error| usage(format!("no address of objects: {error}"), remedy))?;
        if !parsed.username().is_empty() || parsed.password().is_some() || parsed.query().is_some()
        {
            // It may be a secret, and would be shown with the address.
            let problem = "the address of objects has more than a bucket and a path".to_owned();
            return Err(usage(problem, remedy));
        }
        if !matches!(parsed.scheme(), "s3" | "s3a" | "gs" | "az" | "abfs" | "abfss") {
            let scheme = parsed.scheme();
            return Err(usage(
                format!("{url} is no address of objects: {scheme} is unknown"),
                remedy,
            ));
        }
        if is_in_clear(options) {
            let problem =
                "the endpoint begins with http://, and would be asked in clear".to_owned();
            let remedy = "give allow_http = \"true\" as well if it is on this machine, or https://";
            return Err(usage(problem, remedy));
        }
        let opened = object_store::parse_url_opts(&parsed, options);
        let remedy = "check the options of the object store";
        let refused = |error| usage(format!("{url} cannot be used: {}", told(&error)), remedy);
        let (store, prefix) = opened.map_err(refused)?;
        Ok(Self::under(url, Arc::new(PrefixStore::new(store, prefix))))
    }

    /// The objects of a store, which lies at an address.
    pub(super) fn under(url: &str, store: Arc<dyn ObjectStore>) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), store }
    }

    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    pub(super) async fn listed(&self) -> Result<Vec<Dropped>, SourceError> {
        let found: Result<Vec<ObjectMeta>, _> = self.store.list(None).try_collect().await;
        let found = found.map_err(|error| self.unreadable(&error))?;
        let drop = |object: ObjectMeta| {
            let changed = object.last_modified.timestamp_micros();
            let state = match object.e_tag {
                Some(tag) => State::Object(object.size, changed, tag),
                None => State::File(object.size, changed),
            };
            Dropped { name: object.location.to_string(), state }
        };
        Ok(found.into_iter().map(drop).collect())
    }

    /// Copies an object into a file.
    pub(super) async fn copy(&self, name: &str, copy: &LocalPath) -> Result<(), SourceError> {
        let unwritable = |error: std::io::Error| {
            let problem = format!("cannot write a copy of {}: {error}", self.address(name));
            SourceError::new(Cause::Unreachable, problem, "make room on the disk of the home")
        };
        let unreadable = |error: Error| self.unreadable(&error);
        // As it was listed: another way would encode some letters of it.
        let path = Path::parse(name).map_err(|error| self.unreadable(&error.into()))?;
        let mut parts = self.store.get(&path).await.map_err(unreadable)?.into_stream();
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut copy = options.open(copy).await.map_err(unwritable)?;
        while let Some(part) = parts.try_next().await.map_err(unreadable)? {
            copy.write_all(&part).await.map_err(unwritable)?;
        }
        copy.flush().await.map_err(unwritable)
    }

    fn unreadable(&self, error: &Error) -> SourceError {
        let url = &self.url;
        let told = told(error);
        let (cause, problem, remedy) = match error {
            Error::NotFound { .. } => (
                Cause::Expired,
                format!("there is nothing at {url}"),
                "check the names of the bucket and of the path",
            ),
            _ if told.ends_with(NO_BUCKET) => (
                Cause::Unreachable,
                format!("there is no bucket at {url}"),
                "check the names of the bucket and of the path",
            ),
            _ if matches!(error, Error::InvalidPath { .. }) || told.contains("invalid path") => (
                Cause::Answer,
                format!("{url} holds an object whose name cannot be used: {told}"),
                "rename it: nothing may be empty, . or .. between two slashes, or a control character",
            ),
            _ if REFUSALS.iter().any(|refusal| told.contains(refusal)) || is_refusal(error) => (
                Cause::Permission,
                format!("{url} refuses these credentials: {told}"),
                "check the key and its secret, and let them list the bucket and get its objects",
            ),
            _ => (
                Cause::Unreachable,
                format!("cannot read {url}: {told}"),
                "check the region and the endpoint among the credentials, and the network",
            ),
        };
        SourceError::new(cause, problem, remedy)
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. })
}

/// How refusals are told that the library has no name for.
const REFUSALS: [&str; 2] = ["401 Unauthorized", "403 Forbidden"];
/// What S3 calls a bucket that is not there.
const NO_BUCKET: &str = "NoSuchBucket";
/// Most letters of what the library says.
const TOLD: usize = 300;

/// What the library says: of a document only its code, and addresses without their queries, which may
/// hold signatures.
fn told(error: &Error) -> String {
    let text = error.to_string();
    let (text, document) = text.split_once('<').unwrap_or((&text, ""));
    // Before it stands how often it was tried.
    let text = text.rsplit_once(" - ").map_or(text, |(_, last)| last);
    let code = document.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = code.map_or("", |(code, _)| code);
    let words = text.split_whitespace().map(|word| word.split('?').next().unwrap_or_default());
    let words: Vec<_> = words.chain([code]).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    text.chars().skip(text.chars().count().saturating_sub(TOLD)).collect()
}

/// Whether an endpoint is to be asked without TLS and nobody has allowed it.
fn is_in_clear(options: &BTreeMap<String, String>) -> bool {
    let is_yes = |text: &str| ["1", "true", "on", "yes", "y"].contains(&text);
    let is_allowed = options.iter().any(|(name, value)| {
        name.to_lowercase().ends_with("allow_http") && is_yes(&value.to_lowercase())
    });
    let in_clear = |(name, value): (&String, &String)| {
        name.to_lowercase().contains("endpoint") && value.starts_with("http://")
    };
    !is_allowed && options.iter().any(in_clear)
}

/// Whether an object store has an option of this name.
fn is_option(name: &str) -> bool {
    name.parse::<AmazonS3ConfigKey>().is_ok()
        || name.parse::<GoogleConfigKey>().is_ok()
        || name.parse::<AzureConfigKey>().is_ok()
}

/// Options of an object store, as TOML. What is wrong with them is told without them: they may be secret.
pub(super) fn options(text: &str) -> Result<BTreeMap<String, String>, SourceError> {
    let remedy = "write each on a line of its own, like aws_region = \"eu-west-1\"";
    let Ok(options) = toml::from_str::<BTreeMap<String, String>>(text) else {
        let problem = "the options of the object store are not TOML with texts".to_owned();
        return Err(usage(problem, remedy));
    };
    match options.keys().find(|name| !is_option(name)) {
        None => Ok(options),
        Some(unknown) => {
            let is_word = unknown.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
            let shown = if is_word { unknown } else { "one of the names" };
            Err(usage(format!("{shown} is no option of an object store"), remedy))
        }
    }
}
