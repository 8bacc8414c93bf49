use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::objects::Objects;
use super::{Cursor, DropPlace, Dropped};

async fn names(place: &DropPlace, since: Option<&Cursor>) -> Vec<String> {
    let drops = place.drops(since).await.expect("listed");
    drops.into_iter().map(|drop| drop.name).collect()
}

#[tokio::test]
async fn a_file_is_taken_once_and_again_when_it_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("deals.csv", "id\n1\n");
    write("notes.md", "no table");
    write(".deals.csv", "still copied");
    write("deals.csv.part", "still copied");
    write("deals.xlsx", "PK");
    write("~$deals.xlsx", "open");
    let text = folder.path().display().to_string();
    let place = DropPlace::open(&text, &BTreeMap::new()).expect("a folder");
    let first = place.drops(None).await.expect("listed");
    assert_eq!(first.len(), 1);
    let cursor = Dropped::taken(None, &first, []);
    assert_eq!(names(&place, Some(&cursor)).await, [""; 0]);
    let mut earlier = cursor.clone();
    earlier.0.as_object_mut().expect("a map").remove("lookups").expect("noted");
    assert_eq!(names(&place, Some(&earlier)).await, [""; 0], "as earlier versions noted it");
    assert!(!first[0].is_later_than(&earlier, &[]), "nobody knows");
    write("deals.csv", "id\n1\n2\n");
    assert_eq!(names(&place, Some(&cursor)).await, ["deals.csv"]);
    let unread = place.workbooks().await.expect("listed");
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].missing, "the rows of deals.xlsx");
    assert!(first[0].is_later_than(&cursor, &[]), "it was not used as a lookup file");
    assert!(!first[0].is_later_than(&cursor, &first), "it may be used now");
    assert!(!first[0].is_later_than(&Dropped::taken(None, &first, &first), &[]));
}

#[tokio::test]
async fn an_object_is_copied_once_and_again_when_it_changed() {
    let store = Arc::new(InMemory::new());
    let put = async |name: &str, text: &'static str| {
        store.put(&Path::from(name), PutPayload::from(text)).await.expect("written");
    };
    put("2026/june.csv", "id\n1\n").await;
    put("2026/.hidden.csv", "id\n1\n").await;
    put("july.parquet", "PAR1").await;
    put("plan.xlsx", "PK").await;
    let place = DropPlace::Objects(Objects::under("s3://bucket/drops/", Arc::clone(&store) as _));
    let found = place.drops(None).await.expect("listed");
    assert_eq!(found.len(), 2);
    let june = found.iter().find(|drop| drop.name == "2026/june.csv").expect("listed");
    assert_eq!(place.shown(june), "s3://bucket/drops/2026/june.csv");
    let copies = tempfile::tempdir().expect("a folder");
    let name = copies.path().join("1");
    let copy = place.local(june, &name).await.expect("copied").expect("there");
    assert_eq!(std::fs::read_to_string(copy.path()).expect("read"), "id\n1\n");
    assert_eq!(copy.path(), name.with_extension("csv"));
    drop(copy);
    assert_eq!(std::fs::read_dir(copies.path()).expect("listed").count(), 0, "it is gone");
    let mut cursor = None;
    for drop in found.chunks(1) {
        cursor = Some(Dropped::taken(cursor.as_ref(), drop, []));
    }
    assert_eq!(names(&place, cursor.as_ref()).await, [""; 0]);
    let is_there = async |name: &str| {
        let drops = place.drops(None).await.expect("listed");
        let drop = drops.into_iter().find(|drop| drop.name == name).expect("listed");
        store.delete(&Path::from("july.parquet")).await.expect("deleted");
        place.local(&drop, &copies.path().join("2")).await.expect("asked for").is_some()
    };
    assert!(!is_there("july.parquet").await, "it was taken away after it was listed");
    let odd = Path::parse("deals [Q1] #2 50%.csv").expect("a name");
    store.put(&odd, PutPayload::from("id\n3\n")).await.expect("written");
    assert!(is_there("deals [Q1] #2 50%.csv").await);
    store.delete(&odd).await.expect("deleted");
    // As long as it was, and within the same second.
    put("2026/june.csv", "id\n2\n").await;
    assert_eq!(names(&place, cursor.as_ref()).await, ["2026/june.csv"]);
    assert_eq!(place.workbooks().await.expect("listed")[0].missing, "the rows of plan.xlsx");
}

#[test]
fn what_makes_no_sense_is_refused_without_its_secrets() {
    for (place, options, said) in [
        ("ftp://host/path", "", "ftp is unknown"),
        ("s3://KEY:hidden@bucket/path", "", "more than a bucket and a path"),
        ("az://container/path?sig=hidden", "", "more than a bucket and a path"),
        ("s3://b/c", "aws_secret = \"hidden\"", "aws_secret is no option"),
        ("s3://b/c", "Hidden7 = \"x\"", "one of the names is no option"),
        ("s3://b/c", "hidden", "are not TOML"),
        ("/drops", "aws_region = \"x\"", "needs no credentials"),
        ("s3://b/c", "aws_endpoint = \"http://127.0.0.1:1\"", "asked in clear"),
    ] {
        let settings = DropPlace::settings(place, options);
        let opened = settings.and_then(|settings| DropPlace::open(&settings, &BTreeMap::new()));
        let error = opened.expect_err(place).to_string();
        assert!(error.contains(said), "{error}");
        assert!(!error.to_lowercase().contains("hidden"), "{error}");
    }
    let settings = DropPlace::settings("s3://bucket/drops", "aws_region = \"eu-central-1\"");
    let place = DropPlace::open(&settings.expect("settings"), &BTreeMap::new());
    assert_eq!(place.expect("an address").to_string(), "s3://bucket/drops");
}
