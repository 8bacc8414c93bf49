use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Likenesses, propose_values};

fn counts(values: &[(&str, u64)]) -> BTreeMap<String, BTreeMap<String, u64>> {
    let values = values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect();
    BTreeMap::from([("region".to_owned(), values)])
}

/// What is proposed, as `from → to: why`.
fn proposed(values: &[(&str, u64)]) -> Vec<String> {
    propose_values(&counts(values))
        .into_iter()
        .map(|merge| format!("{} → {}: {}", merge.from, merge.to, merge.why))
        .collect()
}

#[test]
fn proposes_what_is_probably_one_value() {
    for (values, expected) in [
        (&[("EMEA", 90), ("emea", 3)][..], &["emea → EMEA: they differ only in case"][..]),
        (&[("GTX Pro", 3), ("GTXPro", 90)], &["GTX Pro → GTXPro: they differ only in spaces"]),
        (
            &[("Self-Serve", 50), ("self serve", 60)],
            &["Self-Serve → self serve: they differ only in case, spaces or punctuation"],
        ),
        (
            &[("technology", 100), ("technolgy", 10)],
            &["technolgy → technology: one letter differs"],
        ),
        (&[("Germany", 100), ("Gremany", 2)], &["Gremany → Germany: one letter differs"]),
        (
            &[("Manufacturing", 100), ("Manufaturingg", 1)],
            &["Manufaturingg → Manufacturing: two letters differ"],
        ),
        // A misspelling of a misspelling.
        (
            &[("Healthcare", 1000), ("Healthcre", 50), ("Helthcre", 1)],
            &[
                "Healthcre → Healthcare: one letter differs",
                "Helthcre → Healthcare: one letter differs",
            ],
        ),
    ] {
        assert_eq!(proposed(values), expected, "{values:?}");
    }
}

#[test]
fn leaves_alone_what_may_be_two_values() {
    for values in [
        &[("Product 1", 100), ("Product 2", 1)][..],
        &[("rep_1", 100), ("rep_11", 1)],
        &[("Partner", 100), ("Partnr", 11)],
        &[("East", 100), ("West", 1)],
        &[("0058d000003KxYzAAK", 100), ("0058d000003KxYaAAK", 1)],
        &[("North America", 1000), ("South America", 10)],
        &[("Inbound", 100), ("Outbound", 1)],
        &[("-", 100), ("?", 1)],
        &[("", 100), (" ", 1)],
    ] {
        assert_eq!(proposed(values), Vec::<String>::new(), "{values:?}");
    }
}

#[test]
fn a_right_value_is_never_replaced_however_rare() {
    let values =
        &counts(&[("GTXPro", 900), ("GTX Pro", 0), ("GTX Basics", 50), ("GTX Basic", 0)])["region"];
    let is_right = |value: &str| ["GTX Pro", "GTX Basic"].contains(&value);
    let found = Likenesses::among(values, is_right, true);
    let told = |merges: &[super::Merge]| {
        merges.iter().map(|merge| format!("{} → {}", merge.from, merge.to)).collect::<Vec<_>>()
    };
    assert_eq!(told(&found.same), ["GTXPro → GTX Pro"]);
    assert_eq!(told(&found.misspelt), ["GTX Basics → GTX Basic"]);
}

proptest! {
    #[test]
    fn nothing_is_replaced_twice_or_by_what_is_replaced(
        values in prop::collection::btree_map("[a-c ]{4,10}", 1u64..2000, 0..30),
    ) {
        let counts = BTreeMap::from([("region".to_owned(), values)]);
        let proposed = propose_values(&counts);
        for (index, merge) in proposed.iter().enumerate() {
            prop_assert!(merge.from != merge.to);
            prop_assert!(counts["region"].contains_key(&merge.to));
            prop_assert!(proposed[..index].iter().all(|other| other.from != merge.from));
        }
        let froms: Vec<_> = proposed.iter().map(|merge| &merge.from).collect();
        prop_assert!(proposed.iter().all(|merge| !froms.contains(&&merge.to)));
    }
}
