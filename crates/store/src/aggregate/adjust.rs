//! Tallies of the month before a load, with the deals taken out that it changes and put in as they
//! are now. Tallies are sums of whole numbers: the result is what counting the month anew gives.

use std::collections::BTreeMap;

use winsight_model::{Dimension, Tally};

use super::encoding::{ALL_DEALS, Entry};
use super::{Month, entries, of_months, read};
use crate::changed::{Changed, ChangedDeals};
use crate::generation::Generation;
use crate::{FeatureStore, StoreError};

/// Entries by dimension and value.
type ByValue = BTreeMap<(String, String), Tally>;

impl FeatureStore {
    /// The tallies of the months that few deals changed, from the aggregates before; `None` when they
    /// have to be counted.
    pub(super) async fn adjusted_months(
        &self,
        generation: Generation,
        before: &BTreeMap<String, String>,
        changed: &Changed,
    ) -> Option<Vec<(Month, Vec<Entry>)>> {
        let adjusted = self.adjust(generation, before, changed, changed.deals()?).await;
        adjusted.unwrap_or_else(|error| {
            tracing::warn!(%error, "counting the months instead of adjusting their tallies");
            None
        })
    }

    async fn adjust(
        &self,
        generation: Generation,
        before: &BTreeMap<String, String>,
        changed: &Changed,
        deals: &ChangedDeals,
    ) -> Result<Option<Vec<(Month, Vec<Entry>)>>, StoreError> {
        let request = of_months(&changed.months);
        let gone = Self::count_batches(&request, &deals.gone)?;
        let arriving = Self::count_batches(&request, &deals.arriving)?;
        let mut names: Vec<_> = Dimension::all().iter().map(ToString::to_string).collect();
        names.push(ALL_DEALS.to_owned());
        let mut months = Vec::new();
        for (place, month) in changed.months.iter().enumerate() {
            let mut tallies = ByValue::new();
            if let Some(object) = before.get(&month.to_string()) {
                let objects = self.objects.as_ref();
                let kept = read(objects, generation, &month.to_string(), object, &names).await?;
                if !is_whole(&kept) {
                    return Ok(None);
                }
                tallies = kept.into_iter().map(by_value).collect();
            }
            for (key, more) in entries(&request, &arriving, place).into_iter().map(by_value) {
                tallies.entry(key).or_default().merge(&more);
            }
            for (key, fewer) in entries(&request, &gone, place).into_iter().map(by_value) {
                let left = tallies.remove(&key).and_then(|tally| tally.checked_sub(&fewer));
                let Some(left) = left else { return Ok(None) };
                if left.deals() > 0 {
                    tallies.insert(key, left);
                }
            }
            let entry = |((dimension, value), tally)| Entry { dimension, value, tally };
            months.push((*month, tallies.into_iter().map(entry).collect()));
        }
        Ok(Some(months))
    }
}

/// Whether every dimension of today has all deals: one may be younger than the tallies.
fn is_whole(entries: &[Entry]) -> bool {
    let deals = |name: &str| -> u64 {
        let of_it = entries.iter().filter(|entry| entry.dimension == name);
        of_it.map(|entry| entry.tally.deals()).sum()
    };
    let all = deals(ALL_DEALS);
    Dimension::all().iter().all(|dimension| deals(dimension.as_str()) == all)
}

fn by_value(entry: Entry) -> ((String, String), Tally) {
    ((entry.dimension, entry.value), entry.tally)
}
