use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, LoaderTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use winsight_model::WorkspaceId;
use xxhash_rust::xxh3::xxh3_128;

use crate::entity::{load, quarantine_reason, quarantine_row};
use crate::stored::{count, counted, text};
use crate::{LoadId, MetaError, Metadata};

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// The file it came from.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Its deal id, where one could be read.
    pub deal_id: Option<String>,
    /// Why; at least one.
    pub reasons: Vec<QuarantineReason>,
    /// The row as it was read.
    pub raw: String,
}

/// One reason for refusing a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineReason {
    /// The check that it failed.
    pub check: String,
    /// The field concerned, where it is one.
    pub field: Option<String>,
    /// What is wrong, in words.
    pub message: String,
}

/// A refused row and the load that refused it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The load.
    pub load: LoadId,
    /// Where its deals come from.
    pub source: String,
    /// The row.
    pub row: QuarantineRow,
}

impl Metadata {
    /// The rows in quarantine, latest load first: of each deal, or raw row without a deal id, the
    /// last refusal, unless a later load stored it. At most `limit`.
    pub async fn quarantine(
        &self,
        workspace: &WorkspaceId,
        limit: u64,
    ) -> Result<Vec<Quarantined>, MetaError> {
        let failed = self.failed("read the quarantine");
        let rows = quarantine_row::Entity::find()
            .filter(quarantine_row::Column::Workspace.eq(workspace.as_str()))
            .filter(quarantine_row::Column::Current.eq(true))
            .order_by_desc(quarantine_row::Column::LoadId)
            .order_by_asc(quarantine_row::Column::Position)
            .limit(limit)
            .all(self.database())
            .await
            .map_err(&failed)?;
        let mut quarantined = Vec::with_capacity(rows.len());
        for batch in rows.chunks(BATCH) {
            let ordered =
                quarantine_reason::Entity::find().order_by_asc(quarantine_reason::Column::Number);
            let reasons = batch.load_many(ordered, self.database()).await.map_err(&failed)?;
            quarantined.extend(batch.iter().zip(reasons).map(read_row));
        }
        Ok(quarantined)
    }

