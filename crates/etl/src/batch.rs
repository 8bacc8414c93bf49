use std::sync::Arc;

use arrow::array::{
    ArrayBuilder as _, ArrayRef, Date32Builder, Decimal128Builder, Int32Array, Int32Builder,
    Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use jiff::civil::Date;
use winsight_model::{Money, Outcome, schema};

use crate::deal::{Deal, Features, MonthLabel, day_number};

/// Collects deals into batches of [`schema::deals`].
pub(crate) struct DealBatch {
    texts: [StringBuilder; 18],
    days: [Date32Builder; 5],
    amounts: [Decimal128Builder; 2],
    cycle_days: Int32Builder,
    row_hash: Int64Builder,
}

impl Default for DealBatch {
    fn default() -> Self {
        Self {
            texts: std::array::from_fn(|_| StringBuilder::new()),
            days: std::array::from_fn(|_| Date32Builder::new()),
            amounts: std::array::from_fn(|_| {
                Decimal128Builder::new().with_data_type(schema::MONEY)
            }),
            cycle_days: Int32Builder::new(),
            row_hash: Int64Builder::new(),
        }
    }
}

impl DealBatch {
    /// Adds one deal.
    pub(crate) fn push(&mut self, source: &str, deal: &Deal<'_>, features: &Features, hash: u64) {
        for (builder, text) in self.texts.iter_mut().zip(deal.texts(source, features)) {
            builder.append_option(text);
        }
        for (builder, day) in self.days.iter_mut().zip(deal.days()) {
            builder.append_option(day.map(day_number));
        }
        for (builder, amount) in self.amounts.iter_mut().zip(deal.amounts()) {
            builder.append_option(amount.map(Money::cents));
        }
        self.cycle_days.append_option(features.cycle_days);
        self.row_hash.append_value(hash.cast_signed());
    }

    /// The deals added since the last time, as a batch.
    pub(crate) fn take(&mut self) -> RecordBatch {
        let mut texts = self.texts.iter_mut().map(finish_text);
        let mut days = self.days.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let mut amounts =
            self.amounts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(27);
        columns.extend(texts.by_ref().take(4));
        columns.extend(days.by_ref());
        columns.extend(texts.by_ref().take(2));
        columns.extend(amounts.by_ref());
        columns.extend(texts.by_ref().take(1));
        columns.push(Arc::new(self.cycle_days.finish()));
        columns.extend(texts);
        columns.push(Arc::new(self.row_hash.finish()));
        #[expect(clippy::expect_used, reason = "the columns are built in the order of the schema")]
        RecordBatch::try_new(schema::deals(), columns).expect("columns follow the schema")
    }
}

/// The texts so far as an array. The next one will be about as long: its room is made at once.
fn finish_text(builder: &mut StringBuilder) -> ArrayRef {
    let (rows, bytes) = (builder.len(), builder.values_slice().len());
    let texts = builder.finish();
    *builder = StringBuilder::with_capacity(rows, bytes + bytes / 8);
    Arc::new(texts)
}

/// Collects what happened to deals, one row each: into [`schema::stage_events`] or
/// [`schema::activities`].
#[derive(Default)]
pub(crate) struct HistoryBatch {
    deal_id: StringBuilder,
    date: Date32Builder,
    word: StringBuilder,
    outcome: StringBuilder,
    month: StringBuilder,
}

impl HistoryBatch {
    /// Adds one row: the deal, the day, and the stage entered or the kind of activity.
    pub(crate) fn push(&mut self, deal_id: &str, date: Date, word: &str, outcome: Outcome) {
        self.deal_id.append_value(deal_id);
        self.date.append_value(day_number(date));
        self.word.append_value(word);
        self.outcome.append_value(outcome.as_str());
        self.month.append_value(MonthLabel::of(date).as_str());
    }

    /// The rows so far as stage events. `positions` holds the place of each among the events of its
    /// deal on the same day, from 0.
    pub(crate) fn take_events(&mut self, source: &str, positions: Vec<i32>) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            repeated(source, positions.len()),
            finish_text(&mut self.deal_id),
            Arc::new(self.date.finish()),
            Arc::new(Int32Array::from(positions)),
            finish_text(&mut self.word),
            finish_text(&mut self.outcome),
            finish_text(&mut self.month),
        ];
        #[expect(clippy::expect_used, reason = "the columns are built in the order of the schema")]
        RecordBatch::try_new(schema::stage_events(), columns).expect("columns follow the schema")
    }

    /// The rows so far as activities.
    pub(crate) fn take_activities(&mut self, source: &str) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            repeated(source, self.date.len()),
            finish_text(&mut self.deal_id),
            Arc::new(self.date.finish()),
            finish_text(&mut self.word),
            finish_text(&mut self.month),
        ];
        #[expect(clippy::expect_used, reason = "the columns are built in the order of the schema")]
        RecordBatch::try_new(schema::activities(), columns).expect("columns follow the schema")
    }
}

fn repeated(text: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)))
}
