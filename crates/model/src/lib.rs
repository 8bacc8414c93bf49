//! The words of Winsight, shared by every other crate.
//!
//! Owns what a deal, an amount, a dimension, a window and a tally are, the Arrow schema of every
//! table, the settings of a workspace, and the clock. Does no input or output, and computes no
//! statistics: those live in `winsight-insight`.

mod bucket;
mod clock;
mod dimension;
mod fiscal;
mod histogram;
mod ids;
mod money;
mod open_deal;
mod outcome;
pub mod schema;
mod settings;
mod tally;
mod window;

pub use bucket::{AcvBuckets, CycleBuckets};
pub use clock::Clock;
pub use dimension::{Dimension, NONE, Segment};
pub use fiscal::{FiscalQuarter, FiscalYearStart};
pub use histogram::DayHistogram;
pub use ids::{DataVersion, InvalidWorkspace, WorkspaceId};
pub use money::{Money, ParseMoneyError};
pub use open_deal::OpenDeal;
pub use outcome::Outcome;
pub use settings::{AlertSettings, Settings};
pub use tally::{Side, Tally};
pub use window::{Grain, Period, Window};
