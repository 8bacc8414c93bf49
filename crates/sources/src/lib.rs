//! Deals out of a CRM: one module per CRM behind one trait, [`Source`].
//!
//! A reading of a CRM is a chain of pages. Each page says at which [`Position`] the next one begins,
//! so a reading that was interrupted goes on after its last finished page; the last page gives the
//! [`Cursor`] from which the next reading has to fetch only what changed. Rows have the columns of an
//! export of the same CRM, so that the mapping of files serves them too.
//!
//! All requests go through [`http::Client`]: timeouts, retries with backoff and jitter, a rate limit
//! for each account, a circuit breaker, and a budget of requests a day.
//!
//! Owns the CRMs' interfaces and nothing else. Must not know the feature store, must not decide what
//! a deal is worth, and never prints a secret. Time and randomness are given to it.

pub mod files;
pub mod http;

mod connect;
mod credentials;
mod error;
mod hubspot;
mod salesforce;
mod source;
mod text;
mod webhook;

pub use connect::{Surroundings, connect};
pub use credentials::{Credentials, Kind};
pub use error::{Cause, SourceError};
pub use source::{
    Cursor, Deletion, Description, Finding, Health, Next, Page, Position, Record, Source, Table,
};
pub use webhook::{Change, Delivery, Rejection};
