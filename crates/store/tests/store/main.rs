//! The feature store through its public surface, on real files.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod company;
mod crash;
mod features;
mod history;
mod journals;
mod loads;
mod replay;
mod tallies;
mod training;
