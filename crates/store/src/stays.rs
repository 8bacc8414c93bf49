//! How long deals stood in each stage and how they left it, counted per whole day.
//!
//! Stage events are read once, as keys and small numbers: sixteen bytes each, so that ten million deals
//! fit. Sorted by deal and time they show every stay.

mod paths;

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type};
use futures::StreamExt;
use hashbrown::HashMap;
use jiff::civil::Date;
use winsight_model::{Dimension, NONE, Outcome, Stays, Window};

use crate::diff::{Key, column, text};
use crate::known_days::epoch_day;
use crate::{Commit, FeatureStore, StoreError};
use paths::{Counts, Names, PathDeal, PathEvent, follow};

/// Which stays to count.
#[derive(Clone, Debug, Default)]
pub struct StayRequest {
    /// The last day of the world as it is to be seen.
    pub as_of: Date,
    /// Stays in a stage that began in each of these windows.
    pub entered: Vec<Window>,
    /// Deals created in each of these windows, from creation to their end.
    pub created: Vec<Window>,
    /// Counted apart by the values of these dimensions.
    pub by: Vec<Dimension>,
}

/// Stays in stages, by the values of the dimensions and the stage.
pub type StageStays = BTreeMap<(Vec<String>, String), Stays>;
/// From creation to the end, by the values of the dimensions.
pub type DealStays = BTreeMap<Vec<String>, Stays>;

/// The stays that a request asks for.
#[derive(Clone, Debug, Default)]
pub struct CountedStays {
    /// Per window of `entered`.
    pub stages: Vec<StageStays>,
    /// Per window of `created`.
    pub deals: Vec<DealStays>,
    /// Where open deals stand, and since when.
    entered: HashMap<u64, (u16, i32)>,
    stage_names: Vec<String>,
}

impl CountedStays {
    /// The stage in which an open deal stands by its events, and the day it entered it (days since
    /// 1970).
    pub(crate) fn stands(&self, source: &str, deal_id: &str) -> Option<(&str, i32)> {
        let (stage, day) = self.entered.get(&short_key(source, deal_id))?;
        Some((self.stage_names.get(usize::from(*stage))?, *day))
    }
}

impl FeatureStore {
    /// Counts stays: a stay in a stage begins with the event that enters it, and ends with the event
    /// that enters another one, or with the end of the deal.
    ///
    /// Deals whose created date is blank have no length; deals without events have no stages.
    pub async fn stays(
        &self,
        commit: &Commit,
        request: &StayRequest,
    ) -> Result<CountedStays, StoreError> {
        let last = self.known_days(commit).await?.last;
        let is_replay = last.is_some_and(|last| request.as_of < last);
        let mut names = Names::default();
        let deals = self.path_deals(commit, request, &mut names).await?;
        let events = if request.entered.is_empty() && !is_replay {
            Vec::new()
        } else {
            self.path_events(commit, request.as_of, &mut names).await?
        };
        let counts = follow(&names, &deals, &events, request, is_replay);
        Ok(counted(request, &names, counts))
    }

    async fn path_deals(
        &self,
        commit: &Commit,
        request: &StayRequest,
        names: &mut Names,
    ) -> Result<Vec<PathDeal>, StoreError> {
        let engine = self.engine(commit).await?;
        let columns = request.by.iter().map(|dimension| format!(", {dimension}"));
        let columns = columns.collect::<Vec<_>>().concat();
        let query = format!(
            "SELECT source, deal_id, created_date, closed_date, outcome{columns} FROM deals
             WHERE created_date IS NULL OR created_date <= DATE '{}'",
            request.as_of
        );
        let mut rows = engine.sql(&query).await?.execute_stream().await?;
        let mut deals = Vec::new();
        while let Some(batch) = rows.next().await {
            add_deals(&mut deals, &batch?, request, names)?;
        }
        deals.sort_unstable_by_key(|deal| deal.key);
        Ok(deals)
    }

