//! What must hold for every deal, whatever the seed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Weekday;
use winsight_simulate::Scenario;

use crate::written::{Activity, Deal, StageEvent, Written, write};

const OPEN_STAGES: [&str; 5] = ["Prospecting", "Qualified", "Demo", "Proposal", "Negotiation"];

fn company(seed: u64) -> Written {
    write(6_000, seed, &Scenario::default_scenario())
}

#[test]
fn the_totals_are_those_of_the_files() {
    for seed in [1, 2] {
        let written = company(seed);
        let totals = &written.truth.totals;
        let count = |outcome: &str| {
            written.deals.iter().filter(|deal| deal.outcome == outcome).count() as u64
        };
        assert_eq!(totals.deals, 6_000);
        assert_eq!(
            (totals.won, totals.lost, totals.open),
            (count("Won"), count("Lost"), count(""))
        );
        assert_eq!(totals.won + totals.lost + totals.open, totals.deals);
        assert_eq!(totals.duplicates, written.duplicates);
        assert_eq!(totals.stage_events, written.stage_events.len() as u64);
        assert_eq!(totals.activities, written.activities.len() as u64);
        let ids: BTreeSet<&str> = written.deals.iter().map(|it| it.deal_id.as_str()).collect();
        assert_eq!(ids.len(), 6_000);
        let open_share = totals.open as f64 / 6_000.0;
        assert!((0.12..0.16).contains(&open_share), "{open_share}");
        assert!(totals.duplicates > 0 && totals.reopened > 20);
    }
}

#[test]
fn the_dates_of_a_deal_are_in_order() {
    let written = company(3);
    let (starts, ends) = (written.scenario.starts(), written.scenario.ends());
    for deal in &written.deals {
        assert_eq!(deal.closed_date.is_none(), deal.outcome.is_empty(), "{deal:?}");
        assert!(deal.created_date <= ends && deal.updated_at <= ends, "{deal:?}");
        assert!(deal.created_date <= deal.updated_at, "{deal:?}");
        assert!(deal.created_date < deal.expected_close_date, "{deal:?}");
        assert!(deal.last_activity_date.is_none_or(|date| date <= deal.updated_at), "{deal:?}");
        if let Some(closed) = deal.closed_date {
            assert!(deal.created_date < closed && closed <= deal.updated_at, "{deal:?}");
            assert!(starts <= closed && closed <= ends, "{deal:?}");
            assert!(!matches!(closed.weekday(), Weekday::Saturday | Weekday::Sunday));
        }
    }
}

#[test]
fn the_stage_events_tell_the_way_to_the_final_stage() {
    let written = company(4);
    let mut events: BTreeMap<&str, Vec<&StageEvent>> = BTreeMap::new();
    for event in &written.stage_events {
        events.entry(&event.deal_id).or_default().push(event);
    }
    let mut reopened = 0;
    for deal in &written.deals {
        let way = &events[deal.deal_id.as_str()];
        let last = way.last().unwrap();
        assert_eq!(way[0].date, deal.created_date);
        assert!(way.is_sorted_by(|one, next| one.date < next.date), "{way:?}");
        assert_eq!(last.stage, deal.stage);
        match deal.outcome.as_str() {
            "" => assert!(OPEN_STAGES.contains(&last.stage.as_str()), "{way:?}"),
            outcome => assert_eq!(last.stage, format!("Closed {outcome}")),
        }
        if let Some(closed) = deal.closed_date {
            assert_eq!(last.date, closed);
        }
        let earlier = &way[..way.len() - 1];
        assert!(earlier.iter().all(|event| event.stage != "Closed Won"), "{way:?}");
        let losses = earlier.iter().filter(|event| event.stage == "Closed Lost").count();
        assert!(losses <= 1, "{way:?}");
        reopened += losses as u64;
        let open =
            way.iter().filter_map(|it| OPEN_STAGES.iter().position(|stage| *stage == it.stage));
        assert!(open.is_sorted(), "{way:?}");
    }
    assert_eq!(reopened, written.truth.totals.reopened);
}

#[test]
fn the_activities_lie_within_the_life_of_the_deal() {
    let written = company(5);
    let mut activities: BTreeMap<&str, Vec<&Activity>> = BTreeMap::new();
    for activity in &written.activities {
        assert!(["call", "email", "meeting"].contains(&activity.kind.as_str()));
        activities.entry(&activity.deal_id).or_default().push(activity);
    }
    let no_activities = Vec::new();
    let mut handed_over = 0;
    for deal in &written.deals {
        let own = activities.get(deal.deal_id.as_str()).unwrap_or(&no_activities);
        assert!(own.is_sorted_by_key(|activity| activity.date));
        assert!(own.first().is_none_or(|first| deal.created_date <= first.date));
        let last = own.last().map(|activity| activity.date);
        assert_eq!(last, deal.last_activity_date);
        assert!(deal.closed_date.is_none_or(|closed| last <= Some(closed)));
        handed_over += usize::from(own.iter().any(|activity| activity.rep != deal.rep));
    }
    assert!(handed_over > 20, "successors take over open deals: {handed_over}");
}

#[test]
fn an_account_stays_in_its_region_and_industry() {
    let written = company(6);
    let tidy = |text: &str| text.to_lowercase().replace(' ', "");
    let mut homes: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
    let located = |deal: &&Deal| !deal.region.is_empty() && !deal.industry.is_empty();
    for deal in written.deals.iter().filter(located) {
        let home = (tidy(&deal.region), tidy(&deal.industry));
        homes.entry(&deal.account).or_default().insert(home);
    }
    assert!(homes.len() > 500);
    assert!(homes.values().all(|home| home.len() == 1));
}

#[test]
fn a_share_of_the_rows_is_a_mess() {
    let written = company(7);
    let share = |messy: &dyn Fn(&Deal) -> bool| {
        written.deals.iter().filter(|deal| messy(deal)).count() as f64 / 6_000.0
    };
    let near = |share: f64, wish: f64| (share - wish).abs() < 4.0 * (wish / 6_000.0).sqrt();
    assert!(near(share(&|deal| deal.region.is_empty()), 0.02));
    assert!(near(share(&|deal| deal.industry.is_empty()), 0.02));
    let products = ["Core", "Pro Suite", "Data Cloud"];
    // A quarter of the 1% hits the product; one in five or more of the variants changes nothing.
    let misspelt = share(&|deal| !products.contains(&deal.product.as_str()));
    assert!((0.0005..0.0045).contains(&misspelt), "{misspelt}");
    let edited_late = share(&|deal| deal.closed_date.is_some_and(|date| date < deal.updated_at));
    assert!((0.018..0.035).contains(&edited_late), "{edited_late}");
    let foreign = share(&|deal| deal.currency != "USD");
    assert!((0.3..0.42).contains(&foreign), "{foreign}");
    let spelt = written
        .deals
        .iter()
        .filter(|deal| deal.product == "ProSuite" || deal.region == "NorthAmerica");
    assert!(spelt.count() > 0);
}