    /// How often each check stands in the quarantine, most frequent first.
    pub async fn quarantine_summary(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Vec<(String, u64)>, MetaError> {
        let reasons = quarantine_reason::Column::Check.count();
        let rows: Vec<(String, i64)> = quarantine_reason::Entity::find()
            .select_only()
            .column(quarantine_reason::Column::Check)
            .column_as(reasons.clone(), "reasons")
            .inner_join(quarantine_row::Entity)
            .filter(quarantine_row::Column::Workspace.eq(workspace.as_str()))
            .filter(quarantine_row::Column::Current.eq(true))
            .group_by(quarantine_reason::Column::Check)
            .order_by_desc(reasons)
            .order_by_asc(quarantine_reason::Column::Check)
            .into_tuple()
            .all(self.database())
            .await
            .map_err(self.failed("count the quarantine"))?;
        Ok(rows.into_iter().map(|(check, reasons)| (check, counted(reasons))).collect())
    }

    /// The ids of the deals of `source` that are in quarantine. A load says which of them it is
    /// about to store: [`crate::NewLoad::repaired`].
    pub async fn quarantined_deals(
        &self,
        workspace: &WorkspaceId,
        source: &str,
    ) -> Result<BTreeSet<String>, MetaError> {
        let ids: Vec<String> = quarantine_row::Entity::find()
            .select_only()
            .column(quarantine_row::Column::DealId)
            .filter(quarantine_row::Column::Workspace.eq(workspace.as_str()))
            .filter(quarantine_row::Column::Source.eq(source))
            .filter(quarantine_row::Column::Current.eq(true))
            .filter(quarantine_row::Column::DealId.is_not_null())
            .into_tuple()
            .all(self.database())
            .await
            .map_err(self.failed("read the quarantine"))?;
        Ok(ids.into_iter().collect())
    }
}

/// Stores the refused rows of a load that is being staged; they are not current yet.
pub(crate) async fn store_refused(
    transaction: &impl ConnectionTrait,
    load: i64,
    (workspace, source, refused): (&WorkspaceId, &str, Vec<QuarantineRow>),
) -> Result<(), DbErr> {
    for (batch, first) in refused.chunks(BATCH).zip((0i64..).step_by(BATCH)) {
        let positioned = || (first..).zip(batch);
        let rows = positioned().map(|(position, row)| quarantine_row::ActiveModel {
            load_id: Set(load),
            position: Set(position),
            workspace: Set(workspace.to_string()),
            source: Set(source.to_owned()),
            row_key: Set(row_key(row.deal_id.as_deref(), &row.raw)),
            file: Set(text(&row.file)),
            line: Set(count(row.line)),
            deal_id: Set(row.deal_id.as_deref().map(text)),
            raw: Set(text(&row.raw)),
            current: Set(false),
        });
        quarantine_row::Entity::insert_many(rows).exec_without_returning(transaction).await?;

        let reasons: Vec<_> = positioned()
            .flat_map(|(position, row)| {
                (0i64..).zip(&row.reasons).map(move |(number, reason)| {
                    quarantine_reason::ActiveModel {
                        load_id: Set(load),
                        position: Set(position),
                        number: Set(number),
                        check: Set(reason.check.clone()),
                        field: Set(reason.field.clone()),
                        message: Set(text(&reason.message)),
                    }
                })
            })
            .collect();
        for batch in reasons.chunks(BATCH) {
            let insert = quarantine_reason::Entity::insert_many(batch.to_vec());
            insert.exec_without_returning(transaction).await?;
        }
    }
    Ok(())
}

/// Makes the refused rows of `load` the current ones, in place of older refusals of the same rows,
/// of the deals in `repaired`, and of rows without a deal id in the files that it read anew.
pub(crate) async fn make_current(
    transaction: &impl ConnectionTrait,
    load: &load::Model,
    repaired: &[String],
) -> Result<(), DbErr> {
    let older = || {
        quarantine_row::Entity::update_many()
            .col_expr(quarantine_row::Column::Current, Expr::value(false))
            .filter(quarantine_row::Column::Workspace.eq(&*load.workspace))
            .filter(quarantine_row::Column::Source.eq(&*load.source))
            .filter(quarantine_row::Column::Current.eq(true))
    };
    let refused_again = Query::select()
        .column(quarantine_row::Column::RowKey)
        .from(quarantine_row::Entity)
        .and_where(Expr::col(quarantine_row::Column::LoadId).eq(load.id))
        .take();
    let refused_again = quarantine_row::Column::RowKey.in_subquery(refused_again);
    older().filter(refused_again).exec(transaction).await?;
    let files: Vec<String> = serde_json::from_value(load.files.clone()).unwrap_or_default();
    // Rows read again are some of their file, not all of it.
    if load.report.get("amends").is_none() {
        let nameless = older()
            .filter(quarantine_row::Column::DealId.is_null())
            .filter(quarantine_row::Column::File.is_in(files));
        nameless.exec(transaction).await?;
    }
    for batch in repaired.chunks(BATCH) {
        let keys = batch.iter().map(|deal_id| deal_key(deal_id));
        older().filter(quarantine_row::Column::RowKey.is_in(keys)).exec(transaction).await?;
    }
    quarantine_row::Entity::update_many()
        .col_expr(quarantine_row::Column::Current, Expr::value(true))
        .filter(quarantine_row::Column::LoadId.eq(load.id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Rows per statement: a tenth of them in columns stays far below any database's limit of values.
const BATCH: usize = 1_000;

pub(crate) fn row_key(deal_id: Option<&str>, raw: &str) -> String {
    match deal_id {
        Some(deal_id) => deal_key(deal_id),
        None => format!("raw {:032x}", xxh3_128(raw.as_bytes())),
    }
}

fn deal_key(deal_id: &str) -> String {
    format!("deal {}", text(deal_id))
}

fn read_row(
    (row, reasons): (&quarantine_row::Model, Vec<quarantine_reason::Model>),
) -> Quarantined {
    let reasons = reasons.into_iter().map(|reason| QuarantineReason {
        check: reason.check,
        field: reason.field,
        message: reason.message,
    });
    Quarantined {
        load: LoadId(row.load_id),
        source: row.source.clone(),
        row: QuarantineRow {
            file: row.file.clone(),
            line: counted(row.line),
            deal_id: row.deal_id.clone(),
            reasons: reasons.collect(),
            raw: row.raw.clone(),
        },
    }
}
