//! The feature store through its public surface, on real files.

mod company;
mod crash;
mod loads;
mod replay;
mod tallies;
