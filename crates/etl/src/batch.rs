use std::sync::Arc;

use arrow::array::{
    ArrayBuilder as _, ArrayRef, Date32Builder, Decimal128Builder, Int32Builder, Int64Builder,
    RecordBatch, StringBuilder,
};
use jiff::civil::Date;
use winsight_model::{Money, schema};

use crate::deal::{Deal, Features, MonthLabel, day_number};

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 32_768;

/// Collects deals into batches of [`schema::deals`].
pub(crate) struct DealBatch {
    texts: [StringBuilder; 17],
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
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(26);
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

/// Collects stage events into batches of [`schema::stage_events`].
pub(crate) struct EventBatch {
    rows: usize,
    source: StringBuilder,
    deal_id: StringBuilder,
    date: Date32Builder,
    position: Int32Builder,
    stage: StringBuilder,
    outcome: StringBuilder,
    month: StringBuilder,
}

impl EventBatch {
    pub(crate) fn new() -> Self {
        let text = || StringBuilder::with_capacity(BATCH_ROWS, BATCH_ROWS * 8);
        Self {
            rows: 0,
            source: text(),
            deal_id: text(),
            date: Date32Builder::with_capacity(BATCH_ROWS),
            position: Int32Builder::with_capacity(BATCH_ROWS),
            stage: text(),
            outcome: text(),
            month: text(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds one event.
    pub(crate) fn push(&mut self, source: &str, event: &Event<'_>) {
        self.rows += 1;
        self.source.append_value(source);
        self.deal_id.append_value(event.deal_id);
        self.date.append_value(day_number(event.date));
        self.position.append_value(event.position);
        self.stage.append_value(event.stage);
        self.outcome.append_value(event.outcome.as_str());
        self.month.append_value(MonthLabel::of(event.date).as_str());
    }

    /// The events added since the last time, as a batch.
    pub(crate) fn take(&mut self) -> RecordBatch {
        self.rows = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.source.finish()),
            Arc::new(self.deal_id.finish()),
            Arc::new(self.date.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.stage.finish()),
            Arc::new(self.outcome.finish()),
            Arc::new(self.month.finish()),
        ];
        #[expect(clippy::expect_used, reason = "the columns are built in the order of the schema")]
        RecordBatch::try_new(schema::stage_events(), columns).expect("columns follow the schema")
    }
}

/// One stage entered.
pub(crate) struct Event<'a> {
    pub(crate) deal_id: &'a str,
    pub(crate) date: Date,
    /// Its place among the events of its deal on the same day, from 0.
    pub(crate) position: i32,
    pub(crate) stage: &'a str,
    pub(crate) outcome: winsight_model::Outcome,
}
