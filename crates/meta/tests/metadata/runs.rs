use winsight_insight::Cadence;
use winsight_meta::Metadata;

use crate::data::{insight, run, workspace};

async fn titles(metadata: &Metadata, cadence: Option<Cadence>) -> Vec<String> {
    let insights =
        metadata.insights(&workspace("acme"), cadence, jiff::Timestamp::MAX).await.expect("reads");
    insights.into_iter().map(|insight| insight.title).collect()
}

#[tokio::test]
async fn the_latest_run_of_each_cadence_speaks() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    assert_eq!(titles(&metadata, None).await, [""; 0]);
    for run in [
        run(Cadence::Weekly, "2024-07-01T08:00:00Z", &["trend"]),
        run(Cadence::Daily, "2024-07-02T06:00:00Z", &["today b", "today a"]),
        // A replay of the past does not hide the present.
        run(Cadence::Daily, "2024-07-01T06:00:00.5Z", &["yesterday"]),
    ] {
        metadata.record_run(&acme, run).await.expect("records");
    }
    assert_eq!(titles(&metadata, Some(Cadence::Daily)).await, ["today b", "today a"]);
    assert_eq!(titles(&metadata, None).await, ["today b", "today a", "trend"]);
    assert_eq!(titles(&metadata, Some(Cadence::Monthly)).await, [""; 0]);
    let read = async |name, now: &str| {
        let now = now.parse().expect("an instant");
        metadata.insights(&workspace(name), Some(Cadence::Weekly), now).await.expect("reads")
    };
    let trend = [insight(Cadence::Weekly, "trend")];
    assert_eq!(read("acme", "2024-07-09T00:00:00Z").await, trend);
    assert_eq!(read("acme", "2024-06-30T00:00:00Z").await, [], "nothing was said by then");
    assert_eq!(read("other", "2024-07-09T00:00:00Z").await, []);
}

#[tokio::test]
async fn a_rerun_takes_the_place_of_the_run() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let as_of = "2024-07-02T06:00:00Z";
    for said in [&["one", "two", "three"][..], &["four"], &[]] {
        metadata.record_run(&acme, run(Cadence::Daily, as_of, said)).await.expect("records");
        metadata.record_run(&acme, run(Cadence::Monthly, as_of, &["else"])).await.expect("records");
        assert_eq!(titles(&metadata, Some(Cadence::Daily)).await, said);
        assert_eq!(titles(&metadata, Some(Cadence::Monthly)).await, ["else"]);
    }
}

#[tokio::test]
async fn a_rerun_at_another_instant_of_the_day_takes_the_place_of_the_run() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    for (as_of, said) in [
        ("2024-07-01T23:59:59Z", "monday"),
        // The whole day, seen beforehand; then the day as it stands.
        ("2024-07-02T23:59:59Z", "first"),
        ("2024-07-02T14:00:00Z", "second"),
    ] {
        metadata.record_run(&acme, run(Cadence::Daily, as_of, &[said])).await.expect("records");
    }
    assert_eq!(titles(&metadata, Some(Cadence::Daily)).await, ["second"]);
}
