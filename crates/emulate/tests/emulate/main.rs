//! The emulators as their readers meet them: over HTTP.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod clients;
mod faults;
mod http;
mod hubspot;
mod life;
mod salesforce;

use std::sync::Arc;

use jiff::civil::date;
use winsight_emulate::{Emulator, Kind, Options};

/// The time outside: it stands still.
const NOW: i64 = 1_781_000_000_000;

fn options(kind: Kind, deals: u64) -> Options {
    Options::new(kind, deals, 7, date(2026, 3, 2), Arc::new(|| NOW))
}

async fn start(options: Options) -> Emulator {
    let address = "127.0.0.1:0".parse().expect("an address");
    Emulator::start(options, address).await.expect("it starts")
}
