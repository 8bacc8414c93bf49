use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt};
use winsight_vault::Vault;

use super::{contents, local, memory, sealed};
use crate::StoreError;
use crate::objects::SealedStore;

async fn stored(inner: &Arc<dyn ObjectStore>) -> Vec<ObjectMeta> {
    inner.list(None).try_collect().await.expect("lists")
}

async fn read(store: &Arc<dyn ObjectStore>, name: &str) -> Result<Vec<u8>, StoreError> {
    Ok(store.get(&Path::from(name)).await?.bytes().await?.to_vec())
}

#[tokio::test]
async fn neither_names_nor_contents_are_in_clear() {
    let inner = memory();
    let store = sealed(&inner);
    let name = "deals/created_month=2024-01/part.parquet";
    store.put(&Path::from(name), "Acme Corporation".into()).await.expect("writes");
    for meta in stored(&inner).await {
        let bytes = inner.get(&meta.location).await.expect("there").bytes().await.expect("reads");
        let text = format!("{} {}", meta.location, String::from_utf8_lossy(&bytes));
        for word in ["deals", "2024", "part", "Acme"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn the_file_that_an_object_lies_in_is_never_handed_out() {
    let (_folder, inner) = local();
    let store = sealed(&inner);
    for length in [10, 5_000_000] {
        let path = Path::from("object");
        store.put(&path, contents(length).into()).await.expect("writes");
        let result = store.get(&path).await.expect("there");
        assert!(matches!(result.payload, GetResultPayload::Stream(_)));
    }
}

#[tokio::test]
async fn exchanged_moved_and_cut_objects_are_refused() {
    let inner = memory();
    let store = sealed(&inner);
    for name in ["deals/a", "deals/b", "events/a"] {
        store.put(&Path::from(name), contents(70_000).into()).await.expect("writes");
    }
    let stored = stored(&inner).await;
    let original =
        inner.get(&stored[0].location).await.expect("there").bytes().await.expect("reads");
    for (what, bytes) in [
        (
            "another object",
            inner.get(&stored[1].location).await.expect("there").bytes().await.expect("reads"),
        ),
        ("a chunk less", original.slice(..48 + 65_552)),
        ("a byte less", original.slice(..original.len() - 1)),
        ("nothing", original.slice(..0)),
        ("plain text", "PAR1".into()),
    ] {
        inner.put(&stored[0].location, bytes.into()).await.expect("writes");
        let mut refused = 0;
        for name in ["deals/a", "deals/b", "events/a"] {
            if let Err(error) = read(&store, name).await {
                refused += 1;
                let message = error.to_string();
                let explained = message.contains(name) && message.contains("restore");
                assert!(explained || what == "nothing", "{what}: {message}");
            }
        }
        assert_eq!(refused, 1, "{what}");
    }
}

#[tokio::test]
async fn a_name_that_was_moved_is_refused_and_a_foreign_one_overlooked() {
    let inner = memory();
    let store = sealed(&inner);
    store.put(&Path::from("deals/a"), "x".into()).await.expect("writes");
    store.put(&Path::from("events/b"), "x".into()).await.expect("writes");
    inner.put(&Path::from(".DS_Store"), "x".into()).await.expect("writes");
    let names: Vec<_> = store.list(None).try_collect().await.expect("lists");
    assert_eq!(names.len(), 2);
    let [first, second] = [0, 1].map(|place| {
        let location = names[place].location.clone();
        location.parts().next().expect("a folder").as_ref().to_owned()
    });
    assert_eq!([first.as_str(), second.as_str()], ["deals", "events"]);
    let stored = stored(&inner).await;
    let sealed: Vec<_> = stored.iter().filter(|meta| meta.location.parts().count() == 2).collect();
    let folder = sealed[0].location.parts().next().expect("a folder");
    let name = sealed[1].location.filename().expect("a name");
    let moved: Path = [folder.as_ref(), name].into_iter().collect();
    inner.rename(&sealed[1].location, &moved).await.expect("moves");
    let listed: Result<Vec<_>, _> = store.list(None).try_collect().await;
    let message = StoreError::from(listed.expect_err("noticed")).to_string();
    assert!(message.contains("was not sealed for this place"), "{message}");
}

#[tokio::test]
async fn long_names_are_listed_like_others() {
    let (_folder, inner) = local();
    let store = sealed(&inner);
    let long = "x".repeat(400);
    for name in [format!("deals/{long}/a"), format!("deals/{long}y"), "deals/b/c".to_owned()] {
        store.put(&Path::from(name.as_str()), "x".into()).await.expect("writes");
        assert_eq!(read(&store, &name).await.expect("reads"), b"x");
    }
    let listed = store.list_with_delimiter(Some(&Path::from("deals"))).await.expect("lists");
    let folders: Vec<_> = listed.common_prefixes.iter().map(ToString::to_string).collect();
    assert_eq!(folders, ["deals/b".to_owned(), format!("deals/{long}")]);
    let objects: Vec<_> = listed.objects.iter().map(|meta| meta.location.to_string()).collect();
    assert_eq!(objects, [format!("deals/{long}y")]);
}

#[tokio::test]
async fn an_object_is_sealed_anew_only_when_its_key_is_old() {
    let inner = memory();
    let store = SealedStore::new(inner, Vault::ephemeral().expect("a vault"));
    let path = Path::from("deals/a");
    store.put(&path, "x".into()).await.expect("writes");
    assert!(!store.reseal(&path).await.expect("reads"));
}
