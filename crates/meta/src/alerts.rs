use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use winsight_alert::{Alert, AlertState, Transitions};
use winsight_model::WorkspaceId;
use winsight_notify::Event;

use crate::deliveries::OwnFindings;
use crate::entity::alert;
use crate::stored::{instant, json, read_instant, read_json};
use crate::{MetaError, Metadata};

impl Metadata {
    /// The alerts in `state`, or in any, latest first.
    pub async fn alerts(
        &self,
        workspace: &WorkspaceId,
        state: Option<AlertState>,
    ) -> Result<Vec<Alert>, MetaError> {
        let mut query = alert::Entity::find()
            .filter(alert::Column::Workspace.eq(workspace.as_str()))
            .order_by_desc(alert::Column::OpenedAt)
            .order_by_asc(alert::Column::Id);
        if let Some(state) = state {
            query = query.filter(alert::Column::State.eq(state.as_str()));
        }
        let rows = query.all(self.database()).await.map_err(self.failed("read the alerts"))?;
        rows.into_iter().map(read_alert).collect()
    }

    /// The alert with this id.
    ///
    /// # Errors
    /// [`MetaError::NoSuchAlert`] when there is none in the workspace.
    pub async fn alert(&self, workspace: &WorkspaceId, id: &str) -> Result<Alert, MetaError> {
        self.find_alert(self.database(), workspace, id).await
    }

    /// Moves an alert to `state` on behalf of a person, and returns it as it then is.
    ///
    /// # Errors
    /// [`MetaError::NoSuchAlert`], or [`MetaError::Transition`] when it cannot take that state.
    pub async fn set_alert_state(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        state: AlertState,
        at: Timestamp,
    ) -> Result<Alert, MetaError> {
        let failed = self.failed("change the alert");
        let transaction = self.begin().await?;
        let before = self.find_alert(&transaction, workspace, id).await?;
        let was_live = before.state != AlertState::Resolved;
        let alert = before.moved_to(state, at)?;
        self.write_state(&transaction, workspace, &alert).await?;
        if was_live && alert.state == AlertState::Resolved {
            let over = [(Event::Resolved, &alert)];
            self.announce(&transaction, workspace, &over, &OwnFindings::default()).await?;
        }
        transaction.commit().await.map_err(&failed)?;
        Ok(alert)
    }

    /// Writes what was changed among the alerts apart from any run, in one transaction.
    pub async fn change_alerts(
        &self,
        workspace: &WorkspaceId,
        transitions: Transitions,
    ) -> Result<(), MetaError> {
        let transaction = self.begin().await?;
        let own = OwnFindings::default();
        self.apply_transitions(&transaction, workspace, transitions, &own).await?;
        transaction.commit().await.map_err(self.failed("change the alerts"))
    }

    /// Writes what a run changed. An alert that somebody has moved since the run read it keeps the
    /// state that they gave it. The deliveries that the changes call for are written with them.
    pub(crate) async fn apply_transitions(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        transitions: Transitions,
        own: &OwnFindings,
    ) -> Result<(), MetaError> {
        // First, so that one that is over never stands in the way of a new one.
        for resolved in &transitions.resolved {
            self.write_state(transaction, workspace, resolved).await?;
        }
        for updated in &transitions.updated {
            let finding = json("alert", &updated.finding)?;
            let update = live(workspace, &updated.id)
                .col_expr(alert::Column::Finding, Expr::value(finding))
                .exec(transaction)
                .await;
            update.map_err(self.failed("update an alert"))?;
        }
        for opened in &transitions.opened {
            // Found, resolved by hand, and found again by a rerun as of the same instant.
            let reopen = OnConflict::columns([alert::Column::Workspace, alert::Column::Id])
                .update_columns([
                    alert::Column::State,
                    alert::Column::ResolvedAt,
                    alert::Column::Finding,
                ])
                .to_owned();
            let insert = alert::Entity::insert(row(workspace, opened)?).on_conflict(reopen);
            let insert = insert.exec_without_returning(transaction).await;
            insert.map_err(self.failed("open an alert"))?;
        }
        let opened = transitions.opened.iter().map(|alert| (Event::Opened, alert));
        let resolved = transitions.resolved.iter().map(|alert| (Event::Resolved, alert));
        let events: Vec<_> = opened.chain(resolved).collect();
        self.announce(transaction, workspace, &events, own).await
    }

    async fn write_state(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        alert: &Alert,
    ) -> Result<(), MetaError> {
        let update = live(workspace, &alert.id)
            .col_expr(alert::Column::State, Expr::value(alert.state.as_str()))
            .col_expr(alert::Column::ResolvedAt, Expr::value(alert.resolved_at.map(instant)))
            .exec(transaction)
            .await;
        update.map_err(self.failed("change an alert"))?;
        Ok(())
    }

    async fn find_alert(
        &self,
        connection: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<Alert, MetaError> {
        let key = (workspace.to_string(), id.to_owned());
        let found = alert::Entity::find_by_id(key).one(connection).await;
        let row = found.map_err(self.failed("read the alert"))?;
        read_alert(row.ok_or_else(|| MetaError::NoSuchAlert(id.to_owned()))?)
    }
}

/// An update of the alert with this id, unless it is resolved.
fn live(workspace: &WorkspaceId, id: &str) -> sea_orm::UpdateMany<alert::Entity> {
    alert::Entity::update_many()
        .filter(alert::Column::Workspace.eq(workspace.as_str()))
        .filter(alert::Column::Id.eq(id))
        .filter(alert::Column::State.ne(AlertState::Resolved.as_str()))
}

fn row(workspace: &WorkspaceId, alert: &Alert) -> Result<alert::ActiveModel, MetaError> {
    let finding = json("alert", &alert.finding)?;
    Ok(alert::ActiveModel {
        workspace: Set(workspace.to_string()),
        id: Set(alert.id.clone()),
        rule: Set(alert.finding.rule.to_string()),
        segment: Set(finding["segment"].to_string()),
        state: Set(alert.state.to_string()),
        opened_at: Set(instant(alert.opened_at)),
        resolved_at: Set(alert.resolved_at.map(instant)),
        finding: Set(finding),
    })
}

fn read_alert(row: alert::Model) -> Result<Alert, MetaError> {
    let state = row.state.parse();
    Ok(Alert {
        id: row.id,
        state: state.map_err(|error: String| MetaError::unreadable("state of an alert", error))?,
        opened_at: read_instant(row.opened_at)?,
        resolved_at: row.resolved_at.map(read_instant).transpose()?,
        finding: read_json("alert", row.finding)?,
    })
}
