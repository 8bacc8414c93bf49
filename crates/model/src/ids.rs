use std::fmt;
use std::str::FromStr;

/// The name of a workspace: one customer's deals, isolated from every other's.
///
/// Lower-case letters, digits, `-` and `_`, 1 to 64 characters, so that it is safe as a folder name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text that cannot name a workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot name a workspace; use 1 to 64 lower-case letters, digits, `-` or `_`, like `acme-emea`"
)]
pub struct InvalidWorkspace(String);

impl FromStr for WorkspaceId {
    type Err = InvalidWorkspace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidWorkspace(text.to_owned()))
        }
    }
}

/// The number of a committed load: version `n` is the state of every table after load `n`.
///
/// Starts at 1. A number shown is reproduced by asking for it at the version it was computed on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct DataVersion(pub u64);

impl fmt::Display for DataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
