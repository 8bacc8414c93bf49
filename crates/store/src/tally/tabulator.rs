//! The counting itself: codes for values, one slot per combination, one tally per window.

use arrow::array::{Array, AsArray, DictionaryArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type};
use hashbrown::HashMap;
use jiff::civil::Date;
use winsight_model::{CycleBuckets, Dimension, Money, NONE, Outcome, Tally};

use super::{Tallies, TallyRequest};
use crate::StoreError;
use crate::diff::column;
use crate::query::epoch_day;

/// Bits that one dimension's code takes in a combination of up to eight dimensions.
const CODE_BITS: u32 = 16;

/// The dimensions that any grouping of the request needs.
pub(super) fn dimensions(request: &TallyRequest) -> Vec<Dimension> {
    let mut all: Vec<_> = request.groupings.iter().flatten().cloned().collect();
    all.sort();
    all.dedup();
    all
}

#[derive(Clone)]
pub(super) struct Tabulator {
    /// `[from, to)` of every window in days since 1970.
    windows: Vec<(i32, i32)>,
    values: Vec<Values>,
    groupings: Vec<Slots>,
    cycle_buckets: CycleBuckets,
}

/// The values of one dimension and their codes.
#[derive(Clone)]
struct Values {
    dimension: Dimension,
    names: Vec<String>,
    codes: HashMap<String, u32>,
}

/// The tallies of one grouping.
#[derive(Clone, Default)]
struct Slots {
    /// Places of the grouping's dimensions among the tabulator's.
    dimensions: Vec<usize>,
    index: HashMap<u128, usize>,
    keys: Vec<Vec<u32>>,
    tallies: Vec<Tally>,
}

impl Tabulator {
    pub(super) fn new(request: &TallyRequest) -> Self {
        let dimensions = dimensions(request);
        let place = |wanted: &Dimension| dimensions.iter().position(|known| known == wanted);
        let groupings = request
            .groupings
            .iter()
            .map(|grouping| Slots {
                dimensions: grouping.iter().filter_map(place).collect(),
                ..Slots::default()
            })
            .collect();
        let day = |date: Date| epoch_day(date);
        Self {
            windows: request.windows.iter().map(|w| (day(w.from), day(w.to))).collect(),
            values: dimensions.into_iter().map(Values::new).collect(),
            groupings,
            cycle_buckets: request.cycle_buckets.clone(),
        }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch, reopened: bool) -> Result<(), StoreError> {
        let outcomes = outcomes(batch)?;
        let closed = column(batch, "closed_date")?.as_primitive::<Date32Type>();
        let amounts = column(batch, "amount")?.as_primitive::<Decimal128Type>();
        let cycles = cast(column(batch, "cycle_days")?, &DataType::Int32)?;
        let cycles = cycles.as_primitive::<Int32Type>();
        let buckets = &self.cycle_buckets;
        let codes: Result<Vec<_>, _> = self
            .values
            .iter_mut()
            .map(|values| {
                if reopened && values.dimension.as_str() == "cycle_bucket" {
                    values.codes_of_cycles(cycles, buckets)
                } else {
                    values.codes_of(batch)
                }
            })
            .collect();
        let codes = codes?;
        let mut inside = Vec::with_capacity(self.windows.len());
        for (row, outcome) in outcomes.into_iter().enumerate() {
            let day = closed.value(row);
            inside.clear();
            inside.extend(
                self.windows
                    .iter()
                    .enumerate()
                    .filter_map(|(place, &(from, to))| (from <= day && day < to).then_some(place)),
            );
            if outcome == Outcome::Open || inside.is_empty() {
                continue;
            }
            let amount = amounts.is_valid(row).then(|| Money::from_cents(amounts.value(row)));
            let cycle =
                if cycles.is_valid(row) { u32::try_from(cycles.value(row)).ok() } else { None };
            let windows = self.windows.len();
            for slots in &mut self.groupings {
                let slot = slots.of(&codes, row, windows) * windows;
                for window in &inside {
                    slots.tallies[slot + window].add(outcome, amount, cycle);
                }
            }
        }
        Ok(())
    }

