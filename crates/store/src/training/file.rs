//! Rows of features as a file for other programs.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::{FeatureRows, StoreError};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated text in UTF-8 with a header; a null is an empty field.
    Csv,
    /// Parquet.
    Parquet,
}

impl FileFormat {
    /// The format that the name of a file asks for; `None` for neither `.csv` nor `.parquet`.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

impl FeatureRows {
    /// Writes the rows to a file, which appears under its name when it is complete, and returns how
    /// many there were.
    ///
    /// # Errors
    /// When a row cannot be computed or the file cannot be written; no file is left behind then.
    pub async fn write_to(mut self, path: &Path, format: FileFormat) -> Result<u64, StoreError> {
        let unfinished = Unfinished { path: path.with_added_extension("partial") };
        let file =
            File::create(&unfinished.path).map_err(|source| StoreError::output(path, source))?;
        let mut writer = match format {
            FileFormat::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                let schema = self.schema();
                let names = schema.fields().iter().map(|field| field.name().as_str());
                writer.write_record(names).map_err(|error| failed(path, error))?;
                Writer::Csv(Box::new(writer))
            }
            FileFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
                    .build();
                let writer = ArrowWriter::try_new(file, self.schema(), Some(properties))?;
                Writer::Parquet(Box::new(writer))
            }
        };
        let mut rows = 0;
        while let Some(batch) = self.next().await {
            let batch = batch?;
            rows += batch.num_rows() as u64;
            writer.add(&batch, path)?;
        }
        writer.finish(path)?;
        std::fs::rename(&unfinished.path, path)
            .map_err(|source| StoreError::output(path, source))?;
        Ok(rows)
    }
}

/// A file that is removed unless it was renamed.
struct Unfinished {
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it was renamed; and whatever failed before is the error to report.
        let _ = std::fs::remove_file(&self.path);
    }
}

enum Writer {
    Csv(Box<csv::Writer<File>>),
    Parquet(Box<ArrowWriter<File>>),
}

impl Writer {
    fn add(&mut self, batch: &RecordBatch, path: &Path) -> Result<(), StoreError> {
        match self {
            Self::Parquet(writer) => Ok(writer.write(batch)?),
            Self::Csv(writer) => {
                let options = FormatOptions::default();
                let columns: Result<Vec<_>, _> = batch
                    .columns()
                    .iter()
                    .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
                    .collect();
                let columns = columns?;
                for row in 0..batch.num_rows() {
                    let cells = columns.iter().map(|column| column.value(row).to_string());
                    writer.write_record(cells).map_err(|error| failed(path, error))?;
                }
                Ok(())
            }
        }
    }

    fn finish(self, path: &Path) -> Result<(), StoreError> {
        match self {
            Self::Parquet(writer) => writer.close().map(drop).map_err(StoreError::from),
            Self::Csv(mut writer) => {
                writer.flush().map_err(|source| StoreError::output(path, source))
            }
        }
    }
}

fn failed(path: &Path, error: csv::Error) -> StoreError {
    StoreError::output(path, error.into())
}
