//! Which segment a change comes from: combinations of up to three attributes, ranked by how well
//! "this segment alone changed" explains both windows.

mod score;
mod search;

use winsight_model::{CellTable, Segment};

use crate::Share;
use search::{Found, overall_change, search};

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CauseSearch {
    /// Closed deals that a segment must have in each window for its win rate to be compared.
    pub min_deals: u64,
    /// Attributes that a segment may combine, one to three.
    pub most_dimensions: usize,
    /// Chance of naming any cause when nothing changed.
    pub level: f64,
    /// Days of the current window over those of the baseline window.
    pub length_ratio: f64,
}

/// The segments that a change of the win rate comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Causes {
    /// How many explanations were compared.
    pub tested: usize,
    /// Causes that stand beside each other, clearest first: each was found among the deals that
    /// belong to none before it.
    pub causes: Vec<Cause>,
}

/// One cause, and what can hardly be told apart from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The explanation that fits best.
    pub best: Contributor,
    /// The next best over the same deals: often a part of it, or what it is a part of.
    pub rivals: Vec<Contributor>,
}

/// What moved in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// The win rate inside it.
    Rate,
    /// Its share of the deals.
    Mix,
}

/// A segment as an explanation of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributor {
    /// Which deals; all of them when no segment stands out from the rest.
    pub segment: Segment,
    /// What moved.
    pub kind: CauseKind,
    /// Won and closed in the current window.
    pub current: Share,
    /// Won and closed in the baseline window.
    pub baseline: Share,
    /// Its share of the closed deals of the current window.
    pub share_of_deals: f64,
    /// Its share of those of the baseline window.
    pub baseline_share_of_deals: f64,
    /// Its part in the change of the overall win rate (0.05 is five points), by Kitagawa's split
    /// between it and all other deals.
    pub contribution: f64,
    /// Likelihood-ratio statistic of "it alone changed" against "nothing changed".
    pub statistic: f64,
    /// Chance of one at least as large among all that were tested if nothing had changed
    /// (Bonferroni).
    pub p_value: f64,
    /// Logarithm of the odds for this explanation, up to a constant: what the ranking goes by.
    pub score: f64,
}

/// Causes that are looked for, one after the other.
const MOST_CAUSES: usize = 3;
/// Rivals that are named beside a cause.
const RIVALS: usize = 2;

/// The causes of the change of the win rate between both windows of `table`.
///
/// Every segment of up to `most_dimensions` attributes with enough deals is held against the same
/// two windows twice: had its win rate alone changed, and had its share of the deals alone changed.
/// The likelihood of the first is largest for the segment in which it happened, since a larger one
/// dilutes the change and a smaller one leaves a part unexplained. Explanations are compared by
/// their odds, with a prior that gives each number of attributes the same weight and so asks more of
/// the many combinations, and expects moderate changes (see `score`). What does not pass `level` over
/// everything tested is not named. The deals of a cause are then set aside, and the rest is searched
/// for another one.
pub fn find_causes(table: &CellTable, settings: &CauseSearch) -> Causes {
    let total = overall_change(table);
    let mut rest = table.clone();
    let mut result = Causes::default();
    while result.causes.len() < MOST_CAUSES {
        let (tested, mut found) = search(&rest, total, settings);
        result.tested += tested;
        found.truncate(1 + RIVALS);
        if found.is_empty() {
            break;
        }
        let best = found.remove(0);
        let is_everything = best.parts.is_empty();
        if !is_everything {
            rest.retain(|table, cell| !best.holds(table, cell));
        }
        let rivals = found.iter().map(|rival| rival.contributor(table)).collect();
        result.causes.push(Cause { best: best.contributor(table), rivals });
        if is_everything {
            break;
        }
    }
    result
}

impl Found {
    fn holds(&self, table: &CellTable, cell: usize) -> bool {
        self.parts.iter().all(|&(place, code)| table.codes(place)[cell] == code)
    }

    fn contributor(&self, table: &CellTable) -> Contributor {
        let part = |&(place, code): &(usize, u16)| {
            let value = table.values(place).get(usize::from(code)).cloned().unwrap_or_default();
            (table.dimensions()[place].clone(), value)
        };
        let share = |won: u32, deals: u32| Share { won: won.into(), deals: deals.into() };
        Contributor {
            segment: Segment::of(self.parts.iter().map(part).collect()),
            kind: self.kind,
            current: share(self.counts.won, self.counts.deals),
            baseline: share(self.counts.baseline_won, self.counts.baseline_deals),
            share_of_deals: f64::from(self.counts.deals) / f64::from(self.of.deals),
            baseline_share_of_deals: f64::from(self.counts.baseline_deals)
                / f64::from(self.of.baseline_deals),
            contribution: self.contribution,
            statistic: self.statistic,
            p_value: self.p_value,
            score: self.score,
        }
    }
}
