//! The counting itself: codes for values, one slot per combination, one cell per slot, piece and
//! outcome.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal64Type, Int32Type};
use hashbrown::{HashMap, HashSet};
use winsight_model::{CycleBuckets, Dimension, NONE, Outcome, Segment, Tally};

use super::counters::{Counters, NO_CYCLE};
use super::deal_files::{dictionary_of, is_same, money};
use super::pieces::{OUTSIDE, Pieces};
use super::{Counter, Tallies, TallyRequest};
use crate::StoreError;
use crate::custom_dimensions::{column_of, custom_value};
use crate::diff::column;

/// Bits that one dimension's code takes in a combination of up to eight dimensions.
pub(super) const CODE_BITS: u32 = 16;
/// A row that is not counted.
const SKIPPED: usize = usize::MAX;

/// The columns that every tally needs besides its dimensions.
const MEASURES: [&str; 4] = ["outcome", "closed_date", "amount", "cycle_days"];

/// The dimensions that any grouping or excluded segment of the request needs.
fn dimensions(request: &TallyRequest) -> Vec<Dimension> {
    let excluded = request.excluding.iter().flat_map(Segment::parts);
    let excluded = excluded.map(|(dimension, _)| dimension);
    let mut all: Vec<_> = request.groupings.iter().flatten().chain(excluded).cloned().collect();
    all.sort();
    all.dedup();
    all
}

/// The columns that the request needs.
pub(super) fn columns(request: &TallyRequest) -> Vec<String> {
    let dimensions = dimensions(request);
    let names = MEASURES.into_iter().chain(dimensions.iter().map(column_of));
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    let mut known = HashSet::new();
    names.retain(|name| known.insert(name.clone()));
    names
}

#[derive(Clone)]
pub(super) struct Tabulator {
    pieces: Arc<Pieces>,
    values: Vec<Values>,
    groupings: Vec<Slots>,
    /// Segments left out, as the places of their dimensions and the values.
    excluding: Vec<Vec<(usize, String)>>,
    cycle_buckets: CycleBuckets,
    rows: Rows,
}

/// The rows of the batch at hand.
#[derive(Clone, Default)]
struct Rows {
    /// Piece and outcome of each row, or [`SKIPPED`].
    places: Vec<usize>,
    /// Amount in cents; 0 for a blank one, which counts alike.
    cents: Vec<i64>,
    cycles: Vec<u32>,
    /// Codes of each dimension's values.
    codes: Vec<Vec<u32>>,
}

/// The values of one dimension and their codes.
#[derive(Clone)]
struct Values {
    dimension: Dimension,
    names: Vec<String>,
    codes: HashMap<String, u32>,
    /// The dictionary of the last batch with the codes of its values: the next batch of the same
    /// row group has the same one.
    last: Option<(ArrayRef, Vec<u32>)>,
}

/// The counters of one grouping.
#[derive(Clone, Default)]
struct Slots {
    /// Places of the grouping's dimensions among the tabulator's.
    dimensions: Vec<usize>,
    /// Slots of combinations; those of a single dimension are its codes.
    index: HashMap<u128, usize>,
    keys: Vec<Vec<u32>>,
    counters: Counters,
}

impl Tabulator {
    pub(super) fn new(request: &TallyRequest, pieces: Arc<Pieces>) -> Self {
        let dimensions = dimensions(request);
        let place = |wanted: &Dimension| dimensions.iter().position(|known| known == wanted);
        let slots = |grouping: &Vec<Dimension>| Slots {
            dimensions: grouping.iter().filter_map(place).collect(),
            ..Slots::default()
        };
        let parts = |segment: &Segment| {
            let parts = segment.parts().iter();
            parts.filter_map(|(name, value)| Some((place(name)?, value.clone()))).collect()
        };
        Self {
            groupings: request.groupings.iter().map(slots).collect(),
            excluding: request.excluding.iter().map(parts).collect(),
            values: dimensions.into_iter().map(Values::new).collect(),
            pieces,
            cycle_buckets: request.cycle_buckets.clone(),
            rows: Rows::default(),
        }
    }

    /// Reads the places and the codes of a batch's rows.
    fn read(&mut self, batch: &RecordBatch, reopened: bool) -> Result<(), StoreError> {
        self.rows.take_measures(batch, &self.pieces)?;
        self.rows.codes.resize_with(self.values.len(), Vec::new);
        for (values, codes) in self.values.iter_mut().zip(&mut self.rows.codes) {
            codes.clear();
            if reopened && values.dimension.as_str() == "cycle_bucket" {
                values.codes_of_cycles(&self.rows.cycles, &self.cycle_buckets, codes)?;
            } else {
                values.codes_of(batch, codes)?;
            }
        }
        self.leave_out_excluded();
        Ok(())
    }

