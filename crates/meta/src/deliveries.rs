//! The ledger of deliveries, which is also the outbox: a row for every recipient and event, written
//! with the change of the alert, and led from `pending` over `sending` to `sent` or `dead`.

mod lease;
mod outbox;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use winsight_model::WorkspaceId;
use winsight_notify::{Form, Notice};

use crate::entity::delivery;
use crate::stored::{counted, instant, read_instant, read_json};
use crate::{MetaError, Metadata};

pub use lease::{Leased, Outcome, Worker};
pub use outbox::{OwnFindings, message_key};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryState {
    /// Waits until it is due, at first or again.
    Pending,
    /// A worker is at it.
    Sending,
    /// The receiver has taken it.
    Sent,
    /// Given up; a person can send it again.
    Dead,
}

/// One event of one alert for one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The channel, by name.
    pub channel: String,
    /// The recipient's address on it.
    pub address: String,
    /// Whether it waits for a digest.
    pub form: Form,
    /// What is said.
    pub notice: Notice,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it may go out, or is tried again.
    pub due_at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// The key of the message that it travels in.
    pub message: Option<String>,
    /// When the receiver took it.
    pub sent_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}

impl Metadata {
    /// The deliveries in a state, or in any; newest first.
    pub async fn deliveries(
        &self,
        workspace: &WorkspaceId,
        state: Option<DeliveryState>,
        limit: u64,
    ) -> Result<Vec<Delivery>, MetaError> {
        let mut query = delivery::Entity::find()
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .order_by_desc(delivery::Column::Id)
            .limit(limit);
        if let Some(state) = state {
            query = query.filter(delivery::Column::State.eq(state.as_str()));
        }
        let rows = query.all(self.database()).await.map_err(self.failed("read the deliveries"))?;
        rows.into_iter().map(read_delivery).collect()
    }

    /// Sends deliveries that were given up once more: the one with this number, or all. Returns how
    /// many.
    ///
    /// # Errors
    /// [`MetaError::NoSuchDelivery`] when the one asked for is not among them.
    pub async fn resend(
        &self,
        workspace: &WorkspaceId,
        id: Option<i64>,
        now: Timestamp,
    ) -> Result<u64, MetaError> {
        let mut update = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Pending.as_str()))
            .col_expr(delivery::Column::DueAt, Expr::value(instant(now)))
            .col_expr(delivery::Column::Attempts, Expr::value(0i64))
            .col_expr(delivery::Column::Message, Expr::value(None::<String>))
            .col_expr(delivery::Column::Failure, Expr::value(None::<String>))
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .filter(delivery::Column::State.eq(DeliveryState::Dead.as_str()));
        if let Some(id) = id {
            update = update.filter(delivery::Column::Id.eq(id));
        }
        let updated = update.exec(self.database()).await;
        let updated = updated.map_err(self.failed("send a delivery again"))?.rows_affected;
        match id {
            Some(id) if updated == 0 => Err(MetaError::NoSuchDelivery(id)),
            _ => Ok(updated),
        }
    }
}

fn read_delivery(row: delivery::Model) -> Result<Delivery, MetaError> {
    let unreadable = |error: String| MetaError::unreadable("state of a delivery", error);
    Ok(Delivery {
        id: row.id,
        channel: row.channel,
        address: row.address,
        form: read_json("form of a delivery", row.form.into())?,
        notice: read_json("notice", row.notice)?,
        state: row.state.parse().map_err(unreadable)?,
        created_at: read_instant(row.created_at)?,
        due_at: read_instant(row.due_at)?,
        attempts: u32::try_from(counted(row.attempts)).unwrap_or(u32::MAX),
        message: row.message,
        sent_at: row.sent_at.map(read_instant).transpose()?,
        failure: row.failure,
    })
}

impl DeliveryState {
    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Pending, Self::Sending, Self::Sent, Self::Dead];
        all.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            format!("{text:?} is not a state of a delivery; use pending, sending, sent or dead")
        })
    }
}
