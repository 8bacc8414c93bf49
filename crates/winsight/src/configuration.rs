//! Where settings come from: the defaults, then `winsight.toml` in the home, then `WINSIGHT_*`.
//! The only place that reads the environment, apart from the flags that name their variable.

mod check;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use winsight_jobs::{Encryption, Home, KnownAt, Workspace};
use winsight_model::{Clock, Settings, nearest};
use winsight_vault::KeySource;

use crate::cli::{AsOf, Place, Usage};
use crate::output::remark;

/// The commented file that `init` writes.
pub(crate) const DEFAULT_FILE: &str = include_str!("winsight.toml");
pub(crate) const FILE_NAME: &str = "winsight.toml";
/// The file of the master key in the home, unless another is named.
const KEY_FILE: &str = "winsight.key";

/// The folder that holds all state.
pub(crate) fn home(place: &Place) -> Result<PathBuf> {
    if let Some(home) = &place.home {
        return Ok(home.clone());
    }
    let data = directories::ProjectDirs::from("", "", "winsight")
        .context("this system has no data directory; name a folder with --home")?;
    Ok(data.data_dir().to_owned())
}

/// The settings in force.
pub(crate) fn settings(home: &Path) -> Result<Settings> {
    let environment = Env::prefixed("WINSIGHT_")
        .ignore(&["home", "workspace", "listen", "key", "key_file", "user"])
        .split("__");
    let mut settings: Settings = Figment::from(Serialized::defaults(Settings::default()))
        .merge(Toml::file(home.join(FILE_NAME)))
        .merge(environment)
        .extract()
        .map_err(explain)?;
    check::check(&settings)?;
    time_zone(&settings)?;
    for (name, value) in cloud_environment() {
        settings.storage.options.entry(name).or_insert(value);
    }
    Ok(settings)
}

/// The variables by which the clouds' own tools are configured, as options of the object store.
#[expect(clippy::disallowed_methods, reason = "they are settings too")]
fn cloud_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?.to_lowercase();
        let is_cloud = ["aws_", "azure_", "google_"].iter().any(|cloud| name.starts_with(cloud));
        is_cloud.then(|| value.into_string().ok()).flatten().map(|value| (name, value))
    })
}

fn explain(error: figment::Error) -> anyhow::Error {
    let hints: Vec<_> = error
        .into_iter()
        .map(|problem| {
            let hint = match &problem.kind {
                figment::error::Kind::UnknownField(name, known) => nearest(name, known)
                    .map(|nearest| format!(" (did you mean {nearest:?}?)"))
                    .unwrap_or_default(),
                _ => String::new(),
            };
            format!("{problem}{hint}")
        })
        .collect();
    anyhow::Error::new(Usage(format!("in the configuration: {}", hints.join("; "))))
}

fn time_zone(settings: &Settings) -> Result<TimeZone> {
    TimeZone::get(&settings.time_zone).map_err(|_| {
        let name = &settings.time_zone;
        Usage(format!("time_zone: {name:?} is not an IANA time zone, like Europe/London")).into()
    })
}

/// The instant to work at.
pub(crate) fn clock(place: &Place, settings: &Settings) -> Result<Clock> {
    let time_zone = time_zone(settings)?;
    match place.as_of {
        None => Ok(Clock::system(time_zone)),
        Some(AsOf::Instant(instant)) => Ok(Clock::at(instant, time_zone)),
        Some(AsOf::Day(day)) => Clock::end_of(day, time_zone)
            .map_err(|error| Usage(format!("--as-of {day}: {error}")).into()),
    }
}

/// Opens the workspace that the command line names.
pub(crate) async fn open(place: &Place) -> Result<Workspace> {
    let home = home(place)?;
    create_private(&home)?;
    let settings = settings(&home)?;
    let clock = clock(place, &settings)?;
    let known_at = place.known_at.unwrap_or(KnownAt::Latest);
    let (home, new_key) = Home::open(&home, &encryption(&home, &settings), now())?;
    if let Some(key) = new_key {
        remark(&format!(
            "this home is encrypted; its key is {}. Without the key nobody can read the data, you \
             neither: keep a copy of it in another place",
            key.display()
        ));
    }
    // Opening takes a large future: kept on the heap, it does not weigh on every command.
    let opening = Workspace::open(&home, place.workspace.clone(), settings, clock, known_at);
    Ok(Box::pin(opening).await?)
}

/// The present, which `--as-of` does not change: keys are made when they are made.
pub(crate) fn now() -> Timestamp {
    present().instant()
}

/// The clock of the present.
pub(crate) fn present() -> Clock {
    Clock::system(TimeZone::UTC)
}

/// Creates a home that only its owner can look into, unless it is there already.
pub(crate) fn create_private(home: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(home).with_context(|| {
        format!("cannot create the home folder {}; choose another with --home", home.display())
    })
}

/// How the home is to be encrypted. The environment comes before the configuration.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn encryption(home: &Path, settings: &Settings) -> Encryption {
    let key = if let Ok(text) = std::env::var("WINSIGHT_KEY") {
        KeySource::Text(text.into())
    } else if let Ok(file) = std::env::var("WINSIGHT_KEY_FILE") {
        KeySource::File(file.into())
    } else {
        let file = settings.encryption.key_file.as_deref().unwrap_or(Path::new(KEY_FILE));
        KeySource::File(home.join(file))
    };
    Encryption { enabled: settings.encryption.enabled, key }
}
