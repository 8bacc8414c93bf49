//! Tallies kept per closed month, so that a question over whole months reads no deal, and a load
//! counts again only the months that its deals touched.
//!
//! Each month's tallies are one object, named by its contents and by the commits that hold it. The
//! object depends on nothing but the deals that closed in the month: carried over from load to load
//! it is, to the last byte, what counting everything anew would give.

mod adjust;
mod carry;
mod encoding;
mod month;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use jiff::civil::Date;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;
use winsight_model::{CycleBuckets, Dimension, Tally, Window};
use xxhash_rust::xxh3::xxh3_128;

use crate::changed::Changed;
use crate::diff::column;
use crate::generation::Generation;
use crate::known_days::from_epoch_day;
use crate::tally::{Tallies, TallyRequest};
use crate::{Commit, FeatureStore, StoreError};
use encoding::{ALL_DEALS, Entry, decode, encode};
pub(crate) use month::Month;

pub(crate) const FOLDER: &str = "aggregates";
/// Objects that are written at the same time: each waits for the disk.
const CONCURRENT_WRITES: usize = 8;
/// Months whose tallies are in memory at the same time.
const MONTHS_AT_ONCE: usize = 60;

/// The months in which deals of `batch` closed.
pub(crate) fn closed_months(batch: &RecordBatch) -> Result<BTreeSet<Month>, StoreError> {
    let closed = column(batch, "closed_date")?.as_primitive::<Date32Type>();
    let mut days: Vec<_> = closed.iter().flatten().collect();
    days.sort_unstable();
    days.dedup();
    Ok(days.into_iter().map(|day| Month::holding(from_epoch_day(day))).collect())
}

impl FeatureStore {
    /// Writes the aggregates of a commit whose table versions are written, and returns them.
    ///
    /// Months in which no deal was `changed` keep the tallies of `previous`, the commit before.
    pub(crate) async fn aggregates_after(
        &self,
        commit: &Commit,
        previous: Option<&Commit>,
        changed: &Changed,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let mut aggregates = previous.map(|commit| commit.aggregates.clone()).unwrap_or_default();
        // The commit before may have been made by a version that kept none.
        let keeps_none = previous.is_some() && aggregates.is_empty();
        let adjusted = match previous {
            Some(_) if keeps_none => None,
            _ => self.adjusted_months(commit.generation, &aggregates, changed).await,
        };
        if let Some(months) = adjusted {
            self.keep(commit.generation, months, &mut aggregates).await?;
            return Ok(aggregates);
        }
        let months =
            if keeps_none { self.all_closed_months(commit).await? } else { changed.months.clone() };
        let months: Vec<_> = months.into_iter().collect();
        for months in months.chunks(MONTHS_AT_ONCE) {
            let months = self.counted_months(commit, months).await?;
            self.keep(commit.generation, months, &mut aggregates).await?;
        }
        Ok(aggregates)
    }

    /// Writes the tallies of months, and adds the names of their objects.
    async fn keep(
        &self,
        generation: Generation,
        months: Vec<(Month, Vec<Entry>)>,
        aggregates: &mut BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let mut written = JoinSet::new();
        for (month, entries) in months {
            aggregates.remove(&month.to_string());
            if entries.is_empty() {
                continue;
            }
            if written.len() == CONCURRENT_WRITES
                && let Some(done) = written.join_next().await
            {
                aggregates.extend([done??]);
            }
            written.spawn(write(Arc::clone(&self.objects), generation, month, entries));
        }
        while let Some(done) = written.join_next().await {
            aggregates.extend([done??]);
        }
        Ok(())
    }

    /// The tallies of months, counted from the deals.
    async fn counted_months(
        &self,
        commit: &Commit,
        months: &[Month],
    ) -> Result<Vec<(Month, Vec<Entry>)>, StoreError> {
        let request = of_months(months);
        let tables = self.count_deals(commit, &request).await?;
        let entries = (0..months.len()).map(|place| entries(&request, &tables, place));
        Ok(months.iter().copied().zip(entries).collect())
    }

    async fn all_closed_months(&self, commit: &Commit) -> Result<BTreeSet<Month>, StoreError> {
        let engine = self.engine(commit).await?;
        let query = "SELECT DISTINCT closed_date FROM deals WHERE closed_date IS NOT NULL";
        let mut months = BTreeSet::new();
        for batch in engine.sql(query).await?.collect().await? {
            months.extend(closed_months(&batch)?);
        }
        Ok(months)
    }

    /// The part of `request` that the commit's aggregates answer; `None` when they cannot take part.
    pub(crate) async fn answer_from_aggregates(
        &self,
        commit: &Commit,
        request: &TallyRequest,
    ) -> Option<AggregateAnswer> {
        let plan = Plan::of(commit, request)?;
        match self.read_aggregates(&plan, request).await {
            Ok(tables) => Some(AggregateAnswer { tables, rest: plan.rest }),
            Err(error) => {
                tracing::warn!(%error, "counting the deals instead of using kept tallies");
                None
            }
        }
    }

