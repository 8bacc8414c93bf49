use proptest::prelude::*;
use serde_json::Value;
use url::form_urlencoded;
use winsight_notify::{
    Event, Message, Secret, SignatureError, Verb, blocks, parse_action, verify_signature,
};

use crate::data::{enterprise, high_risk, instant, message, notice, seed};

/// Slack's published limits, <https://docs.slack.dev/reference/block-kit/blocks>.
fn check_limits(blocks: &[Value]) -> Result<(), String> {
    let within = |what: &str, text: &Value, least: usize, most: usize| {
        let length = text.as_str().ok_or(format!("{what} is no text"))?.chars().count();
        let fits = (least..=most).contains(&length);
        if fits { Ok(()) } else { Err(format!("{what} has {length} characters")) }
    };
    if blocks.len() > 50 {
        return Err(format!("{} blocks", blocks.len()));
    }
    for block in blocks {
        match block["type"].as_str() {
            Some("header") => {
                within("header", &block["text"]["text"], 1, 150)?;
                if block["text"]["type"] != "plain_text" {
                    return Err("a header is plain text".to_owned());
                }
            }
            Some("section") => within("section", &block["text"]["text"], 1, 3_000)?,
            Some("divider") => {}
            Some("context") => {
                let elements = block["elements"].as_array().ok_or("no elements")?;
                if !(1..=10).contains(&elements.len()) {
                    return Err("context has 1 to 10 elements".to_owned());
                }
                for element in elements {
                    within("context", &element["text"], 1, 3_000)?;
                }
            }
            Some("actions") => {
                let elements = block["elements"].as_array().ok_or("no elements")?;
                if !(1..=25).contains(&elements.len()) {
                    return Err("actions has 1 to 25 elements".to_owned());
                }
                for button in elements {
                    within("button", &button["text"]["text"], 1, 75)?;
                    within("action_id", &button["action_id"], 1, 255)?;
                    within("value", &button["value"], 1, 2_000)?;
                }
            }
            other => return Err(format!("unknown block {other:?}")),
        }
    }
    Ok(())
}

