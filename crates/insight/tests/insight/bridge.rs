//! The bridge between the pipelines of two days adds up to the cent.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use winsight_insight::PipelineBridge;
use winsight_model::{AfterState, DealMove, Money, OpenState};

const QUARTER_END: Date = date(2024, 7, 1);
const INSIDE: Option<Date> = Some(date(2024, 5, 20));
const OUTSIDE: Option<Date> = Some(date(2024, 9, 2));

fn open(units: i128, expected_close_date: Option<Date>) -> OpenState {
    OpenState { amount: Money::from_cents(units * 100), expected_close_date }
}

fn moved(before: Option<OpenState>, after: AfterState) -> DealMove {
    DealMove { deal_id: "d".to_owned(), before, after }
}

/// Amounts of created, increased, pulled in, decreased, pushed, won and lost.
fn parts(bridge: &PipelineBridge) -> [i128; 7] {
    let parts = [
        &bridge.created,
        &bridge.increased,
        &bridge.pulled_in,
        &bridge.decreased,
        &bridge.pushed,
        &bridge.won,
        &bridge.lost,
    ];
    parts.map(|part| part.amount.cents() / 100)
}

#[test]
fn each_move_is_booked_where_a_reader_looks_for_it() {
    let won = |units: i128| AfterState::Won(Money::from_cents(units * 100));
    let stays = |units, date| AfterState::Open(open(units, date));
    let lost = |units, date| AfterState::Lost(open(units, date));
    let cases = [
        ("unchanged", moved(Some(open(10, INSIDE)), stays(10, INSIDE)), [0; 7]),
        ("raised", moved(Some(open(10, INSIDE)), stays(15, INSIDE)), [0, 5, 0, 0, 0, 0, 0]),
        ("lowered", moved(Some(open(10, INSIDE)), stays(4, INSIDE)), [0, 0, 0, 6, 0, 0, 0]),
        ("won for more", moved(Some(open(10, INSIDE)), won(12)), [0, 2, 0, 0, 0, 12, 0]),
        ("lost for less", moved(Some(open(10, INSIDE)), lost(7, INSIDE)), [0, 0, 0, 3, 0, 0, 7]),
        ("pushed", moved(Some(open(10, INSIDE)), stays(10, OUTSIDE)), [0, 0, 0, 0, 10, 0, 0]),
        ("date lost", moved(Some(open(10, INSIDE)), stays(9, None)), [0, 0, 0, 1, 9, 0, 0]),
        ("pulled in", moved(Some(open(10, OUTSIDE)), stays(8, INSIDE)), [0, 0, 8, 0, 0, 0, 0]),
        ("won early", moved(Some(open(10, OUTSIDE)), won(9)), [0, 0, 9, 0, 0, 9, 0]),
        ("lost outside", moved(Some(open(10, OUTSIDE)), lost(9, OUTSIDE)), [0; 7]),
        ("stays outside", moved(Some(open(10, OUTSIDE)), stays(70, None)), [0; 7]),
        ("created", moved(None, stays(10, INSIDE)), [10, 0, 0, 0, 0, 0, 0]),
        ("created outside", moved(None, stays(10, OUTSIDE)), [0; 7]),
        ("created and won", moved(None, won(10)), [10, 0, 0, 0, 0, 10, 0]),
        ("created and lost", moved(None, lost(10, INSIDE)), [10, 0, 0, 0, 0, 0, 10]),
    ];
    for (name, deal, expected) in cases {
        let bridge = PipelineBridge::of(Some(QUARTER_END), [&deal]);
        assert_eq!(parts(&bridge), expected, "{name}");
        assert_eq!(bridge.computed_end(), bridge.end.amount, "{name}");
    }
}

#[test]
fn without_a_horizon_every_open_deal_is_in_the_pipeline() {
    let pushed = moved(Some(open(10, INSIDE)), AfterState::Open(open(10, OUTSIDE)));
    let undated = moved(Some(open(5, None)), AfterState::Lost(open(5, None)));
    let bridge = PipelineBridge::of(None, [&pushed, &undated]);
    assert_eq!(parts(&bridge), [0, 0, 0, 0, 0, 0, 5]);
    assert_eq!((bridge.start.deals, bridge.end.deals), (2, 1));
    assert_eq!(PipelineBridge::of(None, []), PipelineBridge::default());
}

#[test]
fn a_part_names_its_largest_deals() {
    let deals: Vec<_> = (0..30)
        .map(|place| DealMove {
            deal_id: format!("d{place:02}"),
            ..moved(None, AfterState::Open(open(place % 7, INSIDE)))
        })
        .collect();
    let bridge = PipelineBridge::of(Some(QUARTER_END), &deals);
    let named: Vec<_> = bridge.created.largest.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(named, ["d06", "d13", "d20", "d27", "d05", "d12", "d19", "d26", "d04", "d11"]);
    assert_eq!(bridge.created.deals, 30);
}

fn any_date() -> impl Strategy<Value = Option<Date>> {
    prop::sample::select(vec![None, INSIDE, OUTSIDE, Some(date(2023, 1, 1)), Some(QUARTER_END)])
}

prop_compose! {
    fn any_open()(cents in -5_000_i128..9_000_000_000_000_000, date in any_date()) -> OpenState {
        OpenState { amount: Money::from_cents(cents), expected_close_date: date }
    }
}

fn any_after() -> impl Strategy<Value = AfterState> {
    prop_oneof![
        any_open().prop_map(AfterState::Open),
        any_open().prop_map(|state| AfterState::Won(state.amount)),
        any_open().prop_map(AfterState::Lost),
    ]
}

prop_compose! {
    fn any_move()(before in prop::option::of(any_open()), after in any_after()) -> DealMove {
        DealMove { deal_id: "d".to_owned(), before, after }
    }
}

proptest! {
    #[test]
    fn the_parts_add_up_to_the_cent(
        moves in prop::collection::vec(any_move(), 0..60),
        horizon in prop::option::of(Just(QUARTER_END)),
    ) {
        let bridge = PipelineBridge::of(horizon, &moves);
        prop_assert_eq!(bridge.computed_end(), bridge.end.amount);
        let is_in = |state: &OpenState| horizon.is_none_or(|horizon| {
            state.expected_close_date.is_some_and(|day| day < horizon)
        });
        let starts = moves.iter().filter_map(|deal| deal.before).filter(is_in);
        prop_assert_eq!(bridge.start.amount, starts.map(|state| state.amount).sum());
        let ends = moves.iter().filter_map(|deal| match deal.after {
            AfterState::Open(state) if is_in(&state) => Some(state.amount),
            _ => None,
        });
        prop_assert_eq!(bridge.end.amount, ends.sum());
    }
}
