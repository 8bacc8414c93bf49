use std::ops::Range;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode,
};

use super::{contents, local, memory, sealed};

/// Runs a test on every kind of store.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (_folder, local) = local();
                super::conformance::cases::$test(local.as_ref()).await;
                let (_folder, local) = self::local();
                super::conformance::cases::$test(sealed(&local).as_ref()).await;
                super::conformance::cases::$test(sealed(&memory()).as_ref()).await;
            }
        )*
    };
}

on_every_store! {
    contents_of_any_length_come_back,
    any_range_comes_back,
    ranges_follow_an_object_that_is_replaced,
    a_new_object_never_takes_the_place_of_another,
    an_upload_in_parts_is_one_object,
    an_aborted_upload_leaves_nothing,
    lists_are_sorted_and_cut_to_what_was_asked,
    copies_and_renamed_objects_have_the_same_contents,
    what_is_missing_is_said_to_be_missing,
}

async fn get(store: &dyn ObjectStore, path: &Path) -> Vec<u8> {
    store.get(path).await.expect("there").bytes().await.expect("reads").to_vec()
}

async fn names(store: &dyn ObjectStore, prefix: Option<&str>) -> Vec<String> {
    let prefix = prefix.map(Path::from);
    let listed: Vec<_> = store.list(prefix.as_ref()).try_collect().await.expect("lists");
    listed.into_iter().map(|meta| meta.location.to_string()).collect()
}

fn is_missing<T>(result: &object_store::Result<T>) -> bool {
    matches!(result, Err(Error::NotFound { .. }))
}

mod cases {
    use super::*;

    pub(super) async fn contents_of_any_length_come_back(store: &dyn ObjectStore) {
        for length in [0, 1, 65_535, 65_536, 65_537, 300_000, 9_000_000] {
            let path = Path::from(format!("folder/of {length} bytes"));
            let written = contents(length);
            store.put(&path, written.clone().into()).await.expect("writes");
            assert!(get(store, &path).await == written, "{length} bytes");
            let head = store.head(&path).await.expect("there");
            assert_eq!((head.size, &head.location), (length as u64, &path));
            let listed: Vec<_> =
                store.list(Some(&Path::from("folder"))).try_collect().await.expect("lists");
            let listed = listed.iter().find(|meta| meta.location == path).expect("listed");
            assert_eq!(listed.size, length as u64);
        }
    }

    pub(super) async fn any_range_comes_back(store: &dyn ObjectStore) {
        let path = Path::from("object");
        let written = contents(200_000);
        let size = written.len() as u64;
        store.put(&path, written.clone().into()).await.expect("writes");
        let slice = |range: Range<u64>| {
            &written[usize::try_from(range.start).expect("small")
                ..usize::try_from(range.end).expect("small")]
        };
        for (asked, expected) in [
            (GetRange::Bounded(0..1), 0..1),
            (GetRange::Bounded(65_530..65_540), 65_530..65_540),
            (GetRange::Bounded(65_536..131_072), 65_536..131_072),
            (GetRange::Bounded(100..size), 100..size),
            (GetRange::Bounded(199_999..size + 5000), 199_999..size),
            (GetRange::Offset(131_072), 131_072..size),
            (GetRange::Suffix(8), size - 8..size),
            (GetRange::Suffix(size + 1), 0..size),
        ] {
            let options = GetOptions::new().with_range(Some(asked.clone()));
            let result = store.get_opts(&path, options).await.expect("in the object");
            assert_eq!(result.range, expected, "{asked:?}");
            assert_eq!(result.meta.size, size, "{asked:?}");
            assert!(result.bytes().await.expect("reads") == slice(expected), "{asked:?}");
        }
        for outside in [size..size + 1, size + 7..size + 9] {
            assert!(store.get_range(&path, outside.clone()).await.is_err(), "{outside:?}");
            assert!(
                store.get_ranges(&path, std::slice::from_ref(&outside)).await.is_err(),
                "{outside:?}"
            );
        }
        // Out of order, overlapping, in one chunk and over several.
        let ranges = [150_000..199_999, 3..9, 5..70_000, 65_536..65_537, 3..9, 199_999..size];
        let read = store.get_ranges(&path, &ranges).await.expect("reads");
        assert_eq!(read.len(), ranges.len());
        for (range, read) in ranges.into_iter().zip(read) {
            assert!(read == slice(range.clone()), "{range:?}");
        }
        assert_eq!(store.get_ranges(&path, &[]).await.expect("nothing to read").len(), 0);
    }

