use std::ops::Range;

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, NotSet, QueryFilter, QueryOrder,
    Set,
};
use winsight_alert::Transitions;
use winsight_insight::{Cadence, Insight};
use winsight_model::{DataVersion, WorkspaceId};

use crate::deliveries::OwnFindings;
use crate::entity::{insight, run};
use crate::stored::{count, instant, json, read_json};
use crate::{MetaError, Metadata};

/// A finished run of an insight job.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// The job.
    pub job: Cadence,
    /// The instant it looked at the world as of.
    pub as_of: Timestamp,
    /// The day of that instant in the workspace's time zone: an earlier run of the job on the same
    /// day gives way to this one.
    pub day: Range<Timestamp>,
    /// The state of the data it read.
    pub data_version: DataVersion,
    /// Deals it looked at.
    pub deals: u64,
    /// What it said, in order.
    pub insights: Vec<Insight>,
    /// What it changed among the alerts.
    pub transitions: Transitions,
    /// What it found in the deals of those who may not see all.
    pub own_findings: OwnFindings,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Metadata {
    /// Records a run, what it said and what it changed among the alerts, in one transaction. A rerun
    /// of the same job as of any instant of the same day takes the place of the one before. Returns
    /// what is to be told: the changes among the alerts that no other process made first.
    pub async fn record_run(
        &self,
        workspace: &WorkspaceId,
        run: RunRow,
    ) -> Result<Transitions, MetaError> {
        let failed = self.failed("record the run");
        let transaction = self.begin().await?;
        // Its insights go with it.
        run::Entity::delete_many()
            .filter(run::Column::Workspace.eq(workspace.as_str()))
            .filter(run::Column::Job.eq(run.job.as_str()))
            .filter(run::Column::AsOf.gte(instant(run.day.start)))
            .filter(run::Column::AsOf.lt(instant(run.day.end)))
            .exec(&transaction)
            .await
            .map_err(&failed)?;
        let row = run::ActiveModel {
            id: NotSet,
            workspace: Set(workspace.to_string()),
            job: Set(run.job.to_string()),
            as_of: Set(instant(run.as_of)),
            data_version: Set(count(run.data_version.0)),
            deals: Set(count(run.deals)),
            started_at: Set(instant(run.started_at)),
            duration_ms: Set(count(run.duration_ms)),
        };
        let id = row.insert(&transaction).await.map_err(&failed)?.id;
        self.store_insights(&transaction, workspace, id, &run.insights).await?;
        let (transitions, own, as_of) = (run.transitions, &run.own_findings, run.as_of);
        let applied =
            self.apply_transitions(&transaction, workspace, transitions, own, as_of).await?;
        transaction.commit().await.map_err(&failed)?;
        Ok(applied)
    }

    async fn store_insights(
        &self,
        transaction: &impl ConnectionTrait,
        workspace: &WorkspaceId,
        run_id: i64,
        insights: &[Insight],
    ) -> Result<(), MetaError> {
        for (position, said) in (0i64..).zip(insights) {
            let row = insight::ActiveModel {
                run_id: Set(run_id),
                position: Set(position),
                workspace: Set(workspace.to_string()),
                insight: Set(json("insight", said)?),
            };
            let insert = insight::Entity::insert(row).exec_without_returning(transaction).await;
            insert.map_err(self.failed("record an insight"))?;
        }
        Ok(())
    }

    /// What the latest run (by the instant it looked as of, up to `now`) of a cadence said, in its
    /// order; of every cadence, daily first, when none is given.
    pub async fn insights(
        &self,
        workspace: &WorkspaceId,
        cadence: Option<Cadence>,
        now: Timestamp,
    ) -> Result<Vec<Insight>, MetaError> {
        let every = [Cadence::Daily, Cadence::Weekly, Cadence::Monthly];
        let mut insights = Vec::new();
        for job in every.into_iter().filter(|job| cadence.is_none_or(|cadence| cadence == *job)) {
            insights.extend(self.latest_insights(workspace, job, now).await?);
        }
        Ok(insights)
    }

    async fn latest_insights(
        &self,
        workspace: &WorkspaceId,
        job: Cadence,
        now: Timestamp,
    ) -> Result<Vec<Insight>, MetaError> {
        let failed = self.failed("read the insights");
        let latest = run::Entity::find()
            .filter(run::Column::Workspace.eq(workspace.as_str()))
            .filter(run::Column::Job.eq(job.as_str()))
            .filter(run::Column::AsOf.lte(instant(now)))
            .order_by_desc(run::Column::AsOf)
            .one(self.database())
            .await
            .map_err(&failed)?;
        let Some(latest) = latest else { return Ok(Vec::new()) };
        let rows = insight::Entity::find()
            .filter(insight::Column::RunId.eq(latest.id))
            .order_by_asc(insight::Column::Position)
            .all(self.database())
            .await
            .map_err(&failed)?;
        rows.into_iter().map(|row| read_json("insight", row.insight)).collect()
    }
}
