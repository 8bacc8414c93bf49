//! What was planted shows in the files, by as much as the truth says, and nowhere else.

use jiff::civil::{Date, date};
use winsight_simulate::{Baseline, Dimension, Kind, PlantedIncident, Scenario};

use crate::written::{Deal, Written, days_between, tidy_scenario, write};

fn planted(written: &Written, kind: Kind, dimension: Dimension) -> &PlantedIncident {
    let mut incidents = written.truth.incidents.iter();
    incidents.find(|it| it.kind == kind && it.segment.contains_key(&dimension)).unwrap()
}

fn win_rate(
    written: &Written,
    from: Date,
    to: Date,
    concerns: impl Fn(&Deal) -> bool,
) -> (u64, f64) {
    let closed = written.closed().filter(|(_, closed)| from <= *closed && *closed <= to);
    let outcomes: Vec<bool> =
        closed.map(|it| it.0).filter(|it| concerns(it)).map(Deal::won).collect();
    let won = outcomes.iter().filter(|won| **won).count();
    (outcomes.len() as u64, won as f64 / outcomes.len() as f64)
}

fn median_cycle(written: &Written, from: Date, rep: &str, won: bool) -> f64 {
    let closed = written
        .closed()
        .filter(|(deal, closed)| from <= *closed && deal.rep == rep && deal.won() == won);
    let mut cycles: Vec<i64> = closed.filter_map(|(deal, _)| deal.cycle_days()).collect();
    cycles.sort_unstable();
    let middle = cycles.len() / 2;
    (cycles[(cycles.len() - 1) / 2] + cycles[middle]) as f64 / 2.0
}

#[test]
fn the_default_scenario_shows_its_five_incidents() {
    let written = write(20_000, 1, &Scenario::default_scenario());
    let ends = written.scenario.ends();

    let enterprise = &planted(&written, Kind::WinRate, Dimension::AcvBucket).realised;
    let (now, before) = (enterprise.value.unwrap(), enterprise.baseline.unwrap());
    assert!((0.35..0.45).contains(&now) && (0.53..0.63).contains(&before), "{now} {before}");
    let error = |rate: f64, deals: u64| rate * (1.0 - rate) / deals as f64;
    let z = (before - now)
        / (error(now, enterprise.deals) + error(before, enterprise.baseline_deals)).sqrt();
    assert!(z > 5.0, "{z}");

    let paid = &planted(&written, Kind::WinRate, Dimension::LeadSource).realised;
    assert!((0.20..0.30).contains(&paid.value.unwrap()), "{paid:?}");
    for source in ["Inbound", "Outbound", "Referral", "Partner", "Events"] {
        let (_, rate) =
            win_rate(&written, written.scenario.starts(), ends, |deal| deal.lead_source == source);
        assert!(rate > 0.43, "{source} {rate}");
    }

    let rep = planted(&written, Kind::Cycle, Dimension::Rep);
    let name = rep.segment[&Dimension::Rep].as_str();
    let dfi = median_cycle(&written, rep.from, name, false)
        / median_cycle(&written, rep.from, name, true);
    assert!((dfi - rep.realised.value.unwrap()).abs() < 1e-12);
    assert!(dfi > 1.4 && rep.realised.baseline.unwrap() < 1.3, "{:?}", rep.realised);

    let stale = planted(&written, Kind::StalePipeline, Dimension::LeadSource);
    assert_eq!(stale.realised.baseline_is, Baseline::OutsideSegment);
    assert!((0.75..0.95).contains(&stale.realised.value.unwrap()), "{stale:?}");
    let slice = written.deals.iter().filter(|deal| {
        deal.outcome.is_empty()
            && deal.lead_source == "Outbound"
            && written.acv_bucket(deal) == "Enterprise"
            && days_between(deal.created_date, ends) > 90
    });
    let idle: Vec<bool> = slice
        .map(|deal| deal.last_activity_date.is_none_or(|last| days_between(last, ends) > 30))
        .collect();
    let idle_share = idle.iter().filter(|idle| **idle).count() as f64 / idle.len() as f64;
    assert!(idle.len() > 50 && idle_share > 0.75, "{idle_share} of {}", idle.len());

    let blank_amounts = written.deals.iter().filter(|deal| deal.amount.is_empty()).count();
    let blank_sources = written.deals.iter().filter(|deal| deal.lead_source.is_empty()).count();
    for (fault, blanks) in written.truth.data_faults.iter().zip([blank_amounts, blank_sources]) {
        let share = fault.realised.value.unwrap();
        assert!((share * fault.realised.deals as f64 - blanks as f64).abs() < 1e-6, "{fault:?}");
        assert!(blanks > 0 && (share - fault.size).abs() < 0.2, "{fault:?}");
    }
}