    pub(super) async fn ranges_follow_an_object_that_is_replaced(store: &dyn ObjectStore) {
        let path = Path::from("object");
        for (edition, length) in [100, 90_000, 70_000, 10].into_iter().enumerate() {
            let written = vec![u8::try_from(edition).expect("small"); length];
            store.put(&path, written.clone().into()).await.expect("writes");
            let read = store.get_ranges(&path, &[0..4, 6..10]).await.expect("reads");
            assert_eq!(read, [&written[0..4], &written[6..10]]);
            assert_eq!(store.get_range(&path, 1..9).await.expect("reads"), &written[1..9]);
        }
    }

    pub(super) async fn a_new_object_never_takes_the_place_of_another(store: &dyn ObjectStore) {
        let path = Path::from("log/1.json");
        store.put_opts(&path, "first".into(), PutMode::Create.into()).await.expect("is new");
        let again = store.put_opts(&path, "second".into(), PutMode::Create.into()).await;
        assert!(
            matches!(&again, Err(Error::AlreadyExists { path, .. }) if path.contains("1.json")),
            "{again:?}"
        );
        assert_eq!(get(store, &path).await, b"first");
        store.put_opts(&path, "third".into(), PutMode::Overwrite.into()).await.expect("replaces");
        assert_eq!(get(store, &path).await, b"third");
    }

    async fn upload(
        store: &dyn ObjectStore,
        path: &Path,
        parts: &[usize],
    ) -> (Box<dyn MultipartUpload>, Vec<u8>) {
        let mut upload = store.put_multipart(path).await.expect("begins");
        let mut written = Vec::new();
        for length in parts {
            let part = contents(*length);
            written.extend_from_slice(&part);
            upload.put_part(part.into()).await.expect("writes");
        }
        (upload, written)
    }

    pub(super) async fn an_upload_in_parts_is_one_object(store: &dyn ObjectStore) {
        for parts in [&[][..], &[1], &[5 << 20, 5 << 20, 17], &[65_536, 65_536], &[12 << 20, 3]] {
            let path = Path::from("uploads/object");
            let (mut upload, written) = upload(store, &path, parts).await;
            upload.complete().await.expect("completes");
            assert!(get(store, &path).await == written, "{parts:?}");
        }
    }

    pub(super) async fn an_aborted_upload_leaves_nothing(store: &dyn ObjectStore) {
        let path = Path::from("uploads/object");
        let (mut aborted, _) = upload(store, &path, &[100, 200]).await;
        aborted.abort().await.expect("aborts");
        drop(upload(store, &path, &[100]).await);
        assert!(is_missing(&store.get(&path).await));
        assert_eq!(names(store, None).await, Vec::<String>::new());
    }

    pub(super) async fn lists_are_sorted_and_cut_to_what_was_asked(store: &dyn ObjectStore) {
        let log: Vec<_> =
            (0..40).map(|number| format!("deals/_delta_log/{number:020}.json")).collect();
        let data = [
            "deals/created_month=2024-01/part.parquet",
            "deals/created_month=2024-02/part.parquet",
            "deals/x",
            "other/y",
            "z",
        ];
        // Written backwards, so that no order comes from the writing.
        for name in log.iter().map(String::as_str).chain(data).collect::<Vec<_>>().into_iter().rev()
        {
            store.put(&Path::from(name), "x".into()).await.expect("writes");
        }
        assert_eq!(names(store, Some("deals/_delta_log")).await, log);
        assert_eq!(names(store, Some("deals/created_month=2024-01")).await, data[..1]);
        assert_eq!(
            names(store, Some("deals/created")).await,
            Vec::<String>::new(),
            "whole segments only"
        );
        let all = names(store, None).await;
        assert!(all.is_sorted() && all.len() == log.len() + data.len(), "{all:?}");

        let (prefix, offset) = (Path::from("deals/_delta_log"), Path::from(log[36].as_str()));
        let later: Vec<_> =
            store.list_with_offset(Some(&prefix), &offset).try_collect().await.expect("lists");
        let later: Vec<_> = later.into_iter().map(|meta| meta.location.to_string()).collect();
        assert_eq!(later, log[37..]);

        let listed = store.list_with_delimiter(Some(&Path::from("deals"))).await.expect("lists");
        let folders: Vec<_> = listed.common_prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(
            folders,
            ["deals/_delta_log", "deals/created_month=2024-01", "deals/created_month=2024-02"]
        );
        let objects: Vec<_> = listed.objects.iter().map(|meta| meta.location.to_string()).collect();
        assert_eq!(objects, ["deals/x"]);
        let top = store.list_with_delimiter(None).await.expect("lists");
        let folders: Vec<_> = top.common_prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(folders, ["deals", "other"]);
    }

