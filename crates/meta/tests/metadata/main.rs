//! The metadata database as its callers see it, on files and in memory.

mod alerts;
mod data;
mod loads;
mod opening;
mod quarantine;
mod runs;
