//! Syncs with emulated CRMs, compared with what these hold, row by row.
//!
//! Time passes only while somebody waits for it, and then at once.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod account;
mod faults;
mod hooks;
mod ledger;
mod shape;
