//! What happened to each deal of the pipeline between two days.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Decimal128Type};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_model::{AfterState, DealMove, Money, OpenState, Outcome};

use crate::diff::{Key, column, text};
use crate::journal::instant_literal;
use crate::known_days::from_epoch_day;
use crate::query::existing_and_open;
use crate::{Commit, FeatureStore, StoreError};

/// Between which days.
#[derive(Clone, Copy, Debug)]
pub struct MovesRequest {
    /// The day whose end is the beginning.
    pub first: Date,
    /// Its last instant: amounts and dates count as known by then.
    pub first_instant: Timestamp,
    /// The day whose end is the end.
    pub last: Date,
    /// Its last instant.
    pub last_instant: Timestamp,
}

/// The moves, and how far back amounts and dates are known.
#[derive(Clone, Debug, Default)]
pub struct DealMoves {
    /// One for each deal that was open on either day, or ended between them.
    pub moves: Vec<DealMove>,
    /// Deals open on the first day of which no state had been loaded by then: the first one loaded
    /// stands in, so that earlier changes of their amounts and dates do not show.
    pub unknown_at_first: u64,
}

impl FeatureStore {
    /// What happened to the deals between the ends of two days.
    ///
    /// Which deals were open is as events and closed dates say. Their amounts and expected close dates
    /// are those that had been loaded by then, since sources overwrite them in place.
    pub async fn deal_moves(
        &self,
        commit: &Commit,
        request: &MovesRequest,
    ) -> Result<DealMoves, StoreError> {
        let engine = self.engine(commit).await?;
        let past_of_first = self.register_past(&engine, commit, request.first).await?;
        let past_of_last = self.register_past(&engine, commit, request.last).await?;
        let mut moves = DealMoves::default();
        let mut before: HashMap<Key, (String, OpenState)> = HashMap::new();
        let open = open_states(request.first, request.first_instant, past_of_first.as_deref());
        for batch in engine.sql(&open).await?.collect().await? {
            let rows = Rows::of(&batch)?;
            for row in 0..batch.num_rows() {
                moves.unknown_at_first += u64::from(!rows.known_then.value(row));
                let id = rows.deal_id.value(row).to_owned();
                before.insert(rows.key(row), (id, rows.state(row)));
            }
        }
        let open = open_states(request.last, request.last_instant, past_of_last.as_deref());
        for query in [open, ended_states(request, past_of_last.as_deref())] {
            for batch in engine.sql(&query).await?.collect().await? {
                let rows = Rows::of(&batch)?;
                moves.moves.extend((0..batch.num_rows()).map(|row| {
                    let (_, before) = before.remove(&rows.key(row)).unzip();
                    rows.moved(row, before)
                }));
            }
        }
        // Whatever else became of a deal, it is in the pipeline no longer and was not won.
        moves.moves.extend(before.into_values().map(|(deal_id, state)| DealMove {
            deal_id,
            before: Some(state),
            after: AfterState::Lost(state),
        }));
        Ok(moves)
    }
}

/// One row per deal with its state.
struct Rows {
    source: StringArray,
    deal_id: StringArray,
    outcome: StringArray,
    amount: arrow::array::Decimal128Array,
    expected: arrow::array::Date32Array,
    known_then: BooleanArray,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, StoreError> {
        Ok(Self {
            source: text(batch, "source")?,
            deal_id: text(batch, "deal_id")?,
            outcome: text(batch, "outcome")?,
            amount: column(batch, "amount")?.as_primitive::<Decimal128Type>().clone(),
            expected: column(batch, "expected")?.as_primitive::<Date32Type>().clone(),
            known_then: column(batch, "known_then")?.as_boolean().clone(),
        })
    }

    fn moved(&self, row: usize, before: Option<OpenState>) -> DealMove {
        let state = self.state(row);
        DealMove {
            deal_id: self.deal_id.value(row).to_owned(),
            before,
            after: match Outcome::from_stored(self.outcome.value(row)) {
                Some(Outcome::Won) => AfterState::Won(state.amount),
                Some(Outcome::Lost) => AfterState::Lost(state),
                _ => AfterState::Open(state),
            },
        }
    }

    fn key(&self, row: usize) -> Key {
        Key::of(self.source.value(row), self.deal_id.value(row))
    }

    fn state(&self, row: usize) -> OpenState {
        let expected =
            self.expected.is_valid(row).then(|| from_epoch_day(self.expected.value(row)));
        let cents = if self.amount.is_valid(row) { self.amount.value(row) } else { 0 };
        OpenState { amount: Money::from_cents(cents), expected_close_date: expected }
    }
}

/// Deals open at the end of `day` with their state; `past` is the table of what their events say.
fn open_states(day: Date, instant: Timestamp, past: Option<&str>) -> String {
    let existing = existing_and_open(day);
    let (join, and_open) = match past {
        Some(past) => (
            format!(
                "LEFT JOIN {past} AS past
                   ON past.source = deals.source AND past.deal_id = deals.deal_id"
            ),
            "AND (past.outcome IS NULL OR past.outcome = 'open')",
        ),
        None => (String::new(), ""),
    };
    let deals = format!(
        "SELECT deals.source, deals.deal_id, 'open' AS outcome, deals.amount,
                deals.expected_close_date, deals.known_at
         FROM deals {join} WHERE {existing} {and_open}"
    );
    with_states(&deals, instant)
}

/// Deals that ended after the first day and by the last, with their state.
fn ended_states(request: &MovesRequest, past_of_last: Option<&str>) -> String {
    let (first, last) = (request.first, request.last);
    let mut query = format!(
        "SELECT deals.source, deals.deal_id, deals.outcome, deals.amount,
                deals.expected_close_date, deals.known_at
         FROM deals
         WHERE deals.outcome <> 'open' AND deals.closed_date > DATE '{first}'
           AND deals.closed_date <= DATE '{last}'
           AND (deals.created_date IS NULL OR deals.created_date <= DATE '{last}')"
    );
    if let Some(past) = past_of_last {
        let existing = existing_and_open(last);
        query = format!(
            "{query}
             UNION ALL
             SELECT deals.source, deals.deal_id, past.outcome, deals.amount,
                    deals.expected_close_date, deals.known_at
             FROM deals JOIN {past} AS past
               ON past.source = deals.source AND past.deal_id = deals.deal_id
             WHERE {existing} AND past.outcome <> 'open' AND past.date > DATE '{first}'"
        );
    }
    with_states(&query, request.last_instant)
}

/// The deals of a query with the amounts and dates that were known at an instant; of a deal that had
/// not been loaded by then, those that were loaded first.
///
/// Of the states superseded later than that, the first is the one that counts.
fn with_states(deals: &str, instant: Timestamp) -> String {
    let instant = instant_literal(instant);
    format!(
        "SELECT listed.source, listed.deal_id, listed.outcome,
                CASE WHEN past.source IS NULL THEN listed.amount ELSE past.amount END AS amount,
                CASE WHEN past.source IS NULL THEN listed.expected_close_date
                     ELSE past.expected END AS expected,
                coalesce(past.known_at, listed.known_at) <= {instant} AS known_then
         FROM ({deals}) AS listed LEFT JOIN (
           SELECT source, deal_id, min(known_at) AS known_at,
                  first_value(amount ORDER BY known_at, superseded_at) AS amount,
                  first_value(expected_close_date ORDER BY known_at, superseded_at) AS expected
           FROM deal_versions WHERE superseded_at > {instant} GROUP BY source, deal_id
         ) AS past ON past.source = listed.source AND past.deal_id = listed.deal_id"
    )
}