    async fn read_aggregates(
        &self,
        plan: &Plan,
        request: &TallyRequest,
    ) -> Result<Vec<Vec<Tallies>>, StoreError> {
        let names: Vec<_> = request.groupings.iter().map(|by| name_of(by).to_owned()).collect();
        let names: Arc<[String]> = names.into();
        let mut months = JoinSet::new();
        for (month, object, windows) in &plan.months {
            let (month, object, windows) = (month.clone(), object.clone(), windows.clone());
            let (objects, names) = (Arc::clone(&self.objects), Arc::clone(&names));
            let generation = plan.generation;
            months.spawn(async move {
                Ok::<_, StoreError>((
                    read(objects.as_ref(), generation, &month, &object, &names).await?,
                    windows,
                ))
            });
        }
        let mut tables = vec![vec![Tallies::new(); request.windows.len()]; names.len()];
        while let Some(month) = months.join_next().await {
            let (entries, windows) = month??;
            for entry in entries {
                for (grouping, _) in
                    names.iter().enumerate().filter(|(_, n)| **n == entry.dimension)
                {
                    for &window in &windows {
                        add(&mut tables[grouping][window], &entry);
                    }
                }
            }
        }
        Ok(tables)
    }
}

/// Asks for the tallies of months by every single dimension.
fn of_months<'a>(months: impl IntoIterator<Item = &'a Month>) -> TallyRequest {
    let mut groupings = vec![Vec::new()];
    groupings.extend(Dimension::all().into_iter().map(|dimension| vec![dimension]));
    TallyRequest {
        as_of: Date::MAX,
        windows: months.into_iter().map(|month| month.window()).collect(),
        excluding: Vec::new(),
        groupings,
        cycle_buckets: CycleBuckets::default(),
    }
}

/// The entries of the month at this place of the request.
fn entries(request: &TallyRequest, tables: &[Vec<Tallies>], place: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (grouping, by_window) in request.groupings.iter().zip(tables) {
        entries.extend(by_window[place].iter().map(|(values, tally)| Entry {
            dimension: name_of(grouping).to_owned(),
            value: values.first().cloned().unwrap_or_default(),
            tally: tally.clone(),
        }));
    }
    entries
}

/// Writes the tallies of a month; returns its name and that of the object.
async fn write(
    objects: Arc<dyn ObjectStore>,
    generation: Generation,
    month: Month,
    entries: Vec<Entry>,
) -> Result<(String, String), StoreError> {
    let bytes = encode(entries)?;
    let (month, object) = (month.to_string(), format!("{:032x}", xxh3_128(&bytes)));
    objects.put(&path(generation, &month, &object), PutPayload::from(bytes)).await?;
    Ok((month, object))
}

fn add(tallies: &mut Tallies, entry: &Entry) {
    let is_all = entry.dimension == ALL_DEALS;
    let values = if is_all { Vec::new() } else { vec![entry.value.clone()] };
    let tally: &mut Tally = tallies.entry(values).or_default();
    tally.merge(&entry.tally);
}

async fn read(
    objects: &dyn ObjectStore,
    generation: Generation,
    month: &str,
    object: &str,
    dimensions: &[String],
) -> Result<Vec<Entry>, StoreError> {
    let path = path(generation, month, object);
    let bytes = objects.get(&path).await?.bytes().await?;
    if format!("{:032x}", xxh3_128(&bytes)) != object {
        return Err(StoreError::Damaged(format!("{path} has other contents than its name says")));
    }
    let wanted = |name: &str| dimensions.iter().any(|wanted| wanted == name);
    Ok(decode(&bytes, wanted)?)
}

pub(crate) fn path(generation: Generation, month: &str, object: &str) -> Path {
    generation.path(&format!("{FOLDER}/{month}/{object}"))
}

fn name_of(grouping: &[Dimension]) -> &str {
    grouping.first().map_or(ALL_DEALS, Dimension::as_str)
}

/// Tallies from aggregates, and the days of each window that they do not cover.
pub(crate) struct AggregateAnswer {
    /// `tables[grouping][window]`
    pub(crate) tables: Vec<Vec<Tallies>>,
    /// Place of the window, and the days that are still to be counted.
    pub(crate) rest: Vec<(usize, Window)>,
}

struct Plan {
    generation: Generation,
    /// Month, object, and the windows that it lies in as a whole.
    months: Vec<(String, String, Vec<usize>)>,
    rest: Vec<(usize, Window)>,
}

impl Plan {
    fn of(commit: &Commit, request: &TallyRequest) -> Option<Self> {
        let days = commit.known_days.as_ref()?;
        let (first, last) = (days.first_closed?, days.last?);
        let kept = Dimension::all();
        let is_kept = |by: &Vec<Dimension>| {
            by.len() <= 1 && by.iter().all(|dimension| kept.contains(dimension))
        };
        if commit.aggregates.is_empty()
            || request.as_of < last
            || !request.excluding.is_empty()
            || !request.groupings.iter().all(is_kept)
        {
            return None;
        }
        let generation = commit.generation;
        let mut plan = Self { generation, months: Vec::new(), rest: Vec::new() };
        for (name, object) in &commit.aggregates {
            let month = name.parse::<Month>().ok()?.window();
            let mut windows = Vec::new();
            for (place, window) in request.windows.iter().enumerate() {
                // Nothing closed before the first day or after the last.
                let from = if window.from <= first { Date::MIN } else { window.from };
                let to = if window.to > last { Date::MAX } else { window.to };
                let part = Window { from: from.max(month.from), to: to.min(month.to) };
                if part == month {
                    windows.push(place);
                } else if !part.is_empty() {
                    plan.rest.push((place, part));
                }
            }
            if !windows.is_empty() {
                plan.months.push((name.clone(), object.clone(), windows));
            }
        }
        Some(plan)
    }
}
