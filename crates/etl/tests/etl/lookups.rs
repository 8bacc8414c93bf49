use std::collections::BTreeMap;

use winsight_etl::{is_lookup, read_lookup};

use crate::harness::{Scratch, load, options};

const DEALS: &str = "deal_id,created_date,closed_date,outcome,amount,sales_agent,account,product,industry\n\
    a,2024-01-01,2024-02-01,Won,1,Ann,Acme,GTXPro,\n\
    b,2024-01-01,2024-02-01,Won,1,Bob,Other,GTX Basic,Health\n";

#[test]
fn lookups_fill_in_blanks_and_never_overwrite() {
    let scratch = Scratch::new();
    let deals = scratch.write("deals.csv", DEALS);
    let accounts = scratch.write("accounts.csv", "account,sector\nAcme,retail\nOther,software\n");
    let teams =
        scratch.write("teams.csv", "sales_agent,manager,regional_office\nAnn,Melvin,West\n");
    let products = scratch.write("products.csv", "product,price\nGTX Pro,5\nGTX Basic,1\n");
    let mut options = options();
    for path in [&accounts, &teams, &products] {
        assert!(is_lookup(path).expect("readable"), "{path:?}");
        options.lookups.push(read_lookup(path).expect("readable"));
    }
    let activities =
        scratch.write("activities.csv", "deal_id,date,kind,rep\na,2024-01-01,call,Ann\n");
    assert!(!is_lookup(&deals).expect("readable"));
    assert!(!is_lookup(&activities).expect("readable"));
    let keys: Vec<_> = options.lookups.iter().map(winsight_etl::Lookup::key).collect();
    assert_eq!(keys, ["account", "rep", "product"]);

    let loaded = load(&deals, &options).expect("loads");
    assert_eq!(loaded.deal("a")["industry"], "retail");
    assert_eq!(loaded.deal("b")["industry"], "Health");
    assert_eq!(loaded.deal("a")["team"], "Melvin");
    assert_eq!(loaded.deal("a")["region"], "West");
    assert_eq!(loaded.deal("b").get("team"), None);
    assert_eq!(loaded.deal("a")["product"], "GTXPro");
    let spelling = loaded.issue("spelling_variants", "product");
    assert_eq!(spelling.examples, ["\"GTXPro\" ×1, \"GTX Pro\" in products.csv"]);
    assert_eq!(loaded.issue("not_in_lookup", "rep").examples, ["\"Bob\" ×1"]);
    assert_eq!(loaded.issue("missing", "team").count, 1);
}

#[test]
fn spellings_are_compared_with_those_loaded_before() {
    let scratch = Scratch::new();
    let deals = scratch.write("deals.csv", DEALS);
    let mut options = options();
    let known = BTreeMap::from([("GTX Pro".to_owned(), 40), ("MG Special".to_owned(), 2)]);
    options.known_values.insert("product".to_owned(), known);
    let loaded = load(&deals, &options).expect("loads");
    let spelling = loaded.issue("spelling_variants", "product");
    assert_eq!(spelling.examples, ["\"GTXPro\" ×1, \"GTX Pro\" ×40 loaded before"]);
}

#[test]
fn a_right_spelling_is_no_contradiction_because_a_wrong_one_was_loaded_before() {
    let scratch = Scratch::new();
    let deals = scratch.write("deals.csv", DEALS);
    let mut options = options();
    // Both spellings of the first load; the file at hand has only the frequent one.
    let known = BTreeMap::from([("GTXPro".to_owned(), 40), ("GTX Pro".to_owned(), 2)]);
    options.known_values.insert("product".to_owned(), known);
    let loaded = load(&deals, &options).expect("loads");
    let found = |issue: &&winsight_etl::Issue| issue.field.as_deref() == Some("product");
    assert_eq!(loaded.report.issues.iter().find(found), None);
    assert!((loaded.report.quality.consistency - 100.0).abs() < 1e-9);
}

#[test]
fn a_lookup_must_be_clear() {
    let scratch = Scratch::new();
    for (text, parts) in [
        ("account,sector\nAcme,retail\nAcme,software\n", ["line 3", "Acme"]),
        ("colour,size\nred,1\n", ["product, account, sales_agent", "line 1"]),
        ("account,sector\nAcme\n", ["line 2", "1 fields"]),
        ("", ["empty", "header"]),
    ] {
        let path = scratch.write("lookup.csv", text);
        let error = read_lookup(&path).expect_err("refused").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let same_twice = scratch.write("lookup.csv", "account,sector\nAcme,retail\nAcme,retail\n");
    assert_eq!(read_lookup(&same_twice).expect("readable").values().count(), 1);
}
