//! The feature store through its public surface, on real files.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod aggregates;
mod company;
mod crash;
mod deletions;
mod erasure;
mod faulty;
mod features;
mod histories;
mod history;
mod journals;
mod loads;
mod locations;
mod replay;
mod stays;
mod tallies;
mod training;
mod upkeep;
