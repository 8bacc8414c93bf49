//! The tallies of a month as bytes: Arrow IPC in one canonical form, compressed as a whole, as its
//! many buffers are small.
//!
//! One row per dimension, value and outcome, in this order, and within a row the cycle lengths in
//! order: equal tallies give equal bytes, however the deals lay in the files.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, FixedSizeBinaryArray, ListArray, ListBuilder,
    PrimitiveBuilder, RecordBatch, StringArray, UInt64Array,
};
use arrow::datatypes::{ArrowPrimitiveType, Decimal128Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use winsight_model::{DayHistogram, Money, Outcome, Side, Tally};

/// The name under which the tally of all deals together is kept.
pub(super) const ALL_DEALS: &str = "";

/// Every digit that an exact sum of amounts can have.
const SUM_PRECISION: u8 = 38;

const COMPRESSION_LEVEL: i32 = 1;

/// The tally of one value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Name of the dimension, or [`ALL_DEALS`].
    pub(super) dimension: String,
    /// Its value; empty for all deals.
    pub(super) value: String,
    pub(super) tally: Tally,
}

/// The entries as bytes; their order does not matter.
pub(super) fn encode(mut entries: Vec<Entry>) -> Result<Vec<u8>, ArrowError> {
    entries
        .sort_by(|one, other| (&one.dimension, &one.value).cmp(&(&other.dimension, &other.value)));
    let rows = || {
        entries.iter().flat_map(|entry| {
            [(entry, Outcome::Won, &entry.tally.won), (entry, Outcome::Lost, &entry.tally.lost)]
        })
    };
    let text = |of: fn(&Entry, Outcome) -> &str| -> ArrayRef {
        Arc::new(
            rows().map(|(entry, outcome, _)| Some(of(entry, outcome))).collect::<StringArray>(),
        )
    };
    let number = |of: fn(&Side) -> u64| -> ArrayRef {
        Arc::new(rows().map(|(_, _, side)| Some(of(side))).collect::<UInt64Array>())
    };
    let amounts = rows().map(|(_, _, side)| Some(side.amount.cents()));
    let amounts =
        amounts.collect::<Decimal128Array>().with_precision_and_scale(SUM_PRECISION, 2)?;
    let squares = rows().map(|(_, _, side)| side.amount_squared.to_le_bytes());
    let squares = FixedSizeBinaryArray::try_from_iter(squares)?;
    let histograms = || rows().map(|(_, _, side)| &side.cycle_days);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("dimension", text(|entry, _| &entry.dimension)),
        ("value", text(|entry, _| &entry.value)),
        ("outcome", text(|_, outcome| outcome.as_str())),
        ("deals", number(|side| side.deals)),
        ("amount", Arc::new(amounts)),
        ("amount_squared", Arc::new(squares)),
        ("without_amount", number(|side| side.without_amount)),
        ("cycle_days", lists::<UInt32Type>(histograms(), |(days, _)| days)),
        ("cycle_deals", lists::<UInt64Type>(histograms(), |(_, deals)| deals)),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    Ok(zstd::encode_all(writer.into_inner()?.as_slice(), COMPRESSION_LEVEL)?)
}

fn lists<'a, T: ArrowPrimitiveType>(
    histograms: impl Iterator<Item = &'a DayHistogram>,
    part: fn((u32, u64)) -> T::Native,
) -> ArrayRef {
    let mut lists = ListBuilder::new(PrimitiveBuilder::<T>::new());
    for histogram in histograms {
        lists.append_value(histogram.iter().map(|pair| Some(part(pair))));
    }
    Arc::new(lists.finish())
}

/// The entries of the wanted dimensions.
pub(super) fn decode(
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Entry>, ArrowError> {
    let mut entries: Vec<Entry> = Vec::new();
    let bytes = zstd::decode_all(bytes)?;
    for batch in StreamReader::try_new(Cursor::new(bytes), None)? {
        let rows = Rows::of(&batch?)?;
        for row in 0..rows.dimension.len() {
            let dimension = rows.dimension.value(row);
            if !wanted(dimension) {
                continue;
            }
            let value = rows.value.value(row);
            let is_known = |entry: &Entry| entry.dimension == dimension && entry.value == value;
            if !entries.last().is_some_and(is_known) {
                let (dimension, value) = (dimension.to_owned(), value.to_owned());
                entries.push(Entry { dimension, value, tally: Tally::default() });
            }
            let outcome = Outcome::from_stored(rows.outcome.value(row));
            match (entries.last_mut(), outcome) {
                (Some(entry), Some(Outcome::Won)) => entry.tally.won = rows.side(row)?,
                (Some(entry), Some(Outcome::Lost)) => entry.tally.lost = rows.side(row)?,
                _ => return Err(unexpected("outcome")),
            }
        }
    }
    Ok(entries)
}

/// The columns of a batch.
struct Rows {
    dimension: StringArray,
    value: StringArray,
    outcome: StringArray,
    deals: UInt64Array,
    amount: Decimal128Array,
    amount_squared: FixedSizeBinaryArray,
    without_amount: UInt64Array,
    cycle_days: ListArray,
    cycle_deals: ListArray,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| unexpected(name));
        let text = |name: &str| {
            column(name)?.as_string_opt::<i32>().cloned().ok_or_else(|| unexpected(name))
        };
        let number = |name: &str| {
            let numbers = column(name)?.as_primitive_opt::<UInt64Type>();
            numbers.cloned().ok_or_else(|| unexpected(name))
        };
        let lists = |name: &str| {
            column(name)?.as_list_opt::<i32>().cloned().ok_or_else(|| unexpected(name))
        };
        let amount = column("amount")?.as_primitive_opt::<Decimal128Type>();
        let squares = column("amount_squared")?.as_fixed_size_binary_opt();
        Ok(Self {
            dimension: text("dimension")?,
            value: text("value")?,
            outcome: text("outcome")?,
            deals: number("deals")?,
            amount: amount.cloned().ok_or_else(|| unexpected("amount"))?,
            amount_squared: squares.cloned().ok_or_else(|| unexpected("amount_squared"))?,
            without_amount: number("without_amount")?,
            cycle_days: lists("cycle_days")?,
            cycle_deals: lists("cycle_deals")?,
        })
    }

    fn side(&self, row: usize) -> Result<Side, ArrowError> {
        let squared = self.amount_squared.value(row).try_into();
        let days = self.cycle_days.value(row);
        let days = days.as_primitive_opt::<UInt32Type>().ok_or_else(|| unexpected("cycle_days"))?;
        let deals = self.cycle_deals.value(row);
        let deals =
            deals.as_primitive_opt::<UInt64Type>().ok_or_else(|| unexpected("cycle_deals"))?;
        Ok(Side {
            deals: self.deals.value(row),
            amount: Money::from_cents(self.amount.value(row)),
            amount_squared: u128::from_le_bytes(squared.map_err(|_| unexpected("amount_squared"))?),
            without_amount: self.without_amount.value(row),
            cycle_days: days.values().iter().copied().zip(deals.values().iter().copied()).collect(),
        })
    }
}

fn unexpected(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("column {name} is missing or not as expected"))
}
