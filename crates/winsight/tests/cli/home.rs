//! A home to run commands in, and what a command answered.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Exit code of a failure.
pub(crate) const FAILED: i32 = 1;
/// Exit code of a wrong command line.
pub(crate) const USAGE: i32 = 2;
/// Exit code of data that was read and refused as a whole.
pub(crate) const REFUSED: i32 = 3;

/// The header of the files that [`deals`] makes.
pub(crate) const HEADER: &str = "deal_id,created_date,closed_date,outcome,deal_amount,region";

/// The last day of which the test files know anything.
pub(crate) const TODAY: &str = "2024-07-21";

/// A file of deals with these rows.
pub(crate) fn deals(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// A folder for input files, and in it the home of an installation.
pub(crate) struct TestHome {
    folder: TempDir,
    environment: Vec<(&'static str, &'static str)>,
}

impl TestHome {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), environment: Vec::new() }
    }

    /// A home that is not encrypted, so that a test can see what lies where.
    pub(crate) fn in_clear() -> Self {
        Self { environment: vec![("WINSIGHT_ENCRYPTION__ENABLED", "false")], ..Self::new() }
    }

    /// A path beside the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path inside the feature store of the default workspace.
    pub(crate) fn store(&self, name: &str) -> PathBuf {
        self.path("home/workspaces/default/store").join(name)
    }

    /// Writes an input file.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).expect("the file can be written");
        path
    }

    /// The command, not started yet. It sees no other environment, so that no setting leaks in.
    pub(crate) fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_winsight"));
        command.env_clear().envs(self.environment.iter().copied());
        command.arg("--home").arg(self.path("home"));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Answer {
        let mut command = assert_cmd::Command::from_std(self.command());
        Answer::of(&command.args(arguments).output().expect("the command starts"))
    }

    /// Runs a command that must succeed, and reads its one JSON document.
    pub(crate) fn json(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Value {
        let mut command = assert_cmd::Command::from_std(self.command());
        let output = command.arg("--json").args(arguments).output().expect("the command starts");
        Answer::of(&output).json()
    }

    /// Imports a file as of [`TODAY`]; it must succeed.
    pub(crate) fn import(&self, file: &Path) -> Value {
        self.json(["--as-of", TODAY, "import", text(file)])
    }

    /// Starts a command whose output can be read while it runs.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> std::process::Child {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the command starts")
    }
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: read(&output.stdout),
            stderr: read(&output.stderr),
        }
    }

    /// The JSON document of a command that succeeded.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// What is wrong with this answer as a failure that explains itself, if anything.
    pub(crate) fn is_failure(&self, code: i32, words: &[&str]) -> Result<(), String> {
        let missing: Vec<_> = words.iter().filter(|word| !self.stderr.contains(**word)).collect();
        let panicked = self.stderr.contains("panicked");
        if self.code == Some(code) && missing.is_empty() && self.stdout.is_empty() && !panicked {
            return Ok(());
        }
        Err(format!("wanted exit code {code}, an empty stdout and {missing:?}, got {self:#?}"))
    }
}

/// Fails with every problem of a table of cases, not only the first.
pub(crate) fn report(problems: &[String]) {
    assert!(problems.is_empty(), "{} cases failed:\n{}", problems.len(), problems.join("\n"));
}
