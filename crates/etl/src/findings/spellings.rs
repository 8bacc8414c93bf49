use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::EXAMPLES;
use crate::field::{Field, normalised};
use crate::identity::HashedMap;
use crate::lookup::Lookup;
use crate::propose::{COMPARED_VALUES, Likenesses, Merge};
use crate::spelling::{ValueCounts, spelling_variants};
use crate::{Issue, check};

/// Most lines of a proposed fix.
const FIX_LINES: usize = 200;

/// Values of a field that are spelt differently among the deals, or otherwise than elsewhere:
/// `known` holds the values loaded before.
pub(super) fn spelling_issues(
    field: Field,
    counts: &ValueCounts,
    known: Option<&BTreeMap<String, u64>>,
    lookups: &[Lookup],
) -> Vec<Issue> {
    let here = counts.to_map();
    let lookups: Vec<_> = lookups.iter().filter(|lookup| lookup.key_field() == field).collect();
    let known_values = || known.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
    let right_values = || lookups.iter().flat_map(|lookup| lookup.values());
    let elsewhere = known_values().chain(right_values()).filter(|value| !here.contains_key(*value));
    let elsewhere: BTreeSet<_> = elsewhere.collect();
    let has_many = here.len() + elsewhere.len() > COMPARED_VALUES;
    let all = here.iter().map(|(value, count)| (value.as_str(), *count));
    let all = all.chain(elsewhere.iter().map(|value| (*value, 0)));
    let all = if has_many { differently_written(all) } else { owned(all) };
    let mut weights = all.clone();
    for (value, weight) in &mut weights {
        *weight += known.and_then(|known| known.get(value)).copied().unwrap_or_default();
    }
    let is_right = |value: &str| lookups.iter().any(|lookup| lookup.contains(value));
    let mut likenesses = Likenesses::among(&weights, is_right, !has_many);
    likenesses.same.retain(|merge| here.contains_key(&merge.from));
    likenesses.misspelt.retain(|merge| here.contains_key(&merge.from));

    let mut issues = Vec::new();
    if counts.overflowed() || has_many {
        let name = field.name();
        let message = if counts.overflowed() {
            format!("{name} has too many different values to compare all spellings")
        } else {
            format!(
                "{name} has more than {COMPARED_VALUES} different values, so that they were compared in case, spaces and punctuation, but not for misspellings"
            )
        };
        issues.push(Issue::new(check::TOO_MANY_VALUES, Some(field), 1, Vec::new(), message));
    }
    issues.extend(variants(field, &all, &weights, known, &lookups, &likenesses.same));
    issues.extend(misspelt(field, &here, &likenesses.misspelt));
    issues
}

fn owned<'a>(values: impl Iterator<Item = (&'a str, u64)>) -> BTreeMap<String, u64> {
    values.map(|(value, count)| (value.to_owned(), count)).collect()
}

/// Of many values only those that differ from another one in nothing but case, spaces and punctuation.
fn differently_written<'a>(
    values: impl Iterator<Item = (&'a str, u64)> + Clone,
) -> BTreeMap<String, u64> {
    let key = |value: &str| xxh3_64(normalised(value).as_bytes());
    let mut is_alone: HashedMap<bool> = HashedMap::default();
    for (value, _) in values.clone() {
        is_alone.entry(key(value)).and_modify(|alone| *alone = false).or_insert(true);
    }
    if is_alone.values().all(|alone| *alone) {
        return BTreeMap::new();
    }
    owned(values.filter(|(value, _)| !is_alone[&key(value)]))
}

/// Values that differ only in case, spaces or punctuation. Right is the spelling of a lookup, even
/// where no deal uses it, or else the one that most deals have, here and among those loaded before;
/// `weights` are these numbers. Only the deals of this file that are spelt otherwise are counted.
fn variants(
    field: Field,
    all: &BTreeMap<String, u64>,
    weights: &BTreeMap<String, u64>,
    known: Option<&BTreeMap<String, u64>>,
    lookups: &[&Lookup],
    merges: &[Merge],
) -> Option<Issue> {
    let is_catalogued = |value: &str| lookups.iter().any(|lookup| lookup.contains(value));
    let mut minority = 0;
    let mut examples = Vec::new();
    for variant in spelling_variants(all) {
        let spellings = || variant.spellings.iter().map(|(spelling, count)| (spelling, *count));
        let most_frequent = spellings()
            .map(|(spelling, _)| spelling)
            .reduce(|one, other| if weights[other] > weights[one] { other } else { one });
        let has_catalogued = spellings().any(|(spelling, _)| is_catalogued(spelling));
        let is_right = |spelling: &String| {
            if has_catalogued { is_catalogued(spelling) } else { Some(spelling) == most_frequent }
        };
        let wrong: u64 = spellings().filter(|(it, _)| !is_right(it)).map(|(_, count)| count).sum();
        if wrong == 0 {
            continue;
        }
        minority += wrong;
        let described = spellings().map(|(spelling, count)| {
            format!("{spelling:?} {}", place_of(spelling, count, known, lookups))
        });
        examples.push(described.collect::<Vec<_>>().join(", "));
    }
    if examples.is_empty() {
        return None;
    }
    let message = format!(
        "{} has values that differ only in case, spaces or punctuation: {}; they count as different values until they are spelt alike in the CRM, or under [values.{}] in the mapping",
        field.name(),
        examples[..examples.len().min(EXAMPLES)].join("; "),
        field.name()
    );
    let issue = Issue::new(check::SPELLING_VARIANTS, Some(field), minority, examples, message);
    Some(Issue { fix: fix(field, merges), ..issue })
}

/// Values that are a few letters away from a far more frequent one.
fn misspelt(field: Field, here: &BTreeMap<String, u64>, merges: &[Merge]) -> Option<Issue> {
    if merges.is_empty() {
        return None;
    }
    let count = merges.iter().map(|merge| here[&merge.from]).sum();
    let described = merges
        .iter()
        .map(|merge| format!("{:?} ×{} for {:?}", merge.from, here[&merge.from], merge.to));
    let examples: Vec<_> = described.take(EXAMPLES).collect();
    let message = format!(
        "{} has values that look like misspellings of far more frequent ones: {}; where that is so, replace them under [values.{}] in the mapping",
        field.name(),
        examples.join("; "),
        field.name()
    );
    let issue = Issue::new(check::MISSPELT_VALUES, Some(field), count, examples, message);
    Some(Issue { fix: fix(field, merges), ..issue })
}

/// The replacements as a part of a mapping file.
fn fix(field: Field, merges: &[Merge]) -> Option<String> {
    let words: BTreeMap<&str, &str> = merges
        .iter()
        .take(FIX_LINES)
        .map(|merge| (merge.from.as_str(), merge.to.as_str()))
        .collect();
    let tables = BTreeMap::from([("values", BTreeMap::from([(field.name(), words)]))]);
    #[expect(clippy::expect_used, reason = "tables of texts are TOML")]
    (!merges.is_empty()).then(|| toml::to_string(&tables).expect("tables of texts"))
}

fn place_of(
    spelling: &str,
    count: u64,
    known: Option<&BTreeMap<String, u64>>,
    lookups: &[&Lookup],
) -> String {
    let lookup = lookups
        .iter()
        .find(|lookup| lookup.contains(spelling))
        .map(|lookup| format!("in {}", lookup.file()));
    match (count, lookup, known.and_then(|known| known.get(spelling))) {
        (0, Some(lookup), _) => lookup,
        (0, None, known) => format!("×{} loaded before", known.copied().unwrap_or_default()),
        (count, ..) => format!("×{count}"),
    }
}
