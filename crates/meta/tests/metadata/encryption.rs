//! The database under a key.

use std::path::Path;

use jiff::Timestamp;
use tempfile::tempdir;
use winsight_meta::{MetaError, Metadata};
use winsight_vault::{DatabaseKey, Keyring, MasterKey};

use crate::data::workspace;

fn new_key(folder: &Path, name: &str) -> DatabaseKey {
    let home = folder.join(name);
    std::fs::create_dir(&home).expect("a folder");
    let master = MasterKey::generate().expect("random");
    let ring = Keyring::create(&home, master, Timestamp::UNIX_EPOCH).expect("creates");
    ring.database_key().expect("it has one")
}

/// Runs a test and, as the command line does, ends only when the databases are closed.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(test);
    drop(runtime);
    winsight_meta::wait_until_closed();
}

/// A database at `path` with a mapping that nobody may read.
async fn fill(path: &Path, key: Option<&DatabaseKey>) {
    let metadata = Metadata::open(path, key).await.expect("creates it");
    metadata.save_mapping(&workspace("acme"), "crm", "rep = 'Quackenbush'").await.expect("saves");
}

async fn mapping(path: &Path, key: Option<&DatabaseKey>) -> Result<Option<String>, MetaError> {
    Metadata::open(path, key).await?.mapping(&workspace("acme"), "crm").await
}

#[test]
fn nothing_of_an_encrypted_database_lies_in_clear() {
    run(async {
        let folder = tempdir().expect("a folder");
        let key = new_key(folder.path(), "keys");
        for (name, key, is_found) in [("sealed", Some(&key), false), ("clear", None, true)] {
            let place = folder.path().join(name);
            std::fs::create_dir(&place).expect("a folder");
            let path = place.join("meta.db");
            fill(&path, key).await;
            let mapping = mapping(&path, key).await.expect("opens");
            assert_eq!(mapping.as_deref(), Some("rep = 'Quackenbush'"), "{name}");
            // A log of the database may go while it is being closed.
            let files = std::fs::read_dir(&place)
                .expect("a folder")
                .filter_map(|entry| std::fs::read(entry.expect("an entry").path()).ok());
            let all = files.collect::<Vec<_>>().concat();
            for word in [b"Quackenbush".as_slice(), b"SQLite format 3", b"CREATE TABLE"] {
                let found = all.windows(word.len()).any(|part| part == word);
                assert_eq!(found, is_found, "{name}: {}", String::from_utf8_lossy(word));
            }
        }
    });
}

#[test]
fn a_key_that_does_not_fit_is_refused() {
    run(async {
        let folder = tempdir().expect("a folder");
        let [right, wrong] = ["right", "wrong"].map(|name| new_key(folder.path(), name));
        let [sealed, clear] = ["sealed.db", "clear.db"].map(|name| folder.path().join(name));
        fill(&sealed, Some(&right)).await;
        fill(&clear, None).await;
        let refused = mapping(&sealed, Some(&wrong)).await.expect_err("wrong");
        assert!(matches!(refused, MetaError::WrongKey { .. }), "{refused:?}");
        assert!(refused.to_string().contains("does not fit the database"), "{refused}");
        let refused = mapping(&sealed, None).await.expect_err("no key");
        assert!(refused.to_string().contains("an encrypted one"), "{refused}");
        let refused = mapping(&clear, Some(&right)).await.expect_err("in clear");
        assert!(matches!(refused, MetaError::Unencrypted { .. }), "{refused:?}");
        for (path, key) in [(&sealed, Some(&right)), (&clear, None)] {
            assert!(mapping(path, key).await.expect("as it was").is_some());
        }
    });
}

#[test]
fn the_key_of_a_database_can_be_changed() {
    run(async {
        let folder = tempdir().expect("a folder");
        let [old, new] = ["old", "new"].map(|name| new_key(folder.path(), name));
        let path = folder.path().join("meta.db");
        fill(&path, Some(&old)).await;
        let wrong = Metadata::change_key(&path, &new, &old).await.expect_err("not its key");
        assert!(matches!(wrong, MetaError::WrongKey { .. }), "{wrong:?}");

        let open = Metadata::open(&path, Some(&old)).await.expect("opens");
        let busy = Metadata::change_key(&path, &old, &new).await.expect_err("somebody has it open");
        assert!(matches!(busy, MetaError::Locked { .. }), "{busy:?}");
        assert!(open.mapping(&workspace("acme"), "crm").await.expect("undisturbed").is_some());
        drop(open);

        Metadata::change_key(&path, &old, &new).await.expect("changes");
        assert!(mapping(&path, Some(&new)).await.expect("opens").is_some());
        assert!(matches!(mapping(&path, Some(&old)).await, Err(MetaError::WrongKey { .. })));
        let metadata = Metadata::open(&path, Some(&new)).await.expect("opens");
        assert_eq!(metadata.damage().await.expect("checks"), None);
        assert!(metadata.cipher().await.expect("checks").is_some());
    });
}
