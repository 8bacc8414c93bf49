//! The vendors' own clients work unchanged. They are installed by `scripts/prerequisites.sh clients`;
//! where they are not, there is nothing to test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use winsight_emulate::{Command, Kind, Options};

use crate::{options, start};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Lets a script compare what it reads with what the CRM holds, after some days of work.
async fn run(kind: Kind, program: &Path, script: &str) {
    // Clients sign assertions with the time outside.
    #[expect(clippy::disallowed_methods, reason = "the clients under test read the clock too")]
    let wall = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        i64::try_from(now.as_millis()).expect("a time")
    };
    let options = Options { page_size: 150, wall: Arc::new(wall), ..options(kind, 700) };
    let emulator = start(options).await;
    emulator.execute(Command::LiveDays { days: 5 }).await.expect("days pass");
    let mut child = tokio::process::Command::new(program);
    child.arg(folder().join(script)).arg(emulator.url()).current_dir(folder());
    let output = child.output().await.expect("the client runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jsforce_reads_salesforce() {
    if folder().join("node_modules/jsforce").exists() {
        run(Kind::Salesforce, Path::new("node"), "jsforce.mjs").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hubspots_client_reads_hubspot() {
    if folder().join("node_modules/@hubspot/api-client").exists() {
        run(Kind::HubSpot, Path::new("node"), "hubspot.mjs").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_salesforce_reads_salesforce() {
    let python = folder().join(".venv/bin/python");
    if python.exists() {
        run(Kind::Salesforce, &python, "simple_salesforce_client.py").await;
    }
}
