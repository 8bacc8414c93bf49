use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error as a problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The kind of problem; `about:blank` says that the status tells it all.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What went wrong here, and what to do.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
}
