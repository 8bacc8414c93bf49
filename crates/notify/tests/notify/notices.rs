use winsight_alert::printed;
use winsight_notify::{Event, Notice, Sight};

use crate::data::{alert, enterprise, high_risk, instant, message, notice, paid_ads, seed};

#[test]
fn a_new_alert_reads_as_it_does_in_the_terminal() {
    for finding in [enterprise(), paid_ads(), high_risk()] {
        assert_eq!(notice(finding.clone(), Event::Opened).printed(), printed(&alert(finding)));
    }
}

#[test]
fn the_end_of_an_alert_says_how_long_it_was_open_and_asks_for_nothing() {
    let over = notice(enterprise(), Event::Resolved).printed();
    assert!(over.starts_with("✅ RESOLVED: Enterprise Win Rate Decline\n"), "{over}");
    assert!(over.contains("\nOver: open for 12 days\n"), "{over}");
    assert!(!over.contains("Action:"), "{over}");
    let back = notice(enterprise(), Event::Reopened).headline();
    assert_eq!(back, "🔁 REOPENED: Enterprise Win Rate Decline");
}

#[test]
fn a_message_of_many_counts_them_and_puts_the_worst_first() {
    let mut notices = seed();
    notices.reverse();
    notices.insert(0, notice(paid_ads(), Event::Resolved));
    let digest = message(notices);
    assert_eq!(digest.subject(), "Digest: 3 alerts, 1 critical, 1 resolved");
    let titles: Vec<_> = digest.notices.iter().map(Notice::headline).collect();
    assert!(titles[0].starts_with("🚨 ALERT"), "{titles:?}");
    assert!(titles[3].starts_with("✅ RESOLVED"), "{titles:?}");
}

#[test]
fn instants_are_told_in_the_time_zone_of_the_recipient() {
    let message = message(seed());
    assert_eq!(message.clock(instant("2024-07-01T07:00:00Z")), "Mon 1 Jul 2024, 08:00 BST");
}

#[test]
fn a_stored_notice_reads_back_as_it_was() {
    for notice in seed() {
        let text = serde_json::to_string(&notice).expect("writes");
        assert_eq!(serde_json::from_str::<Notice>(&text).expect("reads"), notice);
    }
}

#[test]
fn a_subject_is_one_line_whatever_the_data_says() {
    let mut finding = enterprise();
    finding.title = "A\r\nBcc: everybody@example.com".to_owned();
    let subject = message(vec![notice(finding, Event::Opened)]).subject();
    assert!(!subject.contains(['\r', '\n']), "{subject:?}");
}

#[test]
fn context_names_other_segments_and_is_for_those_who_see_them() {
    let mut finding = enterprise();
    finding.segment = crate::data::segment("rep", "Ana");
    finding.context = Some("Bob's deals moved too".to_owned());
    let alert = alert(finding);
    let at = alert.opened_at;
    let told = |sight: &Sight| Notice::of(&alert, Event::Opened, at, sight, None).expect("hers");
    assert!(told(&Sight::Everything).context.is_some());
    assert_eq!(told(&Sight::rep("Ana")).context, None);
}
