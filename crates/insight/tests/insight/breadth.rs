//! The market or a segment; what else moved.

use jiff::civil::date;
use winsight_insight::{
    Breadth, BreadthKind, Indicator, SegmentChange, breadth, indicator_moves, segment_change,
};
use winsight_model::{Segment, Window};

use crate::{pair, segment};

/// Dimension, value, and won of closed before and now.
type Part<'a> = (&'a str, &'a str, (u64, u64), (u64, u64));

fn changes(parts: &[Part<'_>]) -> Vec<SegmentChange> {
    let change = |&(dimension, value, now, then): &(&str, &str, (u64, u64), (u64, u64))| {
        segment_change(&pair(segment(dimension, value), now, then), 10)
    };
    parts.iter().map(change).collect()
}

fn overall(now: (u64, u64), then: (u64, u64)) -> SegmentChange {
    segment_change(&pair(Segment::all(), now, then), 10)
}

#[test]
fn a_drop_everywhere_is_broad_based_and_one_in_a_segment_is_local() {
    let everywhere = changes(&[
        ("region", "Europe", (160, 240), (200, 200)),
        ("region", "India", (155, 245), (198, 202)),
        ("rep", "Ann", (100, 160), (130, 130)),
    ]);
    let found = breadth(&overall((315, 485), (398, 402)), &everywhere).expect("a change");
    assert_eq!(found.kind, BreadthKind::BroadBased);
    assert!((found.together - 1.0).abs() < 1e-12, "one rep is nothing to compare");

    let somewhere = changes(&[
        ("region", "Europe", (100, 300), (200, 200)),
        ("region", "India", (201, 199), (198, 202)),
    ]);
    let found = breadth(&overall((301, 499), (398, 402)), &somewhere).expect("a change");
    assert_eq!(found.kind, BreadthKind::Local);
    assert_eq!(found.least_alike.map(|(dimension, _)| dimension), Some("region".to_owned()));

    let unchanged = breadth(&overall((20, 20), (20, 20)), &somewhere);
    assert_eq!(unchanged, None);
    let Breadth { kind, least_alike, .. } =
        breadth(&overall((10, 20), (20, 20)), &[]).expect("a change");
    assert_eq!((kind, least_alike), (BreadthKind::Unclear, None));
}

#[test]
fn an_indicator_is_named_when_it_moved_more_than_it_does() {
    let values = |last: f64| {
        (0..36)
            .map(|month| {
                let day =
                    date(2021 + month / 12, i8::try_from(month % 12 + 1).expect("a month"), 15);
                let wobble = if month % 2 == 0 { 1.0 } else { -1.0 };
                (day, if month < 33 { 100.0 + wobble * f64::from(month % 5) } else { last })
            })
            .collect::<Vec<_>>()
    };
    let window = Window { from: date(2023, 10, 1), to: date(2024, 1, 1) };
    let indicator = |name: &str, last| Indicator { name: name.to_owned(), values: values(last) };
    let indicators = [
        indicator("calm", 100.5),
        indicator("shaken", 130.0),
        Indicator { name: "none".to_owned(), values: Vec::new() },
        Indicator { name: "new".to_owned(), values: vec![(date(2023, 11, 1), 5.0)] },
    ];
    let moves = indicator_moves(&indicators, window, window.preceding());
    let unusual: Vec<(&str, bool)> =
        moves.iter().map(|moved| (moved.name.as_str(), moved.is_unusual())).collect();
    assert_eq!(unusual, [("calm", false), ("shaken", true)]);
    assert!(moves[1].relative.is_some_and(|by| by > 0.25));
}
