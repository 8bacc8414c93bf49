use std::future::poll_fn;
use std::task::Poll;

use tempfile::tempdir;
use winsight_meta::{LoadState, MetaError, Metadata};

use crate::data::{instant, load, outcome, refused, workspace};

#[tokio::test]
async fn a_load_is_staged_until_the_store_has_spoken() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let new = load("crm", vec![refused(Some("d1"), "d1,-5", &["negative_amount"])]);
    let id = metadata.begin_load(&acme, new.clone()).await.expect("begins");

    let staged = metadata.loads_in(&acme, LoadState::Staged).await.expect("reads");
    let [staged] = &staged[..] else { panic!("one is staged") };
    assert_eq!((staged.id, staged.state, staged.outcome), (id, LoadState::Staged, None));
    assert_eq!(staged.files, new.files);
    assert_eq!(staged.started_at, instant("2024-07-01T02:00:00.123456Z"));
    assert_eq!((&staged.report, &staged.mapping_toml), (&new.report, &new.mapping_toml));
    assert_eq!((staged.rows_read, staged.quarantined, staged.counts), (5_000, 1, new.counts));
    assert_eq!(metadata.latest_load(&acme, None).await.expect("reads"), None);
    assert_eq!(metadata.quarantine(&acme, 9).await.expect("reads"), []);

    metadata.finish_load(id, outcome(Some(1))).await.expect("finishes");
    let finished = metadata.latest_load(&acme, None).await.expect("reads").expect("is there");
    assert_eq!((finished.state, finished.outcome), (LoadState::Committed, Some(outcome(Some(1)))));
    assert_eq!(metadata.loads_in(&acme, LoadState::Staged).await.expect("reads"), []);
    assert_eq!(metadata.quarantine(&acme, 9).await.expect("reads").len(), 1);
    let kept = metadata.mapping(&acme, "crm").await.expect("reads");
    assert_eq!(kept.as_ref(), Some(&new.mapping_toml), "its mapping is that of its source");

    assert_eq!(metadata.loads(&workspace("other"), 9).await.expect("reads"), []);
}

#[tokio::test]
async fn a_crash_leaves_the_load_in_doubt_and_a_finished_one_is_final() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    let acme = workspace("acme");
    let before = Metadata::open(&path, None).await.expect("opens");
    let lost = before.begin_load(&acme, load("crm", Vec::new())).await.expect("begins");
    let kept = before.begin_load(&acme, load("crm", Vec::new())).await.expect("begins");
    drop(before);

    let after = Metadata::open(&path, None).await.expect("opens");
    let staged = after.loads_in(&acme, LoadState::Staged).await.expect("reads");
    assert_eq!(staged.iter().map(|load| load.id).collect::<Vec<_>>(), [lost, kept]);
    after.fail_load(lost, "interrupted before the commit").await.expect("fails it");
    after.finish_load(kept, outcome(None)).await.expect("finishes it");

    let loads = after.loads(&acme, 9).await.expect("reads");
    assert_eq!(
        loads.iter().map(|load| (load.id, load.state)).collect::<Vec<_>>(),
        [(kept, LoadState::Unchanged), (lost, LoadState::Failed)]
    );
    assert_eq!(loads[1].failure.as_deref(), Some("interrupted before the commit"));
    assert_eq!(loads[0].outcome.and_then(|outcome| outcome.data_version), None);
    for id in [lost, kept] {
        let error = after.finish_load(id, outcome(Some(2))).await.expect_err("is final");
        assert!(matches!(error, MetaError::NotStaged(refused) if refused == id), "{error}");
        assert!(matches!(after.fail_load(id, "no").await, Err(MetaError::NotStaged(_))));
    }
    assert_eq!(after.loads(&acme, 9).await.expect("reads"), loads);
    assert_eq!(after.loads(&acme, 1).await.expect("reads"), loads[..1]);
}

#[tokio::test]
async fn a_held_load_waits_for_a_person() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let good = metadata.begin_load(&acme, load("crm", Vec::new())).await.expect("begins");
    metadata.finish_load(good, outcome(Some(1))).await.expect("finishes");
    let bad = vec![refused(Some("d1"), "d1,-5", &["negative_amount"])];
    let held = metadata.begin_load(&acme, load("crm", bad)).await.expect("begins");
    metadata.hold_load(held, "amounts are missing").await.expect("holds");

    let waiting = metadata.loads_in(&acme, LoadState::Held).await.expect("reads");
    let reasons: Vec<_> = waiting.iter().map(|load| (load.id, load.failure.as_deref())).collect();
    assert_eq!(reasons, [(held, Some("amounts are missing"))]);
    let latest = metadata.latest_load(&acme, Some("crm")).await.expect("reads").expect("is there");
    assert_eq!(latest.id, good, "what is held does not count yet");
    assert_eq!(metadata.quarantine(&acme, 9).await.expect("reads"), []);
    assert_eq!(metadata.latest_load(&acme, Some("other")).await.expect("reads"), None);

    metadata.finish_load(held, outcome(Some(2))).await.expect("is released");
    let latest = metadata.latest_load(&acme, None).await.expect("reads").expect("is there");
    assert_eq!((latest.id, latest.failure), (held, None));
    assert_eq!(metadata.quarantine(&acme, 9).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn a_load_broken_off_anywhere_is_recorded_whole_or_not_at_all() {
    let acme = workspace("acme");
    let refused: Vec<_> =
        (0..3_000).map(|number| refused(Some(&format!("d{number}")), "x", &["blank"])).collect();
    let mut broken_off = 0;
    for steps in 1.. {
        // A connection that is broken off takes a database in memory with it.
        let folder = tempdir().expect("a folder");
        let metadata = Metadata::open(&folder.path().join("meta.db"), None).await.expect("opens");
        let mut loading = Box::pin(metadata.begin_load(&acme, load("crm", refused.clone())));
        let mut left = steps;
        let begun = poll_fn(|context| {
            left -= 1;
            if left == 0 { Poll::Ready(None) } else { loading.as_mut().poll(context).map(Some) }
        });
        let begun = begun.await;
        drop(loading);

        let staged = metadata.loads_in(&acme, LoadState::Staged).await.expect("reads");
        for load in &staged {
            metadata.finish_load(load.id, outcome(None)).await.expect("finishes");
        }
        let rows = metadata.quarantine(&acme, 10_000).await.expect("reads").len();
        assert_eq!(rows, staged.len() * refused.len(), "broken off after {steps} steps");
        let Some(begun) = begun else {
            broken_off += 1;
            continue;
        };
        assert_eq!(staged.iter().map(|load| load.id).collect::<Vec<_>>(), [begun.expect("begins")]);
        break;
    }
    assert!(broken_off > 5, "the load was never caught in the middle");
}
