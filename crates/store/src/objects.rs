//! Where the store's files lie: on the local disk or in an object store, in clear or sealed.

mod durable;
mod sealed;
mod sealed_upload;

pub(crate) use durable::DurableFileSystem;
pub(crate) use sealed::SealedStore;

#[cfg(test)]
mod tests;
