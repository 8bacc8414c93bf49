//! Webhooks: batches of events, signed.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde_json::{Value as Json, json};

use super::PORTAL;
use super::record::{deal_id, deal_number, value_of};
use crate::Delivery;
use crate::salesforce::Changes;
use crate::world::{Event, EventKind, Millis, World};

/// Events of one delivery.
const BATCH: usize = 100;

/// Puts events into deliveries to `url`, signed with the secret at the given time.
pub(crate) fn deliveries(
    world: &World,
    events: &[Event],
    url: &str,
    secret: &str,
    at: Millis,
) -> Vec<Delivery> {
    let batches = events.chunks(BATCH).enumerate();
    let delivery = |(nth, batch): (usize, &[Event])| {
        let events: Vec<Json> = batch
            .iter()
            .zip(nth * BATCH..)
            .map(|(event, place)| describe(world, event, place))
            .collect();
        let body = json!(events).to_string();
        let timestamp = at.to_string();
        let signed = format!("POST{url}{body}{timestamp}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        Delivery { url: url.to_owned(), body, timestamp, signature }
    };
    batches.map(delivery).collect()
}

fn describe(world: &World, event: &Event, place: usize) -> Json {
    let (kind, source) = match event.kind {
        EventKind::Created => ("deal.creation", "CRM_UI"),
        EventKind::Changed(_) => ("deal.propertyChange", "CRM_UI"),
        EventKind::Deleted => ("deal.deletion", "CRM_UI"),
        EventKind::Restored => ("deal.restore", "CRM_UI"),
        EventKind::Merged(_) => ("deal.merge", "MERGE"),
    };
    let id = |number: u32| deal_id(number).parse::<u64>().unwrap_or(0);
    let mut described = json!({
        "eventId": u64::from(event.deal) * 1_000_000 + event.at.unsigned_abs() % 1_000_000
            + place as u64,
        "subscriptionId": 2_318_511,
        "portalId": PORTAL,
        "appId": 1_160_452,
        "occurredAt": event.at,
        "subscriptionType": kind,
        "attemptNumber": 0,
        "objectId": id(event.deal),
        "changeSource": source,
        "sourceId": "userId:1",
    });
    match event.kind {
        EventKind::Changed(property) => {
            let deal = deal_number(&deal_id(event.deal)).and_then(|number| world.deal(number));
            let value = deal
                .and_then(|it| value_of(world, it, property, &Changes::default()).to_property());
            described["propertyName"] = property.into();
            described["propertyValue"] = value.unwrap_or_default().into();
        }
        EventKind::Merged(remains) => {
            described["objectId"] = id(remains).into();
            described["primaryObjectId"] = id(remains).into();
            described["mergedObjectIds"] = json!([id(event.deal)]);
            described["newObjectId"] = id(remains).into();
            described["numberOfPropertiesMoved"] = 0.into();
        }
        EventKind::Created => described["changeFlag"] = "CREATED".into(),
        EventKind::Deleted => described["changeFlag"] = "DELETED".into(),
        EventKind::Restored => described["changeFlag"] = "RESTORED".into(),
    }
    described
}
