//! Parquet goes the way of CSV.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;

use crate::harness::{Scratch, load, options};

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .expect("columns of one length");
    let file = File::create(path).expect("writable");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

#[test]
fn typed_columns_are_read_as_their_texts() {
    let scratch = Scratch::new();
    let path = scratch.path("deals.parquet");
    let days = |days: [Option<i32>; 3]| Arc::new(Date32Array::from(days.to_vec())) as ArrayRef;
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), None, None]);
    write(
        &path,
        vec![
            ("deal_id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
            ("created_date", days([Some(19_000), Some(19_000), None])),
            ("closed_date", days([Some(19_010), Some(18_000), None])),
            ("outcome", Arc::new(StringArray::from(vec![Some("Won"), Some("Lost"), None]))),
            ("amount", Arc::new(Float64Array::from(vec![1.234, 2.0, 10_000.5]))),
            ("tags", Arc::new(tags)),
        ],
    );
    let loaded = load(&path, &options()).expect("loads");
    assert_eq!(loaded.quarantined(), [(2, vec!["closed_before_created"])]);
    assert_eq!(loaded.deal("1")["amount"], "1.23");
    assert_eq!(loaded.deal("1")["cycle_days"], "10");
    assert_eq!(loaded.deal("3")["outcome"], "open");
    assert_eq!(loaded.deal("3")["amount"], "10000.50");
}

#[test]
fn the_same_rows_have_the_same_hashes_as_in_csv() {
    let scratch = Scratch::new();
    let parquet = scratch.path("deals.parquet");
    let amounts = Decimal128Array::from(vec![123_450, 99]).with_precision_and_scale(18, 2);
    write(
        &parquet,
        vec![
            ("deal_id", Arc::new(StringArray::from(vec!["a", "b"]))),
            ("closed_date", Arc::new(StringArray::from(vec!["2024-02-01", "2024-02-02"]))),
            ("outcome", Arc::new(StringArray::from(vec!["Won", "Lost"]))),
            ("amount", Arc::new(amounts.expect("in range"))),
        ],
    );
    let csv = scratch.write(
        "deals.csv",
        "deal_id,closed_date,outcome,amount\na,2024-02-01,won,\"1,234.50\"\nb,2024-02-02,LOST,0.99\n",
    );
    let parquet = load(&parquet, &options()).expect("loads");
    assert_eq!(parquet.deals, load(&csv, &options()).expect("loads").deals);
}

#[test]
fn a_file_without_rows_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.path("deals.parquet");
    let empty = || Arc::new(StringArray::from(Vec::<&str>::new())) as ArrayRef;
    write(&path, vec![("deal_id", empty()), ("closed_date", empty()), ("outcome", empty())]);
    let error = load(&path, &options()).err().expect("refused");
    assert!(error.to_string().contains("no rows"), "{error}");
}
