use jiff::civil::Date;
use winsight_model::{Dimension, NONE, Window};

use crate::metrics::revenue_weighted_win_rate;
use crate::{SegmentPair, Share};

/// Why parts of a comparison are empty or say little, a sentence each; nothing when all is well.
///
/// `windows` are the current one, the one it is compared with, and the last day of which anything
/// is known. `pairs` are the values of the dimensions in `by`, or their combinations.
pub fn change_remarks(
    (window, baseline, last_known): (Window, Window, Date),
    overall: &SegmentPair,
    by: &[Dimension],
    pairs: &[SegmentPair],
    min_deals: u64,
) -> Vec<String> {
    let mut remarks = Vec::new();
    for (window, tally) in [(window, &overall.current), (baseline, &overall.baseline)] {
        let deals = tally.deals();
        if window.from > last_known {
            remarks.push(format!(
                "{window} lies after {last_known}, the last day of which anything is known"
            ));
        } else if deals == 0 {
            remarks.push(format!("no deal closed in {window}"));
        } else if deals < min_deals {
            remarks.push(format!(
                "{deals} closed in {window}; a rate is shown from {min_deals} deals on"
            ));
        } else if tally.lost.deals == 0 || tally.won.deals == 0 {
            let how = if tally.lost.deals == 0 { "won" } else { "lost" };
            remarks.push(format!("all {deals} deals that closed in {window} were {how}"));
        }
    }
    if overall.current.deals() == 0 || overall.baseline.deals() == 0 {
        remarks.push("without deals in both windows there is no change to explain".to_owned());
        return remarks;
    }
    let names: Vec<&str> = by.iter().map(Dimension::as_str).collect();
    let names = names.join(" × ");
    if let [only] = pairs {
        let blank = only.segment.parts().iter().all(|(_, value)| value == NONE);
        let value = only.segment.value_label();
        remarks.push(if blank {
            format!("{names} is blank in every deal: there is nothing to split by")
        } else {
            format!("every deal has the same {names}, {value}: there is nothing to split by")
        });
    }
    let enough = |pair: &&SegmentPair| {
        let (now, then) = (Share::from(&pair.current), Share::from(&pair.baseline));
        now.deals.min(then.deals) >= min_deals.max(1)
    };
    let judged = pairs.iter().filter(enough).count();
    if judged == 0 && pairs.len() > 1 {
        remarks.push(format!(
            "none of the {} values of {names} has {min_deals} deals in both windows",
            pairs.len()
        ));
    }
    if by.iter().any(|dimension| dimension.as_str() == "cycle_bucket") {
        remarks.push(
            "the cycle length is known when a deal is closed, together with its outcome: its parts \
             describe and explain nothing"
                .to_owned(),
        );
    }
    let reason = [&overall.current, &overall.baseline]
        .into_iter()
        .find_map(|tally| revenue_weighted_win_rate(tally).err());
    if let Some(reason) = reason {
        remarks.push(format!("the revenue-weighted win rate is not split: {reason}"));
    }
    remarks
}
