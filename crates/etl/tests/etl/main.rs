//! Reads whole files through the public surface, as a load does.

mod cases;
mod columnar;
mod company_files;
mod events;
mod harness;
mod lookups;
mod properties;
