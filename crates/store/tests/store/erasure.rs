//! A person disappears from every version; every number stays.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use futures::TryStreamExt;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use winsight_model::{Outcome, Window};
use winsight_store::{Commit, CommitRequest, ExportFormat, FeatureStore, Loaded, Tallies};
use winsight_vault::{ErasedNames, Replaced};

use crate::company::{Deal, deal, deal_rows, request, without_aggregates};
use crate::faulty::{Faulty, LastWrite};

const TODAY: Date = date(2024, 12, 31);

struct Company {
    objects: Arc<InMemory>,
    scratch: tempfile::TempDir,
    names: ErasedNames,
}

fn deals(edition: i128) -> Vec<Deal> {
    let reps = ["Ann", "Bob", "ann ", "Cem"];
    (0..12)
        .map(|number| {
            let outcome = if number % 3 == 0 { Outcome::Lost } else { Outcome::Won };
            let created = date(2024, 1 + i8::try_from(number % 4).expect("small"), 3);
            let closed = Some((created.saturating_add(20.days()), outcome));
            let rep = reps[usize::try_from(number % 4).expect("small")];
            let cents = Some(number * 1_000 + if number < 6 { edition } else { 0 });
            Deal { cents, rep, ..deal(&format!("d{number}"), created, closed) }
        })
        .collect()
}

impl Company {
    async fn loaded() -> Self {
        let erased = ErasedNames::erase("key", "Ann").expect("random numbers");
        let company = Self {
            objects: Arc::new(InMemory::new()),
            scratch: tempfile::tempdir().expect("a folder"),
            names: ErasedNames::new("key", vec![erased]),
        };
        for edition in 0..3 {
            let known = ErasedNames::default();
            assert!(company.load(edition, known).await.commit.is_some());
        }
        company
    }

    fn store(&self) -> FeatureStore {
        FeatureStore::over(self.objects.clone(), self.scratch.path()).expect("opens")
    }

    async fn load(&self, edition: i128, erased: ErasedNames) -> Loaded {
        let store = self.store();
        let mut staging = store.stage().expect("begins");
        staging.replace_names(erased);
        staging.add_deals(&deal_rows(&deals(edition))).expect("stages");
        let comparison = store.compare(&mut staging).await.expect("compares");
        let second = 1_700_000_000 + i64::try_from(edition).expect("small");
        let known_at = Timestamp::from_second(second).expect("in range");
        let request = CommitRequest { load: 1 + i64::try_from(edition).expect("small"), known_at };
        store.load(&mut staging, comparison, request).await.expect("loads")
    }

    /// Every text in every version.
    async fn texts(&self) -> Vec<String> {
        let store = self.store();
        let mut texts = Vec::new();
        for commit in store.commits().await.expect("reads") {
            for table in ["deals", "deal_versions", "stage_events"] {
                let rows = store.rows(&commit, table).await.expect("opens");
                let batches: Vec<_> = rows.try_collect().await.expect("reads");
                for column in batches.iter().flat_map(RecordBatch::columns) {
                    if column.data_type() == &DataType::Utf8 {
                        let column = column.as_string::<i32>();
                        texts.extend(column.iter().flatten().map(str::to_owned));
                    }
                }
            }
        }
        texts
    }
}

/// Tallies by rep of every version: kept ones, and counted anew.
async fn tallies(store: &FeatureStore) -> Vec<(Tallies, Tallies)> {
    let request = request(&[&["rep"]], vec![Window::until(TODAY)], TODAY);
    let mut tallies = Vec::new();
    for commit in store.commits().await.expect("reads") {
        let of = async |commit: &Commit| {
            let mut found = store.tally(commit, &request).await.expect("tallies");
            found.remove(0).remove(0)
        };
        tallies.push((of(&commit).await, of(&without_aggregates(&commit)).await));
    }
    tallies
}

/// What the tallies of a name and its spellings become.
fn renamed(tallies: &Tallies, names: &ErasedNames) -> Tallies {
    let mut renamed = Tallies::new();
    for (values, tally) in tallies {
        let pseudonym = |value: &String| names.value(value).map(|Replaced { text, .. }| text);
        let values = values.iter().map(|value| pseudonym(value).unwrap_or_else(|| value.clone()));
        renamed.entry(values.collect()).or_default().merge(tally);
    }
    renamed
}

#[tokio::test]
async fn nobody_finds_the_name_and_every_number_is_as_it_was() {
    let company = Company::loaded().await;
    let store = company.store();
    let before = tallies(&store).await;
    let planned = store.rows_naming(&company.names).await.expect("looks");
    assert_eq!(planned["deals"], 6);
    let erased =
        store.erase(&store.stage().expect("begins"), &company.names).await.expect("erases");
    assert!(erased["deals"] >= 6 && erased["deal_versions"] >= 1, "{erased:?}");

    let is_ann = |text: &String| text.to_lowercase().contains("ann");
    assert_eq!(company.texts().await.iter().filter(|text| is_ann(text)).count(), 0);
    let after = tallies(&store).await;
    assert_eq!(before.len(), 3);
    for (before, after) in before.iter().zip(&after) {
        let expected = renamed(&before.0, &company.names);
        assert_eq!((&after.0, &after.1), (&expected, &expected));
    }
    assert_eq!(store.rows_naming(&company.names).await.expect("looks").len(), 0);
}

