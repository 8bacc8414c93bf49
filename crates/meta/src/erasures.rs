//! Erased names: the record of each act, and the erasing of names from the metadata itself.

mod scrub;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, NotSet, QueryFilter, QueryOrder,
    Set,
};
use serde_json::Value;
use winsight_model::WorkspaceId;
use winsight_vault::{ErasedName, ErasedNames};

use crate::entity::erasure;
use crate::stored::{count, instant, json, read_instant, read_json};
use crate::{MetaError, Metadata};

pub(crate) use scrub::{scrub_json, scrub_text};

/// An act of erasure, as it is on record. The name itself is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// What stands in for the name.
    pub pseudonym: String,
    /// When it was first asked for.
    pub begun_at: Timestamp,
    /// When it was last brought to its end; `None` when it was interrupted before.
    pub finished_at: Option<Timestamp>,
    /// Rows that were rewritten, by table.
    pub counts: BTreeMap<String, u64>,
}

impl Metadata {
    /// The erased names of a workspace, for recognising them when they arrive again.
    pub async fn erased_names(&self, workspace: &WorkspaceId) -> Result<ErasedNames, MetaError> {
        self.read_erased_names(self.database(), workspace).await
    }

    pub(crate) async fn read_erased_names(
        &self,
        connection: &impl ConnectionTrait,
        workspace: &WorkspaceId,
    ) -> Result<ErasedNames, MetaError> {
        let rows = self.erasure_rows(connection, workspace).await?;
        let Some(key) = rows.first().map(|row| row.hash_key.clone()) else {
            return Ok(ErasedNames::default());
        };
        let names = rows.into_iter().map(|row| ErasedName {
            pseudonym: row.pseudonym,
            words: usize::try_from(row.words).unwrap_or_default(),
            value_hash: row.value_hash,
            words_hash: row.words_hash,
        });
        Ok(ErasedNames::new(&key, names.collect()))
    }

    /// The acts of erasure, oldest first.
    pub async fn erasures(&self, workspace: &WorkspaceId) -> Result<Vec<Erasure>, MetaError> {
        let rows = self.erasure_rows(self.database(), workspace).await?;
        rows.into_iter()
            .map(|row| {
                let counts = row.counts.map(|counts| read_json("counts of an erasure", counts));
                Ok(Erasure {
                    pseudonym: row.pseudonym,
                    begun_at: read_instant(row.begun_at)?,
                    finished_at: row.finished_at.map(read_instant).transpose()?,
                    counts: counts.transpose()?.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Puts an erasure on record before anything is erased, so that it can be brought to its end
    /// after a crash, and returns the pseudonym. A name that was erased before keeps its pseudonym.
    pub async fn begin_erasure(
        &self,
        workspace: &WorkspaceId,
        name: &str,
        now: Timestamp,
    ) -> Result<String, MetaError> {
        let failed = self.failed("record the erasure");
        let transaction = self.begin().await?;
        let rows = self.erasure_rows(&transaction, workspace).await?;
        let key = match rows.first() {
            Some(row) => row.hash_key.clone(),
            None => ErasedNames::new_key()
                .map_err(|error| MetaError::unreadable("random key", error))?,
        };
        let erased = ErasedNames::erase(&key, name)
            .map_err(|error| MetaError::unreadable("random pseudonym", error))?;
        let known = rows.into_iter().find(|row| row.value_hash == erased.value_hash);
        if let Some(known) = known {
            erasure::Entity::update_many()
                .col_expr(erasure::Column::FinishedAt, Expr::value(None::<i64>))
                .filter(erasure::Column::Id.eq(known.id))
                .exec(&transaction)
                .await
                .map_err(&failed)?;
            transaction.commit().await.map_err(&failed)?;
            return Ok(known.pseudonym);
        }
        let row = erasure::ActiveModel {
            id: NotSet,
            workspace: Set(workspace.to_string()),
            pseudonym: Set(erased.pseudonym.clone()),
            hash_key: Set(key),
            words: Set(count(erased.words as u64)),
            value_hash: Set(erased.value_hash),
            words_hash: Set(erased.words_hash),
            begun_at: Set(instant(now)),
            finished_at: Set(None),
            counts: Set(None),
        };
        row.insert(&transaction).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(erased.pseudonym)
    }

    /// Replaces every erased name of the workspace in the metadata, and records every erasure that
    /// was begun as finished; in one transaction. Then writes the database anew, so that no page of
    /// it remembers. Returns how many rows were rewritten, by table.
    pub async fn finish_erasures(
        &self,
        workspace: &WorkspaceId,
        rows_of_the_store: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, u64>, MetaError> {
        let failed = self.failed("finish the erasure");
        let transaction = self.begin().await?;
        let names = self.read_erased_names(&transaction, workspace).await?;
        let mut counts = scrub::scrub(&transaction, workspace, &names).await.map_err(&failed)?;
        counts.extend(rows_of_the_store.iter().map(|(table, rows)| (table.clone(), *rows)));
        let counts_now: Value = json("counts of an erasure", &counts)?;
        erasure::Entity::update_many()
            .col_expr(erasure::Column::FinishedAt, Expr::value(instant(now)))
            .col_expr(erasure::Column::Counts, Expr::value(counts_now))
            .filter(erasure::Column::Workspace.eq(workspace.as_str()))
            .filter(erasure::Column::FinishedAt.is_null())
            .exec(&transaction)
            .await
            .map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        self.forget_old_pages().await?;
        Ok(counts)
    }

    /// How many rows of each table of the metadata hold one of the names.
    pub async fn rows_naming(
        &self,
        workspace: &WorkspaceId,
        names: &ErasedNames,
    ) -> Result<BTreeMap<String, u64>, MetaError> {
        let failed = self.failed("search the metadata");
        let transaction = self.begin().await?;
        let counts = scrub::scrub(&transaction, workspace, names).await.map_err(&failed)?;
        transaction.rollback().await.map_err(&failed)?;
        Ok(counts)
    }

    /// Writes the database anew and empties its log: deleted and overwritten values leave no trace.
    async fn forget_old_pages(&self) -> Result<(), MetaError> {
        let failed = self.failed("write the database anew");
        for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            self.database().execute_unprepared(statement).await.map_err(&failed)?;
        }
        Ok(())
    }

    async fn erasure_rows(
        &self,
        connection: &impl ConnectionTrait,
        workspace: &WorkspaceId,
    ) -> Result<Vec<erasure::Model>, MetaError> {
        erasure::Entity::find()
            .filter(erasure::Column::Workspace.eq(workspace.as_str()))
            .order_by_asc(erasure::Column::Id)
            .all(connection)
            .await
            .map_err(self.failed("read the erasures"))
    }
}
