//! The three alerts that every channel has to show, and recipients to show them to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use winsight_alert::{
    Alert, AlertState, Evidence, Finding, Impact, ImpactKind, Life, Rule, Severity,
};
use winsight_model::{DataVersion, Dimension, Money, Segment, Window};
use winsight_notify::{Envelope, Event, Form, Message, Notice, Sight};

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn segment(dimension: &str, value: &str) -> Segment {
    let dimension = Dimension::built_in(dimension).expect("built in");
    Segment::of(vec![(dimension, value.to_owned())])
}

pub(crate) fn alert(finding: Finding) -> Alert {
    Alert {
        id: "wrd-enterprise-7k2mq".to_owned(),
        state: AlertState::Open,
        opened_at: instant("2024-07-01T07:00:00Z"),
        resolved_at: None,
        life: Life::default(),
        finding,
    }
}

pub(crate) fn enterprise() -> Finding {
    let window = Window { from: date(2024, 4, 1), to: date(2024, 7, 1) };
    let facts = [("interval_low", -0.24), ("interval_high", -0.08)];
    Finding {
        rule: Rule::WinRateDrop,
        severity: Severity::Critical,
        metric: "win_rate".to_owned(),
        segment: segment("acv_bucket", "Enterprise"),
        current: Some(0.42),
        baseline: Some(0.58),
        change: Some(-0.16),
        deals: 300,
        baseline_deals: 300,
        confidence: Some(0.999),
        window,
        baseline_window: Some(window.preceding()),
        impact: Some(Impact {
            amount: Money::from_cents(230_000_000),
            kind: ImpactKind::RevenueAtRisk,
        }),
        currency: "USD".to_owned(),
        title: "Enterprise Win Rate Decline".to_owned(),
        message: "Segment: Enterprise (>$50k ACV)\nWin Rate: 42% (down from 58% last quarter)\n\
                  Impact: $2.3M revenue at risk"
            .to_owned(),
        action: "Review pricing and competitive positioning".to_owned(),
        context: None,
        custom: None,
        subject: None,
        data_version: DataVersion(7),
        evidence: Evidence {
            summary: "300 deals against 300; change −16 points, 95% interval −24 to −8; \
                      false-alarm budget 5% a quarter over 3 rules, 20 segments and 13 looks"
                .to_owned(),
            facts: facts.map(|(name, value)| (name.to_owned(), value.into())).into(),
        },
    }
}

pub(crate) fn paid_ads() -> Finding {
    Finding {
        rule: Rule::LeadSourceLow,
        severity: Severity::Warning,
        segment: segment("lead_source", "Paid Ads"),
        current: Some(0.28),
        baseline: Some(0.52),
        impact: None,
        title: "Lead Source Performance".to_owned(),
        message: "Source: Paid Ads\nWin Rate: 28% (below threshold of 35%)\n\
                  Sales Cycle: 95 days (20% longer than average)\n\
                  Impact: Wasting sales time on low-quality leads, 216 of 300 deals lost"
            .to_owned(),
        action: "Tighten MQL→SQL qualification criteria".to_owned(),
        evidence: Evidence {
            summary: "300 deals; 95% interval 23% to 33%; false-alarm budget 5% a quarter"
                .to_owned(),
            facts: BTreeMap::new(),
        },
        ..enterprise()
    }
}

pub(crate) fn high_risk() -> Finding {
    Finding {
        rule: Rule::HighRiskDeals,
        severity: Severity::Info,
        metric: "amount_at_risk".to_owned(),
        segment: Segment::all(),
        current: Some(45_000_000.0),
        baseline: None,
        title: "High-Risk Deals Identified".to_owned(),
        message: "10 deals showing loss-risk patterns:\n- Enterprise deals >90 days in cycle\n\
                  - Outbound source + Low engagement\nTotal ACV at risk: $450k"
            .to_owned(),
        action: "Review these deals in next pipeline review".to_owned(),
        evidence: Evidence {
            summary: "10 of 214 open deals; a list, not a test".to_owned(),
            facts: BTreeMap::new(),
        },
        ..enterprise()
    }
}

pub(crate) fn notice(finding: Finding, event: Event) -> Notice {
    let mut alert = alert(finding);
    if event == Event::Resolved {
        alert.resolved_at = Some(instant("2024-07-13T07:00:00Z"));
    }
    let at = alert.resolved_at.unwrap_or(alert.opened_at);
    Notice::of(&alert, event, at, &Sight::Everything, None).expect("everything is seen")
}

pub(crate) fn message(notices: Vec<Notice>) -> Message {
    let form = if notices.len() == 1 { Form::Single } else { Form::Digest };
    let london = TimeZone::get("Europe/London").expect("known");
    let mut message = Message::new(form, notices, london);
    message.public_url = Some("https://winsight.example.com".to_owned());
    message
}

pub(crate) fn seed() -> Vec<Notice> {
    [enterprise(), paid_ads(), high_risk()].map(|it| notice(it, Event::Opened)).into()
}

pub(crate) fn envelope<'a>(address: &'a str, message: &'a Message) -> Envelope<'a> {
    Envelope {
        key: "msg_0123456789abcdef",
        address,
        unsubscribe: Some("https://winsight.example.com/api/v1/unsubscribe?token=abc"),
        now: instant("2024-07-01T07:00:05Z"),
        workspace: "acme",
        message,
    }
}
