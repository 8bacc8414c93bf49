//! Channels, and who they carry messages to.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use winsight_model::WorkspaceId;
use winsight_notify::{Breaker, ChannelSettings, Recipient, Secret, Secrets};

use crate::deliveries::DeliveryState;
use crate::entity::{channel, delivery, recipient};
use crate::stored::{count, counted, instant, json, read_instant, read_json};
use crate::{MetaError, Metadata};

/// Something that carries messages.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredChannel {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub settings: ChannelSettings,
    /// What of it must not be seen.
    pub secrets: Secrets,
    /// How it has been doing.
    pub breaker: Breaker,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Metadata {
    /// Adds a channel. One of the same name gets these settings and secrets, and keeps its
    /// recipients.
    pub async fn put_channel(
        &self,
        workspace: &WorkspaceId,
        channel: &StoredChannel,
    ) -> Result<(), MetaError> {
        let exposed = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
        let row = channel::ActiveModel {
            workspace: Set(workspace.to_string()),
            name: Set(channel.name.clone()),
            settings: Set(json("channel", &channel.settings)?),
            secret: Set(exposed(&channel.secrets.main)),
            signing_secret: Set(exposed(&channel.secrets.signing)),
            created_at: Set(instant(channel.created_at)),
            failures: Set(count(channel.breaker.failures.into())),
            open_until: Set(channel.breaker.open_until.map(instant)),
        };
        let replace = OnConflict::columns([channel::Column::Workspace, channel::Column::Name])
            .update_columns([
                channel::Column::Settings,
                channel::Column::Secret,
                channel::Column::SigningSecret,
                channel::Column::Failures,
                channel::Column::OpenUntil,
            ])
            .to_owned();
        let insert = channel::Entity::insert(row).on_conflict(replace);
        let insert = insert.exec_without_returning(self.database()).await;
        insert.map_err(self.failed("add the channel"))?;
        Ok(())
    }

    /// The channels of a workspace, by name.
    pub async fn channels(&self, workspace: &WorkspaceId) -> Result<Vec<StoredChannel>, MetaError> {
        let rows = channel::Entity::find()
            .filter(channel::Column::Workspace.eq(workspace.as_str()))
            .order_by_asc(channel::Column::Name)
            .all(self.database())
            .await
            .map_err(self.failed("read the channels"))?;
        rows.into_iter().map(read_channel).collect()
    }

    /// The channel of this name.
    ///
    /// # Errors
    /// [`MetaError::NoSuchChannel`].
    pub async fn channel(
        &self,
        workspace: &WorkspaceId,
        name: &str,
    ) -> Result<StoredChannel, MetaError> {
        let key = (workspace.to_string(), name.to_owned());
        let found = channel::Entity::find_by_id(key).one(self.database()).await;
        let row = found.map_err(self.failed("read the channel"))?;
        read_channel(row.ok_or_else(|| MetaError::NoSuchChannel(name.to_owned()))?)
    }

    /// Removes a channel with its recipients. What still waits to be sent by it is given up, and
    /// stays readable.
    ///
    /// # Errors
    /// [`MetaError::NoSuchChannel`].
    pub async fn remove_channel(
        &self,
        workspace: &WorkspaceId,
        name: &str,
    ) -> Result<(), MetaError> {
        let failed = self.failed("remove the channel");
        let transaction = self.begin().await?;
        let key = (workspace.to_string(), name.to_owned());
        let gone = channel::Entity::delete_by_id(key).exec(&transaction).await.map_err(&failed)?;
        if gone.rows_affected == 0 {
            return Err(MetaError::NoSuchChannel(name.to_owned()));
        }
        self.give_up(&transaction, workspace, name, None, "the channel was removed").await?;
        transaction.commit().await.map_err(&failed)
    }

    /// Adds a recipient to a channel, or changes the one with that address; it keeps its token.
    ///
    /// # Errors
    /// [`MetaError::NoSuchChannel`].
    pub async fn put_recipient(
        &self,
        workspace: &WorkspaceId,
        recipient: &Recipient,
        now: Timestamp,
    ) -> Result<(), MetaError> {
        self.channel(workspace, &recipient.channel).await?;
        let row = recipient::ActiveModel {
            workspace: Set(workspace.to_string()),
            channel: Set(recipient.channel.clone()),
            address: Set(recipient.address.clone()),
            role: Set(recipient.role.to_string()),
            sight: Set(json("recipient", &recipient.sight)?),
            routing: Set(json("recipient", &recipient.routing)?),
            rhythm: Set(json("recipient", &recipient.rhythm)?),
            token: Set(recipient.token.clone()),
            created_at: Set(instant(now)),
            unsubscribed_at: Set(recipient.unsubscribed_at.map(instant)),
        };
        let key =
            [recipient::Column::Workspace, recipient::Column::Channel, recipient::Column::Address];
        let replace = OnConflict::columns(key)
            .update_columns([
                recipient::Column::Role,
                recipient::Column::Sight,
                recipient::Column::Routing,
                recipient::Column::Rhythm,
                recipient::Column::UnsubscribedAt,
            ])
            .to_owned();
        let insert = recipient::Entity::insert(row).on_conflict(replace);
        let insert = insert.exec_without_returning(self.database()).await;
        insert.map_err(self.failed("add the recipient"))?;
        Ok(())
    }

    /// The recipients of every channel, also those who unsubscribed.
    pub async fn recipients(&self, workspace: &WorkspaceId) -> Result<Vec<Recipient>, MetaError> {
        self.read_recipients(self.database(), workspace).await
    }

    pub(crate) async fn read_recipients(
        &self,
        connection: &impl ConnectionTrait,
        workspace: &WorkspaceId,
    ) -> Result<Vec<Recipient>, MetaError> {
        let rows = recipient::Entity::find()
            .filter(recipient::Column::Workspace.eq(workspace.as_str()))
            .order_by_asc(recipient::Column::Channel)
            .order_by_asc(recipient::Column::Address)
            .all(connection)
            .await
            .map_err(self.failed("read the recipients"))?;
        rows.into_iter().map(read_recipient).collect()
    }

    /// Removes a recipient; what still waits to be sent to them is given up.
    ///
    /// # Errors
    /// [`MetaError::NoSuchRecipient`].
    pub async fn remove_recipient(
        &self,
        workspace: &WorkspaceId,
        channel: &str,
        address: &str,
    ) -> Result<(), MetaError> {
        let failed = self.failed("remove the recipient");
        let transaction = self.begin().await?;
        let key = (workspace.to_string(), channel.to_owned(), address.to_owned());
        let gone = recipient::Entity::delete_by_id(key).exec(&transaction).await;
        if gone.map_err(&failed)?.rows_affected == 0 {
            let (channel, address) = (channel.to_owned(), address.to_owned());
            return Err(MetaError::NoSuchRecipient { channel, address });
        }
        let why = "the recipient was removed";
        self.give_up(&transaction, workspace, channel, Some(address), why).await?;
        transaction.commit().await.map_err(&failed)
    }

    /// Leaves the recipient with this token alone from now on; what waits for them is given up.
    /// Returns whether there is one: asking twice is no mistake.
    pub async fn unsubscribe(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
    ) -> Result<bool, MetaError> {
        let failed = self.failed("unsubscribe the recipient");
        let transaction = self.begin().await?;
        let found = recipient::Entity::find()
            .filter(recipient::Column::Workspace.eq(workspace.as_str()))
            .filter(recipient::Column::Token.eq(token))
            .one(&transaction)
            .await
            .map_err(&failed)?;
        let Some(row) = found else { return Ok(false) };
        recipient::Entity::update_many()
            .col_expr(recipient::Column::UnsubscribedAt, Expr::value(instant(now)))
            .filter(recipient::Column::Workspace.eq(workspace.as_str()))
            .filter(recipient::Column::Token.eq(token))
            .filter(recipient::Column::UnsubscribedAt.is_null())
            .exec(&transaction)
            .await
            .map_err(&failed)?;
        let why = "the recipient unsubscribed";
        self.give_up(&transaction, workspace, &row.channel, Some(&row.address), why).await?;
        transaction.commit().await.map_err(&failed)?;
        Ok(true)
    }

    async fn give_up(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        channel: &str,
        address: Option<&str>,
        why: &str,
    ) -> Result<(), MetaError> {
        let mut update = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Dead.as_str()))
            .col_expr(delivery::Column::Failure, Expr::value(why))
            .filter(delivery::Column::Workspace.eq(workspace.as_str()))
            .filter(delivery::Column::Channel.eq(channel))
            .filter(delivery::Column::State.eq(DeliveryState::Pending.as_str()));
        if let Some(address) = address {
            update = update.filter(delivery::Column::Address.eq(address));
        }
        update.exec(transaction).await.map_err(self.failed("give up deliveries"))?;
        Ok(())
    }
}

fn read_channel(row: channel::Model) -> Result<StoredChannel, MetaError> {
    let secret = |text: Option<String>| text.map(|text| Secret::new(&text));
    Ok(StoredChannel {
        name: row.name,
        settings: read_json("channel", row.settings)?,
        secrets: Secrets { main: secret(row.secret), signing: secret(row.signing_secret) },
        breaker: Breaker {
            failures: u32::try_from(counted(row.failures)).unwrap_or(u32::MAX),
            open_until: row.open_until.map(read_instant).transpose()?,
        },
        created_at: read_instant(row.created_at)?,
    })
}

fn read_recipient(row: recipient::Model) -> Result<Recipient, MetaError> {
    let role = row.role.parse();
    Ok(Recipient {
        channel: row.channel,
        address: row.address,
        role: role.map_err(|error: String| MetaError::unreadable("role of a recipient", error))?,
        sight: read_json("recipient", row.sight)?,
        routing: read_json("recipient", row.routing)?,
        rhythm: read_json("recipient", row.rhythm)?,
        token: row.token,
        unsubscribed_at: row.unsubscribed_at.map(read_instant).transpose()?,
    })
}