fn told(message: &Message) -> String {
    let texts = |block: &Value| match &block["elements"][0]["text"] {
        Value::String(text) => text.clone(),
        _ => block["text"]["text"].as_str().unwrap_or_default().to_owned(),
    };
    blocks(message, None).iter().map(texts).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_three_alerts_of_the_design() {
    let [enterprise, ads, risk] = &seed()[..] else { panic!("three") };
    let text = told(&message(vec![enterprise.clone()]));
    assert_eq!(
        text,
        "🚨 ALERT: Enterprise Win Rate Decline\n\
         *Segment:* Enterprise (&gt;$50k ACV)\n\
         *Win Rate:* 42% (down from 58% last quarter)\n\
         *Impact:* $2.3M revenue at risk\n\
         *Action:* Review pricing and competitive positioning\n\
         Evidence: 300 deals against 300; change −16 points, 95% interval −24 to −8; false-alarm \
         budget 5% a quarter over 3 rules, 20 segments and 13 looks\n\
         Mon 1 Jul 2024, 08:00 BST · wrd-enterprise-7k2mq · \
         <https://winsight.example.com/?alert=wrd-enterprise-7k2mq|Open in Winsight>"
    );
    let text = told(&message(vec![ads.clone()]));
    assert!(
        text.starts_with("⚠️  WARNING: Lead Source Performance\n*Source:* Paid Ads\n"),
        "{text}"
    );
    let text = told(&message(vec![risk.clone()]));
    let begins = "🔍 INSIGHT: High-Risk Deals Identified\n10 deals showing loss-risk patterns:\n\
                  - Enterprise deals &gt;90 days in cycle\n";
    assert!(text.starts_with(begins), "{text}");
    for one in seed() {
        let message = message(vec![one]);
        check_limits(&blocks(&message, Some("acme"))).expect("within the limits");
    }
    check_limits(&blocks(&message(seed()), Some("acme"))).expect("within the limits");
}

#[test]
fn buttons_stand_below_live_alerts_only() {
    let has_buttons = |event, workspace| {
        let blocks = blocks(&message(vec![notice(enterprise(), event)]), workspace);
        blocks.iter().any(|block| block["type"] == "actions")
    };
    assert!(has_buttons(Event::Opened, Some("acme")));
    assert!(has_buttons(Event::Reopened, Some("acme")));
    assert!(!has_buttons(Event::Resolved, Some("acme")));
    assert!(!has_buttons(Event::Opened, None));
}

#[test]
fn data_cannot_mention_anybody_or_link_anywhere() {
    let mut finding = high_risk();
    finding.title = "<!channel> & <https://evil.example|free>".to_owned();
    finding.message = "Segment: <@U123>".to_owned();
    let message = message(vec![notice(finding.clone(), Event::Opened); 2]);
    let written = serde_json::to_string(&blocks(&message, None)).expect("writes");
    for harm in ["<!channel>", "<https://evil", "<@U123>"] {
        assert!(!written.contains(harm), "{written}");
    }
}

proptest! {
    #[test]
    fn no_message_exceeds_the_limits(
        count in 1usize..120,
        title in "\\PC{0,400}",
        facts in proptest::collection::vec("\\PC{0,900}", 0..12),
        evidence in "[<>&a-z ]{0,5000}",
        id in "[a-z-]{1,40}",
    ) {
        let mut finding = enterprise();
        finding.title = title;
        finding.message = facts.join("\n");
        finding.evidence.summary = evidence;
        let mut one = notice(finding, Event::Opened);
        one.alert = id;
        let message = message(vec![one; count]);
        check_limits(&blocks(&message, Some("acme"))).map_err(TestCaseError::fail)?;
    }
}

/// The example of <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
const SIGNED_AT: &str = "1531420618";
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J\
%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

#[test]
fn a_request_is_slacks_only_with_a_fresh_signature_of_its_body() {
    let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5");
    let now = instant("2018-07-12T18:37:00Z");
    let verify = |secret: &Secret, at: &str, signature: &str, body: &str, now| {
        verify_signature(secret, at, signature, body.as_bytes(), now)
    };
    assert_eq!(verify(&secret, SIGNED_AT, SIGNATURE, BODY, now), Ok(()));
    let later = instant("2018-07-12T18:42:00Z");
    let earlier = instant("2018-07-12T18:30:00Z");
    for stale in [later, earlier] {
        let verdict = verify(&secret, SIGNED_AT, SIGNATURE, BODY, stale);
        assert_eq!(verdict, Err(SignatureError::Stale));
    }
    let wrong = Err(SignatureError::Wrong);
    assert_eq!(verify(&Secret::new("another"), SIGNED_AT, SIGNATURE, BODY, now), wrong);
    assert_eq!(verify(&secret, SIGNED_AT, SIGNATURE, &format!("{BODY}&x=1"), now), wrong);
    assert_eq!(verify(&secret, "1531420619", SIGNATURE, BODY, now), wrong);
    let malformed = Err(SignatureError::Malformed);
    for (at, signature) in
        [("", SIGNATURE), ("soon", SIGNATURE), (SIGNED_AT, ""), (SIGNED_AT, "v0=xyz")]
    {
        assert_eq!(verify(&secret, at, signature, BODY, now), malformed, "{at} {signature}");
    }
}

fn pressed(payload: &str) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", payload).finish().into()
}

#[test]
fn a_pressed_button_names_the_alert_and_who_pressed_it() {
    let action = parse_action(&pressed(
        r#"{"type":"block_actions","user":{"id":"U1","username":"ana"},
            "actions":[{"action_id":"snooze","value":"acme/wrd-enterprise-7k2mq"}]}"#,
    ));
    let action = action.expect("reads");
    assert_eq!((action.verb, &*action.workspace, &*action.by), (Verb::Snooze, "acme", "ana"));
    assert_eq!(action.alert, "wrd-enterprise-7k2mq");
    for other in [
        "{}",
        r#"{"type":"view_submission","user":{"id":"U1"},"actions":[]}"#,
        r#"{"type":"block_actions","user":{"id":"U1"},"actions":[]}"#,
        r#"{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"delete","value":"a/b"}]}"#,
        r#"{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"snooze"}]}"#,
    ] {
        parse_action(&pressed(other)).expect_err(other);
    }
    parse_action(b"hello").expect_err("no payload");
}
