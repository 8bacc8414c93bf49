//! What the alerts are worth: how many planted drops they find, how soon, and how often they find
//! what is not there.
//!
//! Owns companies made of daily counts, in which what happened is known because it was planted, and
//! the rules that the engine is measured against. The engine itself is that of `winsight-insight` and
//! `winsight-alert`, called as the product calls it. Everything is drawn from seeds: the same command
//! prints the same table.

mod company;
mod engine;
mod history;
mod other_rules;
mod score;
mod shuffle;
mod table;

pub use company::{Company, Drop, Scenario, Target};
pub use engine::{Told, Watch, watch};
pub use history::{History, Seen};
pub use other_rules::{five_points, quarterly_levels, quarterly_test};
pub use score::{QuarterlyLevels, Score, Tried, score};
pub use shuffle::{ShuffleScore, read_closed_deals, shuffle};
pub use table::{EqualLevels, null_table, power_table};
