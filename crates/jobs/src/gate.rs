//! The quality gate: whether a load may replace what readers see.

use std::collections::BTreeMap;

use winsight_model::{LoadCounts, QualityGate};

/// What the gate looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    /// Rows that the load read.
    pub(crate) rows: u64,
    /// Its quality score, 0 to 100.
    pub(crate) score: f64,
    /// What it would do to the deals.
    pub(crate) deals: LoadCounts,
    /// Deals that are stored of its source.
    pub(crate) stored: u64,
    /// Of the deals it updates: in how many each field loses its value.
    pub(crate) blanked: &'a BTreeMap<String, u64>,
    /// Rows and score of the last load of the same source that was let through.
    pub(crate) previous: Option<(u64, f64)>,
    /// Whether it has what changed only, of many more deals.
    pub(crate) is_part: bool,
}

/// Why a load is to be held, one sentence for each bound that it breaks; none when it may pass.
pub(crate) fn reasons_to_hold(batch: &Batch<'_>, gate: &QualityGate) -> Vec<String> {
    if batch.rows.max(batch.stored) < gate.min_rows {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    // The score of a few changes says little about the source that they come from.
    let is_judged = !batch.is_part || batch.rows >= gate.min_rows;
    if is_judged && batch.score < gate.min_score {
        reasons.push(format!(
            "the quality score is {:.0} of 100; the lowest allowed is {:.0}",
            batch.score, gate.min_score
        ));
    }
    if let Some((_, before)) = batch.previous
        && is_judged
        && before - batch.score > gate.max_score_drop
    {
        reasons.push(format!(
            "the quality score fell from {before:.0} to {:.0}, by more than {:.0} points",
            batch.score, gate.max_score_drop
        ));
    }
    if batch.stored >= gate.min_rows {
        reasons.extend(lost(batch, gate));
        reasons.extend(blanked(batch, gate));
        reasons.extend(changed(batch, gate));
    }
    reasons
}

/// A file that covers less than this share of the one before it is taken for a part, not for a
/// whole with deals missing.
const WHOLE: f64 = 0.5;

fn lost(batch: &Batch<'_>, gate: &QualityGate) -> Option<String> {
    let (deals, stored) = (batch.deals, batch.stored);
    let deleted = deals.deleted as f64 / stored as f64;
    if deleted > gate.max_lost {
        return Some(format!(
            "{} of the {stored} deals stored would be deleted ({}; the most allowed is {})",
            deals.deleted,
            percent(deleted),
            percent(gate.max_lost)
        ));
    }
    let (before, _) = batch.previous.filter(|_| !batch.is_part)?;
    let rows = batch.rows as f64 / before as f64;
    let covered = deals.matched() as f64 / stored as f64;
    let is_short = (WHOLE..1.0 - gate.max_lost).contains(&rows);
    let is_whole = (WHOLE..1.0 - gate.max_lost).contains(&covered);
    (is_short && is_whole).then(|| {
        format!(
            "the load has {} rows where the one before it had {before} ({} fewer; the most allowed \
             is {})",
            batch.rows,
            percent(1.0 - rows),
            percent(gate.max_lost)
        )
    })
}

/// Fields that are computed from others: what they lost is told by those.
const DERIVED: [&str; 4] = ["acv_bucket", "amount_original", "cycle_bucket", "cycle_days"];

fn blanked(batch: &Batch<'_>, gate: &QualityGate) -> Vec<String> {
    let matched = batch.deals.matched();
    // Of a few changes, each is a large share.
    if batch.is_part && matched < gate.min_rows {
        return Vec::new();
    }
    let share = |count: u64| count as f64 / matched.max(1) as f64;
    let own = batch.blanked.iter().filter(|(field, _)| !DERIVED.contains(&field.as_str()));
    let lost = own.filter(|(_, count)| share(**count) > gate.max_blanked);
    lost.map(|(field, count)| {
        format!(
            "{field} would become blank in {count} of {matched} deals ({}; the most allowed is {})",
            percent(share(*count)),
            percent(gate.max_blanked)
        )
    })
    .collect()
}

fn changed(batch: &Batch<'_>, gate: &QualityGate) -> Option<String> {
    // Of a part the CRM itself says that each deal changed, or what it names: a mass edit, or a
    // pipeline with another name.
    if batch.is_part {
        return None;
    }
    let (deals, stored) = (batch.deals, batch.stored);
    let share = deals.updated as f64 / stored as f64;
    (share > gate.max_changed).then(|| {
        format!(
            "{} of the {stored} deals stored would change at once ({}; the most allowed is {})",
            deals.updated,
            percent(share),
            percent(gate.max_changed)
        )
    })
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use winsight_model::{LoadCounts, QualityGate};

    use super::{Batch, reasons_to_hold};

    /// A nightly load of all 1,000 deals of a source, a few of them new or changed.
    fn nightly(blanked: &BTreeMap<String, u64>) -> Batch<'_> {
        Batch {
            rows: 1_010,
            score: 95.0,
            deals: LoadCounts { inserted: 10, updated: 60, unchanged: 940, deleted: 0 },
            stored: 1_000,
            blanked,
            previous: Some((1_000, 96.0)),
            is_part: false,
        }
    }

    fn held_for(batch: &Batch<'_>) -> Vec<String> {
        reasons_to_hold(batch, &QualityGate::default())
    }

    #[test]
    fn each_bound_holds_a_load_and_says_so() {
        let none = BTreeMap::new();
        let usual = nightly(&none);
        assert_eq!(held_for(&usual), Vec::<String>::new());

        let amounts = BTreeMap::from([("amount".to_owned(), 300), ("acv_bucket".to_owned(), 300)]);
        let deals = |inserted, updated, unchanged, deleted| LoadCounts {
            inserted,
            updated,
            unchanged,
            deleted,
        };
        let cases = [
            (Batch { score: 59.0, previous: None, ..usual }, "lowest allowed is 60"),
            (Batch { score: 80.0, ..usual }, "fell from 96 to 80"),
            (Batch { blanked: &amounts, ..usual }, "amount would become blank in 300 of 1000"),
            (Batch { deals: deals(0, 0, 600, 400), rows: 600, ..usual }, "would be deleted (40%"),
            (Batch { deals: deals(0, 0, 600, 0), rows: 600, ..usual }, "(40% fewer"),
            (Batch { deals: deals(0, 501, 499, 0), ..usual }, "would change at once (50%"),
        ];
        for (batch, said) in cases {
            let reasons = held_for(&batch);
            assert_eq!(reasons.len(), 1, "{reasons:?}");
            assert!(reasons[0].contains(said), "{reasons:?} lacks {said:?}");
        }
    }

    #[test]
    fn what_is_usual_passes() {
        let none = BTreeMap::new();
        let usual = nightly(&none);
        let passing = [
            // A first load.
            Batch { deals: LoadCounts::default(), stored: 0, previous: None, ..usual },
            // Yesterday's changes alone.
            Batch {
                rows: 100,
                deals: LoadCounts { inserted: 40, updated: 60, ..LoadCounts::default() },
                ..usual
            },
            // All deals edited at once in the CRM.
            Batch {
                rows: 1_000,
                deals: LoadCounts { updated: 1_000, ..LoadCounts::default() },
                is_part: true,
                ..usual
            },
            // Another region's export from the same source.
            Batch {
                rows: 700,
                deals: LoadCounts { inserted: 700, ..LoadCounts::default() },
                ..usual
            },
            // Too few rows to say anything about shares.
            Batch { rows: 9, score: 10.0, stored: 9, ..usual },
        ];
        for batch in passing {
            assert_eq!(held_for(&batch), Vec::<String>::new(), "{batch:?}");
        }
    }
}
