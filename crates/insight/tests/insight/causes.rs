//! What a change comes from: planted incidents, and the edges.

use winsight_insight::{CauseKind, CauseSearch, find_causes};
use winsight_model::{CellCounts, CellTable, Dimension};

use crate::incidents::company::names;
use crate::incidents::rankings::SEARCH;
use crate::incidents::study::{WAYS, examine};

#[test]
fn the_planted_cause_comes_first() {
    let outcomes: Vec<_> = (0..50).map(examine).filter(|outcome| outcome.detectable).collect();
    let within = |most: usize| {
        let named = |way: usize| {
            let is_named = |rank: Option<usize>| rank.is_some_and(|rank| rank < most);
            let named = outcomes.iter().filter(|outcome| is_named(outcome.ranks[way])).count();
            named as f64 / outcomes.len() as f64
        };
        [named(0), named(1), named(2), named(3), named(4)]
    };
    assert!(outcomes.len() >= 20, "{} detectable incidents are too few", outcomes.len());
    let (first, three) = (within(1), within(3));
    let missed = outcomes.iter().filter(|outcome| outcome.ranks[0] != Some(0));
    let missed: Vec<_> = missed
        .map(|outcome| (outcome.kind, outcome.segment.clone(), outcome.first.clone()))
        .collect();
    assert!(first[0] >= 0.85, "the first is right in {:.2}; not in {missed:?}", first[0]);
    assert!(three[0] >= 0.95, "the first three are right in {:.2}", three[0]);
    for (way, name) in WAYS.iter().enumerate().skip(1) {
        assert!(first[way] < first[0], "{name} does as well: {first:?}");
    }
    for dimensions in 1..=3 {
        assert!(outcomes.iter().any(|outcome| outcome.dimensions == dimensions));
    }
}

#[test]
fn without_an_incident_nothing_is_named() {
    let named = (0..40)
        .map(|seed| crate::incidents::company::quiet(1_000 + seed))
        .filter(|table| !find_causes(table, &SEARCH).causes.is_empty())
        .count();
    assert!(named <= 4, "{named} of 40 companies in which nothing happened");
}

/// Numbers of the values of region, product and rep, then won and closed deals now and before.
type Cell = ([u16; 3], (u32, u32), (u32, u32));

fn table(cells: &[Cell]) -> CellTable {
    let built_in = |name: &str| Dimension::built_in(name).expect("built in");
    let dimensions = ["region", "product", "rep"].map(built_in).to_vec();
    let values = |count: u16| (0..count).map(|value| format!("v{value}")).collect::<Vec<_>>();
    let most = cells.iter().flat_map(|(codes, ..)| codes).max().map_or(0, |code| code + 1);
    let mut table = CellTable::new(dimensions, vec![values(most), values(most), values(most)]);
    for &(codes, (won, deals), (baseline_won, baseline_deals)) in cells {
        table.push(codes, CellCounts { deals, won, baseline_deals, baseline_won });
    }
    table
}

#[test]
fn a_change_of_all_deals_has_no_other_cause() {
    let cells: Vec<_> = (0..27_u16)
        .map(|cell| ([cell % 3, cell / 3 % 3, cell / 9], (80, 200), (100, 200)))
        .collect();
    let causes = find_causes(&table(&cells), &SEARCH).causes;
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].best.segment.to_string(), "all deals");
    assert_eq!(causes[0].best.kind, CauseKind::Rate);
    assert!((causes[0].best.contribution + 0.1).abs() < 1e-12);
}

#[test]
fn two_causes_are_told_apart() {
    let cells: Vec<_> = (0..27_u16)
        .map(|cell| {
            let codes = [cell % 3, cell / 3 % 3, cell / 9];
            let won = if codes[0] == 0 || codes[2] == 1 { 60 } else { 100 };
            (codes, (won, 200), (100, 200))
        })
        .collect();
    let causes = find_causes(&table(&cells), &SEARCH).causes;
    let mut named: Vec<_> = causes.iter().map(|cause| cause.best.segment.to_string()).collect();
    named.sort();
    assert_eq!(named, ["region=v0", "rep=v1"]);
}

#[test]
fn a_segment_that_grew_is_a_shift_of_the_mix() {
    let cells: Vec<_> = (0..27_u16)
        .map(|cell| {
            let codes = [cell % 3, cell / 3 % 3, cell / 9];
            let (won, deals) = if codes[1] == 2 { (60, 300) } else { (100, 200) };
            let (won_then, deals_then) = if codes[1] == 2 { (30, 150) } else { (100, 200) };
            (codes, (won, deals), (won_then, deals_then))
        })
        .collect();
    let causes = find_causes(&table(&cells), &SEARCH).causes;
    assert_eq!(causes.len(), 1);
    let best = &causes[0].best;
    assert_eq!((best.segment.to_string().as_str(), best.kind), ("product=v2", CauseKind::Mix));
    assert!(best.contribution < 0.0 && best.share_of_deals > best.baseline_share_of_deals);
}

#[test]
fn edges_give_no_cause_and_no_nonsense() {
    let one = [0, 0, 0];
    let thousand: Vec<_> = (0..1_000).map(|value| ([0, 0, value], (1, 2), (1, 2))).collect();
    for cells in [
        vec![],
        vec![(one, (0, 0), (50, 100))],
        vec![(one, (50, 100), (0, 0))],
        vec![(one, (100, 100), (100, 100))],
        vec![(one, (0, 100), (0, 100))],
        vec![(one, (50, 100), (50, 100))],
        thousand,
    ] {
        let table = table(&cells);
        for most_dimensions in 0..=4 {
            let search = CauseSearch { most_dimensions, min_deals: 0, ..SEARCH };
            assert_eq!(find_causes(&table, &search).causes, [], "{cells:?}");
        }
    }
    // Every deal of a window won, then lost: as clear as can be, and finite.
    let turned = find_causes(&table(&[(one, (0, 100), (100, 100))]), &SEARCH).causes;
    assert_eq!(turned.len(), 1);
    assert!(turned[0].best.score.is_finite() && turned[0].best.statistic.is_finite());
    assert_eq!(names().len(), 8);
}
