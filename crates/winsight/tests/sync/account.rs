//! An emulated CRM with a workspace that is synced from it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use winsight_emulate::{Command, Emulator, FaultRule, Kind, Options};
use winsight_jobs::{
    Encryption, Home, JobError, KnownAt, NewSource, SourceKind, SyncReport, Workspace,
};
use winsight_model::{Clock, Settings, WorkspaceId};
use winsight_sources::http::{Limits, Pace, TestPace};
use winsight_vault::KeySource;

use crate::ledger::differences;

/// Name of the source.
pub(crate) const SOURCE: &str = "crm";

pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    pub(crate) workspace: Workspace,
    pub(crate) pace: Arc<TestPace>,
    folder: TempDir,
}

impl Account {
    /// A company of so many deals, and a workspace that knows nothing of it yet. Its quality gate is
    /// open: small companies change as a whole.
    pub(crate) async fn new(kind: Kind, deals: u64) -> Self {
        Self::with_gate(kind, deals, u64::MAX).await
    }

    /// The same, with a quality gate that judges loads from so many rows on.
    pub(crate) async fn with_gate(kind: Kind, deals: u64, min_rows: u64) -> Self {
        let clock = Clock::at("2026-06-30T12:00:00Z".parse().expect("an instant"), TimeZone::UTC);
        let pace = Arc::new(TestPace::new(clock.instant()));
        let wall = Arc::clone(&pace);
        let wall = Arc::new(move || wall.now().as_millisecond());
        let options = Options::new(kind, deals, 7, date(2026, 3, 2), wall);
        let options = Options { page_size: 40, ..options };
        let address = "127.0.0.1:0".parse().expect("an address");
        let emulator = Emulator::start(options, address).await.expect("it starts");

        let folder = TempDir::new().expect("a folder");
        let key = KeySource::File(folder.path().join("winsight.key"));
        let encryption = Encryption { enabled: true, key };
        let opened = Home::open(folder.path(), &encryption, clock.instant());
        let (home, _) = opened.expect("a home");
        let mut settings = Settings::default();
        settings.quality_gate.min_rows = min_rows;
        let opened = Workspace::open(
            &home,
            WorkspaceId::from_str("default").expect("a name"),
            settings,
            clock,
            KnownAt::Latest,
        );
        let limits = Limits {
            per_second: 1_000.0,
            burst: 1_000,
            timeout: Duration::from_secs(2),
            ..Limits::default()
        };
        let workspace = Box::pin(opened).await.expect("a workspace");
        let workspace = workspace.asking_at(Arc::clone(&pace) as Arc<dyn Pace>, limits);
        let account = Self { emulator, workspace, pace, folder };
        let (kind, settings) = account.credentials();
        let name = SOURCE.to_owned();
        let new = NewSource { name, kind, settings, folder: None, mapping: None };
        account.workspace.add_source(&new).await.expect("added");
        account
    }

    fn credentials(&self) -> (SourceKind, String) {
        let given = self.emulator.credentials();
        let line = |name: &str, value: &str| format!("{name} = \"\"\"{value}\"\"\"\n");
        let mut text = line("host", &given.url) + &line("client_id", &given.client_id);
        let kind = match given.kind {
            Kind::Salesforce => {
                text += &line("username", given.username.as_deref().expect("a user"));
                text += &line("private_key", given.private_key.as_deref().expect("a key"));
                SourceKind::Salesforce
            }
            Kind::HubSpot => {
                text += &line("client_secret", &given.client_secret);
                text += &line("refresh_token", &given.refresh_token);
                SourceKind::HubSpot
            }
        };
        (kind, text)
    }

    pub(crate) async fn execute(&self, command: Command) {
        self.emulator.execute(command).await.expect("it is done");
    }

    pub(crate) async fn live_a_day(&self) {
        self.execute(Command::LiveDays { days: 1 }).await;
    }

    pub(crate) async fn break_by(&self, rules: &[FaultRule], seed: u64) {
        self.execute(Command::Faults { rules: rules.to_vec(), seed, edits: 3 }).await;
    }

    /// Waits until the CRM was asked so often.
    pub(crate) async fn asked(&self, total: u64) {
        while self.emulator.requests().total < total {
            tokio::task::yield_now().await;
        }
    }

    /// Does something once the CRM has been asked so often from now on.
    pub(crate) async fn meanwhile(&self, requests: u64, command: Command) {
        self.asked(self.emulator.requests().total + requests).await;
        self.execute(command).await;
    }

    /// One sync, whatever comes of it.
    pub(crate) async fn try_sync(&self, full: bool) -> Result<SyncReport, JobError> {
        Box::pin(self.workspace.sync(SOURCE, full, |_| {})).await
    }

    pub(crate) async fn sync(&self, full: bool) -> SyncReport {
        self.try_sync(full).await.expect("synced")
    }

    /// Fails when the store and the CRM differ.
    pub(crate) async fn compare(&self, when: &str) {
        let out = self.folder.path().join("export");
        let _ = std::fs::remove_dir_all(&out);
        let exported = self.workspace.export(&out, winsight_store::ExportFormat::Csv).await;
        exported.expect("exported");
        let found = differences(&self.emulator.truth(), &out);
        assert!(found.is_empty(), "{when}: {} differences, {:#?}", found.len(), &found[..1]);
    }
}
