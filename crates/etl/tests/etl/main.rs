//! Reads whole files through the public surface, as a load does.

#![expect(
    clippy::expect_used,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "tests fail by panicking, scores are computed the same way twice, and a skip is printed"
)]

mod activities;
mod cases;
mod columnar;
mod company_files;
mod events;
mod feeds;
mod harness;
mod indicators;
mod lookups;
mod properties;
mod quality;
mod retry;
