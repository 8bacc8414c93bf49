//! Journals: an entry replaces itself, and no writer loses another's.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use winsight_model::{DataVersion, Money, Window};
use winsight_store::{FeatureStore, MetricRecord, QualityRecord, RecordedRate};

use crate::history::HistoryStore;

const EVER: Timestamp = Timestamp::MAX;

fn record(job: &str, day: Date, version: u64, value: &str, won: u64) -> MetricRecord {
    MetricRecord {
        job: job.to_owned(),
        as_of: format!("{day}T08:00:00Z").parse().expect("an instant"),
        data_version: DataVersion(version),
        dimension: "region".to_owned(),
        value: value.to_owned(),
        window: Window::trailing(91, day),
        deals: 30,
        won,
        lost: 30 - won,
        win_rate: RecordedRate { value: Some(1.0 / 3.0), low: Some(0.1), high: Some(0.7) },
        rwwr: RecordedRate { value: Some(0.1 + 0.2), low: None, high: None },
        dfi: RecordedRate::default(),
        won_amount: Money::from_cents(12_345_678_901),
        closed_amount: Money::from_cents(22_345_678_901),
        currency: "USD".to_owned(),
    }
}

#[tokio::test]
async fn a_run_that_is_repeated_replaces_its_rows_and_no_others() {
    let test = HistoryStore::new();
    let store = &test.store;
    let (may, june) = (date(2024, 5, 31), date(2024, 6, 30));
    let runs = [
        (may, vec![record("weekly", may, 1, "EU", 10)]),
        (june, vec![record("weekly", june, 1, "EU", 11), record("weekly", june, 1, "US", 12)]),
        (june, vec![record("daily", june, 1, "EU", 13)]),
        (june, vec![record("weekly", june, 1, "EU", 14)]),
        (june, vec![record("weekly", june, 2, "EU", 15)]),
    ];
    for (day, records) in &runs {
        store.record_metrics(*day, records).await.expect("records");
    }
    let expected = [&runs[0].1[0], &runs[2].1[0], &runs[3].1[0], &runs[4].1[0]];
    let history = store.metric_history("region", EVER, DataVersion(9)).await.expect("reads");
    assert_eq!(history.iter().collect::<Vec<_>>(), expected, "to the last digit");
    let earlier = store.metric_history("region", EVER, DataVersion(1)).await.expect("reads");
    assert_eq!(earlier.iter().collect::<Vec<_>>(), &expected[..3]);
    let until = "2024-06-01T00:00:00Z".parse().expect("an instant");
    let earlier = store.metric_history("region", until, DataVersion(9)).await.expect("reads");
    assert_eq!(earlier.iter().collect::<Vec<_>>(), &expected[..1]);
    assert!(store.metric_history("all", EVER, DataVersion(9)).await.expect("reads").is_empty());
}

#[tokio::test]
async fn two_writers_at_once_both_succeed() {
    let test = HistoryStore::new();
    let mut writers = Vec::new();
    for writer in 0..4_i64 {
        let store = FeatureStore::open(test.folder.path()).expect("opens");
        writers.push(tokio::spawn(async move {
            for load in 0..3 {
                let row = quality(writer * 3 + load, None, 90.0);
                store.record_quality(&[row]).await.expect("records");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("ends");
    }
    let history = test.store.quality_history(EVER).await.expect("reads");
    let mut loads: Vec<_> = history.iter().map(|row| row.load).collect();
    loads.sort_unstable();
    assert_eq!(loads, (0..12).collect::<Vec<_>>());
}

fn quality(load: i64, field: Option<&str>, value: f64) -> QualityRecord {
    QualityRecord {
        load,
        loaded_at: "2024-06-30T08:00:00Z".parse().expect("an instant"),
        data_version: (load > 1).then_some(DataVersion(1)),
        source: "files".to_owned(),
        field: field.map(str::to_owned),
        part: "score".to_owned(),
        value,
    }
}

#[tokio::test]
async fn the_quality_of_a_load_is_kept_by_field() {
    let test = HistoryStore::new();
    let rows = [quality(1, None, 91.5), quality(1, Some("amount"), 70.0), quality(2, None, 92.0)];
    test.store.record_quality(&rows[..2]).await.expect("records");
    test.store.record_quality(&rows[2..]).await.expect("records");
    assert_eq!(test.store.quality_history(EVER).await.expect("reads"), rows);
    test.store.record_quality(&rows[..1]).await.expect("records");
    let history = test.store.quality_history(EVER).await.expect("reads");
    assert_eq!(history, [rows[0].clone(), rows[2].clone()]);
}
