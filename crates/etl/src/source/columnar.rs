use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::record::Record;
use crate::EtlError;

const BATCH_ROWS: usize = 8192;

/// The rows of a Parquet file, every column turned into the text it would have in a CSV file.
pub(super) struct ColumnarRows {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    columns: Vec<StringArray>,
    /// Next row of `columns`.
    next: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
    row: u64,
    rows_total: u64,
}

impl ColumnarRows {
    pub(super) fn open(path: &Path) -> Result<Self, EtlError> {
        let builder = builder(path)?;
        let rows_total = builder.metadata().file_metadata().num_rows();
        let reader =
            builder.with_batch_size(BATCH_ROWS).build().map_err(|error| damaged(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            reader,
            columns: Vec::new(),
            next: 0,
            text: Vec::new(),
            ends: Vec::new(),
            row: 0,
            rows_total: u64::try_from(rows_total).unwrap_or_default(),
        })
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            text: &self.text,
            ends: &self.ends,
            line: self.row,
            fault: None,
            decoded: false,
            cut_off: false,
        }
    }

    pub(super) fn advance(&mut self) -> Result<bool, EtlError> {
        while self.columns.first().is_none_or(|column| self.next >= column.len()) {
            let Some(batch) = self.reader.next() else { return Ok(false) };
            let as_text = batch.and_then(|batch| batch.columns().iter().map(to_text).collect());
            self.columns = as_text.map_err(|error| damaged(&self.path, &error))?;
            self.next = 0;
        }
        self.text.clear();
        self.ends.clear();
        for column in &self.columns {
            if column.is_valid(self.next) {
                self.text.extend_from_slice(column.value(self.next).as_bytes());
            }
            self.ends.push(self.text.len());
        }
        self.next += 1;
        self.row += 1;
        Ok(true)
    }

    /// The part of `bytes` that the rows read so far stand for.
    pub(super) fn share_of(&self, bytes: u64) -> u64 {
        let share = u128::from(bytes) * u128::from(self.row) / u128::from(self.rows_total.max(1));
        u64::try_from(share).unwrap_or(bytes)
    }
}

/// The names of the columns, and whether each holds numbers.
pub(super) fn header(path: &Path) -> Result<(Vec<String>, Vec<bool>), EtlError> {
    let builder = builder(path)?;
    let fields = builder.schema().fields();
    let names = fields.iter().map(|field| field.name().clone()).collect();
    let numeric = fields.iter().map(|field| field.data_type().is_numeric()).collect();
    Ok((names, numeric))
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, EtlError> {
    let file = File::open(path).map_err(|error| EtlError::io(path, error))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(path, &error))
}

fn damaged(path: &Path, error: &dyn std::error::Error) -> EtlError {
    let said = error.to_string();
    let why = if said.contains("too small") || said.starts_with("EOF") {
        "it is not whole, or no Parquet file"
    } else {
        said.as_str()
    };
    EtlError::refused(
        path,
        format!("the Parquet file cannot be read: {why}"),
        "write it again, or export CSV",
    )
}

/// Lists and structures have no text; their columns come out blank.
fn to_text(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    if can_cast_types(column.data_type(), &DataType::Utf8) && !column.data_type().is_nested() {
        Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
    } else {
        Ok(StringArray::new_null(column.len()))
    }
}
