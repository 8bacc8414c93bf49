//! Companies with one planted incident each, and other ways to look for it: shared by the tests
//! and by `examples/root_causes.rs`.

pub(crate) mod adtributor;
pub(crate) mod company;
pub(crate) mod rankings;
pub(crate) mod study;
