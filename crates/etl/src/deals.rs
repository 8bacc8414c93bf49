use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::Settings;

use crate::clean::Cleaner;
use crate::field::Table;
use crate::identity::HashedMap;
use crate::load::{Load, last_lines_of_conflicts};
use crate::lookup::Lookup;
use crate::plan::Plan;
use crate::source::{Feed, Source};
use crate::waive::Waived;
use crate::{DealsReport, EtlError, Mapping, Progress, SinkError, check};

/// How to read a file.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Where the deals come from; part of their key, so that two CRMs may use the same ids.
    pub source: String,
    /// The mapping, or what is known of it; the rest is inferred from the file.
    pub mapping: Option<Mapping>,
    /// The settings of the workspace: time zone, reporting currency and buckets.
    pub settings: Settings,
    /// The day of the load; what lies after it lies in the future.
    pub today: Date,
    /// Field, then value, then number of deals: spellings the workspace already holds.
    pub known_values: BTreeMap<String, BTreeMap<String, u64>>,
    /// Names of checks that do not set rows aside, of those that are waivable in
    /// [`check::CATALOGUE`]. Of a deal with different contents the last row counts.
    pub waive: BTreeSet<String>,
    /// Tables that fill in blanks: products, accounts, sales people.
    pub lookups: Vec<Lookup>,
}

impl ImportOptions {
    /// Options for deals of the source `files`, with everything inferred.
    pub fn new(settings: Settings, today: Date) -> Self {
        Self {
            source: "files".to_owned(),
            mapping: None,
            settings,
            today,
            known_values: BTreeMap::new(),
            waive: BTreeSet::new(),
            lookups: Vec::new(),
        }
    }
}

/// Receives the deals of a file.
pub trait DealSink {
    /// Takes the next batch, in the schema of [`winsight_model::schema::deals`].
    ///
    /// Nothing may be kept for good until [`read_deals`] has returned without error.
    fn deals(&mut self, batch: RecordBatch) -> Result<(), SinkError>;
}

impl<Receive: FnMut(RecordBatch) -> Result<(), SinkError>> DealSink for Receive {
    fn deals(&mut self, batch: RecordBatch) -> Result<(), SinkError> {
        self(batch)
    }
}

/// Reads a file of deals: recognises its format and columns, sends the valid deals to `sink` in
/// batches, and reports everything else.
///
/// # Errors
/// [`EtlError`] when the file as a whole cannot be used; the batches sent until then are void.
pub fn read_deals(
    path: &Path,
    options: &ImportOptions,
    sink: &mut dyn DealSink,
    progress: &mut dyn FnMut(Progress),
) -> Result<DealsReport, EtlError> {
    let given = options.mapping.clone().unwrap_or_default();
    given.validate()?;
    let source = Source::open(path, &given, Table::Deals)?;
    read_source(&source, &given, options, sink, progress)
}

/// As [`read_deals`], from elsewhere than a file. The mapping of `options` says what its columns are,
/// best by a preset; lines are counted from the first row after the header.
///
/// # Errors
/// As [`read_deals`].
pub fn read_deals_of(
    feed: &Feed,
    options: &ImportOptions,
    sink: &mut dyn DealSink,
    progress: &mut dyn FnMut(Progress),
) -> Result<DealsReport, EtlError> {
    let given = options.mapping.clone().unwrap_or_default();
    given.validate()?;
    read_source(&Source::of_feed(feed)?, &given, options, sink, progress)
}

/// A row that an earlier load set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// Line of its file where it begins, from 1.
    pub line: u64,
    /// Its text, as in [`crate::Quarantined::raw`].
    pub text: String,
}

/// Reads rows again that an earlier load of `file` set aside: after their texts were corrected, after
/// the settings changed, or with checks waived.
///
/// `header` is that of the load, see [`DealsReport::header`], and the mapping of `options` should be
/// the one it used, see [`DealsReport::mapping`]. Nothing is inferred from these few rows.
///
/// # Errors
/// [`EtlError`] when none of the rows can be looked at; the batches sent until then are void.
pub fn read_rows(
    file: &Path,
    header: &str,
    rows: &[RawRow],
    options: &ImportOptions,
    sink: &mut dyn DealSink,
) -> Result<DealsReport, EtlError> {
    let given = options.mapping.clone().unwrap_or_default();
    given.validate()?;
    let source = Source::of_rows(file, header, rows)?;
    read_source(&source, &given, options, sink, &mut |_| {})
}

fn read_source(
    source: &Source,
    given: &Mapping,
    options: &ImportOptions,
    sink: &mut dyn DealSink,
    progress: &mut dyn FnMut(Progress),
) -> Result<DealsReport, EtlError> {
    let waived = Waived::new(&options.waive)?;
    let plan = Plan::make(source, given, &options.settings, Table::Deals)?;
    let cleaner = Cleaner::new(&plan, &options.lookups, options.today, waived)?;
    let is_keyed = source.key().is_some_and(|key| cleaner.takes_ids_from(key));
    let last_lines = if waived.has(check::CONFLICTING_DUPLICATE) && !is_keyed {
        last_lines_of_conflicts(source, &cleaner, options)?
    } else {
        HashedMap::default()
    };
    let mut load = Load::new(source, options, is_keyed, last_lines);
    let lacks_line_break = load.read(&cleaner, sink, progress)?;
    let conflicting = load.set_conflicts_aside(&cleaner)?;
    load.report(plan, conflicting, lacks_line_break)
}
