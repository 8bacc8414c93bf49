//! What can go wrong, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a company was not written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The scenario file is not TOML, or a key is missing, unknown or of the wrong type.
    #[error(
        "the scenario cannot be read: {0}\nhint: start from a copy of the default scenario, which explains every key"
    )]
    ScenarioSyntax(#[from] Box<toml::de::Error>),
    /// The scenario is well formed, but what it asks for makes no sense. One line per problem.
    #[error(
        "the scenario has {} problem(s):\n  {}\nhint: the default scenario explains what each key may hold",
        .0.len(),
        .0.join("\n  ")
    )]
    ScenarioContent(Vec<String>),
    /// A company without deals was asked for.
    #[error("cannot simulate 0 deals\nhint: ask for at least 1; 5000 is a small company")]
    NoDeals,
    /// The folder for the files cannot be made.
    #[error(
        "cannot create the folder {}: {source}\nhint: choose a folder that you may write to, and that is not a file",
        path.display()
    )]
    OutputFolder {
        /// The folder asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(
        "cannot write {}: {source}\nhint: check the free space and permissions; 1 million deals take about 700 MB",
        path.display()
    )]
    Write {
        /// The file being written.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}
