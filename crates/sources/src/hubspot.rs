//! HubSpot: deals with the history of their stages, companies, owners, pipelines and webhooks.

mod describe;
mod judge;
mod listing;
mod properties;
mod read;
mod rows;
mod session;
mod webhook;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::connect::host;
use crate::{
    Change, Credentials, Cursor, Delivery, Description, Health, Page, Position, Rejection, Source,
    SourceError, Surroundings,
};
use session::Session;

const USUAL_HOST: &str = "https://api.hubapi.com";

/// A HubSpot account.
#[derive(Debug)]
pub(crate) struct HubSpot {
    session: Session,
    /// What webhooks are signed with.
    secret: Option<SecretString>,
    /// Further properties to read.
    fields: Vec<String>,
}

impl HubSpot {
    pub(crate) fn new(
        credentials: Credentials,
        surroundings: Surroundings,
    ) -> Result<Self, SourceError> {
        let host = host(credentials.host.as_deref().unwrap_or(USUAL_HOST), USUAL_HOST)?;
        let secret = credentials.client_secret.clone();
        let session = Session::new(host, credentials, &surroundings)?;
        Ok(Self { session, secret, fields: surroundings.fields })
    }
}

#[async_trait]
impl Source for HubSpot {
    async fn describe(&self) -> Result<Description, SourceError> {
        describe::describe(&self.session, &self.fields).await
    }

    fn begin(&self, since: Option<&Cursor>, description: &Description) -> Position {
        Position::of(&read::begin(since, description))
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

    fn decode(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<Vec<Change>, Rejection> {
        let secret = self.secret.as_ref().ok_or(Rejection::Unsupported)?;
        webhook::decode(delivery, secret, now)
    }

    fn health(&self) -> Health {
        self.session.client.health()
    }
}
