//! The files of a company: written under temporary names, and named at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::company::Company;
use crate::deal::Facts;
use crate::error::SimulateError;
use crate::journey::Journey;
use crate::mess::{COLUMNS, Row};
use crate::scenario::Scenario;
use crate::truth::Truth;

const BUFFER_BYTES: usize = 1 << 18;

/// All files of one run.
pub(crate) struct Files {
    deals: Table,
    stage_events: Table,
    activities: Table,
    folder: PathBuf,
}

struct Table {
    writer: csv::Writer<Unfinished>,
    path: PathBuf,
}

/// A file under a temporary name, which is removed if it is never finished.
struct Unfinished {
    buffer: BufWriter<File>,
    temporary: PathBuf,
    finished: bool,
}

impl Files {
    pub(crate) fn create(folder: &Path) -> Result<Self, SimulateError> {
        fs::create_dir_all(folder)
            .map_err(|source| SimulateError::OutputFolder { path: folder.to_owned(), source })?;
        Ok(Self {
            deals: Table::create(folder, "deals.csv", &COLUMNS)?,
            stage_events: Table::create(folder, "stage_events.csv", &["deal_id", "date", "stage"])?,
            activities: Table::create(
                folder,
                "activities.csv",
                &["deal_id", "date", "kind", "rep"],
            )?,
            folder: folder.to_owned(),
        })
    }

    pub(crate) fn write(
        &mut self,
        company: &Company<'_>,
        facts: &Facts,
        journey: &Journey,
        row: &Row<'_>,
    ) -> Result<(), SimulateError> {
        let calendar = &company.calendar;
        let deal_id = &row.cells[0];
        for _ in 0..=usize::from(row.duplicated) {
            self.deals.write(row.cells.iter().map(AsRef::as_ref))?;
        }
        for (day, stage) in &journey.stages {
            self.stage_events.write([deal_id, calendar.text(*day), stage.name()])?;
        }
        let seat = &company.seats[facts.seat];
        let reps = &company.names[crate::scenario::Dimension::Rep as usize];
        for (day, kind) in &journey.activities {
            let rep = &reps[seat.holder(*day)];
            self.activities.write([deal_id, calendar.text(*day), kind, rep])?;
        }
        Ok(())
    }

    /// Gives all files their names, the truth last: a folder with a truth is complete.
    pub(crate) fn finish(self, scenario: &Scenario, truth: &Truth) -> Result<(), SimulateError> {
        let truth_path = self.folder.join("truth.json");
        let mapping_path = self.folder.join("mapping.toml");
        let mut truth_text = serde_json::to_string_pretty(truth)
            .map_err(|error| write_error(&truth_path, error.into()))?;
        truth_text.push('\n');
        let mapping = write_text(&mapping_path, &mapping_text(scenario))?;
        let truth = write_text(&truth_path, &truth_text)?;
        for table in [self.deals, self.stage_events, self.activities] {
            let Table { writer, path } = table;
            let file =
                writer.into_inner().map_err(|error| write_error(&path, error.into_error()))?;
            file.finish(&path)?;
        }
        mapping.finish(&mapping_path)?;
        truth.finish(&truth_path)
    }
}

impl Table {
    fn create(folder: &Path, name: &str, columns: &[&str]) -> Result<Self, SimulateError> {
        let path = folder.join(name);
        let mut table = Self { writer: csv::Writer::from_writer(Unfinished::create(&path)?), path };
        table.write(columns)?;
        Ok(table)
    }

    fn write(
        &mut self,
        cells: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<(), SimulateError> {
        self.writer.write_record(cells).map_err(|error| write_error(&self.path, error.into()))
    }
}

impl Unfinished {
    fn create(path: &Path) -> Result<Self, SimulateError> {
        let temporary = path.with_added_extension("partial");
        let file = File::create(&temporary).map_err(|source| write_error(&temporary, source))?;
        Ok(Self {
            buffer: BufWriter::with_capacity(BUFFER_BYTES, file),
            temporary,
            finished: false,
        })
    }

    fn finish(mut self, path: &Path) -> Result<(), SimulateError> {
        let flushed = self.buffer.flush();
        flushed
            .and_then(|()| fs::rename(&self.temporary, path))
            .map_err(|source| write_error(path, source))?;
        self.finished = true;
        Ok(())
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // The error that stopped the run is the one to report, not this one.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn write_text(path: &Path, text: &str) -> Result<Unfinished, SimulateError> {
    let mut file = Unfinished::create(path)?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|source| write_error(path, source))?;
    Ok(file)
}

fn write_error(path: &Path, source: io::Error) -> SimulateError {
    SimulateError::Write { path: path.to_owned(), source }
}

fn mapping_text(scenario: &Scenario) -> String {
    let rates = scenario.currency.iter();
    let rates = rates.map(|it| format!("{} = \"{}\"\n", it.code, it.dollars));
    let rates: String = rates.collect();
    format!("reporting_currency = \"USD\"\n\n[currency_rates]\n{rates}")
}
