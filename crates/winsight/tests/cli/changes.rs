//! `changes` and the deals behind it: what a change comes from, and windows and files that give
//! nothing to compare.

use serde_json::Value;

use crate::home::{TODAY, TestHome, USAGE};

const COLUMNS: &str = "deal_id,created_date,closed_date,outcome,deal_amount,region,lead_source,rep";

/// Deals over two regions, two sources and four reps, eight of each combination in either half of
/// the year; `won` says how many of eight are won now and before.
fn file(won: impl Fn(&str, &str) -> [u32; 2]) -> String {
    let mut rows = vec![COLUMNS.to_owned()];
    for (half, closed) in [(0, "2024-06-10"), (1, "2024-03-10")] {
        for region in ["Europe", "Asia"] {
            for source in ["Inbound", "Partner"] {
                for rep in 0..4 {
                    for deal in 0..20_u32 {
                        let outcome = if deal < won(region, source)[half] { "Won" } else { "Lost" };
                        let id = rows.len();
                        rows.push(format!(
                            "d{id},2024-01-05,{closed},{outcome},{},{region},{source},rep {rep}",
                            1_000 + deal
                        ));
                    }
                }
            }
        }
    }
    rows.join("\n") + "\n"
}

/// The quarters that the file closes in.
const QUARTERS: [&str; 8] = [
    "--from",
    "2024-04-01",
    "--to",
    "2024-07-01",
    "--baseline-from",
    "2024-01-01",
    "--baseline-to",
    "2024-04-01",
];

fn home_with(contents: &str) -> TestHome {
    let home = TestHome::new();
    let file = home.file("deals.csv", contents);
    home.import(&file);
    home
}

