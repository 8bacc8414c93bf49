//! Messages as their recipients see them, and channels as receivers meet them.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod data;
mod email;
mod http;
mod notices;
mod receiver;
mod retry;
mod rhythm;
mod settings;
mod sight;
mod slack;
mod smtp;
mod webhook;