    pub(super) async fn copies_and_renamed_objects_have_the_same_contents(store: &dyn ObjectStore) {
        let [one, two, three] = ["a/one", "b/two", "c/d/three"].map(Path::from);
        let written = contents(100_000);
        store.put(&one, written.clone().into()).await.expect("writes");
        store.copy_if_not_exists(&one, &two).await.expect("copies");
        assert!(matches!(
            store.copy_if_not_exists(&one, &two).await,
            Err(Error::AlreadyExists { .. })
        ));
        store.copy(&one, &two).await.expect("copies over");
        store.rename(&two, &three).await.expect("renames");
        assert!(is_missing(&store.head(&two).await));
        assert!(matches!(
            store.rename_if_not_exists(&one, &three).await,
            Err(Error::AlreadyExists { .. })
        ));
        for path in [&one, &three] {
            assert!(get(store, path).await == written, "{path}");
        }
        // A copy is a file of its own.
        store.put(&one, "changed".into()).await.expect("writes");
        assert!(get(store, &three).await == written);
        store.rename_if_not_exists(&one, &two).await.expect("renames");
        assert_eq!(names(store, None).await, ["b/two", "c/d/three"]);
    }

    pub(super) async fn what_is_missing_is_said_to_be_missing(store: &dyn ObjectStore) {
        let path = Path::from("gone/object");
        store.put(&path, "x".into()).await.expect("writes");
        store.delete(&path).await.expect("deletes");
        let gone = store.get(&path).await.expect_err("gone");
        assert!(
            matches!(&gone, Error::NotFound { path, .. } if path.contains("gone/object")),
            "{gone}"
        );
        assert!(is_missing(&store.head(&path).await));
        assert!(is_missing(&store.get_range(&path, 0..1).await));
        assert!(is_missing(&store.get_ranges(&path, &[0..1, 2..3]).await));
        assert!(is_missing(&store.copy(&path, &Path::from("copy")).await));
        assert!(is_missing(&store.rename(&path, &Path::from("renamed")).await));
        assert_eq!(names(store, None).await, Vec::<String>::new());
        assert_eq!(names(store, Some("never")).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_not_an_object_is_not_listed() {
    let (folder, store) = local();
    store.put(&Path::from("deals/x"), "x".into()).await.expect("writes");
    let upload = store.put_multipart(&Path::from("deals/y")).await.expect("begins");
    std::fs::write(folder.path().join("writer.lock"), "").expect("writes");
    assert_eq!(names(store.as_ref(), None).await, ["deals/x"]);
    let top = store.list_with_delimiter(None).await.expect("lists");
    assert_eq!((top.common_prefixes, top.objects), (vec![Path::from("deals")], vec![]));
    drop(upload);
    let incoming = folder.path().join(super::super::durable::INCOMING);
    assert_eq!(std::fs::read_dir(incoming).expect("there").count(), 0);
}

#[tokio::test]
async fn a_folder_in_the_way_is_an_error_and_leaves_nothing() {
    let (folder, store) = local();
    std::fs::create_dir_all(folder.path().join("deals/x/y")).expect("a folder");
    for mode in [PutMode::Create, PutMode::Overwrite] {
        assert!(store.put_opts(&Path::from("deals/x"), "x".into(), mode.into()).await.is_err());
    }
    let incoming = folder.path().join(super::super::durable::INCOMING);
    assert_eq!(std::fs::read_dir(incoming).expect("there").count(), 0);
}

#[tokio::test]
async fn of_many_who_create_an_object_at_once_one_does() {
    let (_folder, store) = local();
    let store = sealed(&store);
    let writers = (0..16).map(|number: u8| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let path = Path::from("log/1.json");
            store.put_opts(&path, vec![number].into(), PutMode::Create.into()).await.is_ok()
        })
    });
    let mut winners = Vec::new();
    for (number, writer) in writers.collect::<Vec<_>>().into_iter().enumerate() {
        if writer.await.expect("no panic") {
            winners.push(u8::try_from(number).expect("small"));
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(get(store.as_ref(), &Path::from("log/1.json")).await, winners);
}
