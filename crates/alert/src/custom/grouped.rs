//! One alert for each cause among the combinations that a rule looks at.
//!
//! Enterprise, Europe, and Enterprise × Europe share deals, so that what happens in one shows in the
//! others. The one with the strongest evidence is taken for the cause; its deals are set aside, and
//! another is a cause of its own only if its other deals show it too.

use std::collections::BTreeMap;

use winsight_model::{Segment, Tally};

use super::evaluate::judged_rows;
use super::{CustomLook, CustomRule, RuleFailure, Verdict};

type Row = (Segment, Tally, Tally);

/// The segments that a rule's threshold and condition hold for: of the combinations in the rows of
/// `look`, and of all that contain them, Enterprise beside Enterprise × Europe. Of those whose
/// evidence is enough only the causes pass; each names the others that it explains.
pub fn evaluate(rule: &CustomRule, look: &CustomLook<'_>) -> Result<Vec<Verdict>, RuleFailure> {
    let rows = with_containing(look.rows);
    let level = look.level / judged_rows(rule, look, &rows).len().max(1) as f64;
    let all = rule.verdicts(look, &rows, level)?;
    let (mut passed, kept_back): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|verdict| verdict.passed);
    passed.sort_by(|left, right| right.strength.total_cmp(&left.strength));
    let mut causes: Vec<Verdict> = Vec::new();
    let mut explained: Vec<Verdict> = Vec::new();
    while !passed.is_empty() {
        let mut cause = passed.remove(0);
        let known: Vec<_> = causes.iter().chain([&cause]).collect();
        let rest: Vec<Row> = look
            .rows
            .iter()
            .filter(|(segment, ..)| {
                !known.iter().any(|cause| contains(&cause.finding.segment, segment))
            })
            .cloned()
            .collect();
        let rest = rule.verdicts(look, &with_containing(&rest), level)?;
        let still = |verdict: &Verdict| {
            let same = |left: &&Verdict| left.finding.segment == verdict.finding.segment;
            rest.iter().find(same).is_some_and(|left| left.passed)
        };
        let (others, echoes): (Vec<_>, Vec<_>) = passed.into_iter().partition(still);
        cause.explains(&echoes);
        causes.push(cause);
        explained.extend(echoes.into_iter().map(|echo| Verdict { passed: false, ..echo }));
        passed = others;
    }
    causes.extend(explained);
    causes.extend(kept_back);
    Ok(causes)
}

/// The rows, and what they add up to in every segment that leaves out some of their dimensions.
pub fn with_containing(rows: &[Row]) -> Vec<Row> {
    let mut sums: BTreeMap<Segment, (Tally, Tally)> = BTreeMap::new();
    for (segment, now, before) in rows {
        let parts = segment.parts();
        // Each subset of the parts but the empty one, as the bits of a number; all deals have none.
        for chosen in 1..(1_usize << parts.len()).max(2) {
            let is_chosen = |place: &usize| chosen >> place & 1 == 1;
            let subset = (0..parts.len()).filter(is_chosen).map(|place| parts[place].clone());
            let sum = sums.entry(Segment::of(subset.collect())).or_default();
            sum.0.merge(now);
            sum.1.merge(before);
        }
    }
    sums.into_iter().map(|(segment, (now, before))| (segment, now, before)).collect()
}

/// Whether all deals of `inner` are deals of `outer`.
fn contains(outer: &Segment, inner: &Segment) -> bool {
    outer.parts().iter().all(|part| inner.parts().contains(part))
}
