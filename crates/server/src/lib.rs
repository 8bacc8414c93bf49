//! The HTTP API and the dashboard of Winsight.
//!
//! Owns every wire type, the `OpenAPI` document, and who may connect. Must not compute a number,
//! query a table or decide what an alert is: it asks `winsight-jobs` and writes down the answer.

mod api;
mod dashboard;
mod guard;
mod health;
mod refusal;
mod router;
mod serve;
pub mod wire;

pub use router::openapi_json;
pub use serve::{ServeError, Server};

#[cfg(test)]
mod tests;
