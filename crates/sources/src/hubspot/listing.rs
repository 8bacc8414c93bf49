//! How many deals there are, and which.

use serde_json::json;

use super::describe::{list, next, text};
use super::read::DEALS;
use super::session::Session;
use crate::SourceError;

pub(super) async fn count(session: &Session) -> Result<u64, SourceError> {
    let path = format!("{DEALS}/search");
    let answer = session.post(&path, &json!({ "limit": 1, "properties": [] })).await?;
    answer["total"].as_u64().ok_or_else(|| SourceError::answer("HubSpot", "a total"))
}

pub(super) async fn ids(
    session: &Session,
    from: Option<&str>,
) -> Result<(Vec<String>, Option<String>), SourceError> {
    let mut query = vec![("limit", "100"), ("properties", "hs_object_id")];
    query.extend(from.map(|from| ("after", from)));
    let answer = session.get(DEALS, &query).await?;
    let ids = list(&answer).iter().map(|deal| text(&deal["id"]));
    Ok((ids.collect(), next(&answer)))
}
