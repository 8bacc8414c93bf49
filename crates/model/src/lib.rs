//! The words of Winsight, shared by every other crate.
//!
//! Owns what a deal, an amount, a dimension, a window and a tally are, the Arrow schema of every
//! table, the settings of a workspace, and the clock. Does no input or output, and computes no
//! statistics: those live in `winsight-insight`.

mod bucket;
mod cell_table;
mod clock;
mod closed_deal;
mod deal_move;
mod dimension;
mod fiscal;
mod histogram;
mod ids;
mod load_counts;
mod money;
mod nearest;
mod open_deal;
mod outcome;
mod pipeline_settings;
mod playbook;
mod quality_gate;
mod retention;
pub mod schema;
mod settings;
mod spelling;
mod stays;
mod storage;
mod tally;
mod window;

pub use bucket::{AcvBuckets, CycleBuckets};
pub use cell_table::{CellCounts, CellTable};
pub use clock::Clock;
pub use closed_deal::ClosedDeal;
pub use deal_move::{AfterState, DealMove, OpenState};
pub use dimension::{Dimension, NONE, Segment};
pub use fiscal::{FiscalQuarter, FiscalYearStart};
pub use histogram::DayHistogram;
pub use ids::{DataVersion, InvalidWorkspace, WorkspaceId};
pub use load_counts::LoadCounts;
pub use money::{Money, ParseMoneyError};
pub use nearest::nearest;
pub use open_deal::OpenDeal;
pub use outcome::Outcome;
pub use pipeline_settings::{PipelineSettings, QualityWeights};
pub use playbook::{Play, Playbook};
pub use quality_gate::QualityGate;
pub use retention::Retention;
pub use settings::{AlertSettings, DeliverySettings, Settings};
pub use spelling::COUNTED_SPELLINGS;
pub use stays::Stays;
pub use storage::{EncryptionSettings, StorageSettings};
pub use tally::{Side, Tally};
pub use window::{Grain, Period, Window};
