use jiff::Timestamp;
use serde_json::json;
use winsight_meta::{Metadata, SourceRecord};
use winsight_model::WorkspaceId;

fn record(name: &str) -> SourceRecord {
    SourceRecord {
        name: name.to_owned(),
        kind: "hubspot".to_owned(),
        settings: "token = \"hidden\"".to_owned(),
        mapping: None,
        cursor: None,
        reading: None,
        health: json!({}),
        added_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_source_is_kept_replaced_and_removed() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme: WorkspaceId = "acme".parse().expect("a name");
    let other: WorkspaceId = "other".parse().expect("a name");
    metadata.save_source(&acme, &record("crm")).await.expect("saved");
    metadata.save_source(&other, &record("crm")).await.expect("saved");
    let pulled = SourceRecord { cursor: Some(json!({ "since": 7 })), ..record("crm") };
    metadata.save_source(&acme, &pulled).await.expect("saved");
    assert_eq!(metadata.sources(&acme).await.expect("listed"), [pulled]);
    assert!(metadata.remove_source(&acme, "crm").await.expect("removed"));
    assert!(!metadata.remove_source(&acme, "crm").await.expect("nothing left"));
    assert_eq!(metadata.sources(&other).await.expect("listed").len(), 1, "not that of others");
}

#[test]
fn a_printed_source_shows_no_credentials() {
    assert!(!format!("{:?}", record("crm")).contains("hidden"));
}
