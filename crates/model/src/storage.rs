use std::collections::BTreeMap;
use std::path::PathBuf;

/// How data at rest is protected.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncryptionSettings {
    /// Whether a new home is encrypted. An existing one stays what it is.
    pub enabled: bool,
    /// The file of the master key; `winsight.key` in the home when none is named.
    pub key_file: Option<PathBuf>,
}

impl Default for EncryptionSettings {
    fn default() -> Self {
        Self { enabled: true, key_file: None }
    }
}

/// Where the deals lie.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// An object store, like `s3://bucket/path`; the home when none is named.
    pub url: Option<String>,
    /// Options of the object store, such as `aws_region`. May hold secrets.
    pub options: BTreeMap<String, String>,
    /// How long a load waits for another one to finish, in seconds.
    pub wait_seconds: u64,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self { url: None, options: BTreeMap::new(), wait_seconds: 600 }
    }
}

impl std::fmt::Debug for StorageSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StorageSettings")
            .field("url", &self.url)
            .field("options", &self.options.keys())
            .field("wait_seconds", &self.wait_seconds)
            .finish()
    }
}
