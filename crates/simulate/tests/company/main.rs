//! What a simulated company promises, checked on the files that it writes.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod files;
mod identities;
mod incidents;
mod scenarios;
mod stationary;
mod written;
