use crate::{DayHistogram, Money, Outcome};

/// What the metrics need to know of the won, or of the lost, deals of a segment in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Number of deals.
    pub deals: u64,
    /// Sum of their amounts; a blank amount adds nothing.
    pub amount: Money,
    /// Sum of their squared amounts, in cents squared: the ratio estimator's variance needs it.
    pub amount_squared: u128,
    /// Deals whose amount is blank or zero.
    pub without_amount: u64,
    /// Cycle lengths of the deals whose created date is known.
    pub cycle_days: DayHistogram,
}

impl Side {
    /// Counts one more deal.
    pub fn add(&mut self, amount: Option<Money>, cycle_days: Option<u32>) {
        self.deals += 1;
        match amount {
            Some(amount) if amount != Money::ZERO => {
                self.amount += amount;
                let cents = amount.cents().unsigned_abs();
                self.amount_squared += cents * cents;
            }
            _ => self.without_amount += 1,
        }
        if let Some(days) = cycle_days {
            self.cycle_days.add(days, 1);
        }
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.deals += other.deals;
        self.amount += other.amount;
        self.amount_squared += other.amount_squared;
        self.without_amount += other.without_amount;
        self.cycle_days.merge(&other.cycle_days);
    }

    /// What is left without everything that `other` counted; `None` when that was not all counted
    /// here.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        Some(Self {
            deals: self.deals.checked_sub(other.deals)?,
            amount: self.amount - other.amount,
            amount_squared: self.amount_squared.checked_sub(other.amount_squared)?,
            without_amount: self.without_amount.checked_sub(other.without_amount)?,
            cycle_days: self.cycle_days.checked_sub(&other.cycle_days)?,
        })
    }
}

/// The closed deals of a segment in a window, condensed into what every metric is computed from.
///
/// Exact and mergeable: tallies of disjoint sets of deals add up to the tally of their union.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The won deals.
    pub won: Side,
    /// The lost deals.
    pub lost: Side,
}

impl Tally {
    /// Closed deals: won plus lost.
    pub fn deals(&self) -> u64 {
        self.won.deals + self.lost.deals
    }

    /// Counts one closed deal; an open one changes nothing.
    pub fn add(&mut self, outcome: Outcome, amount: Option<Money>, cycle_days: Option<u32>) {
        match outcome {
            Outcome::Won => self.won.add(amount, cycle_days),
            Outcome::Lost => self.lost.add(amount, cycle_days),
            Outcome::Open => {}
        }
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.won.merge(&other.won);
        self.lost.merge(&other.lost);
    }

    /// What is left without everything that `other` counted; `None` when that was not all counted
    /// here.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let won = self.won.checked_sub(&other.won)?;
        Some(Self { won, lost: self.lost.checked_sub(&other.lost)? })
    }
}
