use tempfile::tempdir;
use winsight_meta::{MetaError, Metadata};

use crate::data::{load, outcome, refused, workspace};

#[tokio::test]
async fn opening_again_keeps_everything() {
    let folder = tempdir().expect("a folder");
    // Not a name for a URL.
    let path = folder.path().join("meta data?100%#.db");
    let acme = workspace("acme");
    let first = Metadata::open(&path, None).await.expect("creates it");
    first.save_mapping(&acme, "crm", "id = 'Id'").await.expect("saves");
    first.save_mapping(&acme, "crm", "id = 'Deal'").await.expect("replaces");
    drop(first);
    for _ in 0..2 {
        let again = Metadata::open(&path, None).await.expect("opens it");
        let mapping = again.mapping(&acme, "crm").await.expect("reads");
        assert_eq!(mapping.as_deref(), Some("id = 'Deal'"));
        assert_eq!(again.mapping(&acme, "other").await.expect("reads"), None);
        assert_eq!(again.mapping(&workspace("other"), "crm").await.expect("reads"), None);
    }
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_handles_create_and_write_at_once() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    let acme = workspace("acme");
    let writers = (0..6).map(|number| {
        let (path, acme) = (path.clone(), acme.clone());
        tokio::spawn(async move {
            let metadata = Metadata::open(&path, None).await?;
            for _ in 0..5 {
                let bad = refused(Some(&format!("deal {number}")), "x", &["negative_amount"]);
                let id =
                    metadata.begin_load(&acme, load(&format!("crm {number}"), vec![bad])).await?;
                metadata.finish_load(id, outcome(None)).await?;
            }
            Ok::<_, MetaError>(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic").expect("waits its turn");
    }
    let metadata = Metadata::open(&path, None).await.expect("opens");
    assert_eq!(metadata.loads(&acme, 100).await.expect("reads").len(), 30);
    assert_eq!(metadata.quarantine(&acme, 100).await.expect("reads").len(), 6);
}

#[tokio::test]
async fn a_place_that_cannot_hold_a_database_is_named_with_a_hint() {
    let folder = tempdir().expect("a folder");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "meet at noon, and bring everything that you have got\n".repeat(40))
        .expect("writes");
    let cases = [
        (folder.path().join("missing").join("meta.db"), "check that its folder exists"),
        (folder.path().to_owned(), "check that its folder exists"),
        (text, "the file is no database"),
    ];
    for (path, hint) in cases {
        let error = Metadata::open(&path, None).await.expect_err("no database there");
        let message = error.to_string();
        assert!(message.contains(hint) && message.contains(&*path.to_string_lossy()), "{message}");
        assert!(std::error::Error::source(&error).is_some(), "{message}");
    }
}
