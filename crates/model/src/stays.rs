use std::collections::BTreeMap;

use crate::DayHistogram;

/// How long deals stayed somewhere, in whole days, and how their stays ended: in a stage, or open at
/// all. The durations that every estimate of time and chance is made from.
///
/// Exact and mergeable: stays of disjoint sets of deals add up to those of their union.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stays {
    /// Ended in another open stage, by that stage.
    pub moved: BTreeMap<String, DayHistogram>,
    /// Ended with the deal won.
    pub won: DayHistogram,
    /// Ended with the deal lost.
    pub lost: DayHistogram,
    /// Not ended yet: days so far.
    pub ongoing: DayHistogram,
    /// Of the ended ones, those of deals that have been won since.
    pub of_won_deals: DayHistogram,
}

impl Stays {
    /// All stays, ended or not.
    pub fn total(&self) -> u64 {
        let moved: u64 = self.moved.values().map(DayHistogram::total).sum();
        moved + self.won.total() + self.lost.total() + self.ongoing.total()
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (stage, days) in &other.moved {
            self.moved.entry(stage.clone()).or_default().merge(days);
        }
        self.won.merge(&other.won);
        self.lost.merge(&other.lost);
        self.ongoing.merge(&other.ongoing);
        self.of_won_deals.merge(&other.of_won_deals);
    }
}
