use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use winsight_alert::Finding;
use winsight_model::{Dimension, Segment};
use winsight_notify::{Event, Form, Message, Notice, Sight, blocks, card, mail, payload};

use crate::data::{alert, enterprise};

/// A company: the team of each rep.
fn company() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("rep[a-z]{6}", "team[a-d]{1}", 2..8)
}

/// A finding over a segment, whose words name every rep with a deal in it: the worst a rule may do.
fn finding_over(
    company: &BTreeMap<String, String>,
    choice: usize,
    combined: bool,
) -> (Finding, BTreeSet<String>) {
    let names: Vec<_> = company.keys().cloned().collect();
    let teams: Vec<_> = company.values().cloned().collect();
    let part =
        |name: &str, value: &str| (Dimension::built_in(name).expect("built in"), value.to_owned());
    let rep = &names[choice % names.len()];
    let team = &teams[choice % teams.len()];
    let of_team =
        || company.iter().filter(|(_, theirs)| *theirs == team).map(|(rep, _)| rep.clone());
    let (mut parts, within): (Vec<_>, BTreeSet<_>) = match choice % 4 {
        0 => (vec![], names.iter().cloned().collect()),
        1 => (vec![part("region", "Europe")], names.iter().cloned().collect()),
        2 => (vec![part("team", team)], of_team().collect()),
        _ => (vec![part("rep", rep)], BTreeSet::from([rep.clone()])),
    };
    if combined {
        parts.push(part("lead_source", "Inbound"));
    }
    let mut finding = enterprise();
    finding.segment = Segment::of(parts);
    let everyone = within.iter().cloned().collect::<Vec<_>>().join(" ");
    finding.title = format!("About {everyone}");
    finding.message = format!("Deals of: {everyone}\n- {everyone}");
    finding.action = format!("Ask {everyone}");
    finding.evidence.summary = format!("deals of {everyone}");
    // Context always speaks of others.
    finding.context = Some(format!("Beside {}", names.join(" ")));
    (finding, within)
}

/// Everything that leaves the house for a recipient.
fn everything_sent(notices: Vec<Notice>) -> String {
    let mut message = Message::new(Form::Digest, notices, TimeZone::UTC);
    message.public_url = Some("https://winsight.example.com".to_owned());
    let mail = mail(&message).expect("writes");
    let links: Vec<_> = message.notices.iter().filter_map(|notice| message.link(notice)).collect();
    [
        mail.subject,
        mail.text,
        mail.html,
        serde_json::to_string(&blocks(&message, Some("acme"))).expect("writes"),
        card(&message).to_string(),
        payload(&message).to_string(),
        links.join(" "),
        message.printed(),
    ]
    .join("\n")
}

proptest! {
    #[test]
    fn nobody_is_told_about_deals_of_others(
        company in company(),
        choices in proptest::collection::vec((0usize..64, any::<bool>()), 1..6),
        own in any::<bool>(),
        seen in proptest::collection::vec(0usize..64, 1..3),
        by_team in any::<bool>(),
    ) {
        let names: Vec<_> = company.keys().cloned().collect();
        let reps: BTreeSet<_> = seen.iter().map(|one| names[one % names.len()].clone()).collect();
        let (sight, theirs): (_, BTreeSet<String>) = if by_team {
            let teams: BTreeSet<_> = reps.iter().map(|rep| company[rep].clone()).collect();
            let of_teams = company.iter().filter(|(_, team)| teams.contains(*team));
            let of_teams = of_teams.map(|(rep, _)| rep.clone()).collect();
            (Sight::Own { reps: BTreeSet::new(), teams }, of_teams)
        } else {
            (Sight::Own { reps: reps.clone(), teams: BTreeSet::new() }, reps)
        };
        let mut notices = Vec::new();
        for (choice, combined) in choices {
            let (found, _) = finding_over(&company, choice, combined);
            let alert = alert(found);
            // What the rule finds in their own deals names nobody else.
            let mut cut = enterprise();
            cut.segment = Segment::all();
            cut.title = "About yours".to_owned();
            for event in [Event::Opened, Event::Resolved, Event::Reopened] {
                let own = own.then_some(&cut);
                notices.extend(Notice::of(&alert, event, alert.opened_at, &sight, own));
            }
        }
        let sent = everything_sent(notices);
        for foreign in names.iter().filter(|name| !theirs.contains(*name)) {
            prop_assert!(!sent.contains(foreign.as_str()), "{foreign} in {sent}");
        }
    }

    #[test]
    fn who_sees_everything_is_told_everything(company in company(), choice in 0usize..64) {
        let (found, within) = finding_over(&company, choice, false);
        let alert = alert(found);
        let told = Notice::of(&alert, Event::Opened, alert.opened_at, &Sight::Everything, None);
        let sent = everything_sent(told.into_iter().collect());
        for name in within {
            prop_assert!(sent.contains(&name));
        }
    }
}

#[test]
fn a_deal_without_a_rep_is_nobodys() {
    let ana = Sight::rep("Ana");
    assert!(ana.covers_deal_of(Some("Ana")));
    assert!(!ana.covers_deal_of(Some("Bob")));
    assert!(!ana.covers_deal_of(None));
    assert!(!Sight::rep("").covers_deal_of(None));
    assert!(Sight::Everything.covers_deal_of(None));
}

#[test]
fn no_link_leads_a_rep_to_a_page_about_more_than_their_deals() {
    let mut cut = enterprise();
    cut.title = "Yours".to_owned();
    let alert = alert(crate::data::high_risk());
    let at = alert.opened_at;
    let told = Notice::of(&alert, Event::Opened, at, &Sight::rep("Ana"), Some(&cut)).expect("hers");
    let mut message = Message::new(Form::Single, vec![told], TimeZone::UTC);
    message.public_url = Some("https://winsight.example.com".to_owned());
    assert_eq!(message.link(&message.notices[0]), None);
}
