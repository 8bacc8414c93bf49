//! The open pipeline, its change between two days, cohorts and open deals.

use serde_json::Value;

use crate::home::{TestHome, USAGE, deals, text};

/// Cents of an amount.
fn cents(amount: &Value) -> i128 {
    amount.as_str().expect("an amount").replace('.', "").parse().expect("digits")
}

fn is_balanced(bridge: &Value) -> bool {
    let part = |name: &str| cents(&bridge[name]["amount"]);
    let added = part("start") + part("created") + part("increased") + part("pulled_in");
    added - part("decreased") - part("pushed") - part("won") - part("lost") == part("end")
}

/// A company with stage events and activities.
fn company() -> TestHome {
    let home = TestHome::new();
    let out = home.path("company");
    let made = home.run(["simulate", "--out", text(&out), "--deals", "3000", "--seed", "5"]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let file = |name: &str| text(&out.join(name)).to_owned();
    let (events, activities) = (file("stage_events.csv"), file("activities.csv"));
    home.json(["import", &file("deals.csv"), "--events", &events, "--activities", &activities]);
    home
}

#[test]
fn a_pipeline_with_its_quality_stages_and_change() {
    let home = company();
    let pipeline = home.json(["pipeline"]);
    let quality = &pipeline["pipeline_quality"];
    let score = quality["score"].as_f64().expect("a score");
    assert!((0.0..=100.0).contains(&score), "{quality}");
    let parts = quality["parts"].as_array().expect("parts");
    let names: Vec<_> = parts.iter().filter_map(|part| part["part"].as_str()).collect();
    assert_eq!(names, ["expected_yield", "velocity", "hygiene", "spread"]);
    let sum: f64 = parts
        .iter()
        .map(|part| {
            part["weight"].as_f64().expect("a weight") * part["value"].as_f64().expect("known")
        })
        .sum();
    assert!((score - 100.0 * sum).abs() < 1e-9, "{quality}");

    let stages = pipeline["stage_progression"].as_array().expect("stages");
    let names: Vec<_> = stages.iter().filter_map(|stage| stage["stage"].as_str()).collect();
    assert_eq!(names, ["Prospecting", "Qualified", "Demo", "Proposal", "Negotiation"]);
    for stage in stages {
        let shares = stage["after"].as_array().expect("shares");
        assert!(!shares.is_empty(), "{stage}");
        for share in shares {
            let of = |name: &str| share[name].as_f64().expect("a share");
            assert!((of("moved_on") + of("lost") + of("still_there") - 1.0).abs() < 1e-9);
        }
    }

    assert!(is_balanced(&pipeline["bridge"]), "{}", pipeline["bridge"]);
    assert!(
        pipeline["bridge"]["caution"].as_str().is_some_and(|text| text.contains("first loaded"))
    );
    for arguments in [
        &["pipeline", "--all"][..],
        &["--as-of", "2024-05-31", "pipeline", "--from", "2024-04-01", "--to", "2024-06-01"],
        &["pipeline", "--close-before", "2030-01-01"],
    ] {
        let pipeline = home.json(arguments);
        assert!(is_balanced(&pipeline["bridge"]), "{arguments:?}: {}", pipeline["bridge"]);
    }
    let all = home.json(["pipeline", "--all"]);
    assert_eq!(all["bridge"]["end"]["amount"], all["amount"], "all that is open");
    assert_eq!(all["bridge"]["end"]["deals"], all["deals"]);
}

#[test]
fn open_deals_have_chances_and_cohorts_a_horizon() {
    let home = company();
    let open = home.json(["deals", "--limit", "5000"]);
    let open = open.as_array().expect("deals");
    assert_eq!(home.json(["pipeline"])["deals"], open.len());
    let chance = |deal: &Value| deal["win_chance"].as_f64().expect("a chance");
    assert!(open.iter().all(|deal| (0.0..=1.0).contains(&chance(deal))));
    let risky = home.json(["deals", "--risk", "high", "--limit", "5000"]);
    let risky = risky.as_array().expect("deals");
    assert!(risky.iter().all(|deal| !deal["reasons"].as_array().expect("reasons").is_empty()));
    let with_reasons =
        open.iter().filter(|deal| !deal["reasons"].as_array().expect("reasons").is_empty());
    assert_eq!(with_reasons.count(), risky.len());

    let cohorts = home.json(["cohorts", "--grain", "quarter"]);
    let cohorts = cohorts.as_array().expect("cohorts");
    assert_eq!(cohorts.len(), 12);
    let youngest = cohorts.last().expect("a cohort");
    assert_eq!(youngest["cohort_win_rate"], Value::Null);
    assert!(youngest["reason"].as_str().is_some_and(|reason| reason.contains("180 days")));
    let told =
        cohorts.iter().find(|cohort| cohort["cohort_win_rate"].is_f64()).expect("an old one");
    let of = |name: &str| told[name].as_f64().expect("a share");
    assert!(of("cohort_win_rate_low") < of("cohort_win_rate"));
    assert!(of("resolved") > 0.9 && of("cohort_win_rate") + of("cohort_loss_rate") <= 1.0 + 1e-9);

    let run = home.json(["run", "daily"]);
    let insights = run["insights"].as_array().expect("insights");
    let kinds: Vec<_> = insights.iter().filter_map(|insight| insight["kind"].as_str()).collect();
    for kind in ["pipeline_health", "high_risk_deals", "stage_progression"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn little_data_has_words_for_what_it_cannot_tell() {
    let closed = "b,2024-01-01,2024-02-01,Won,100,EU";
    let cases = [
        ("no open deals", vec![closed], "there are no open deals"),
        ("no amounts", vec!["a,2024-01-01,,Open,,EU", closed], "the open deals have no amounts"),
    ];
    for (name, rows, reason) in cases {
        let home = TestHome::new();
        home.import(&home.file("deals.csv", deals(&rows)));
        let pipeline = home.json(["pipeline"]);
        let quality = &pipeline["pipeline_quality"];
        assert_eq!(
            (&quality["score"], &quality["reason"]),
            (&Value::Null, &reason.into()),
            "{name}"
        );
        assert_eq!(quality["parts"].as_array().map(Vec::len), Some(4));
        assert!(is_balanced(&pipeline["bridge"]), "{name}");
        assert_eq!(pipeline["stage_progression"], Value::Array(Vec::new()), "{name}");
        for line in ["pipeline", "cohorts", "deals", "deals --risk high"] {
            let answer = home.run(line.split(' '));
            assert_eq!(answer.code, Some(0), "{name}, {line}: {answer:#?}");
            assert!(
                !answer.stdout.contains("NaN") && !answer.stdout.contains("inf"),
                "{answer:#?}"
            );
        }
        // A day before the first deal, and one long after the last.
        for day in ["2020-01-01", "2040-01-01"] {
            home.json(["--as-of", day, "pipeline"]);
            home.json(["--as-of", day, "cohorts"]);
            home.json(["--as-of", day, "run", "daily"]);
        }
        home.run(["pipeline", "--from", "2024-02-02", "--to", "2024-02-01"])
            .is_failure(USAGE, &["is empty"])
            .expect("an empty window");
        home.run(["cohorts", "--from", "2050-01-01"])
            .is_failure(USAGE, &["is empty", "nothing is known after"])
            .expect("a future window");
    }
}

#[test]
fn maven_has_chances_though_its_lost_deals_have_no_amounts() {
    let Some(file) = crate::known_answers::real_file("maven_sales_pipeline.csv") else { return };
    let home = TestHome::new();
    home.import(&file);
    let open = home.json(["--as-of", "2017-12-31", "deals", "--limit", "5000"]);
    let open = open.as_array().expect("deals");
    assert_eq!(open.len(), 2089);
    let chances: Vec<_> = open
        .iter()
        .filter_map(|deal| Some((deal["created_date"].as_str()?, deal["win_chance"].as_f64()?)))
        .collect();
    assert_eq!(chances.len(), 1589, "those with an engage date");
    // No deal of this file closed after more than 138 days; 1,291 open ones are older.
    let (old, young): (Vec<_>, Vec<_>) =
        chances.into_iter().partition(|(created, _)| *created < "2017-08-15");
    assert_eq!(old.len(), 1291);
    assert!(old.iter().all(|(_, chance)| *chance < 0.05), "what outlives all others is not won");
    let of =
        |day: &str| young.iter().find(|(created, _)| *created == day).map(|(_, chance)| chance);
    assert!(of("2017-12-22") > of("2017-10-04") && of("2017-10-04") > of("2017-08-15"));
    assert!(young.iter().all(|(_, chance)| *chance < 0.6), "blank amounts tell nothing");
}
