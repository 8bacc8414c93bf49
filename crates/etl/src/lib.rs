//! From files to deals: maps, validates, cleans, scores and derives features.
//!
//! A file (CSV in any common form, or Parquet) goes through in this order:
//!
//! 1. `source`: what the file is, how its text is encoded, its rows one after another;
//! 2. `preset`, `plan`: which column is which field, how dates and amounts are written ([`Mapping`]);
//! 3. `pipeline`: blocks of rows to a worker on each core, their results in the order of the file;
//! 4. `values`, `clean`: each row becomes a deal or is set aside with its reasons ([`Quarantined`]);
//! 5. `deal`, `batch`: features and the row hash, into Arrow batches for a [`DealSink`];
//! 6. `mark`, `findings`, `quality`: what is odd about deals and file ([`Issue`], [`Quality`]).
//!
//! Rows that were set aside can be read again ([`read_rows`]), and rows that come from elsewhere than a
//! file take the same way ([`Feed`]). Stage events, activities, lookups and
//! external indicators have readers of their own.
//!
//! A file is never guessed into meaning: what cannot be known is asked for by an error that names
//! the readings, and a row that cannot be trusted is set aside, not repaired. Memory is bounded by
//! the number of deals (16 bytes each), not by the size of the file.
//!
//! Owns the reading of files. Must not talk to a CRM or to the feature store, and must not read a
//! file that it was not given.

mod amount;
mod batch;
pub mod check;
mod clean;
mod columns;
mod date;
mod deal;
mod deals;
mod error;
mod events;
mod field;
mod findings;
mod identity;
mod indicators;
mod infer;
mod load;
mod lookup;
mod mapping;
mod mark;
mod money;
mod outcome;
mod outliers;
mod pipeline;
mod plan;
mod preset;
mod propose;
mod quality;
mod rate;
mod report;
mod sift;
mod source;
mod spelling;
mod values;
mod waive;

pub use deals::{DealSink, ImportOptions, RawRow, read_deals, read_deals_of, read_rows};
pub use error::{EtlError, Refusal, SinkError};
pub use events::{read_activities, read_activities_of, read_events, read_events_of};
pub use indicators::{Indicator, IndicatorsReport, read_indicators};
pub use lookup::{Lookup, is_lookup, read_lookup};
pub use mapping::{DatedRate, Mapping, PresetInfo};
pub use propose::{ProposedMerge, propose_values};
pub use quality::{FieldQuality, Quality};
pub use report::{
    DealsReport, EventsReport, ExampleRow, Issue, Progress, Quarantined, Reason, Severity,
    reasons_for_quarantine,
};
pub use source::Feed;
pub use spelling::{Variant, spelling_variants};
