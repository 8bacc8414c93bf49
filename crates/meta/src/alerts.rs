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

    /// Writes what was changed among the alerts apart from any run, in one transaction.
    pub async fn change_alerts(
        &self,
        workspace: &WorkspaceId,
        transitions: Transitions,
        at: Timestamp,
    ) -> Result<Transitions, MetaError> {
        self.record_evaluation(workspace, transitions, &OwnFindings::default(), at).await
    }

    /// The same, with what was found in the deals of those who may not see all.
    pub async fn record_evaluation(
        &self,
        workspace: &WorkspaceId,
        transitions: Transitions,
        own: &OwnFindings,
        at: Timestamp,
    ) -> Result<Transitions, MetaError> {
        let transaction = self.begin().await?;
        let applied = self.apply_transitions(&transaction, workspace, transitions, own, at).await?;
        transaction.commit().await.map_err(self.failed("change the alerts"))?;
        Ok(applied)
    }

    /// Writes what a run changed, with its history, and returns what is to be told: the changes that
    /// nobody else had made meanwhile. An alert that somebody has moved since the run read it keeps the
    /// state that they gave it; one that another process has opened or reopened is only updated. The
    /// deliveries that the changes call for are written with them.
    pub(crate) async fn apply_transitions(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        transitions: Transitions,
        own: &OwnFindings,
        at: Timestamp,
    ) -> Result<Transitions, MetaError> {
        let mut applied = Transitions::default();
        // First, so that one that is over never stands in the way of a new one.
        for resolved in transitions.resolved {
            let change = live(workspace, &resolved.id)
                .col_expr(alert::Column::State, Expr::value(resolved.state.as_str()))
                .col_expr(
                    alert::Column::ResolvedAt,
                    Expr::value(resolved.resolved_at.map(instant)),
                );
            if self.changed(change, transaction).await? {
                self.write_own_event(transaction, workspace, &resolved, "resolved", at).await?;
                applied.resolved.push(resolved);
            }
        }
        for updated in transitions.updated {
            self.write_finding(transaction, workspace, &updated.id, &updated).await?;
            applied.updated.push(updated);
        }
        for reopened in transitions.reopened {
            if self.reopen(transaction, workspace, &reopened).await? {
                self.write_own_event(transaction, workspace, &reopened, "reopened", at).await?;
                applied.reopened.push(reopened);
            }
        }
        for opened in transitions.opened {
            if let Some(known) = self.live_twin(transaction, workspace, &opened).await? {
                self.write_finding(transaction, workspace, &known, &opened).await?;
                continue;
            }
            // Found, resolved by hand, and found again by a rerun as of the same instant.
            let again = OnConflict::columns([alert::Column::Workspace, alert::Column::Id])
                .update_columns([
                    alert::Column::State,
                    alert::Column::ResolvedAt,
                    alert::Column::Finding,
                ])
                .to_owned();
            let insert = alert::Entity::insert(row(workspace, &opened)?).on_conflict(again);
            let insert = insert.exec_without_returning(transaction).await;
            insert.map_err(self.failed("open an alert"))?;
            self.write_own_event(transaction, workspace, &opened, opened_as(&opened), at).await?;
            applied.opened.push(opened);
        }
        self.announce(transaction, workspace, &events(&applied), own, at).await?;
        Ok(applied)
    }

    /// The id of the live alert of the same rule on the same segment, if there is one already.
    async fn live_twin(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        opened: &Alert,
    ) -> Result<Option<String>, MetaError> {
        let about = about(&json("alert", &opened.finding)?);
        let same = alert::Entity::find()
            .filter(alert::Column::Workspace.eq(workspace.as_str()))
            .filter(alert::Column::Rule.eq(opened.finding.rule_name()))
            .filter(alert::Column::Segment.eq(about))
            .filter(alert::Column::State.ne(AlertState::Resolved.as_str()))
            .one(transaction)
            .await
            .map_err(self.failed("read the alerts"))?;
        Ok(same.map(|known| known.id))
    }

    /// Whether the alert was not open already.
    async fn reopen(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        alert: &Alert,
    ) -> Result<bool, MetaError> {
        let open = [AlertState::Open.as_str(), AlertState::Acknowledged.as_str()];
        let change = alert::Entity::update_many()
            .filter(alert::Column::Workspace.eq(workspace.as_str()))
            .filter(alert::Column::Id.eq(&alert.id))
            .filter(alert::Column::State.is_not_in(open))
            .col_expr(alert::Column::State, Expr::value(alert.state.as_str()))
            .col_expr(alert::Column::ResolvedAt, Expr::value(None::<i64>))
            .col_expr(alert::Column::Finding, Expr::value(json("alert", &alert.finding)?))
            .col_expr(alert::Column::Life, Expr::value(json("alert", &alert.life)?));
        self.changed(change, transaction).await
    }

    async fn write_finding(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        id: &str,
        alert: &Alert,
    ) -> Result<(), MetaError> {
        let finding = json("alert", &alert.finding)?;
        let update = live(workspace, id).col_expr(alert::Column::Finding, Expr::value(finding));
        self.changed(update, transaction).await.map(|_| ())
    }

    /// Writes an alert as a person left it.
    pub(crate) async fn write_alert(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        alert: &Alert,
    ) -> Result<(), MetaError> {
        let change = alert::Entity::update_many()
            .filter(alert::Column::Workspace.eq(workspace.as_str()))
            .filter(alert::Column::Id.eq(&alert.id))
            .col_expr(alert::Column::State, Expr::value(alert.state.as_str()))
            .col_expr(alert::Column::ResolvedAt, Expr::value(alert.resolved_at.map(instant)))
            .col_expr(alert::Column::Life, Expr::value(json("alert", &alert.life)?));
        self.changed(change, transaction).await.map(|_| ())
    }

    async fn changed(
        &self,
        update: sea_orm::UpdateMany<alert::Entity>,
        transaction: &impl ConnectionTrait,
    ) -> Result<bool, MetaError> {
        let done = update.exec(transaction).await.map_err(self.failed("change an alert"))?;
        Ok(done.rows_affected > 0)
    }

    pub(crate) async fn find_alert(
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

/// What an alert is about, as the column has it: its segment, and its subject where it has one.
fn about(finding: &serde_json::Value) -> String {
    match finding.get("subject") {
        Some(subject) => format!("{}{subject}", finding["segment"]),
        None => finding["segment"].to_string(),
    }
}

fn row(workspace: &WorkspaceId, alert: &Alert) -> Result<alert::ActiveModel, MetaError> {
    let finding = json("alert", &alert.finding)?;
    Ok(alert::ActiveModel {
        workspace: Set(workspace.to_string()),
        id: Set(alert.id.clone()),
        rule: Set(alert.finding.rule_name()),
        segment: Set(about(&finding)),
        state: Set(alert.state.to_string()),
        opened_at: Set(instant(alert.opened_at)),
        resolved_at: Set(alert.resolved_at.map(instant)),
        finding: Set(finding),
        life: Set(Some(json("alert", &alert.life)?)),
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
        life: row.life.map(|life| read_json("alert", life)).transpose()?.unwrap_or_default(),
    })
}

/// What is to be told of: alerts that are pending are not, yet.
fn events(applied: &Transitions) -> Vec<(Event, &Alert)> {
    let again = |alert: &Alert| match alert.life.reopened {
        0 => Event::Opened,
        _ => Event::Reopened,
    };
    let opened = applied.opened.iter().map(|alert| (Event::Opened, alert));
    let reopened = applied.reopened.iter().map(|alert| (again(alert), alert));
    let resolved = applied.resolved.iter().map(|alert| (Event::Resolved, alert));
    let events = opened.chain(reopened).chain(resolved);
    events.filter(|(_, alert)| alert.state != AlertState::Pending).collect()
}

fn opened_as(alert: &Alert) -> &'static str {
    if alert.state == AlertState::Pending { "pending" } else { "opened" }
}
