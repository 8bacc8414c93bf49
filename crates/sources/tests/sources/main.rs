//! Sources as their callers see them, against small servers that answer like the CRMs.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod http;
mod hubspot;
mod salesforce;
mod server;
