//! Adtributor (Bhagwan et al., Adtributor: Revenue Debugging in Advertising Systems, NSDI 2014), as
//! published, for a derived measure: the win rate is won deals over closed deals.

use winsight_model::{CellCounts, CellTable};

use super::rankings::{Parts, counted};

/// Least share of the change that an element must explain by itself.
const LEAST_OF_AN_ELEMENT: f64 = 0.1;
/// Share of the change that the elements of a dimension must explain together.
const LEAST_TOGETHER: f64 = 0.67;
/// How many dimensions it names.
const NAMED: usize = 3;

struct Element {
    parts: Parts,
    power: f64,
    surprise: f64,
}

/// The elements of the named dimensions: dimensions by surprise, and each one's elements by theirs.
/// With `crossed`, every combination of up to three attributes is offered as a dimension of its own,
/// which the paper does not do.
pub(crate) fn adtributor(table: &CellTable, crossed: bool) -> Vec<Vec<Parts>> {
    let mut all = CellCounts::default();
    for counts in table.counts() {
        all.add(counts);
    }
    let count = table.dimensions().len();
    let mut dimensions: Vec<Vec<usize>> = (0..count).map(|one| vec![one]).collect();
    if crossed {
        for one in 0..count {
            for two in one + 1..count {
                dimensions.push(vec![one, two]);
                dimensions.extend((two + 1..count).map(|three| vec![one, two, three]));
            }
        }
    }
    let mut candidates: Vec<(f64, Vec<Parts>)> =
        dimensions.iter().filter_map(|places| candidate(table, places, &all)).collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    candidates.into_iter().take(NAMED).map(|(_, elements)| elements).collect()
}

/// The elements of a dimension that explain the change, most surprising first, and their surprise.
fn candidate(table: &CellTable, places: &[usize], all: &CellCounts) -> Option<(f64, Vec<Parts>)> {
    let elements: Vec<Element> = counted(table, places)
        .into_iter()
        .map(|(parts, counts)| Element {
            power: change_if_alone(&counts, all),
            surprise: surprise(counts.baseline_won, all.baseline_won, counts.won, all.won)
                + surprise(counts.baseline_deals, all.baseline_deals, counts.deals, all.deals),
            parts,
        })
        .collect();
    let whole: f64 = elements.iter().map(|element| element.power).sum();
    let mut elements = elements;
    elements.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
    let (mut explained, mut surprise) = (0.0, 0.0);
    let mut named = Vec::new();
    for element in elements {
        // Explanatory power is a share of the change: all elements together have 1.
        let power = element.power / whole;
        if power > LEAST_OF_AN_ELEMENT {
            named.push(element.parts);
            explained += power;
            surprise += element.surprise;
            if explained > LEAST_TOGETHER {
                return Some((surprise, named));
            }
        }
    }
    None
}

/// How the overall rate would have changed had only this element changed: the paper's explanatory
/// power of a quotient, by finite differences, before it is divided by the sum over all elements.
fn change_if_alone(element: &CellCounts, all: &CellCounts) -> f64 {
    let forecast = (f64::from(all.baseline_won), f64::from(all.baseline_deals));
    let won = f64::from(element.won) - f64::from(element.baseline_won);
    let deals = f64::from(element.deals) - f64::from(element.baseline_deals);
    (won * forecast.1 - deals * forecast.0) / (forecast.1 * (forecast.1 + deals))
}

/// An element's term of the Jensen–Shannon divergence between its forecast and actual shares.
fn surprise(forecast: u32, all_forecast: u32, actual: u32, all_actual: u32) -> f64 {
    let p = f64::from(forecast) / f64::from(all_forecast);
    let q = f64::from(actual) / f64::from(all_actual);
    let term = |share: f64| if share > 0.0 { share * (2.0 * share / (p + q)).ln() } else { 0.0 };
    0.5 * (term(p) + term(q))
}
