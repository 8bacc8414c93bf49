//! The alerts as their callers see them.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod custom;
mod data;
mod false_alarms;
mod lifecycle;
mod operations;
mod printed;
mod rules;
mod sequences;
