//! HubSpot's webhooks, signature version 3.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::describe::text;
use crate::{Change, Delivery, Rejection};

/// How old a delivery may be.
const OLDEST: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn decode(
    delivery: &Delivery<'_>,
    secret: &SecretString,
    now: Timestamp,
) -> Result<Vec<Change>, Rejection> {
    let (Some(signature), Some(timestamp)) = (delivery.signature, delivery.timestamp) else {
        return Err(Rejection::Unsigned);
    };
    let sent = timestamp.parse().ok().and_then(|sent| Timestamp::from_millisecond(sent).ok());
    let sent = sent.ok_or(Rejection::Unsigned)?;
    let signature = BASE64.decode(signature.as_bytes()).map_err(|_| Rejection::Forged)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let signed =
        [delivery.method.as_bytes(), delivery.url.as_bytes(), delivery.body, timestamp.as_bytes()]
            .concat();
    hmac::verify(&key, &signed, &signature).map_err(|_| Rejection::Forged)?;
    if now.duration_since(sent).abs() > OLDEST {
        return Err(Rejection::Stale);
    }
    let events: Vec<Value> =
        serde_json::from_slice(delivery.body).map_err(|_| Rejection::Unreadable)?;
    Ok(events.iter().flat_map(changes).collect())
}

/// An event about deals; none for one about other objects. A merge is two: the deal that is left,
/// and those that are gone.
fn changes(event: &Value) -> Vec<Change> {
    let kind = text(&event["subscriptionType"]);
    let is_deal = kind.starts_with("deal.") || text(&event["objectTypeId"]) == "0-3";
    let deal = text(&event["objectId"]);
    if !is_deal || deal.is_empty() {
        return Vec::new();
    }
    let at = event["occurredAt"].as_i64().unwrap_or_default() * 1_000;
    let id = text(&event["eventId"]);
    let change =
        |deal: String, deleted| Change { event: format!("{id}/{deal}"), deal, at, deleted };
    let merged = event["mergedObjectIds"].as_array().into_iter().flatten().map(text);
    let mut changes: Vec<_> =
        merged.filter(|gone| *gone != deal).map(|gone| change(gone, true)).collect();
    changes.push(change(deal, kind.ends_with(".deletion")));
    changes
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use data_encoding::BASE64;
    use jiff::{Timestamp, ToSpan};
    use secrecy::SecretString;

    use super::decode;
    use crate::{Change, Delivery, Rejection};

    const URL: &str = "https://winsight.example/api/v1/hooks/crm";
    const BODY: &str = r#"[
        {"eventId": 7, "subscriptionType": "deal.propertyChange", "objectId": 11, "occurredAt": 1709287200000},
        {"eventId": 8, "subscriptionType": "deal.deletion", "objectId": 12, "occurredAt": 1709287201000},
        {"eventId": 9, "subscriptionType": "deal.merge", "objectId": 13, "mergedObjectIds": [13, 14]},
        {"eventId": 10, "subscriptionType": "contact.creation", "objectId": 15}
    ]"#;

    fn signature(key: &str, timestamp: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        BASE64.encode(hmac::sign(&key, format!("POST{URL}{BODY}{timestamp}").as_bytes()).as_ref())
    }

    fn decoded(key: &str, minutes: i64, url: &str) -> Result<Vec<Change>, Rejection> {
        let noon: Timestamp = "2024-06-30T12:00:00Z".parse().expect("an instant");
        let timestamp = noon.as_millisecond().to_string();
        let signature = signature(key, &timestamp);
        let (signature, timestamp) = (Some(&*signature), Some(&*timestamp));
        let body = BODY.as_bytes();
        let delivery = Delivery { method: "POST", url, signature, timestamp, body };
        decode(&delivery, &SecretString::from("secret"), noon + minutes.minutes())
    }

    #[test]
    fn a_genuine_delivery_names_the_deals_that_changed() {
        let changes = decoded("secret", 4, URL).expect("genuine");
        let deals: Vec<_> =
            changes.iter().map(|change| (change.deal.as_str(), change.deleted)).collect();
        assert_eq!(deals, [("11", false), ("12", true), ("14", true), ("13", false)]);
        assert_eq!(changes[0].at, 1_709_287_200_000_000);
    }

    #[test]
    fn a_forged_or_stale_one_is_refused() {
        assert_eq!(decoded("guess", 0, URL), Err(Rejection::Forged));
        assert_eq!(decoded("secret", 0, "https://elsewhere.example"), Err(Rejection::Forged));
        assert_eq!(decoded("secret", 6, URL), Err(Rejection::Stale));
        assert_eq!(decoded("secret", -6, URL), Err(Rejection::Stale));
    }
}
