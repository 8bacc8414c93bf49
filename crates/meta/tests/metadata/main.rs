//! The metadata database as its callers see it, on files and in memory.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod alerts;
mod data;
mod deliveries;
mod encryption;
mod loads;
mod opening;
mod quarantine;
mod runs;
mod sources;