#[test]
fn a_tidy_company_gives_back_exactly_the_realised_win_rates() {
    let written = write(
        8_000,
        5,
        &tidy_scenario(
            r#"
        [[incident]]
        kind = "win_rate"
        segment = { acv_bucket = "Mid-Market", region = "EMEA" }
        size = 0.25
        from = "2025-02-01"
        to = "2025-08-31"

        [[incident]]
        kind = "market_shift"
        size = -0.15
        from = "2025-10-01"
        to = "2025-12-31"

        [[incident]]
        kind = "mix_shift"
        segment = { product = "Data Cloud" }
        size = 0.20
        from = "2026-01-01"
        to = "2026-03-31"
        "#,
        ),
    );
    let emea = |deal: &Deal| deal.region == "EMEA" && written.acv_bucket(deal) == "Mid-Market";
    let expected = win_rate(&written, date(2025, 2, 1), date(2025, 8, 31), emea);
    let realised = &written.truth.incidents[0].realised;
    assert_eq!((realised.deals, realised.value.unwrap()), expected);
    // The 91 days before 1 February.
    let expected = win_rate(&written, date(2024, 11, 2), date(2025, 1, 31), emea);
    assert_eq!((realised.baseline_deals, realised.baseline.unwrap()), expected);
    assert!(realised.value.unwrap() - expected.1 > 0.1);

    let market = &written.truth.market_shifts[0].realised;
    let expected = win_rate(&written, date(2025, 10, 1), date(2025, 12, 31), |_| true);
    assert_eq!((market.deals, market.value.unwrap()), expected);
    assert!(market.baseline.unwrap() - expected.1 > 0.1);

    let mix = &written.truth.mix_shifts[0].realised;
    assert!((mix.value.unwrap() - 0.40).abs() < 0.05, "{mix:?}");
    assert!((mix.baseline.unwrap() - 0.20).abs() < 0.05, "{mix:?}");
    let later = written.closed().filter(|(_, closed)| *closed >= date(2026, 4, 1));
    let later: Vec<&Deal> = later.map(|(deal, _)| deal).collect();
    let share = later.iter().filter(|deal| deal.product == "Data Cloud").count() as f64
        / later.len() as f64;
    assert!((share - 0.20).abs() < 0.05, "the mix returns: {share}");
}

#[test]
fn a_standstill_that_ends_delays_the_stages() {
    let written = write(
        3_000,
        9,
        &tidy_scenario(
            r#"
        [[incident]]
        kind = "stale_pipeline"
        segment = { deal_type = "New Business" }
        size = 1.0
        from = "2025-03-01"
        to = "2025-04-30"
        "#,
        ),
    );
    let (from, to) = (date(2025, 3, 1), date(2025, 4, 30));
    let stale = written.deals.iter().filter(|deal| {
        deal.deal_type == "New Business"
            && deal.created_date < from
            && deal.closed_date.is_none_or(|closed| closed > to)
    });
    let stale: Vec<&str> = stale.map(|deal| deal.deal_id.as_str()).collect();
    let realised = &written.truth.incidents[0].realised;
    assert_eq!((realised.deals, realised.value), (stale.len() as u64, Some(1.0)));
    assert_eq!(realised.baseline, Some(0.0));
    assert!(stale.len() > 20);
    let moved = written.stage_events.iter().filter(|it| from <= it.date && it.date <= to);
    assert!(moved.clone().count() > 0);
    assert!(moved.map(|it| it.deal_id.as_str()).all(|id| !stale.contains(&id)));
}

#[test]
fn an_incident_changes_no_deal_outside_its_segment() {
    let quiet = write(3_000, 4, &tidy_scenario(""));
    let hit = write(
        3_000,
        4,
        &tidy_scenario(
            r#"
        [[incident]]
        kind = "win_rate"
        segment = { industry = "SaaS" }
        size = -0.3
        from = "2025-01-01"
        to = "2025-12-31"
        "#,
        ),
    );
    let won = |written: &Written, saas: bool| {
        let closed = written.closed().filter(|(deal, closed)| {
            deal.won() && closed.year() == 2025 && (deal.industry == "SaaS") == saas
        });
        closed.count() as f64
    };
    assert!(won(&hit, true) < 0.6 * won(&quiet, true));
    let others = |written: &Written| -> Vec<Deal> {
        written.deals.iter().filter(|deal| deal.industry != "SaaS").cloned().collect()
    };
    let (quiet, hit) = (others(&quiet), others(&hit));
    let same = hit.iter().filter(|deal| {
        quiet
            .binary_search_by(|it| it.deal_id.cmp(&deal.deal_id))
            .is_ok_and(|place| quiet[place] == **deal)
    });
    assert!(same.count() * 100 > quiet.len() * 99);
}
