//! Salesforce: opportunities with their history, accounts, owners and their roles, and activities.

mod bulk;
mod describe;
mod fields;
mod judge;
mod jwt;
mod listing;
mod place;
mod read;
mod reader;
mod refusal;
mod rows;
mod session;
mod soql;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    Change, Credentials, Cursor, Delivery, Description, Health, Page, Position, Rejection, Source,
    SourceError, Surroundings,
};
use session::Session;

/// A Salesforce organisation.
#[derive(Debug)]
pub(crate) struct Salesforce {
    session: Session,
    /// Further fields to read.
    fields: Vec<String>,
}

impl Salesforce {
    pub(crate) fn new(
        credentials: Credentials,
        surroundings: Surroundings,
    ) -> Result<Self, SourceError> {
        let fields = surroundings.fields.clone();
        Ok(Self { session: Session::new(credentials, surroundings)?, fields })
    }
}

#[async_trait]
impl Source for Salesforce {
    async fn describe(&self) -> Result<Description, SourceError> {
        self.session.begin().await?;
        describe::describe(&self.session, &self.fields).await
    }

    fn begin(&self, since: Option<&Cursor>, _: &Description) -> Position {
        Position::of(&read::begin(since))
    }

    async fn read(
        &self,
        position: &Position,
        description: &Description,
    ) -> Result<Page, SourceError> {
        read::page(&self.session, position.read()?, description).await
    }

    async fn deals(&self, ids: &[String], description: &Description) -> Result<Page, SourceError> {
        read::deals(&self.session, ids, description).await
    }

    async fn count(&self) -> Result<u64, SourceError> {
        listing::count(&self.session).await
    }

    async fn ids(&self, from: Option<&str>) -> Result<(Vec<String>, Option<String>), SourceError> {
        listing::ids(&self.session, from).await
    }

    fn decode(&self, _: &Delivery<'_>, _: Timestamp) -> Result<Vec<Change>, Rejection> {
        Err(Rejection::Unsupported)
    }

    fn health(&self) -> Health {
        self.session.client.health()
    }
}