    /// The tallies as `result[grouping][window]`; combinations without a deal are left out.
    pub(super) fn finish(self) -> Vec<Vec<Tallies>> {
        let windows = self.windows.len();
        let values = self.values;
        let named = |slots: &Slots, codes: &[u32]| -> Vec<String> {
            let pairs = slots.dimensions.iter().zip(codes);
            pairs.map(|(&place, &code)| values[place].names[code as usize].clone()).collect()
        };
        self.groupings
            .into_iter()
            .map(|mut slots| {
                let mut result = vec![Tallies::new(); windows];
                let tallies = std::mem::take(&mut slots.tallies);
                for (place, tally) in tallies.into_iter().enumerate() {
                    if tally.deals() > 0 {
                        let key = named(&slots, &slots.keys[place / windows]);
                        result[place % windows].insert(key, tally);
                    }
                }
                result
            })
            .collect()
    }
}

impl Slots {
    /// The slot of the combination of values in `row`.
    fn of(&mut self, codes: &[Vec<u32>], row: usize, windows: usize) -> usize {
        let code = |&place: &usize| codes[place][row];
        let packed = self
            .dimensions
            .iter()
            .fold(0, |packed: u128, place| packed << CODE_BITS | u128::from(code(place)));
        let next = self.keys.len();
        let slot = *self.index.entry(packed).or_insert(next);
        if slot == next {
            self.keys.push(self.dimensions.iter().map(code).collect());
            self.tallies.resize_with((next + 1) * windows, Tally::default);
        }
        slot
    }
}

impl Values {
    fn new(dimension: Dimension) -> Self {
        Self { dimension, names: Vec::new(), codes: HashMap::new() }
    }

    fn code(&mut self, name: &str) -> Result<u32, StoreError> {
        if let Some(&code) = self.codes.get(name) {
            return Ok(code);
        }
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        if code >= 1 << CODE_BITS {
            return Err(StoreError::TooManyValues { dimension: self.dimension.to_string() });
        }
        self.names.push(name.to_owned());
        self.codes.insert(name.to_owned(), code);
        Ok(code)
    }

    fn codes_of(&mut self, batch: &RecordBatch) -> Result<Vec<u32>, StoreError> {
        let column = dictionary(column(batch, self.dimension.as_str())?)?;
        let names = column.values().as_string::<i32>();
        let mut codes = Vec::with_capacity(names.len());
        for place in 0..names.len() {
            codes.push(if names.is_null(place) {
                None
            } else {
                Some(self.code(names.value(place))?)
            });
        }
        let none = if column.logical_null_count() > 0 { self.code(NONE)? } else { 0 };
        let code = |key: Option<usize>| key.and_then(|key| codes[key]).unwrap_or(none);
        Ok(column.keys_iter().map(code).collect())
    }

    fn codes_of_cycles(
        &mut self,
        cycles: &arrow::array::Int32Array,
        buckets: &CycleBuckets,
    ) -> Result<Vec<u32>, StoreError> {
        cycles
            .iter()
            .map(|days| match days.and_then(|days| u32::try_from(days).ok()) {
                Some(days) => self.code(buckets.of(days)),
                None => self.code(NONE),
            })
            .collect()
    }
}

fn dictionary(column: &dyn Array) -> Result<DictionaryArray<Int32Type>, StoreError> {
    let wanted = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Ok(cast(column, &wanted)?.as_dictionary::<Int32Type>().clone())
}

fn outcomes(batch: &RecordBatch) -> Result<Vec<Outcome>, StoreError> {
    let column = dictionary(column(batch, "outcome")?)?;
    let words = column.values().as_string::<i32>();
    let known: Result<Vec<_>, _> = words
        .iter()
        .map(|word| {
            let word = word.unwrap_or_default();
            Outcome::from_stored(word)
                .ok_or_else(|| StoreError::Damaged(format!("{word:?} is not an outcome")))
        })
        .collect();
    let known = known?;
    Ok(column.keys_iter().map(|key| key.map_or(Outcome::Open, |key| known[key])).collect())
}
