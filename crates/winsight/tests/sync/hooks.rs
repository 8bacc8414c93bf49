//! What a CRM announces by itself.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use winsight_emulate::{Command, Kind};
use winsight_jobs::{HookDelivery, JobError, Rejection};
use winsight_server::Server;
use winsight_sources::http::Pace;

use crate::account::{Account, SOURCE};

const URL: &str = "https://winsight.example/api/v1/hooks/crm";

#[tokio::test]
async fn announced_changes_are_read_whatever_their_order() {
    let account = Account::new(Kind::HubSpot, 110).await;
    account.sync(false).await;
    let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
    let url = format!("http://{}/api/v1/hooks/{SOURCE}", server.address());
    let serving =
        tokio::spawn(server.run(Arc::new(account.workspace.clone()), std::future::pending()));
    account.execute(Command::LiveOn { changes: 12 }).await;
    account.execute(Command::Deliver { url, reversed: true, repeated: true }).await;
    let read = Box::pin(account.workspace.read_announced()).await.expect("read");
    assert!(read > 5, "{read} deals");
    account.compare("after the delivery").await;
    assert_eq!(Box::pin(account.workspace.read_announced()).await.expect("read"), 0);
    serving.abort();
}

async fn deliver(account: &Account, secret: &str, sent: i64) -> Result<usize, JobError> {
    let body =
        r#"[{ "eventId": 1, "subscriptionType": "deal.creation", "objectId": 17000000003 }]"#;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("POST{URL}{body}{sent}");
    let signature = BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    let delivery = HookDelivery {
        method: "POST",
        url: URL,
        signature: Some(&signature),
        timestamp: Some(&sent.to_string()),
        body: body.as_bytes(),
    };
    account.workspace.take_delivery(SOURCE, &delivery).await
}

#[tokio::test]
async fn forged_stale_and_replayed_deliveries_are_refused_and_counted() {
    let account = Account::new(Kind::HubSpot, 110).await;
    let secret = account.emulator.credentials().client_secret.clone();
    let sent = account.pace.now().as_millisecond();
    assert_eq!(deliver(&account, &secret, sent).await.expect("taken"), 1);
    let refused = |outcome: Result<usize, JobError>| match outcome {
        Err(JobError::Hook(rejection)) => rejection,
        outcome => panic!("{outcome:?}"),
    };
    let replayed = deliver(&account, &secret, sent).await;
    assert_eq!(refused(replayed), Rejection::Replayed);
    assert_eq!(refused(deliver(&account, "guess", sent).await), Rejection::Forged);
    account.pace.sleep(Duration::from_mins(6)).await;
    assert_eq!(refused(deliver(&account, &secret, sent).await), Rejection::Stale);
    let again = account.pace.now().as_millisecond();
    assert_eq!(deliver(&account, &secret, again).await.expect("signed anew"), 1);
    let counts = account.workspace.source_states().await.expect("states")[0].hooks;
    let counted = (counts.accepted, counts.forged, counts.stale, counts.replayed);
    assert_eq!(counted, (2, 1, 1, 1));
}
