use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, NotSet, QueryFilter, QueryOrder, Set};
use winsight_alert::{Action, Alert, AlertEvent, AlertState, ITSELF};
use winsight_model::WorkspaceId;
use winsight_notify::Event;

use crate::deliveries::OwnFindings;
use crate::entity::alert_event;
use crate::stored::{instant, read_instant};
use crate::{MetaError, Metadata};

impl Metadata {
    /// What happened to an alert, the first step first.
    pub async fn alert_events(
        &self,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<Vec<AlertEvent>, MetaError> {
        let rows = alert_event::Entity::find()
            .filter(alert_event::Column::Workspace.eq(workspace.as_str()))
            .filter(alert_event::Column::Alert.eq(id))
            .order_by_asc(alert_event::Column::Id)
            .all(self.database())
            .await
            .map_err(self.failed("read the history of the alert"))?;
        let read = |row: alert_event::Model| {
            let at = read_instant(row.at)?;
            Ok(AlertEvent { at, who: row.who, what: row.what, text: row.text })
        };
        rows.into_iter().map(read).collect()
    }

    /// Does what a person does with an alert, keeps it in its history, and returns the alert as it
    /// then is.
    ///
    /// # Errors
    /// [`MetaError::NoSuchAlert`], or [`MetaError::Transition`] when it cannot be done any more.
    pub async fn act_on_alert(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        action: &Action,
        who: &str,
        at: Timestamp,
    ) -> Result<Alert, MetaError> {
        let transaction = self.begin().await?;
        let before = self.find_alert(&transaction, workspace, id).await?;
        let was_told = !matches!(before.state, AlertState::Resolved | AlertState::Pending);
        let alert = before.after(action, at)?;
        self.write_alert(&transaction, workspace, &alert).await?;
        if was_told && alert.state == AlertState::Resolved {
            let over = [(Event::Resolved, &alert)];
            self.announce(&transaction, workspace, &over, &OwnFindings::default(), at).await?;
        }
        let event = AlertEvent {
            at,
            who: who.to_owned(),
            what: action.as_str().to_owned(),
            text: action.text(),
        };
        self.write_event(&transaction, workspace, id, event).await?;
        transaction.commit().await.map_err(self.failed("change the alert"))?;
        Ok(alert)
    }

    /// Records what the program itself did with an alert.
    pub(crate) async fn write_own_event(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        alert: &Alert,
        what: &str,
        at: Timestamp,
    ) -> Result<(), MetaError> {
        let text = alert.life.reopened_because.clone().filter(|_| what == "reopened");
        let event = AlertEvent { at, who: ITSELF.to_owned(), what: what.to_owned(), text };
        self.write_event(transaction, workspace, &alert.id, event).await
    }

    async fn write_event(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        id: &str,
        event: AlertEvent,
    ) -> Result<(), MetaError> {
        let row = alert_event::ActiveModel {
            id: NotSet,
            workspace: Set(workspace.to_string()),
            alert: Set(id.to_owned()),
            at: Set(instant(event.at)),
            who: Set(event.who),
            what: Set(event.what),
            text: Set(event.text),
        };
        let insert = alert_event::Entity::insert(row).exec_without_returning(transaction).await;
        insert.map_err(self.failed("record what happened to an alert"))?;
        Ok(())
    }
}
