use winsight_notify::{Event, mail};

use crate::data::{enterprise, message, notice, seed};

#[test]
fn both_forms_of_a_mail_say_all_there_is_to_say() {
    for one in seed() {
        let lines: Vec<_> = one.facts.iter().map(|fact| fact.text.clone()).collect();
        let (title, action, evidence) =
            (one.title.clone(), one.action.clone(), one.evidence.clone());
        let mail = mail(&message(vec![one])).expect("writes");
        // The HTML says the same in its own letters.
        let html = mail
            .html
            .replace("&gt;", ">")
            .replace("&lt;", "<")
            .replace("&#x2f;", "/")
            .replace("&amp;", "&");
        for said in lines.iter().chain([&title, &action, &evidence]) {
            assert!(mail.text.contains(said.as_str()), "{said} in {}", mail.text);
            assert!(html.contains(said.as_str()), "{said} in {html}");
        }
        for form in [&mail.text, &html] {
            assert!(form.contains("https://winsight.example.com/?alert="), "{form}");
        }
        assert!(!mail.html.contains("<img") && !mail.html.contains("<script"), "loads nothing");
    }
}

#[test]
fn a_rate_that_moved_is_drawn_and_a_list_of_deals_is_not() {
    let drawn = |index: usize| {
        let mail = mail(&message(vec![seed()[index].clone()])).expect("writes");
        mail.html.contains(r#"role="img""#)
    };
    assert_eq!([drawn(0), drawn(1), drawn(2)], [true, true, false]);
    let html = mail(&message(vec![seed()[0].clone()])).expect("writes").html;
    assert!(html.contains(r#"aria-label="Before 58%, Now 42%""#), "{html}");
}

#[test]
fn data_cannot_write_html() {
    let mut finding = enterprise();
    finding.title = "<script>alert(1)</script>".to_owned();
    finding.message = "Segment: <b onmouseover=x>\"'".to_owned();
    finding.action = "<a href='https://evil.example'>click</a>".to_owned();
    let html = mail(&message(vec![notice(finding, Event::Opened)])).expect("writes").html;
    assert!(
        !html.contains("<script") && !html.contains("<b on") && !html.contains("<a href='"),
        "{html}"
    );
}

#[test]
fn a_digest_has_a_card_for_each() {
    let digest = mail(&message(seed())).expect("writes");
    assert_eq!(digest.subject, "Digest: 3 alerts, 1 critical");
    assert_eq!(digest.html.matches("<h1").count(), 3);
    assert_eq!(digest.text.matches("─────\n").count(), 3);
}
