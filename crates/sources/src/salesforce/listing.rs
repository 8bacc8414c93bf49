//! How many opportunities there are, and which.

use super::describe::records;
use super::rows::value;
use super::session::Session;
use super::soql;
use crate::SourceError;

/// Most records of one answer.
const LISTED: usize = 2_000;

pub(super) async fn count(session: &Session) -> Result<u64, SourceError> {
    let answer = session.get("query", &[("q", "SELECT COUNT() FROM Opportunity")]).await?;
    answer["totalSize"].as_u64().ok_or_else(|| SourceError::answer("Salesforce", "a totalSize"))
}

/// The ids after one, in their order: so no query has to stay open.
pub(super) async fn ids(
    session: &Session,
    from: Option<&str>,
) -> Result<(Vec<String>, Option<String>), SourceError> {
    let after = from.filter(|id| soql::is_id(id));
    let after = after.map_or_else(String::new, |id| format!(" WHERE Id > '{id}'"));
    let query = format!("SELECT Id FROM Opportunity{after} ORDER BY Id LIMIT {LISTED}");
    let answer = session.get("query", &[("q", &query)]).await?;
    let ids: Vec<_> = records(&answer).iter().map(|record| value(record, "Id")).collect();
    // Which of two ids that differ in case comes first is for Salesforce to say.
    let next = ids.last().cloned();
    if ids.iter().any(|id| !soql::is_id(id) || from == Some(id.as_str())) {
        return Err(SourceError::answer("Salesforce", "the ids after the one named"));
    }
    Ok((ids, next))
}
