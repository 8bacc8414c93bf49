use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use jiff::civil::Date;
use winsight_model::Settings;

use crate::check::Kind;
use crate::clean::Cleaner;
use crate::field::Table;
use crate::findings::Findings;
use crate::identity::{Identities, Seen};
use crate::lookup::Lookup;
use crate::pipeline::{in_order, one_per_core};
use crate::plan::Plan;
use crate::quality::QualityCounts;
use crate::sift::{Sifted, Sifter};
use crate::source::{Block, Source};
use crate::{
    DealsReport, EtlError, FieldQuality, Issue, Mapping, Progress, Quarantined, Reason, SinkError,
    check,
};

/// Rows set aside after which a file is refused: its mapping must be wrong, and the reasons of all
/// its rows would fill the memory.
pub(crate) const QUARANTINE_ROWS: usize = 250_000;

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
    let plan = Plan::make(&source, &given, &options.settings, Table::Deals)?;
    let cleaner = Cleaner::new(&plan, &options.lookups, options.today)?;
    let mut load = Load::new(&source, options);
    let lacks_line_break = load.read(&cleaner, sink, progress)?;
    let conflicting = load.set_conflicts_aside(&cleaner)?;
    load.report(plan, conflicting, lacks_line_break)
}

/// A file being read.
struct Load<'a> {
    source: &'a Source,
    options: &'a ImportOptions,
    identities: Identities,
    findings: Findings,
    quarantined: Vec<Quarantined>,
    rows_read: u64,
    blank_rows: u64,
    sent: u64,
}

impl<'a> Load<'a> {
    fn new(source: &'a Source, options: &'a ImportOptions) -> Self {
        Self {
            source,
            options,
            identities: Identities::default(),
            findings: Findings::default(),
            quarantined: Vec::new(),
            rows_read: 0,
            blank_rows: 0,
            sent: 0,
        }
    }

