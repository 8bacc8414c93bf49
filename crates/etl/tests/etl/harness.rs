use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use jiff::civil::{Date, date};
use tempfile::TempDir;
use winsight_etl::{DealsReport, EtlError, ImportOptions, SinkError, check, read_deals};
use winsight_model::{Settings, schema};

/// Column to text, of one row; blank columns are absent.
pub(crate) type Row = BTreeMap<String, String>;

/// What a load would have stored.
pub(crate) struct Loaded {
    pub(crate) report: DealsReport,
    pub(crate) deals: Vec<Row>,
}

impl Loaded {
    pub(crate) fn deal(&self, deal_id: &str) -> &Row {
        self.deals.iter().find(|deal| deal["deal_id"] == deal_id).expect("the deal was loaded")
    }

    /// Lines set aside, each with the checks it failed.
    pub(crate) fn quarantined(&self) -> Vec<(u64, Vec<&str>)> {
        let checks = |reasons: &[winsight_etl::Reason]| {
            reasons.iter().map(|reason| reason.check).collect::<Vec<_>>()
        };
        self.report.quarantined.iter().map(|row| (row.line, checks(&row.reasons))).collect()
    }

    pub(crate) fn issue(&self, name: &str, field: &str) -> &winsight_etl::Issue {
        self.report
            .issues
            .iter()
            .find(|issue| {
                issue.check == name && issue.field.as_deref().unwrap_or_default() == field
            })
            .unwrap_or_else(|| panic!("no issue {name} of {field:?}: {:#?}", self.report.issues))
    }
}

pub(crate) const TODAY: Date = date(2024, 12, 31);

pub(crate) fn options() -> ImportOptions {
    ImportOptions::new(Settings::default(), TODAY)
}

/// A file in a folder of its own.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("writable");
        path
    }
}

/// Loads a file and checks what is true of every load.
pub(crate) fn load(path: &Path, options: &ImportOptions) -> Result<Loaded, EtlError> {
    let mut deals = Vec::new();
    let mut last_progress = None;
    let mut sink = |batch: RecordBatch| -> Result<(), SinkError> {
        assert_eq!(batch.schema(), schema::deals());
        assert!(batch.num_rows() > 0);
        deals.extend(rows_of(&batch));
        Ok(())
    };
    let report =
        read_deals(path, options, &mut sink, &mut |progress| last_progress = Some(progress))?;

    let set_aside = report.quarantined.len() as u64;
    assert_eq!(report.rows_read, report.accepted + report.duplicates + set_aside);
    deals.retain(|deal: &Row| !report.conflicting.contains(&deal["deal_id"]));
    assert_eq!(deals.len() as u64, report.accepted);
    let progress = last_progress.expect("progress was reported");
    assert_eq!((progress.rows, progress.bytes_read), (report.rows_read, progress.bytes_total));
    assert!(report.quarantined.is_sorted_by_key(|row| row.line));
    let known = |name: &str| check::CATALOGUE.iter().any(|check| check.name == name);
    for issue in &report.issues {
        assert!(known(&issue.check) && issue.count > 0, "{issue:?}");
        assert!(issue.rows.len() <= 5 && issue.rows.len() as u64 <= issue.count, "{issue:?}");
    }
    for row in &report.quarantined {
        assert!(!row.reasons.is_empty() && row.raw.len() <= 4096);
        assert!(row.reasons.iter().all(|reason| known(reason.check)));
    }
    let quality = &report.quality;
    let parts = [
        quality.score,
        quality.completeness,
        quality.validity,
        quality.consistency,
        quality.uniqueness,
        quality.timeliness,
    ];
    assert!(parts.iter().all(|part| (0.0..=100.0).contains(part)), "{quality:?}");
    for (field, quality) in &quality.fields {
        assert!((0.0..=1.0).contains(&quality.filled), "{field}: {quality:?}");
    }
    Ok(Loaded { report, deals })
}

/// Loads a text with everything inferred.
pub(crate) fn load_text(text: &str) -> Result<Loaded, EtlError> {
    let scratch = Scratch::new();
    load(&scratch.write("deals.csv", text), &options())
}

pub(crate) fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let texts = cast(column, &DataType::Utf8).expect("every column has a text");
        let texts = texts.as_string::<i32>();
        for (index, row) in rows.iter_mut().enumerate() {
            if texts.is_valid(index) {
                row.insert(field.name().clone(), texts.value(index).to_owned());
            }
        }
    }
    rows
}
