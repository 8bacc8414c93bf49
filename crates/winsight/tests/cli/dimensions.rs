//! Dimensions of the workspace's own: grouped by, filtered on, and opened to the deals behind them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::home::{TODAY, TestHome, USAGE, text};

/// A value that would break out of a careless query.
const AWKWARD: &str = r#"Gold's "best", \ 100%"#;

/// 120 deals: every other one is Gold, a third of the others has no tier, and the rest an awkward one.
fn loaded() -> TestHome {
    let home = TestHome::new();
    let mut file =
        "deal_id,created_date,closed_date,outcome,deal_amount,region,Customer Tier\n".to_owned();
    for number in 0..120 {
        let tier = match (number % 2, number % 3) {
            (0, _) => "Gold".to_owned(),
            (_, 0) => String::new(),
            _ => format!("\"{}\"", AWKWARD.replace('"', "\"\"")),
        };
        let (month, outcome) = (number % 6 + 1, if number % 4 < 2 { "Won" } else { "Lost" });
        let region = ["EU", "US"][number / 60];
        writeln!(
            file,
            "d{number},2024-0{month}-03,2024-0{month}-20,{outcome},{number},{region},{tier}"
        )
        .expect("text can grow");
    }
    let deals = home.file("deals.csv", file);
    let mapping = home.file("mapping.toml", "[dimensions]\ntier = \"Customer Tier\"\n");
    home.json(["--as-of", TODAY, "import", text(&deals), "--mapping", text(&mapping)]);
    home
}

fn deals_by_value(table: &Value) -> BTreeMap<String, u64> {
    let rows = table.as_array().expect("rows").iter();
    rows.map(|row| {
        let value = row["value"].as_str().expect("a value").to_owned();
        (value, row["deals"].as_u64().expect("a count"))
    })
    .collect()
}

#[test]
fn metrics_are_shown_by_a_custom_dimension() {
    let home = loaded();
    let table = home.json(["metrics", "--by", "tier"]);
    assert_eq!(table[0]["dimension"], "tier");
    let expected = [("(none)", 20), ("Gold", 60), (AWKWARD, 40)];
    let expected = expected.map(|(value, deals)| (value.to_owned(), deals));
    assert_eq!(deals_by_value(&table), BTreeMap::from(expected));

    let both = deals_by_value(&home.json(["metrics", "--by", "region,tier"]));
    assert_eq!(both["EU × Gold"], 30);
    assert_eq!(both.values().sum::<u64>(), 120);
}

#[test]
fn metrics_and_changes_can_be_of_some_deals_only() {
    let home = loaded();
    let gold = home.json(["metrics", "--where", "tier=Gold"]);
    assert_eq!((&gold["dimension"], &gold["deals"]), (&Value::from("all"), &Value::from(60)));
    let line = ["metrics", "--by", "tier", "--where", "region=EU", "--where", "tier=Gold"];
    assert_eq!(
        deals_by_value(&home.json(line)),
        BTreeMap::from([("Gold".to_owned(), 30)]),
        "the dimension of a filter may be one of the table"
    );
    let line = "--as-of 2024-06-30 changes --by tier --where region=EU --from 2024-04-01 --to \
                2024-07-01 --baseline-from 2024-01-01 --baseline-to 2024-04-01";
    let changes = home.json(line.split_whitespace());
    let of = |name: &str| {
        let segments = changes["segments"].as_array().expect("segments").iter();
        segments.filter(|one| one["value"] == name).count()
    };
    assert_eq!((of("Gold"), of(AWKWARD)), (1, 1), "{changes}");
}

#[test]
fn a_number_opens_to_the_deals_behind_it() {
    let home = loaded();
    for (value, deals) in [("Gold", 60), (AWKWARD, 40), ("(none)", 20), ("gold", 0)] {
        let filter = format!("tier={value}");
        let found = home.json(["deals", "--closed", "--where", &filter]);
        assert_eq!(found["matching"], deals, "{value}");
    }
}

#[test]
fn an_unknown_dimension_is_told_from_the_known_ones() {
    let home = loaded();
    for line in ["metrics --by teer", "metrics --where teer=Gold", "changes --by teer"] {
        home.run(line.split(' '))
            .is_failure(USAGE, &["\"teer\" is not a dimension", "your own are: tier"])
            .expect(line);
    }
}