fn ask(home: &TestHome, arguments: &[&str]) -> Value {
    home.json(["--as-of", TODAY].iter().chain(arguments))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_change_opens_to_its_cause_and_its_deals() {
    let fell = |region: &str, source: &str| match (region, source) {
        ("Europe", "Partner") => [2, 12],
        _ => [12, 12],
    };
    let home = home_with(&file(fell));
    let mut line = vec!["changes", "--by", "region,lead_source"];
    line.extend(QUARTERS);
    let changes = ask(&home, &line);
    let best = &changes["causes"][0]["best"];
    assert_eq!(best["value"], "Partner × Europe", "{changes:#}");
    assert_eq!(
        (&best["kind"], &best["deals"], &best["won"]),
        (&"rate".into(), &80.into(), &8.into())
    );
    assert!((number(&best["contribution"]) + 0.125).abs() < 1e-9);

    // Two dimensions share out the mix exactly, and all parts make the change.
    let mixes = changes["mix_by_dimension"].as_array().expect("a list");
    let mixes: f64 = mixes.iter().map(|mix| number(&mix["mix"])).sum();
    let overall = &changes["overall"];
    assert!((mixes - number(&overall["mix"])).abs() < 1e-12);
    assert!((number(&overall["mix"]) + number(&overall["rate"]) + 0.125).abs() < 1e-12);

    // Each part opens to its deals.
    for segment in changes["segments"].as_array().expect("a list") {
        let mut line = vec!["deals", "--closed", "--from", "2024-04-01", "--to", "2024-07-01"];
        let filter = segment["filter"].as_array().expect("a list");
        for part in filter {
            line.extend(["--where", part.as_str().expect("text")]);
        }
        let deals = ask(&home, &line);
        assert_eq!(deals["matching"], segment["deals"], "{filter:?}");
        let listed = deals["deals"].as_array().expect("a list");
        assert_eq!(listed.len(), 50, "as many as --limit says by itself");
        line.extend(["--limit", "1000"]);
        let deals = ask(&home, &line);
        let won = deals["deals"].as_array().expect("a list").iter();
        let won = won.filter(|deal| deal["outcome"] == "won").count();
        assert_eq!(Value::from(won), segment["won"], "{filter:?}");
    }
    let shown = home.run(["--as-of", TODAY].iter().chain(&line));
    assert!(
        shown
            .stdout
            .contains("1. lead_source=Partner × region=Europe: won 8 of 80, before 48 of 80"),
        "{}",
        shown.stdout
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let as_before = home_with(&file(|_, _| [10, 10]));
    let all_won = home_with(&file(|_, _| [20, 20]));
    let one_region = home_with(&file(|_, _| [10, 10]).replace("Asia", "Europe"));
    let blank = home_with(&file(|_, _| [10, 10]).replace("Asia", "").replace("Europe", ""));
    let thousand: Vec<_> = (0..1_000)
        .flat_map(|rep| {
            [("a", "2024-06-10,Won"), ("b", "2024-03-10,Lost")].map(|(half, closed)| {
                format!("{half}{rep},2024-01-05,{closed},100,Europe,Inbound,rep {rep}")
            })
        })
        .collect();
    let thousand = home_with(&format!("{COLUMNS}\n{}\n", thousand.join("\n")));
    let future = ["--from", "2025-01-01", "--to", "2025-04-01"];
    let empty = ["--from", "2022-04-01", "--to", "2022-07-01"];
    for (home, by, windows, words) in [
        (&as_before, "region", &future[..], "lies after 2024-"),
        (&as_before, "region", &empty[..], "no deal closed in 2022-04-01 to 2022-06-30"),
        (&as_before, "region", &empty[..], "closed deals are known from 2024-03-10 to 2024-06-10"),
        (&as_before, "region", &["--to", "2022-07-01"][..], "no deal closed in "),
        (&as_before, "region", &["--from", "2024-05-01"][..], "win rate 2024-05-01 to 2024-06-10"),
        (&all_won, "region", &QUARTERS[..], "all 320 deals that closed in"),
        (&one_region, "region", &QUARTERS[..], "every deal has the same region, Europe"),
        (&blank, "region", &QUARTERS[..], "region is blank in every deal"),
        (&thousand, "rep", &QUARTERS[..], "none of the 1000 values of rep has 10 deals"),
        (&as_before, "cycle_bucket", &QUARTERS[..], "describe and explain nothing"),
        (&as_before, "region", &QUARTERS[..], "no combination of up to three attributes"),
    ] {
        let line: Vec<_> = ["changes", "--by", by].iter().chain(windows).copied().collect();
        let shown = home.run(["--as-of", TODAY].iter().chain(&line));
        assert_eq!(shown.code, Some(0), "{line:?}: {shown:#?}");
        assert!(shown.stdout.contains(words), "{line:?}: {}", shown.stdout);
        for nonsense in ["NaN", "inf"] {
            assert!(!shown.stdout.contains(nonsense), "{line:?}: {}", shown.stdout);
        }
        ask(home, &line);
    }
    for (arguments, words) in [
        (
            &[
                "--by",
                "region",
                "--from",
                "2024-04-01",
                "--to",
                "2024-07-01",
                "--baseline-from",
                "2024-03-01",
                "--baseline-to",
                "2024-05-01",
            ][..],
            "share the days 2024-04-01 to 2024-04-30",
        ),
        (&["--by", "region,region"][..], "each named once"),
        (&["--by", "region,rep,team,product"][..], "one to 3 dimensions"),
    ] {
        let line: Vec<_> = ["changes"].iter().chain(arguments).copied().collect();
        let shown = as_before.run(["--as-of", TODAY].iter().chain(&line));
        shown.is_failure(USAGE, &[words]).expect("a usage error");
    }
    for (filter, words) in [("region", "region=Europe"), ("planet=Mars", "is not a dimension")] {
        let shown = as_before.run(["deals", "--closed", "--where", filter]);
        shown.is_failure(USAGE, &[words]).expect("a usage error");
    }
    let nobody = ["--as-of", TODAY, "deals", "--closed", "--where", "region=O'Brien's"];
    assert!(as_before.run(nobody).stdout.contains("no closed deal of region=O'Brien's"));
}

#[test]
fn driver_windows_must_not_overlap() {
    let home = home_with(&file(|_, _| [10, 10]));
    let windows = ["--from", "2024-04-01", "--to", "2024-07-01"];
    let baseline = ["--baseline-from", "2024-03-01", "--baseline-to", "2024-05-01"];
    let line = ["--as-of", TODAY, "drivers"];
    let shown = home.run(line.iter().chain(&windows).chain(&baseline));
    let words = ["share the days 2024-04-01 to 2024-04-30"];
    shown.is_failure(USAGE, &words).expect("a usage error");
}

#[test]
fn a_month_in_which_all_deals_were_won_says_why_there_are_no_drivers() {
    let home = home_with(&file(|_, _| [20, 20]));
    let report = ask(&home, &["run", "monthly"]);
    let insights = report["insights"].as_array().expect("insights");
    let drivers = insights.iter().find(|one| one["kind"] == "drivers").expect("drivers");
    let text = drivers["text"].as_str().expect("text");
    assert!(text.contains("ended alike"), "{text}");
    let cohorts = ask(&home, &["cohorts"]);
    let first = &cohorts.as_array().expect("cohorts")[0];
    assert!(number(&first["deals"]) > 0.0, "no cohorts before the first deal: {first}");
}
