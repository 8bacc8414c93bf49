//! What a CRM is to the rest of the program.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{Breaker, Budget};
use crate::webhook::{Change, Delivery, Rejection};
use crate::{Cause, SourceError};

/// A CRM account that deals are read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Looks at what the account shows before the first deal is read: the fields, the meaning of the
    /// stages, and what is missing.
    ///
    /// # Errors
    /// When nothing can be read at all; the message says why and what to do.
    async fn describe(&self) -> Result<Description, SourceError>;

    /// Where a reading begins: of everything, or of what changed since the cursor of an earlier one.
    fn begin(&self, since: Option<&Cursor>, description: &Description) -> Position;

    /// Reads the page at a position. Reading the same position again gives the same page, or a newer
    /// state of the same deals.
    async fn read(
        &self,
        position: &Position,
        description: &Description,
    ) -> Result<Page, SourceError>;

    /// Reads the present state of a few deals. Those that are not there any more count as deleted.
    async fn deals(&self, ids: &[String], description: &Description) -> Result<Page, SourceError>;

    /// How many deals there are.
    async fn count(&self) -> Result<u64, SourceError>;

    /// The ids of some of the deals that there are, and where the next ones begin.
    async fn ids(&self, from: Option<&str>) -> Result<(Vec<String>, Option<String>), SourceError>;

    /// Reads a delivery of the CRM's webhooks, after checking that it is genuine and fresh.
    ///
    /// # Errors
    /// [`Rejection`] says why it is not believed.
    fn decode(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<Vec<Change>, Rejection>;

    /// How the requests fare.
    fn health(&self) -> Health;
}

/// What an account shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The account, in the CRM's words.
    pub account: String,
    /// What tells the account from every other one, whatever it is called; blank where it is not told.
    #[serde(default)]
    pub account_id: String,
    /// Columns of the rows of deals.
    pub columns: Vec<String>,
    /// The fields that are read, and their types in the CRM's words; and what else rows draw on that
    /// may be missing, as `object`. Where one is new or of another type, what was read before lacks
    /// it.
    pub types: BTreeMap<String, String>,
    /// Stage to `won`, `lost` or `open`.
    pub stages: BTreeMap<String, String>,
    /// Currency to its value in the account's main currency, as an exact decimal.
    pub rates: BTreeMap<String, String>,
    /// Rates that hold from a day on, where the account keeps such: currency, day, value as above.
    pub dated_rates: Vec<(String, String, String)>,
    /// The account's main currency, where it says so.
    pub currency: Option<String>,
    /// What is missing, and what will not work without it.
    pub findings: Vec<Finding>,
    /// What the source itself wants to know again: owners, fields.
    pub detail: Value,
}

/// Something that an account lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The permission, field, scope or object.
    pub missing: String,
    /// What will not work without it.
    pub effect: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "missing: {}: {}; {}", self.missing, self.effect, self.remedy)
    }
}

/// Where a reading stands; only the source that made it can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub Value);

/// From when on the next reading has to look; only the source that made it can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Value);

impl Position {
    pub(crate) fn of(reading: &impl Serialize) -> Self {
        // Positions are enums of texts and numbers, which are JSON.
        Self(serde_json::to_value(reading).unwrap_or_default())
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, SourceError> {
        serde_json::from_value(self.0.clone()).map_err(|error| {
            SourceError::new(
                Cause::Answer,
                format!("the place at which the last sync stopped cannot be read: {error}"),
                "run `winsight sync --full`",
            )
        })
    }
}

impl Cursor {
    pub(crate) fn of(cursor: &impl Serialize) -> Self {
        Self(serde_json::to_value(cursor).unwrap_or_default())
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.0.clone()).ok()
    }
}

/// A part of a reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Deals, a row each, in the columns of an export.
    pub deals: Table,
    /// Stages entered: deal, instant, stage.
    pub events: Table,
    /// Activities: deal, instant, kind.
    pub activities: Table,
    /// Whether all events and activities of every deal on the page are on it. Otherwise they are
    /// spread over the pages of the reading that are not whole.
    pub whole: bool,
    /// Deals that are gone.
    pub deleted: Vec<Deletion>,
    /// What comes after it.
    pub next: Next,
}

impl Page {
    /// A page with nothing on it.
    pub fn empty(next: Next) -> Self {
        Self {
            deals: Table::default(),
            events: Table::default(),
            activities: Table::default(),
            whole: true,
            deleted: Vec::new(),
            next,
        }
    }
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Next {
    /// The page at this position.
    Page(Position),
    /// Nothing: the next reading begins here.
    End(Cursor),
}

/// Rows under one header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The header.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Record>,
}

/// A row about a deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The deal.
    pub deal: String,
    /// The row's own id, by which it is known when it is read twice; blank where it has none.
    pub id: String,
    /// When the CRM last changed what the row says, or when it happened; microseconds since 1970.
    pub at: i64,
    /// A text for each column.
    pub fields: Vec<String>,
}

/// A deal that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The deal.
    pub deal: String,
    /// Since when; microseconds since 1970.
    pub at: i64,
}

/// How the requests to an account fare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests that were repeated.
    pub retries: u64,
    /// The circuit breaker.
    pub breaker: Breaker,
    /// What of the daily allowance is used, as far as the CRM says so.
    pub budget: Budget,
}
