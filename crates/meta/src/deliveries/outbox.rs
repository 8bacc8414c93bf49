//! Which deliveries a change of an alert calls for, written in the transaction of the change.

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, NotSet, QueryFilter, QueryOrder, Set};
use winsight_alert::{Alert, Finding, Rule};
use winsight_model::WorkspaceId;
use winsight_notify::{Event, Form, Notice, Recipient, Sight};
use xxhash_rust::xxh3::xxh3_128;

use super::DeliveryState;
use crate::entity::delivery;
use crate::stored::{instant, json, read_json};
use crate::{MetaError, Metadata};

/// What a rule finds in the deals of somebody who may not see all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnFindings(Vec<(Sight, Finding)>);

impl OwnFindings {
    /// Adds what was found in the deals that `sight` covers, and in no other deal.
    pub fn add(&mut self, sight: Sight, finding: Finding) {
        self.0.push((sight, finding));
    }

    fn of(&self, sight: &Sight, rule: Rule) -> Option<&Finding> {
        let found = self.0.iter().find(|(whose, what)| whose == sight && what.rule == rule);
        found.map(|(_, finding)| finding)
    }
}

/// The key of a message, from the key of the first delivery in it: 32 hexadecimal digits that stay
/// the same over all attempts.
pub fn message_key(delivery_key: &str) -> String {
    format!("msg_{:032x}", xxh3_128(delivery_key.as_bytes()))
}

impl Metadata {
    /// Writes a delivery for each event and each recipient who wants to know and may. The same event
    /// written again stays one delivery.
    pub(crate) async fn announce(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        events: &[(Event, &Alert)],
        own: &OwnFindings,
        now: Timestamp,
    ) -> Result<(), MetaError> {
        if events.is_empty() {
            return Ok(());
        }
        let recipients = self.read_recipients(transaction, workspace).await?;
        for recipient in recipients.iter().filter(|one| one.unsubscribed_at.is_none()) {
            for (event, alert) in events {
                let told = match event {
                    Event::Resolved => self.told(transaction, workspace, recipient, alert).await?,
                    Event::Opened | Event::Reopened | Event::Test => None,
                };
                // Nobody hears of the end of what they were never told of.
                if *event == Event::Resolved && told.is_none() {
                    continue;
                }
                let event = (*event, *alert, now);
                let Some(row) = delivery_of(workspace, recipient, event, own, told)? else {
                    continue;
                };
                let known = [delivery::Column::Workspace, delivery::Column::Key];
                let insert = delivery::Entity::insert(row)
                    .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
                    .exec_without_returning(transaction)
                    .await;
                insert.map_err(self.failed("write a delivery"))?;
            }
        }
        Ok(())
    }

    /// What a recipient was last told of an alert.
    async fn told(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        recipient: &Recipient,
        alert: &Alert,
    ) -> Result<Option<Notice>, MetaError> {
        let row = delivery::Entity::find()
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .filter(delivery::Column::Channel.eq(recipient.channel.as_str()))
            .filter(delivery::Column::Address.eq(recipient.address.as_str()))
            .filter(delivery::Column::Alert.eq(alert.id.as_str()))
            .order_by_desc(delivery::Column::Id)
            .one(transaction)
            .await
            .map_err(self.failed("read the deliveries"))?;
        row.map(|row| read_json("notice", row.notice)).transpose()
    }
}

fn delivery_of(
    workspace: &WorkspaceId,
    recipient: &Recipient,
    (event, alert, now): (Event, &Alert, Timestamp),
    own: &OwnFindings,
    told: Option<Notice>,
) -> Result<Option<delivery::ActiveModel>, MetaError> {
    if !recipient.is_told_of(&alert.finding) {
        return Ok(None);
    }
    let at = happened_at(event, alert, now);
    let own = own.of(&recipient.sight, alert.finding.rule);
    let notice = Notice::of(alert, event, at, &recipient.sight, own);
    let Some(notice) = notice.or_else(|| told.map(|told| told.over(at))) else {
        return Ok(None);
    };
    let severity = notice.severity;
    let due = recipient.rhythm.due(severity, at);
    let due = due.map_err(|error| MetaError::unreadable("time zone of a recipient", error))?;
    let form = if recipient.rhythm.digests(severity) { Form::Digest } else { Form::Single };
    let (channel, address) = (&recipient.channel, &recipient.address);
    // Hashed, since the id of an alert may name a person, who can ask to be forgotten.
    let identity = format!("{channel}\n{address}\n{}\n{event}\n{at}", alert.id);
    Ok(Some(delivery::ActiveModel {
        id: NotSet,
        workspace: Set(workspace.to_string()),
        key: Set(format!("{:032x}", xxh3_128(identity.as_bytes()))),
        channel: Set(channel.clone()),
        address: Set(address.clone()),
        alert: Set(alert.id.clone()),
        event: Set(event.to_string()),
        form: Set(json("form", &form)?.as_str().unwrap_or_default().to_owned()),
        notice: Set(json("notice", &notice)?),
        state: Set(DeliveryState::Pending.to_string()),
        created_at: Set(instant(at)),
        due_at: Set(instant(due)),
        attempts: Set(0),
        message: Set(None),
        leased_by: Set(None),
        leased_until: Set(None),
        sent_at: Set(None),
        failure: Set(None),
    }))
}

fn happened_at(event: Event, alert: &Alert, now: Timestamp) -> Timestamp {
    match event {
        Event::Resolved => alert.resolved_at.unwrap_or(alert.opened_at),
        Event::Reopened => now,
        Event::Opened | Event::Test => alert.opened_at,
    }
}
