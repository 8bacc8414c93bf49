//! One reading of a file of deals: what is sent, what is set aside, and what is reported.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;

use crate::check::Kind;
use crate::clean::Cleaner;
use crate::findings::Findings;
use crate::identity::{HashedMap, Identities, Seen};
use crate::pipeline::{in_order, one_per_core};
use crate::plan::Plan;
use crate::quality::QualityCounts;
use crate::sift::{Facts, Sifted, Sifter};
use crate::source::{Block, Source};
use crate::{
    DealSink, DealsReport, EtlError, FieldQuality, ImportOptions, Issue, Progress, Quarantined,
    Reason, check,
};

/// Rows set aside after which a file is refused: its mapping must be wrong, and the reasons of all
/// its rows would fill the memory.
pub(crate) const QUARANTINE_ROWS: usize = 250_000;

/// Reads the file once to find the deals with different contents, and the line of the last row of
/// each.
pub(crate) fn last_lines_of_conflicts(
    source: &Source,
    cleaner: &Cleaner<'_>,
    options: &ImportOptions,
) -> Result<HashedMap<u64>, EtlError> {
    let mut identities = Identities::default();
    let mut last_lines = HashedMap::default();
    in_order(source, sifters(source, cleaner, options), |sifted, _| {
        for facts in &sifted.facts {
            identities.see(facts.key, facts.hash);
            if identities.conflicting().contains(&facts.key) {
                last_lines.insert(facts.key, facts.line);
            }
        }
        Ok(())
    })?;
    Ok(last_lines)
}

/// A worker for each core.
fn sifters<'a>(
    source: &Source,
    cleaner: &Cleaner<'a>,
    options: &'a ImportOptions,
) -> Vec<impl FnMut(&Block) -> Sifted + Send + use<'a>> {
    let width = source.width();
    one_per_core(|| {
        let mut sifter = Sifter::new(cleaner.clone(), &options.source, &options.settings, width);
        move |block: &Block| sifter.sift(block)
    })
}

/// A file being read.
pub(crate) struct Load<'a> {
    source: &'a Source,
    options: &'a ImportOptions,
    /// Whether every row is known to be of another deal.
    is_keyed: bool,
    identities: Identities,
    findings: Findings,
    quarantined: Vec<Quarantined>,
    /// Of deals with different contents the line of the row that counts, where that check is waived.
    last_lines: HashedMap<u64>,
    superseded: u64,
    rows_read: u64,
    blank_rows: u64,
    sent: u64,
}

impl<'a> Load<'a> {
    /// A load that has read nothing yet.
    pub(crate) fn new(
        source: &'a Source,
        options: &'a ImportOptions,
        is_keyed: bool,
        last_lines: HashedMap<u64>,
    ) -> Self {
        Self {
            source,
            options,
            is_keyed,
            identities: Identities::default(),
            findings: Findings::default(),
            quarantined: Vec::new(),
            last_lines,
            superseded: 0,
            rows_read: 0,
            blank_rows: 0,
            sent: 0,
        }
    }

    /// Reads every row; returns whether the file ends without a line break.
    pub(crate) fn read(
        &mut self,
        cleaner: &Cleaner<'_>,
        sink: &mut dyn DealSink,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool, EtlError> {
        let source = self.source;
        let workers = sifters(source, cleaner, self.options);
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
            .map(|facts| {
                let last = self.last_lines.get(&facts.key);
                let is_superseded = last.is_some_and(|last| *last != facts.line);
                self.superseded += u64::from(is_superseded);
                !is_superseded && self.is_new(facts)
            })
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

    fn is_new(&mut self, facts: &Facts) -> bool {
        self.is_keyed || self.identities.see(facts.key, facts.hash) == Seen::New
    }

    /// Reads the file once more where deals had different contents, to set aside all their rows.
    /// Returns their ids.
    pub(crate) fn set_conflicts_aside(
        &mut self,
        cleaner: &Cleaner<'_>,
    ) -> Result<Vec<String>, EtlError> {
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

    /// What was found.
    pub(crate) fn report(
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
        issues.extend(self.row_issues(duplicates - self.superseded, lacks_line_break));
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
        let by_dimension = plan.columns.dimensions().iter().enumerate();
        let shares =
            plan.columns
                .mapped()
                .map(|field| (field.name(), self.findings.filled_share(field)))
                .chain(by_dimension.map(|(place, (name, _))| {
                    (name.as_str(), self.findings.dimension_share(place))
                }));
        let fields = shares.map(|(name, share)| {
            let reasons = self.quarantined.iter().flat_map(|row| &row.reasons);
            (name.to_owned(), FieldQuality::new(name, share, reasons, &issues))
        });
        let quality = counts.quality(fields.collect());
        Ok(DealsReport {
            header: self.source.header.clone(),
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
        if self.superseded > 0 {
            let superseded = self.superseded;
            let message = format!(
                "{superseded} rows gave way to a later row of the same deal, as the check is waived"
            );
            add(check::CONFLICTING_DUPLICATE, superseded, message);
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
    let problem = "the file has a header but no rows: 0 rows loaded";
    EtlError::refused(path, problem, "export it again with its rows")
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