    /// Reads every row; returns whether the file ends without a line break.
    fn read(
        &mut self,
        cleaner: &Cleaner<'_>,
        sink: &mut dyn DealSink,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool, EtlError> {
        let (source, options) = (self.source, self.options);
        let workers = one_per_core(|| {
            let (name, settings) = (&options.source, &options.settings);
            let mut sifter = Sifter::new(cleaner.clone(), name, settings, source.width());
            move |block: &Block| sifter.sift(block)
        });
        let ended = in_order(source, workers, |sifted, reached| {
            self.take(sifted, sink)?;
            progress(Progress { rows: self.rows_read, ..reached });
            Ok(())
        })?;
        progress(Progress { rows: self.rows_read, ..ended.progress });
        if self.rows_read == 0 {
            return Err(no_rows(source.path()));
        }
        Ok(ended.lacks_line_break)
    }

    fn take(&mut self, mut sifted: Sifted, sink: &mut dyn DealSink) -> Result<(), EtlError> {
        self.rows_read += sifted.rows;
        self.blank_rows += sifted.blank_rows;
        self.quarantined.append(&mut sifted.quarantined);
        if self.quarantined.len() > QUARANTINE_ROWS {
            return Err(too_many(self.source.path(), &self.quarantined));
        }
        // Of conflicting rows the first is sent here; all are set aside in a second reading.
        let keep: Vec<bool> = sifted
            .facts
            .iter()
            .map(|facts| self.identities.see(facts.key, facts.hash) == Seen::New)
            .collect();
        self.findings.add(&sifted, &keep);
        let kept = keep.iter().filter(|keep| **keep).count();
        self.sent += kept as u64;
        if kept == keep.len() && kept > 0 {
            sink.deals(sifted.deals)?;
        } else if kept > 0 {
            #[expect(clippy::expect_used, reason = "there is one answer for each row")]
            let deals = filter_record_batch(&sifted.deals, &BooleanArray::from(keep))
                .expect("the mask is as long as the batch");
            sink.deals(deals)?;
        }
        Ok(())
    }

    /// Reads the file once more where deals had different contents, to set aside all their rows.
    /// Returns their ids.
    fn set_conflicts_aside(&mut self, cleaner: &Cleaner<'_>) -> Result<Vec<String>, EtlError> {
        let conflicting = self.identities.conflicting();
        if conflicting.is_empty() {
            return Ok(Vec::new());
        }
        let mut found: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
        let mut rows = self.source.rows()?;
        while rows.advance()? {
            let record = rows.record();
            let Ok(fields) = record.fields(Some(self.source.width())) else { continue };
            let Some(deal_id) = cleaner.deal_id(&fields) else { continue };
            let is_set_aside =
                self.quarantined.binary_search_by_key(&record.line, |row| row.line).is_ok();
            if conflicting.contains(&Identities::key(deal_id)) && !is_set_aside {
                found.entry(deal_id.to_owned()).or_default().push((record.line, record.raw()));
            }
        }
        for (deal_id, rows) in &found {
            let lines: Vec<_> = rows.iter().map(|(line, _)| line.to_string()).collect();
            let message = format!(
                "the deal stands on lines {} with different contents; keep the right row and remove the others",
                lines.join(", ")
            );
            for (line, raw) in rows {
                self.quarantined.push(Quarantined {
                    line: *line,
                    deal_id: Some(deal_id.clone()),
                    reasons: vec![Reason {
                        check: check::CONFLICTING_DUPLICATE,
                        field: None,
                        message: message.clone(),
                    }],
                    raw: raw.clone(),
                });
            }
        }
        self.quarantined.sort_by_key(|row| row.line);
        Ok(found.into_keys().collect())
    }

    fn report(
        self,
        plan: Plan,
        conflicting: Vec<String>,
        lacks_line_break: bool,
    ) -> Result<DealsReport, EtlError> {
        if self.quarantined.len() > QUARANTINE_ROWS {
            return Err(too_many(self.source.path(), &self.quarantined));
        }
        let in_conflict = |row: &&Quarantined| {
            row.reasons.iter().any(|reason| reason.check == check::CONFLICTING_DUPLICATE)
        };
        let conflicting_rows = self.quarantined.iter().filter(in_conflict).count() as u64;
        // Copies inside a conflict were first counted as duplicates.
        let quarantined = self.quarantined.len() as u64;
        let accepted = self.sent - conflicting.len() as u64;
        let duplicates = self.rows_read - quarantined - accepted;

        let mut issues = plan.issues;
        let (known, lookups) = (&self.options.known_values, &self.options.lookups[..]);
        issues.extend(self.findings.issues(&plan.columns, known, lookups));
        issues.extend(self.row_issues(duplicates, lacks_line_break));
        issues.sort_by_key(|issue| Reverse(issue.severity));

        let mut counts = QualityCounts {
            rows: self.rows_read,
            invalid_rows: quarantined - conflicting_rows,
            repeated_rows: duplicates + conflicting_rows,
            ..QualityCounts::default()
        };
        self.findings.count(&plan.columns, self.options.today, &mut counts);
        let inconsistent = issues.iter().filter(|issue| issue.kind == Kind::Inconsistent);
        counts.contradictions = inconsistent.map(|issue| issue.count).sum();
        let fields = plan.columns.mapped().map(|field| {
            let reasons = self.quarantined.iter().flat_map(|row| &row.reasons);
            let share = self.findings.filled_share(field);
            (field.name().to_owned(), FieldQuality::new(field.name(), share, reasons, &issues))
        });
        let quality = counts.quality(fields.collect());
        Ok(DealsReport {
            mapping: plan.mapping,
            mapping_notes: plan.notes,
            rows_read: self.rows_read,
            accepted,
            duplicates,
            quarantined: self.quarantined,
            conflicting,
            issues,
            quality,
        })
    }

    fn row_issues(&self, duplicates: u64, lacks_line_break: bool) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut add = |name, count, message| {
            issues.push(Issue::new(name, None, count, Vec::new(), message));
        };
        if duplicates > 0 {
            add(
                check::DUPLICATES,
                duplicates,
                format!("{duplicates} rows were identical copies and were dropped"),
            );
        }
        if self.blank_rows > 0 {
            let blank = self.blank_rows;
            add(check::BLANK_ROWS, blank, format!("{blank} rows of blank fields were skipped"));
        }
        if lacks_line_break {
            let message = "the file ends without a line break; if it was cut off, its last row may be incomplete: export it again";
            add(check::NO_FINAL_LINE_BREAK, 1, message.to_owned());
        }
        issues
    }
}

/// The refusal of a file that has a header and nothing else.
pub(crate) fn no_rows(path: &Path) -> EtlError {
    EtlError::refused(
        path,
        "the file has a header but no rows: 0 rows loaded",
        "export it again with its rows",
    )
}

/// The refusal of a file of which too many rows were set aside.
pub(crate) fn too_many(path: &Path, quarantined: &[Quarantined]) -> EtlError {
    let first = quarantined.first();
    let reason = first.and_then(|row| row.reasons.first()).map_or("", |reason| &reason.message);
    EtlError::refused(
        path,
        format!("more than {QUARANTINE_ROWS} rows cannot be read; the first because: {reason}"),
        "check the mapping of its columns",
    )
    .on_line(first.map_or(1, |row| row.line))
}
