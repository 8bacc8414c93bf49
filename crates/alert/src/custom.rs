//! Rules that a workspace writes itself, as TOML.

mod check;
mod evaluate;
mod grouped;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use winsight_model::{Dimension, Window};

use crate::Severity;

pub use check::{Mistake, read_rules};
pub use evaluate::{CustomLook, RuleFailure, Verdict};
pub use grouped::{evaluate, with_containing};

/// A rule of a workspace's own.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomRule {
    /// Its name, unique in the workspace.
    pub name: String,
    /// What it looks at.
    pub metric: Metric,
    /// It looks at each of their values and each combination of these; none for all deals together.
    pub dimensions: Vec<Dimension>,
    /// Only deals with these values.
    pub filter: BTreeMap<Dimension, String>,
    /// What the metric is compared with.
    pub comparison: Comparison,
    /// How far it may be off.
    pub threshold: Threshold,
    /// Which way is bad.
    pub direction: Direction,
    /// Whether it alerts only on evidence within the false-alarm budget.
    pub guarded: bool,
    /// How loudly to say it.
    pub severity: Severity,
    /// Who is told: names of channels, and `role:` with a role; none for everybody who wants to know.
    pub routing: Vec<String>,
    /// Whether it looks only when a week begins, on Mondays.
    pub weekly: bool,
    /// Who takes care of its alerts.
    pub owner: Option<String>,
    /// Days that its condition must hold before anybody is told.
    pub pending_days: u32,
    /// Days that it looks at.
    pub window_days: i32,
    /// Fewest closed deals that it judges.
    pub min_deals: u64,
    /// What must hold besides, in CEL over the numbers of the row.
    pub condition: Option<String>,
}

/// What a rule may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Won over closed.
    WinRate,
    /// Amount won over amount closed.
    Rwwr,
    /// Deal Friction Index.
    Dfi,
    /// Median cycle of closed deals, in days.
    MedianCycleDays,
    /// Closed deals.
    Deals,
    /// Amount won, in units of the reporting currency.
    WonAmount,
    /// Amount closed, in units of the reporting currency.
    ClosedAmount,
}

/// What a metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The days before, as many as the rule looks at.
    PreviousPeriod,
    /// The same days one year earlier.
    SamePeriodLastYear,
    /// The level of the threshold.
    Fixed,
    /// The mean of the year before, per period as long as the rule looks at.
    Expected,
}

/// How far a metric may be off.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Hundredths of a rate.
    Points(f64),
    /// Per cent of what it is compared with.
    Percent(f64),
    /// A value of the metric itself; a rate is 0 to 1.
    Level(f64),
}

/// Which way is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Falling, or lying below.
    Down,
    /// Rising, or lying above.
    Up,
}

impl Metric {
    /// Its field name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WinRate => "win_rate",
            Self::Rwwr => "rwwr",
            Self::Dfi => "dfi",
            Self::MedianCycleDays => "median_cycle_days",
            Self::Deals => "deals",
            Self::WonAmount => "won_amount",
            Self::ClosedAmount => "closed_amount",
        }
    }

    const fn is_rate(self) -> bool {
        matches!(self, Self::WinRate | Self::Rwwr)
    }
}

impl CustomRule {
    /// The days that it looks at, and those that it compares them with, as of a last day. What is
    /// compared begins no earlier than `first`, the first day that anything is known of.
    pub fn windows(&self, last_day: Date, first: Date) -> (Window, Option<Window>) {
        use jiff::ToSpan;
        let window = Window::trailing(self.window_days, last_day);
        let year_before = |day: Date| day.saturating_sub(1.year());
        let compared = match self.comparison {
            Comparison::Fixed => None,
            Comparison::PreviousPeriod => Some(window.preceding()),
            Comparison::SamePeriodLastYear => {
                Some(Window { from: year_before(window.from), to: year_before(window.to) })
            }
            Comparison::Expected => {
                Some(Window { from: year_before(window.from), to: window.from })
            }
        };
        let known = |days: Window| Window { from: days.from.max(first).min(days.to), ..days };
        (window, compared.map(known))
    }

    /// The dimensions that deals must be told apart by to evaluate it.
    pub fn grouping(&self) -> Vec<Dimension> {
        let filtered = self.filter.keys().filter(|by| !self.dimensions.contains(by)).cloned();
        self.dimensions.iter().cloned().chain(filtered).collect()
    }
}
