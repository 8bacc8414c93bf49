//! Rankings of segments by what moved in them.

use winsight_insight::{CauseSearch, find_causes};
use winsight_model::{CellCounts, CellTable};

/// Places of attributes and numbers of values.
pub(crate) type Parts = Vec<(usize, u16)>;

/// How Winsight looks for a cause.
pub(crate) const SEARCH: CauseSearch =
    CauseSearch { min_deals: 10, most_dimensions: 3, level: 0.05, length_ratio: 1.0 };

/// The first three of what Winsight names, and how many explanations it compared.
pub(crate) fn by_likelihood(table: &CellTable) -> (Vec<Parts>, usize) {
    let causes = find_causes(table, &SEARCH);
    let named = causes
        .causes
        .iter()
        .flat_map(|cause| std::iter::once(&cause.best).chain(&cause.rivals))
        .take(3);
    let parts = named.map(|contributor| {
        let part = |(dimension, value): &(winsight_model::Dimension, String)| {
            let place = table.dimensions().iter().position(|known| known == dimension);
            let place = place.expect("a dimension of the table");
            let code = table.values(place).iter().position(|known| known == value);
            (place, u16::try_from(code.expect("a value of the table")).expect("few values"))
        };
        contributor.segment.parts().iter().map(part).collect()
    });
    (parts.collect(), causes.tested)
}

/// The first three by the change of their win rate, in the direction of all deals; any segment with
/// 10 deals in both windows and a thousandth of all.
pub(crate) fn by_largest_drop(table: &CellTable) -> Vec<Parts> {
    top(table, |counts, _| change(counts))
}

/// The first three by how much of the change of the overall win rate they make up.
pub(crate) fn by_contribution(table: &CellTable) -> Vec<Parts> {
    top(table, |counts, all| {
        let share = f64::from(counts.deals) / f64::from(all.deals);
        let share_then = f64::from(counts.baseline_deals) / f64::from(all.baseline_deals);
        change(counts) * f64::midpoint(share, share_then)
    })
}

fn change(counts: &CellCounts) -> f64 {
    f64::from(counts.won) / f64::from(counts.deals)
        - f64::from(counts.baseline_won) / f64::from(counts.baseline_deals)
}

fn top(table: &CellTable, size: impl Fn(&CellCounts, &CellCounts) -> f64) -> Vec<Parts> {
    let mut all = CellCounts::default();
    for counts in table.counts() {
        all.add(counts);
    }
    let direction = change(&all).signum();
    let least = (all.deals + all.baseline_deals) / 1_000;
    let mut ranked: Vec<(f64, Parts)> = segments(table)
        .into_iter()
        .filter(|(_, counts)| {
            counts.deals.min(counts.baseline_deals) >= 10
                && counts.deals + counts.baseline_deals >= least
        })
        .map(|(parts, counts)| (direction * size(&counts, &all), parts))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    ranked.into_iter().take(3).map(|(_, parts)| parts).collect()
}

/// Every segment of one to three attributes.
fn segments(table: &CellTable) -> Vec<(Parts, CellCounts)> {
    let count = table.dimensions().len();
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for one in 0..count {
        chosen.push(vec![one]);
        for two in one + 1..count {
            chosen.push(vec![one, two]);
            chosen.extend((two + 1..count).map(|three| vec![one, two, three]));
        }
    }
    chosen.iter().flat_map(|places| counted(table, places)).collect()
}

/// Every combination of values of the attributes at `places` that occurs.
pub(crate) fn counted(table: &CellTable, places: &[usize]) -> Vec<(Parts, CellCounts)> {
    let widths: Vec<usize> = places.iter().map(|&place| table.values(place).len()).collect();
    let mut sums = vec![CellCounts::default(); widths.iter().product()];
    for (cell, counts) in table.counts().iter().enumerate() {
        let key = places
            .iter()
            .zip(&widths)
            .fold(0, |key, (&place, width)| key * width + usize::from(table.codes(place)[cell]));
        sums[key].add(counts);
    }
    let parts = |mut key: usize| {
        let mut parts: Parts = Vec::new();
        for (&place, width) in places.iter().zip(&widths).rev() {
            parts.push((place, u16::try_from(key % width).expect("few values")));
            key /= width;
        }
        parts.reverse();
        parts
    };
    let counted = sums.into_iter().enumerate().filter(|(_, sum)| *sum != CellCounts::default());
    counted.map(|(key, sum)| (parts(key), sum)).collect()
}
