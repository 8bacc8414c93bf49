//! Closed deals condensed into tallies: one pass over the deals for any number of groupings.

mod tabulator;

use std::collections::BTreeMap;

use datafusion::prelude::{DataFrame, Expr, col, lit};
use futures::StreamExt;
use jiff::civil::Date;
use tokio::task::JoinSet;
use winsight_model::{CycleBuckets, Dimension, NONE, Segment, Tally, Window};

use crate::engine::Engine;
use crate::query::{date_literal, last_known_day};
use crate::{Commit, FeatureStore, StoreError};
use tabulator::Tabulator;

/// The dimensions of one table of tallies; none for all deals together.
pub type Grouping = Vec<Dimension>;

/// Which tallies to make.
#[derive(Clone, Debug)]
pub struct TallyRequest {
    /// The last day of the world as it is to be seen.
    pub as_of: Date,
    /// Windows of the closed date; they may overlap.
    pub windows: Vec<Window>,
    /// Deals of these segments are left out.
    pub excluding: Vec<Segment>,
    /// One table of tallies for each.
    pub groupings: Vec<Grouping>,
    /// Bounds for deals whose cycle length at `as_of` differs from the stored one.
    pub cycle_buckets: CycleBuckets,
}

/// The tallies of one window of one grouping, by the values of its dimensions.
pub type Tallies = BTreeMap<Vec<String>, Tally>;

impl FeatureStore {
    /// Tallies of the closed deals, as `result[grouping][window]`.
    ///
    /// A deal that was closed at `as_of` and reopened later counts with the outcome it had then.
    pub async fn tally(
        &self,
        commit: &Commit,
        request: &TallyRequest,
    ) -> Result<Vec<Vec<Tallies>>, StoreError> {
        let engine = self.engine(commit).await?;
        let tabulator = Tabulator::new(request);
        let mut streams = Vec::new();
        let closed = closed_deals(&engine, request).await?;
        for stream in closed.execute_stream_partitioned().await? {
            streams.push((stream, false));
        }
        if request.as_of < last_known_day(&engine).await? {
            let reopened = reopened_later(&engine, request).await?;
            streams.push((reopened.execute_stream().await?, true));
        }
        let mut workers = JoinSet::new();
        for (mut stream, reopened) in streams {
            let mut tabulator = tabulator.clone();
            workers.spawn(async move {
                while let Some(batch) = stream.next().await {
                    tabulator.add(&batch?, reopened)?;
                }
                Ok::<_, StoreError>(tabulator.finish())
            });
        }
        let mut total = tabulator.finish();
        while let Some(part) = workers.join_next().await {
            merge(&mut total, part??);
        }
        Ok(total)
    }
}

fn merge(total: &mut [Vec<Tallies>], part: Vec<Vec<Tallies>>) {
    for (total, part) in total.iter_mut().zip(part) {
        for (total, part) in total.iter_mut().zip(part) {
            for (values, tally) in part {
                total.entry(values).or_default().merge(&tally);
            }
        }
    }
}

async fn closed_deals(engine: &Engine, request: &TallyRequest) -> Result<DataFrame, StoreError> {
    let deals = engine.deals().await?;
    let wanted = in_windows("closed_date", request).and(outside(request));
    Ok(deals.filter(wanted)?.select(columns(request))?)
}

/// Days that any of the windows needs, and that are known at `as_of`.
fn in_windows(column: &str, request: &TallyRequest) -> Expr {
    let known = col(column).lt_eq(date_literal(request.as_of));
    let first = request.windows.iter().map(|window| window.from).min().unwrap_or(Date::MIN);
    let end = request.windows.iter().map(|window| window.to).max().unwrap_or(Date::MAX);
    known.and(col(column).gt_eq(date_literal(first))).and(col(column).lt(date_literal(end)))
}

/// Deals outside every excluded segment.
fn outside(request: &TallyRequest) -> Expr {
    let is_value = |(dimension, value): &(Dimension, String)| {
        let column = col(dimension.as_str());
        if value == NONE {
            column.is_null()
        } else {
            column.clone().is_not_null().and(column.eq(lit(value)))
        }
    };
    request.excluding.iter().fold(lit(true), |outside, segment| {
        let inside = segment.parts().iter().map(is_value).fold(lit(true), Expr::and);
        outside.and(!inside)
    })
}

fn columns(request: &TallyRequest) -> Vec<Expr> {
    let mut columns = vec![col("outcome"), col("closed_date"), col("amount"), col("cycle_days")];
    columns.extend(tabulator::dimensions(request).iter().map(|dimension| col(dimension.as_str())));
    columns
}

/// Deals that had closed by `as_of` according to their events, but are open or closed anew today.
async fn reopened_later(engine: &Engine, request: &TallyRequest) -> Result<DataFrame, StoreError> {
    let day = request.as_of;
    let reopened = engine
        .sql(&format!(
            "SELECT deals.* EXCEPT (outcome, closed_date, cycle_days),
                    past.outcome, past.date AS closed_date,
                    CAST(past.date - deals.created_date AS INT) AS cycle_days
             FROM deals JOIN (
               SELECT source, deal_id,
                      last_value(outcome ORDER BY date, position) AS outcome, max(date) AS date
               FROM stage_events WHERE date <= DATE '{day}' GROUP BY source, deal_id
             ) AS past ON past.source = deals.source AND past.deal_id = deals.deal_id
             WHERE past.outcome <> 'open'
               AND (deals.closed_date IS NULL OR deals.closed_date > DATE '{day}')"
        ))
        .await?;
    let wanted = in_windows("closed_date", request).and(outside(request));
    Ok(reopened.filter(wanted)?.select(columns(request))?)
}