#[tokio::test]
async fn the_same_rows_again_bring_neither_the_name_nor_a_new_version() {
    let company = Company::loaded().await;
    let store = company.store();
    store.erase(&store.stage().expect("begins"), &company.names).await.expect("erases");
    let again = company.load(2, company.names.clone()).await;
    assert_eq!(again.deals.unchanged, 12, "{:?}", again.deals);
    assert!(again.commit.is_none());
    // A change to such a deal does not bring the name back either.
    let changed = company.load(3, company.names.clone()).await;
    assert_eq!((changed.deals.updated, changed.deals.inserted), (6, 0));
    assert!(!company.texts().await.iter().any(|text| text.trim().eq_ignore_ascii_case("ann")));
}

#[tokio::test]
async fn a_held_load_loses_the_name_too() {
    let company = Company::loaded().await;
    let store = company.store();
    let mut staging = store.stage().expect("begins");
    staging.add_deals(&deal_rows(&deals(9))).expect("stages");
    staging.hold(&store, 7).await.expect("holds");
    store.erase(&store.stage().expect("begins"), &company.names).await.expect("erases");
    let mut staging = store.take_up(7).await.expect("is there");
    let comparison = store.compare(&mut staging).await.expect("compares");
    let known_at = Timestamp::from_second(1_700_000_009).expect("in range");
    let request = CommitRequest { load: 7, known_at };
    let loaded = store.load(&mut staging, comparison, request).await.expect("loads");
    assert_eq!(loaded.deals.updated, 6);
    assert!(!company.texts().await.iter().any(|text| text.trim().eq_ignore_ascii_case("ann")));
}

#[tokio::test]
async fn a_crash_at_any_write_leaves_the_old_store_or_the_new_one() {
    for last in [LastWrite::Lost, LastWrite::Done] {
        let company = Company::loaded().await;
        let before = tallies(&company.store()).await;
        let after: Vec<_> = before
            .iter()
            .map(|(kept, counted)| {
                (renamed(kept, &company.names), renamed(counted, &company.names))
            })
            .collect();
        let mut seen = (0, 0);
        // Every third write: an erasure has many.
        for write in (1..).step_by(3) {
            let faulty = Arc::new(Faulty::dying_at(&company.objects, write, last));
            let dying = FeatureStore::over(faulty, company.scratch.path()).expect("opens");
            let staging = dying.stage().expect("begins");
            let survived = dying.erase(&staging, &company.names).await.is_ok();
            drop(staging);
            let found = tallies(&company.store()).await;
            assert!(found == before || found == after, "write {write}");
            if found == after {
                seen.1 += 1;
            } else {
                seen.0 += 1;
            }
            if survived {
                assert_eq!(found, after);
                break;
            }
        }
        assert!(seen.0 > 3 && seen.1 > 0, "{seen:?}");
        let changed = company.load(5, company.names.clone()).await;
        assert_eq!(changed.deals.updated, 6);
    }
}

#[tokio::test]
async fn an_export_needs_an_empty_folder_and_holds_every_row() {
    let company = Company::loaded().await;
    let store = company.store();
    let commit = store.latest().await.expect("reads").expect("a version");
    for format in [ExportFormat::Csv, ExportFormat::Parquet, ExportFormat::Delta] {
        let out = tempfile::tempdir().expect("a folder");
        let tables = store.export(&commit, out.path(), format).await.expect("exports");
        let rows: Vec<_> = tables.iter().map(|table| (table.table, table.rows)).collect();
        assert_eq!(rows[0], ("deals", 12));
        assert_eq!(rows.len(), 5);
        if format == ExportFormat::Parquet {
            let file = std::fs::File::open(&tables[0].path).expect("opens");
            let exported = ParquetRecordBatchReaderBuilder::try_new(file).expect("is Parquet");
            let exported: Vec<_> =
                exported.build().expect("reads").map(|batch| batch.expect("reads")).collect();
            let rows = store.rows(&commit, "deals").await.expect("opens");
            let stored: Vec<_> = rows.try_collect().await.expect("reads");
            let whole = |batches: &[RecordBatch]| {
                concat_batches(&batches[0].schema(), batches).expect("of one schema")
            };
            assert_eq!(whole(&exported).columns(), whole(&stored).columns());
        }
        let again = store.export(&commit, out.path(), format).await;
        assert!(again.expect_err("not empty").to_string().contains("not empty"));
    }
}
