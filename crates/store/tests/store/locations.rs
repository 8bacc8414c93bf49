//! Where a store can lie, and who may write to it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use winsight_model::Outcome;
use winsight_store::{FeatureStore, Location, StoreError};
use winsight_vault::{KeySource, Keyring, MasterKey, Rotation};

use crate::company::{TestStore, deal};

#[test]
fn a_url_that_makes_no_sense_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (url, words) in [
        ("s3:/", "s3:"),
        ("ftp://bucket/path", "ftp is not one of s3, gs and az"),
        ("not a url", "not a url"),
        ("/somewhere", "/somewhere"),
    ] {
        let location = Location::folder(folder.path()).with_objects_at(url, BTreeMap::new());
        let error = FeatureStore::open(location).expect_err(url);
        assert!(matches!(error, StoreError::Location { .. }), "{url}: {error}");
        let message = error.to_string();
        assert!(message.contains(words) && message.contains("storage.url"), "{message}");
    }
}

#[test]
fn every_cloud_can_be_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (url, options) in [
        ("s3://bucket/winsight", vec![("aws_region", "eu-central-1")]),
        ("gs://bucket/winsight", vec![("google_skip_signature", "true")]),
        ("az://container/winsight", vec![("azure_storage_account_name", "acme")]),
    ] {
        let options = options.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let location = Location::folder(folder.path()).with_objects_at(url, options.collect());
        FeatureStore::open(location).expect(url);
    }
}

#[tokio::test]
async fn a_load_waits_for_the_one_before_it() {
    let test = TestStore::new();
    let running = test.store.stage().expect("the first load begins");
    let impatient = test.store.stage_when_free(Duration::from_millis(100)).await;
    assert!(matches!(impatient, Err(StoreError::Busy)));
    let waiting = test.store.stage_when_free(Duration::from_mins(10));
    let ends = async {
        tokio::task::yield_now().await;
        drop(running);
    };
    let (second, ()) = tokio::join!(waiting, ends);
    second.expect("its turn has come");
}

#[tokio::test]
async fn a_writer_whose_keys_are_old_stops() {
    let home = tempfile::tempdir().expect("a folder");
    let key = home.path().join("winsight.key");
    MasterKey::generate().expect("random").write_new(&key).expect("writes");
    let key = KeySource::File(key);
    let now = Timestamp::UNIX_EPOCH;
    let ring = Keyring::create(home.path(), MasterKey::read(&key).expect("reads"), now);
    let open = |ring: &Keyring| {
        let vault = ring.vault("workspaces/acme").expect("a vault");
        FeatureStore::open(Location::folder(home.path().join("store")).sealed_by(vault))
    };
    let mut test = TestStore::new();
    test.store = open(&ring.expect("creates")).expect("opens");
    test.load(&[deal("a", date(2024, 1, 5), Some((date(2024, 3, 1), Outcome::Won)))], &[]).await;

    let mut rotation = Rotation::begin(home.path(), &key).expect("begins");
    rotation.add_data_key(now).expect("adds");
    let stale = test.store.stage().expect_err("the keys are old");
    assert!(stale.to_string().contains("start it again"), "{stale}");

    let store = open(rotation.ring()).expect("opens");
    let staging = store.stage().expect("the keys are new");
    let mut seen = Vec::new();
    let resealed = store.reseal(&staging, |done, total| seen.push((done, total))).await;
    let resealed = resealed.expect("seals anew");
    assert_eq!(seen.last(), Some(&(resealed, resealed)), "every file was sealed with the old key");
    assert_eq!(store.reseal(&staging, |_, _| {}).await.expect("nothing to do"), 0);
    drop(staging);
    rotation.retire_old_keys().expect("retires");

    let mut seen = 0;
    let examined = open(rotation.ring()).expect("opens").examine(|done, _| seen = done).await;
    let examined = examined.expect("reads");
    assert_eq!((examined.files, examined.problems), (seen, vec![]));
    assert_eq!(seen, resealed);
    let old = test.store.examine(|_, _| {}).await.expect("lists");
    assert_eq!(old.problems.len() as u64, resealed + 1, "files, and the version: {old:?}");
}