    /// Calls `visit` for every row of a batch that counts: with its piece, whether it was won, and
    /// the code of its value in each dimension, packed with the first in the highest bits.
    pub(super) fn for_each_row(
        &mut self,
        batch: &RecordBatch,
        reopened: bool,
        mut visit: impl FnMut(usize, bool, u128),
    ) -> Result<(), StoreError> {
        self.read(batch, reopened)?;
        for (row, &place) in self.rows.places.iter().enumerate() {
            if place != SKIPPED {
                let codes = self.rows.codes.iter().map(|codes| u128::from(codes[row]));
                let packed = codes.fold(0, |packed, code| packed << CODE_BITS | code);
                visit(place / 2, place % 2 == 0, packed);
            }
        }
        Ok(())
    }

    /// The dimensions, and the names of each one's values by code.
    pub(super) fn into_values(self) -> Vec<(Dimension, Vec<String>)> {
        self.values.into_iter().map(|values| (values.dimension, values.names)).collect()
    }

    fn leave_out_excluded(&mut self) {
        for segment in &self.excluding {
            let code = |(place, value): &(usize, String)| {
                self.values[*place].codes.get(value).map(|&code| (&self.rows.codes[*place], code))
            };
            let Some(parts) = segment.iter().map(code).collect::<Option<Vec<_>>>() else {
                continue;
            };
            for (row, place) in self.rows.places.iter_mut().enumerate() {
                if parts.iter().all(|(codes, code)| codes[row] == *code) {
                    *place = SKIPPED;
                }
            }
        }
    }
}

impl Counter for Tabulator {
    /// By grouping and piece; combinations without a deal are left out.
    type Counted = Vec<Vec<Tallies>>;

    fn add(&mut self, batch: &RecordBatch, reopened: bool) -> Result<(), StoreError> {
        self.read(batch, reopened)?;
        let stride = self.pieces.len() * 2;
        for slots in &mut self.groupings {
            slots.add(&self.rows, &self.values, stride);
        }
        Ok(())
    }

    fn finish(self) -> Self::Counted {
        let pieces = self.pieces.len();
        let values = self.values;
        let finished = |slots: Slots| {
            let mut tables = vec![Tallies::new(); pieces];
            let name = |(&place, &code): (&usize, &u32)| values[place].names[code as usize].clone();
            let mut sides = slots.counters.sides();
            let mut place = 0;
            while let (Some(won), Some(lost)) = (sides.next(), sides.next()) {
                let tally = Tally { won, lost };
                if tally.deals() > 0 {
                    let (slot, piece) = (place / pieces, place % pieces);
                    let single = [u32::try_from(slot).unwrap_or(u32::MAX)];
                    let codes = match slots.dimensions.len() {
                        0 => &[][..],
                        1 => &single[..],
                        _ => &slots.keys[slot][..],
                    };
                    let key = slots.dimensions.iter().zip(codes).map(name).collect();
                    tables[piece].insert(key, tally);
                }
                place += 1;
            }
            tables
        };
        self.groupings.into_iter().map(finished).collect()
    }
}

impl Rows {
    fn take_measures(&mut self, batch: &RecordBatch, pieces: &Pieces) -> Result<(), StoreError> {
        let outcomes = dictionary_of(column(batch, "outcome")?)?;
        let closed = cast(column(batch, "closed_date")?, &DataType::Date32)?;
        let closed = closed.as_primitive::<Date32Type>();
        let amounts = cast(column(batch, "amount")?, &money())?;
        let amounts = amounts.as_primitive::<Decimal64Type>();
        let cycles = cast(column(batch, "cycle_days")?, &DataType::Int32)?;
        let cycles = cycles.as_primitive::<Int32Type>();

        let sides = sides(&outcomes)?;
        let rows = outcomes.keys().values().iter().zip(closed.values()).enumerate();
        self.places.clear();
        self.places.extend(rows.map(|(row, (&outcome, &day))| {
            let piece = pieces.holding(day);
            let known = outcomes.is_valid(row) && closed.is_valid(row) && piece != OUTSIDE;
            let side = usize::try_from(outcome).ok().and_then(|key| *sides.get(key)?);
            side.filter(|_| known).map_or(SKIPPED, |side| piece as usize * 2 + side)
        }));
        let cents = amounts.values().iter().enumerate();
        self.cents.clear();
        self.cents.extend(cents.map(|(row, &c)| if amounts.is_valid(row) { c } else { 0 }));
        self.cycles.clear();
        self.cycles.extend(cycles.values().iter().enumerate().map(|(row, &days)| {
            let days = u32::try_from(days).ok().filter(|_| cycles.is_valid(row));
            days.unwrap_or(NO_CYCLE)
        }));
        Ok(())
    }
}

