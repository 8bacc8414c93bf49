//! Taking deliveries out of the outbox so that no other worker takes them too, and writing down what
//! became of them.

use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use winsight_model::WorkspaceId;
use winsight_notify::{Breaker, Form};

use super::{Delivery, DeliveryState, message_key, read_delivery};
use crate::entity::{channel, delivery};
use crate::stored::{count, instant};
use crate::{MetaError, Metadata};

/// As many notices for one recipient at once are put into one message.
const BURST: usize = 4;
/// Notices in one message at most.
const MOST_TOGETHER: u64 = 50;
/// A worker that has not said anything for so long is dead. Longer than any attempt may take.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// Who takes deliveries, and when.
#[derive(Clone, Debug)]
pub struct Worker {
    /// A name that no other worker has.
    pub name: String,
    /// The instant at which deliveries are looked at: what is due by then is taken.
    pub now: Timestamp,
    /// The present, in which a lease runs out. Differs from `now` when the past is replayed.
    pub present: Timestamp,
}

/// Deliveries that travel in one message, and are this worker's for now.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// The key of the message; the same at every attempt.
    pub key: String,
    /// Why they travel together.
    pub form: Form,
    /// All of one channel and address; never empty.
    pub deliveries: Vec<Delivery>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Sent,
    /// It is tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// What went wrong.
        failure: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        failure: String,
    },
}

impl Metadata {
    /// Takes what is to be sent next on a channel; `None` when nothing is due. What a worker took
    /// that has died since is taken again, as the message that it was.
    pub async fn lease(
        &self,
        workspace: &WorkspaceId,
        channel: &str,
        worker: &Worker,
    ) -> Result<Option<Leased>, MetaError> {
        let failed = self.failed("take a delivery");
        let of_channel = delivery::Entity::find()
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .filter(delivery::Column::Channel.eq(channel));
        let next = takeable(of_channel.clone(), worker)
            .order_by_asc(delivery::Column::DueAt)
            .order_by_asc(delivery::Column::Id);
        // Looked for outside of a transaction, which would make everybody wait who writes.
        if next.clone().one(self.database()).await.map_err(&failed)?.is_none() {
            return Ok(None);
        }
        let transaction = self.begin().await?;
        let Some(first) = next.one(&transaction).await.map_err(&failed)? else { return Ok(None) };
        let together = takeable(of_channel, worker)
            .filter(delivery::Column::Address.eq(first.address.as_str()))
            .filter(delivery::Column::Form.eq(first.form.as_str()));
        let together = match &first.message {
            Some(message) => together.filter(delivery::Column::Message.eq(message.as_str())),
            None => together.filter(delivery::Column::Message.is_null()),
        };
        let rows = together.order_by_asc(delivery::Column::Id).limit(MOST_TOGETHER);
        let mut rows = rows.all(&transaction).await.map_err(&failed)?;
        let is_digest = first.form == "digest";
        if first.message.is_none() && !is_digest && rows.len() < BURST {
            rows = vec![first.clone()];
        }
        let key = first.message.clone().unwrap_or_else(|| message_key(&first.key));
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let taken = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Sending.as_str()))
            .col_expr(delivery::Column::Message, Expr::value(key.as_str()))
            .col_expr(delivery::Column::LeasedBy, Expr::value(worker.name.as_str()))
            .col_expr(
                delivery::Column::LeasedUntil,
                Expr::value(instant(
                    worker.present.saturating_add(LEASE).unwrap_or(worker.present),
                )),
            )
            .col_expr(delivery::Column::Attempts, Expr::col(delivery::Column::Attempts).add(1))
            .filter(delivery::Column::Id.is_in(ids.clone()))
            .filter(is_takeable(worker))
            .exec(&transaction)
            .await
            .map_err(&failed)?;
        if taken.rows_affected != ids.len() as u64 {
            transaction.rollback().await.map_err(&failed)?;
            return Ok(None);
        }
        transaction.commit().await.map_err(&failed)?;
        let form = match (is_digest, rows.len()) {
            (true, _) => Form::Digest,
            (false, 1) => Form::Single,
            (false, _) => Form::Burst,
        };
        let deliveries = rows.into_iter().map(|row| {
            let attempts = row.attempts + 1;
            read_delivery(delivery::Model { attempts, message: Some(key.clone()), ..row })
        });
        let deliveries = deliveries.collect::<Result<_, _>>()?;
        Ok(Some(Leased { key, form, deliveries }))
    }

    /// Writes down what became of a message, and how its channel is doing. Does nothing when the
    /// worker was so slow that another one has taken the message over.
    pub async fn settle(
        &self,
        workspace: &WorkspaceId,
        worker: &Worker,
        leased: &Leased,
        outcome: Outcome,
        breaker: Breaker,
    ) -> Result<(), MetaError> {
        let failed = self.failed("write down a delivery");
        let Some(first) = leased.deliveries.first() else { return Ok(()) };
        let (state, due, sent_at, failure) = match outcome {
            Outcome::Sent => (DeliveryState::Sent, None, Some(worker.now), None),
            Outcome::Retry { at, failure } => {
                (DeliveryState::Pending, Some(at), None, Some(failure))
            }
            Outcome::Dead { failure } => (DeliveryState::Dead, None, None, Some(failure)),
        };
        let transaction = self.begin().await?;
        let mut update = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(state.as_str()))
            .col_expr(delivery::Column::SentAt, Expr::value(sent_at.map(instant)))
            .col_expr(delivery::Column::Failure, Expr::value(failure))
            .col_expr(delivery::Column::LeasedBy, Expr::value(None::<String>))
            .col_expr(delivery::Column::LeasedUntil, Expr::value(None::<i64>))
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .filter(delivery::Column::Message.eq(leased.key.as_str()))
            .filter(delivery::Column::State.eq(DeliveryState::Sending.as_str()))
            .filter(delivery::Column::LeasedBy.eq(worker.name.as_str()));
        if let Some(due) = due {
            update = update.col_expr(delivery::Column::DueAt, Expr::value(instant(due)));
        }
        update.exec(&transaction).await.map_err(&failed)?;
        self.write_breaker(&transaction, workspace, &first.channel, breaker).await?;
        transaction.commit().await.map_err(&failed)
    }

    async fn write_breaker(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        name: &str,
        breaker: Breaker,
    ) -> Result<(), MetaError> {
        let open_until = breaker.open_until.map(instant);
        channel::Entity::update_many()
            .col_expr(channel::Column::Failures, Expr::value(count(breaker.failures.into())))
            .col_expr(channel::Column::OpenUntil, Expr::value(open_until))
            .filter(channel::Column::Workspace.eq(workspace.as_str()))
            .filter(channel::Column::Name.eq(name))
            .exec(transaction)
            .await
            .map_err(self.failed("write down how a channel is doing"))?;
        Ok(())
    }
}

fn takeable(query: Select<delivery::Entity>, worker: &Worker) -> Select<delivery::Entity> {
    query.filter(is_takeable(worker))
}

fn is_takeable(worker: &Worker) -> Condition {
    let waits = delivery::Column::State
        .eq(DeliveryState::Pending.as_str())
        .and(delivery::Column::DueAt.lte(instant(worker.now)));
    let left_behind = delivery::Column::State
        .eq(DeliveryState::Sending.as_str())
        .and(delivery::Column::LeasedUntil.lte(instant(worker.present)));
    Condition::any().add(waits).add(left_behind)
}
