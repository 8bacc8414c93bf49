//! Spellings that are probably one value, and what to replace them by. Proposed, never merged.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strsim::damerau_levenshtein;

use crate::field::normalised;

/// How many times rarer a value must be to pass for a misspelling of another one.
const RARER: u64 = 10;
/// Most values whose letters are compared; of more only case, spaces and punctuation are.
pub(crate) const COMPARED_VALUES: usize = 10_000;

/// A value that is probably another one, written differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedMerge {
    /// The field or custom dimension.
    pub field: String,
    /// The value to replace.
    pub from: String,
    /// The value to replace it by.
    pub to: String,
    /// Deals with the one.
    pub from_count: u64,
    /// Deals with the other.
    pub to_count: u64,
    /// How the two differ.
    pub why: String,
}

/// Finds values that are probably one, in `counts`: field, then value, then number of deals.
///
/// Two values are alike if they are equal without case, spaces and punctuation; the rarer is
/// replaced by the more frequent. They are also alike if one is at least ten times rarer and few
/// letters differ: one (left out, added, wrong, or swapped with its neighbour) in values of five
/// letters or more, two in values of nine or more with the same first letter. Values whose digits
/// differ are never alike: `Product 1` is not `Product 2`.
pub fn propose_values(counts: &BTreeMap<String, BTreeMap<String, u64>>) -> Vec<ProposedMerge> {
    let mut proposed = Vec::new();
    for (field, values) in counts {
        let Likenesses { same, misspelt } = Likenesses::among(values, |_| false, true);
        proposed.extend(same.into_iter().chain(misspelt).map(|merge| ProposedMerge {
            field: field.clone(),
            from_count: values[&merge.from],
            to_count: values[&merge.to],
            from: merge.from,
            to: merge.to,
            why: merge.why.to_owned(),
        }));
    }
    proposed
}

/// One value to be replaced by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) why: &'static str,
}

/// The values of a field that are alike.
#[derive(Debug, Default)]
pub(crate) struct Likenesses {
    /// Equal without case, spaces and punctuation.
    pub(crate) same: Vec<Merge>,
    /// A few letters apart.
    pub(crate) misspelt: Vec<Merge>,
}

/// Spellings that are equal without case, spaces and punctuation.
struct Group<'a> {
    key: Vec<char>,
    digits: String,
    /// The letters of the key as a set; letters beyond 64 share bits.
    letters: u64,
    deals: u64,
    is_right: bool,
    /// The right spelling first, otherwise the most frequent.
    spellings: Vec<(&'a str, u64)>,
}

impl Likenesses {
    /// Compares the values of a field, each with its number of deals: in case, spaces and
    /// punctuation, and where `by_letter` also for misspellings. A value that `is_right` is never
    /// replaced.
    pub(crate) fn among(
        values: &BTreeMap<String, u64>,
        is_right: impl Fn(&str) -> bool,
        by_letter: bool,
    ) -> Self {
        let mut by_key: BTreeMap<String, Vec<(&str, u64)>> = BTreeMap::new();
        for (value, count) in values {
            by_key.entry(normalised(value)).or_default().push((value, *count));
        }
        by_key.remove("");
        let mut groups: Vec<_> = by_key
            .into_iter()
            .map(|(key, spellings)| Group::new(&key, spellings, &is_right))
            .collect();
        groups.sort_by_key(|group| Reverse((group.is_right, group.deals)));
        let by_letter = by_letter && groups.len() <= COMPARED_VALUES;
        let misspelt = if by_letter { misspelt(&groups) } else { vec![None; groups.len()] };
        let mut likenesses = Self::default();
        for (group, misspelt) in groups.iter().zip(misspelt) {
            let (to, merges) = match misspelt {
                Some((right, _)) => (groups[right].spellings[0].0, &mut likenesses.misspelt),
                None => (group.spellings[0].0, &mut likenesses.same),
            };
            let others = group.spellings.iter().filter(|(from, _)| *from != to && !is_right(from));
            merges.extend(others.map(|(from, _)| Merge {
                from: (*from).to_owned(),
                to: to.to_owned(),
                why: misspelt.map_or_else(|| how_they_differ(from, to), |(_, why)| why),
            }));
        }
        likenesses
    }
}

impl<'a> Group<'a> {
    fn new(
        key: &str,
        mut spellings: Vec<(&'a str, u64)>,
        is_right: &impl Fn(&str) -> bool,
    ) -> Self {
        spellings.sort_by_key(|(text, count)| Reverse((is_right(text), *count)));
        Self {
            digits: key.chars().filter(|letter| letter.is_numeric()).collect(),
            letters: key.chars().fold(0, |set, letter| set | 1 << (u32::from(letter) % 64)),
            key: key.chars().collect(),
            deals: spellings.iter().map(|(_, count)| count).sum(),
            is_right: is_right(spellings[0].0),
            spellings,
        }
    }

    /// Whether it looks like the id of a record rather than a name: another id is another record.
    fn is_id(&self) -> bool {
        const SHORTEST: usize = 15;
        let text = self.spellings[0].0;
        let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
        text.len() >= SHORTEST
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
    }

    /// In how many letters this differs from another, where that may be a mistake.
    fn distance(&self, other: &Self) -> Option<usize> {
        if self.is_id() && other.is_id() {
            return None;
        }
        let (longer, shorter) =
            (self.key.len().max(other.key.len()), self.key.len().min(other.key.len()));
        let allowed = match shorter {
            9.. if self.key[0] == other.key[0] => 2,
            5.. => 1,
            _ => return None,
        };
        // One mistake changes the set of letters in two places at most.
        let apart = (self.letters ^ other.letters).count_ones() as usize;
        if longer - shorter > allowed || apart > 2 * allowed || self.digits != other.digits {
            return None;
        }
        let text = |group: &Self| group.key.iter().collect::<String>();
        let distance = damerau_levenshtein(&text(self), &text(other));
        (distance <= allowed).then_some(distance)
    }
}

/// For each group, from the most frequent to the rarest, the one before it that it misspells, and how
/// they differ.
fn misspelt(groups: &[Group<'_>]) -> Vec<Option<(usize, &'static str)>> {
    let mut found: Vec<Option<(usize, &'static str)>> = vec![None; groups.len()];
    for (rare, group) in groups.iter().enumerate().filter(|(_, group)| !group.is_right) {
        let is_frequent = |other: &Group<'_>| {
            other.is_right || other.deals >= group.deals.max(1).saturating_mul(RARER)
        };
        let nearest = groups[..rare]
            .iter()
            .enumerate()
            .filter(|(_, other)| is_frequent(other))
            .filter_map(|(place, other)| Some((group.distance(other)?, place)))
            .min();
        if let Some((distance, place)) = nearest {
            // A misspelling of a misspelling leads to the right spelling.
            let right = found[place].map_or(place, |(right, _)| right);
            let why = if distance == 1 { "one letter differs" } else { "two letters differ" };
            found[rare] = Some((right, why));
        }
    }
    found
}

fn how_they_differ(left: &str, right: &str) -> &'static str {
    let spaceless = |text: &str| text.split_whitespace().collect::<String>();
    if left.to_lowercase() == right.to_lowercase() {
        "they differ only in case"
    } else if spaceless(left) == spaceless(right) {
        "they differ only in spaces"
    } else {
        "they differ only in case, spaces or punctuation"
    }
}

#[cfg(test)]
mod tests;