impl Slots {
    fn add(&mut self, rows: &Rows, values: &[Values], stride: usize) {
        let measures = rows.places.iter().zip(&rows.cents).zip(&rows.cycles);
        let counted = measures.enumerate().filter(|(_, ((place, _), _))| **place != SKIPPED);
        match self.dimensions[..] {
            [] => {
                self.counters.reserve(stride);
                for (_, ((&place, &cents), &cycle)) in counted {
                    self.counters.add(place, cents, cycle);
                }
            }
            [dimension] => {
                self.counters.reserve(values[dimension].names.len() * stride);
                let codes = &rows.codes[dimension][..rows.places.len()];
                for (row, ((&place, &cents), &cycle)) in counted {
                    self.counters.add(codes[row] as usize * stride + place, cents, cycle);
                }
            }
            _ => {
                for (row, ((&place, &cents), &cycle)) in counted {
                    let slot = self.of(&rows.codes, row);
                    self.counters.reserve((slot + 1) * stride);
                    self.counters.add(slot * stride + place, cents, cycle);
                }
            }
        }
    }

    /// The slot of the combination of values in `row`.
    fn of(&mut self, codes: &[Vec<u32>], row: usize) -> usize {
        let code = |&place: &usize| codes[place][row];
        let packed = self
            .dimensions
            .iter()
            .fold(0, |packed: u128, place| packed << CODE_BITS | u128::from(code(place)));
        let next = self.keys.len();
        let slot = *self.index.entry(packed).or_insert(next);
        if slot == next {
            self.keys.push(self.dimensions.iter().map(code).collect());
        }
        slot
    }
}

impl Values {
    fn new(dimension: Dimension) -> Self {
        Self { dimension, names: Vec::new(), codes: HashMap::new(), last: None }
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

    fn codes_of(&mut self, batch: &RecordBatch, codes: &mut Vec<u32>) -> Result<(), StoreError> {
        let Some(column) = batch.column_by_name(column_of(&self.dimension)) else {
            // A file from before the dimension existed.
            codes.resize(batch.num_rows(), self.code(NONE)?);
            return Ok(());
        };
        let column = dictionary_of(column)?;
        let known = self.last.take().filter(|(last, _)| is_same(last, column.values()));
        let by_key = match known {
            Some((_, by_key)) => by_key,
            None => self.codes_of_dictionary(column.values())?,
        };
        let keys = column.keys();
        if keys.null_count() == 0 {
            codes.extend(keys.values().iter().map(|&key| by_key[key.cast_unsigned() as usize]));
        } else {
            let none = self.code(NONE)?;
            codes.extend(
                keys.iter().map(|key| key.map_or(none, |key| by_key[key.cast_unsigned() as usize])),
            );
        }
        self.last = Some((Arc::clone(column.values()), by_key));
        Ok(())
    }

    fn codes_of_dictionary(&mut self, names: &ArrayRef) -> Result<Vec<u32>, StoreError> {
        let names = names.as_string::<i32>();
        if self.dimension.is_built_in() {
            return names.iter().map(|name| self.code(name.unwrap_or(NONE))).collect();
        }
        let mut codes = Vec::with_capacity(names.len());
        for json in names {
            let value = custom_value(json, &self.dimension)?;
            codes.push(self.code(value.as_deref().unwrap_or(NONE))?);
        }
        Ok(codes)
    }

    fn codes_of_cycles(
        &mut self,
        cycles: &[u32],
        buckets: &CycleBuckets,
        codes: &mut Vec<u32>,
    ) -> Result<(), StoreError> {
        for &days in cycles {
            let name = if days == NO_CYCLE { NONE } else { buckets.of(days) };
            codes.push(self.code(name)?);
        }
        Ok(())
    }
}

/// For each key of an outcome its place among a tally's sides; `None` for open.
fn sides(outcomes: &DictionaryArray<Int32Type>) -> Result<Vec<Option<usize>>, StoreError> {
    let side = |word: Option<&str>| {
        let word = word.unwrap_or_default();
        match Outcome::from_stored(word) {
            Some(Outcome::Won) => Ok(Some(0)),
            Some(Outcome::Lost) => Ok(Some(1)),
            Some(Outcome::Open) => Ok(None),
            None => Err(StoreError::Damaged(format!("{word:?} is not an outcome"))),
        }
    };
    outcomes.values().as_string::<i32>().iter().map(side).collect()
}
