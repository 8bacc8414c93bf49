use winsight_notify::{Event, Secret, payload, sign};

use crate::data::{enterprise, instant, message, notice, seed};

/// The example of the specification, <https://www.standardwebhooks.com>.
#[test]
fn a_body_is_signed_as_standard_webhooks_are() {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let at = instant("2021-02-25T15:02:10Z");
    let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
    assert_eq!(signed.expect("a secret"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let later = sign(&secret, "msg_1", instant("2021-02-25T14:48:51Z"), "{}");
    assert_ne!(later, sign(&secret, "msg_2", instant("2021-02-25T14:48:51Z"), "{}"));
}

#[test]
fn a_body_says_what_happened_to_which_alerts() {
    let one = payload(&message(vec![notice(enterprise(), Event::Opened)]));
    assert_eq!(one["type"], "alert.opened");
    assert_eq!(one["timestamp"], "2024-07-01T07:00:00Z");
    let alert = &one["data"]["alerts"][0];
    assert_eq!(alert["alert"], "wrd-enterprise-7k2mq");
    assert_eq!(alert["segment"]["acv_bucket"], "Enterprise");
    assert_eq!(alert["impact_amount"], "2300000.00");
    assert_eq!((&alert["severity"], &alert["label"]), (&"critical".into(), &"association".into()));
    assert_eq!(alert["link"], "https://winsight.example.com/?alert=wrd-enterprise-7k2mq");
    let over = payload(&message(vec![notice(enterprise(), Event::Resolved)]));
    assert_eq!(over["type"], "alert.resolved");
    let digest = payload(&message(seed()));
    assert_eq!(digest["type"], "alerts.digest");
    assert_eq!(digest["data"]["alerts"].as_array().map(Vec::len), Some(3));
}
