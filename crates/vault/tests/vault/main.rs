//! Keys, sealed files and sealed names through the public surface.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod durable;
mod files;
mod keys;
mod names;
mod rotation;