    async fn path_events(
        &self,
        commit: &Commit,
        as_of: Date,
        names: &mut Names,
    ) -> Result<Vec<PathEvent>, StoreError> {
        let engine = self.engine(commit).await?;
        let query = format!(
            "SELECT source, deal_id, date, position, stage, outcome FROM stage_events
             WHERE date <= DATE '{as_of}'"
        );
        let mut rows = engine.sql(&query).await?.execute_stream().await?;
        let mut events = Vec::new();
        while let Some(batch) = rows.next().await {
            add_events(&mut events, &batch?, names)?;
        }
        events.sort_unstable();
        Ok(events)
    }
}

fn short_key(source: &str, deal_id: &str) -> u64 {
    Key::of(source, deal_id).short()
}

fn add_deals(
    deals: &mut Vec<PathDeal>,
    batch: &RecordBatch,
    request: &StayRequest,
    names: &mut Names,
) -> Result<(), StoreError> {
    let (source, deal_id) = (text(batch, "source")?, text(batch, "deal_id")?);
    let outcome = text(batch, "outcome")?;
    let created = column(batch, "created_date")?.as_primitive::<Date32Type>();
    let closed = column(batch, "closed_date")?.as_primitive::<Date32Type>();
    let values: Result<Vec<_>, _> =
        request.by.iter().map(|dimension| text(batch, dimension.as_str())).collect();
    let values = values?;
    let as_of = epoch_day(request.as_of);
    let mut segment = Vec::with_capacity(values.len());
    for row in 0..batch.num_rows() {
        segment.clear();
        segment.extend(
            values.iter().map(|column| if column.is_valid(row) { column.value(row) } else { NONE }),
        );
        let ends = closed.is_valid(row).then(|| closed.value(row)).filter(|day| *day <= as_of);
        let outcome = Outcome::from_stored(outcome.value(row)).unwrap_or(Outcome::Open);
        deals.push(PathDeal {
            key: short_key(source.value(row), deal_id.value(row)),
            segment: names.segment(&segment),
            created: created.is_valid(row).then(|| created.value(row)),
            ended: ends.filter(|_| outcome != Outcome::Open).map(|day| (day, outcome)),
        });
    }
    Ok(())
}

fn add_events(
    events: &mut Vec<PathEvent>,
    batch: &RecordBatch,
    names: &mut Names,
) -> Result<(), StoreError> {
    let (source, deal_id) = (text(batch, "source")?, text(batch, "deal_id")?);
    let (stage, outcome) = (text(batch, "stage")?, text(batch, "outcome")?);
    let date = column(batch, "date")?.as_primitive::<Date32Type>();
    let position = column(batch, "position")?.as_primitive::<Int32Type>();
    for row in 0..batch.num_rows() {
        let outcome = Outcome::from_stored(outcome.value(row)).unwrap_or(Outcome::Open);
        events.push(PathEvent {
            key: short_key(source.value(row), deal_id.value(row)),
            day: date.value(row),
            // More than 65,535 stages on one day keep their order of arrival among the last.
            position: u16::try_from(position.value(row)).unwrap_or(u16::MAX),
            stage: names.stage(stage.value(row), outcome),
        });
    }
    Ok(())
}

fn counted(request: &StayRequest, names: &Names, counts: Counts) -> CountedStays {
    let mut stages = vec![StageStays::new(); request.entered.len()];
    for (cell, days) in counts.stages {
        let key = (names.segments[cell.segment as usize].clone(), names.name(cell.stage));
        let stays = stages[usize::from(cell.window)].entry(key).or_default();
        *cell.way.histogram(stays, names) = days.into_iter().collect();
    }
    let mut deals = vec![DealStays::new(); request.created.len()];
    for (cell, days) in counts.deals {
        let key = names.segments[cell.segment as usize].clone();
        let stays = deals[usize::from(cell.window)].entry(key).or_default();
        *cell.way.histogram(stays, names) = days.into_iter().collect();
    }
    CountedStays {
        stages,
        deals,
        entered: counts.entered,
        stage_names: names.stages.iter().map(|(name, _)| name.clone()).collect(),
    }
}
