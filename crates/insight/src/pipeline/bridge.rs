//! What changed the pipeline between two days, to the cent.

use jiff::civil::Date;
use winsight_model::{AfterState, DealMove, Money, OpenState};

/// An amount and the deals behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgePart {
    /// Deals booked.
    pub deals: u64,
    /// Their amount, never below zero unless an amount is.
    pub amount: Money,
    /// The largest of them with their amounts, largest first.
    pub largest: Vec<(String, Money)>,
}

/// How many deals of a part are named.
const NAMED: usize = 10;

/// How the pipeline of one day became that of another.
///
/// The pipeline of a day is the amount of the deals that are open on it and expected to close before
/// `close_before`, overdue ones included; without `close_before` of all open deals.
///
/// `start + created + increased + pulled_in − decreased − pushed − won − lost = end` holds to the cent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineBridge {
    /// First day after the days that deals are expected to close on.
    pub close_before: Option<Date>,
    /// The pipeline at the first day.
    pub start: BridgePart,
    /// Came in new: created, or taken up again after it had been closed.
    pub created: BridgePart,
    /// Amounts raised, by how much.
    pub increased: BridgePart,
    /// Were open outside it at the first day, and are now expected to close, or have been won, inside.
    pub pulled_in: BridgePart,
    /// Amounts lowered, by how much.
    pub decreased: BridgePart,
    /// Are now expected to close later, or have no date any more.
    pub pushed: BridgePart,
    /// Won.
    pub won: BridgePart,
    /// Lost.
    pub lost: BridgePart,
    /// The pipeline at the last day.
    pub end: BridgePart,
}

impl PipelineBridge {
    /// A bridge without deals.
    pub fn new(close_before: Option<Date>) -> Self {
        Self { close_before, ..Self::default() }
    }

    /// The bridge of some deals.
    pub fn of<'a>(
        close_before: Option<Date>,
        moves: impl IntoIterator<Item = &'a DealMove>,
    ) -> Self {
        let mut bridge = Self::new(close_before);
        moves.into_iter().for_each(|deal| bridge.add(deal));
        bridge
    }

    /// Books a deal.
    ///
    /// It leaves with the amount that it had last, and what that differs by from the first day is booked
    /// as increased or decreased. A deal that was outside the pipeline and is lost was never in it.
    pub fn add(&mut self, deal: &DealMove) {
        let id = deal.deal_id.as_str();
        let is_new = deal.before.is_none();
        let before = deal.before.filter(|state| self.holds(state));
        let amount = match deal.after {
            AfterState::Open(state) | AfterState::Lost(state) => state.amount,
            AfterState::Won(amount) => amount,
        };
        let stays = matches!(deal.after, AfterState::Open(state) if self.holds(&state));
        match (before, deal.after) {
            (Some(before), _) => {
                self.start.add(id, before.amount);
                self.book_change(id, before.amount, amount);
            }
            // Outside before and after.
            (None, AfterState::Open(_)) if !stays => return,
            (None, AfterState::Lost(state)) if !is_new || !self.holds(&state) => return,
            (None, _) if is_new => self.created.add(id, amount),
            (None, _) => self.pulled_in.add(id, amount),
        }
        match deal.after {
            AfterState::Open(_) if stays => self.end.add(id, amount),
            AfterState::Open(_) => self.pushed.add(id, amount),
            AfterState::Won(_) => self.won.add(id, amount),
            AfterState::Lost(_) => self.lost.add(id, amount),
        }
    }

    /// What the parts give for the end.
    pub fn computed_end(&self) -> Money {
        let added = self.created.amount + self.increased.amount + self.pulled_in.amount;
        let taken = self.decreased.amount + self.pushed.amount + self.won.amount + self.lost.amount;
        self.start.amount + added - taken
    }

    fn holds(&self, state: &OpenState) -> bool {
        let Some(close_before) = self.close_before else { return true };
        state.expected_close_date.is_some_and(|day| day < close_before)
    }

    fn book_change(&mut self, id: &str, before: Money, after: Money) {
        if after > before {
            self.increased.add(id, after - before);
        } else if after < before {
            self.decreased.add(id, before - after);
        }
    }
}

impl BridgePart {
    fn add(&mut self, id: &str, amount: Money) {
        self.deals += 1;
        self.amount += amount;
        let before = |(known, size): &(String, Money)| {
            *size > amount || (*size == amount && known.as_str() < id)
        };
        let place = self.largest.partition_point(before);
        if place < NAMED {
            self.largest.insert(place, (id.to_owned(), amount));
            self.largest.truncate(NAMED);
        }
    }
}
