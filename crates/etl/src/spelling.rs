use std::collections::BTreeMap;

use serde::Serialize;
use winsight_model::COUNTED_SPELLINGS;
use xxhash_rust::xxh3::xxh3_64;

use crate::field::normalised;
use crate::identity::HashedMap;

/// Spellings of what is probably one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Each spelling with the number of deals that use it, the most frequent first.
    pub spellings: Vec<(String, u64)>,
}

/// Groups the values that are equal without case, spaces and punctuation. `values` holds the number
/// of deals with each value. Values are only reported as alike, never merged.
pub fn spelling_variants(values: &BTreeMap<String, u64>) -> Vec<Variant> {
    let mut groups: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    for (value, count) in values {
        let key = normalised(value);
        if !key.is_empty() {
            groups.entry(key).or_default().push((value.clone(), *count));
        }
    }
    let mut variants: Vec<_> = groups
        .into_values()
        .filter(|spellings| spellings.len() > 1)
        .map(|mut spellings| {
            spellings.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
            Variant { spellings }
        })
        .collect();
    variants.sort_by(|left, right| right.spellings[0].1.cmp(&left.spellings[0].1));
    variants
}

/// Counts how often each value of a field occurs, up to a bounded number of values.
#[derive(Default)]
pub(crate) struct ValueCounts {
    counts: HashedMap<(Box<str>, u64)>,
    overflowed: bool,
}

impl ValueCounts {
    /// Counts further occurrences.
    pub(crate) fn add(&mut self, value: &str, times: u64) {
        let key = xxh3_64(value.as_bytes());
        if let Some((_, count)) = self.counts.get_mut(&key) {
            *count += times;
        } else if self.counts.len() < COUNTED_SPELLINGS {
            self.counts.insert(key, (value.into(), times));
        } else {
            self.overflowed = true;
        }
    }

    /// Whether there were more values than are counted.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The values in order.
    pub(crate) fn to_map(&self) -> BTreeMap<String, u64> {
        self.counts.values().map(|(value, count)| (value.to_string(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::spelling_variants;

    #[test]
    fn groups_spellings_of_one_value() {
        let values = [("GTXPro", 1480), ("GTX Pro", 3), ("gtx-pro", 3), ("GTK 500", 40), ("-", 2)];
        let values = values.map(|(value, count)| (value.to_owned(), count)).into();
        let found = spelling_variants(&values);
        assert_eq!(found.len(), 1);
        let spellings: Vec<_> = found[0].spellings.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(spellings, ["GTXPro", "GTX Pro", "gtx-pro"]);
    }
}
