//! The sentences of a month.

use winsight_insight::{
    CauseSearch, Causes, DriverAnalysis, Insight, InsightKind, MonthlyInput, SegmentPair,
    WeeklyInput, drivers, find_causes, monthly_insights, weekly_insights,
};
use winsight_model::{CellCounts, CellTable, Dimension, Segment, Settings};

use crate::narrative::{of_kind, windows};
use crate::{pair, segment};

#[test]
fn a_month_without_an_analysis_says_why() {
    let (window, baseline_window) = windows();
    let overall = pair(Segment::all(), (40, 0), (40, 0));
    let input = MonthlyInput {
        window,
        baseline_window,
        overall,
        segments: Vec::new(),
        causes: Causes::default(),
        drivers: Err("all 80 deals in the window ended alike".to_owned()),
    };
    let insights = monthly_insights(&input, &Settings::default());
    assert_eq!(
        of_kind(&insights, InsightKind::Drivers).text,
        "No driver could be looked for: all 80 deals in the window ended alike."
    );
    let few = MonthlyInput {
        overall: pair(Segment::all(), (1, 0), (0, 0)),
        drivers: Err("no closed deals".to_owned()),
        segments: Vec::new(),
        causes: Causes::default(),
        ..input
    };
    let insights = monthly_insights(&few, &Settings::default());
    assert!(
        of_kind(&insights, InsightKind::Recommendation)
            .text
            .starts_with("Nothing can be recommended"),
    );
}

fn monthly(
    overall: SegmentPair,
    segments: Vec<SegmentPair>,
    drivers: &DriverAnalysis,
) -> Vec<Insight> {
    let (window, baseline_window) = windows();
    let causes = Causes::default();
    let input =
        MonthlyInput { window, baseline_window, overall, segments, causes, drivers: Ok(drivers) };
    monthly_insights(&input, &Settings::default())
}

#[test]
fn a_month_with_a_driver() {
    let dimensions = [Dimension::built_in("lead_source").expect("built in")];
    let cell = |value: &str, won, lost| winsight_insight::Cell {
        values: vec![value.to_owned()],
        won,
        lost,
        ..winsight_insight::Cell::default()
    };
    let cells = [cell("Inbound", 300, 300), cell("Outbound", 100, 300)];
    let analysis = drivers(&cells, &dimensions).expect("enough deals");
    let insights = monthly(pair(Segment::all(), (100, 100), (110, 105)), vec![], &analysis);
    let driver = of_kind(&insights, InsightKind::Drivers);
    assert_eq!(driver.title, "Winning goes with lead source");
    assert_eq!(
        driver.text,
        "Lead source: the odds of winning against those of Inbound are, other attributes equal, Outbound 0.3 times (95% interval 0.3 to 0.4)."
    );
    let period = of_kind(&insights, InsightKind::PeriodOverPeriod);
    assert_eq!(
        period.text,
        "200 deals closed 2024-04-01 to 2024-06-30 and $100k won, against 215 and $110k in the 91 days before. Win rate 50% (51% before), revenue-weighted win rate 50% (51% before), median cycle 35 days (30 days before) and Deal Friction Index 1.33 (1.33 before)."
    );
    let recommendation = of_kind(&insights, InsightKind::Recommendation);
    assert_eq!(
        recommendation.text,
        "Look at Outbound (lead source): its deals are won less often than those of Inbound, other attributes equal."
    );
    for insight in &insights {
        for word in ["cause", "because", "due to"] {
            assert!(!insight.text.contains(word), "{}", insight.text);
        }
    }
}

#[test]
fn a_month_without_a_driver() {
    let dimensions = [
        Dimension::built_in("lead_source").expect("built in"),
        Dimension::built_in("region").expect("built in"),
    ];
    let cell = |source: &str, region: &str, won, lost| winsight_insight::Cell {
        values: vec![source.to_owned(), region.to_owned()],
        won,
        lost,
        ..winsight_insight::Cell::default()
    };
    let cells = [
        cell("Inbound", "Europe", 300, 300),
        cell("Outbound", "India", 95, 100),
        cell("Inbound", "India", 200, 205),
    ];
    let analysis = drivers(&cells, &dimensions).expect("enough deals");
    let insights = monthly(pair(Segment::all(), (100, 100), (110, 105)), vec![], &analysis);
    assert_eq!(
        of_kind(&insights, InsightKind::Drivers).text,
        "No driver: in 1,200 closed deals, winning goes with none of lead source and region beyond chance (false-discovery rate 5%)."
    );
    assert!(of_kind(&insights, InsightKind::Recommendation).action.is_none());

    let insights =
        monthly(pair(Segment::all(), (0, 0), (0, 0)), vec![], &DriverAnalysis::default());
    assert_eq!(of_kind(&insights, InsightKind::Drivers).title, "No driver analysis");
    assert_eq!(
        of_kind(&insights, InsightKind::PeriodOverPeriod).title,
        "$0 won from 0 closed deals"
    );
}

#[test]
fn a_month_recommends_the_clearest_drop() {
    let segments = vec![
        pair(segment("region", "Europe"), (60, 140), (110, 90)),
        pair(segment("region", "India"), (143, 157), (148, 152)),
    ];
    let overall = pair(Segment::all(), (210, 290), (258, 242));
    let insights = monthly(overall, segments, &DriverAnalysis::default());
    let recommendation = of_kind(&insights, InsightKind::Recommendation);
    assert_eq!(
        recommendation.text,
        "Start with Europe (region): its win rate is down 25 points, the clearest drop of 3 segments tested."
    );
    assert_eq!(recommendation.action.as_deref(), Some("Review the lost deals of Europe (region)"));
}

/// Deals over region, product and rep: Europe's deals of one rep are won less often now, or half as
/// many again closed of the product that is won less often.
fn found(kind: &str) -> (SegmentPair, Vec<SegmentPair>, Causes) {
    let names = ["region", "product", "rep"];
    let built_in = |name: &str| Dimension::built_in(name).expect("built in");
    let values = [["Asia", "Europe"], ["Core", "Pro"], ["Ann", "Bob"]];
    let owned = |of: [&str; 2]| of.map(str::to_owned).to_vec();
    let mut table = CellTable::new(names.map(built_in).to_vec(), values.map(owned).to_vec());
    let mut segments: Vec<SegmentPair> = Vec::new();
    let mut overall = pair(Segment::all(), (0, 0), (0, 0));
    for cell in 0..8_u16 {
        let codes = [cell & 1, cell >> 1 & 1, cell >> 2];
        let (mut won, mut deals, mut won_then) = (150, 300, 150);
        match kind {
            "rate" if codes[0] == 1 && codes[2] == 1 => won = 30,
            "region" if codes[0] == 1 => won = 60,
            "mix" if codes[1] == 1 => (won, deals, won_then) = (240, 1_200, 60),
            "mix" => (won, won_then) = (240, 240),
            "all" => won = 100,
            _ => {}
        }
        let counts = CellCounts { deals, won, baseline_deals: 300, baseline_won: won_then };
        table.push(codes, counts);
        let (now, then) = ((won, deals - won), (won_then, 300 - won_then));
        let both =
            pair(Segment::all(), (now.0.into(), now.1.into()), (then.0.into(), then.1.into()));
        overall.current.merge(&both.current);
        overall.baseline.merge(&both.baseline);
        for (name, (value, code)) in names.iter().zip(values.iter().zip(codes)) {
            let of = segment(name, value[usize::from(code)]);
            match segments.iter_mut().find(|pair| pair.segment == of) {
                Some(pair) => {
                    pair.current.merge(&both.current);
                    pair.baseline.merge(&both.baseline);
                }
                None => segments.push(SegmentPair { segment: of, ..both.clone() }),
            }
        }
    }
    let search = CauseSearch { min_deals: 10, most_dimensions: 3, level: 0.001, length_ratio: 1.0 };
    (overall, segments, find_causes(&table, &search))
}

#[test]
fn a_changed_win_rate_says_what_it_comes_from() {
    for (kind, sentence, other) in [
        (
            "region",
            "15 of the 15 points are Europe (region), which fell from 50% to 20%; mix explains \
             nothing.",
            "Region: Europe down 30 points",
        ),
        (
            "rate",
            "10 of the 10 points are Europe × Bob (region × rep), which fell from 50% to 10%; mix \
             explains nothing.",
            "Europe × Bob: fell to 10%",
        ),
        (
            "mix",
            "18 of the 18 points are Pro (product), 80% of the deals instead of 50%.",
            "Pro: 80% of the deals",
        ),
        (
            "all",
            "It is broad: the change of all deals explains more than that of any segment.",
            "Win rate 33%, down 17 points",
        ),
    ] {
        let (overall, segments, causes) = found(kind);
        let (window, baseline_window) = windows();
        let (echoes, alerted) = (Vec::new(), Vec::new());
        let input =
            WeeklyInput { window, baseline_window, overall, segments, causes, echoes, alerted };
        let insights = weekly_insights(&input, &Settings::default());
        let change = of_kind(&insights, InsightKind::WinRateChange);
        assert!(change.text.ends_with(sentence), "{kind}: {}", change.text);
        let titles: Vec<_> = insights.iter().map(|insight| insight.title.as_str()).collect();
        assert!(titles.contains(&other), "{kind}: {titles:?}");

        let analysis = DriverAnalysis::default();
        let WeeklyInput { overall, segments, causes, .. } = input;
        let input = MonthlyInput {
            window,
            baseline_window,
            overall,
            segments,
            causes,
            drivers: Ok(&analysis),
        };
        let insights = monthly_insights(&input, &Settings::default());
        let period = of_kind(&insights, InsightKind::PeriodOverPeriod);
        assert!(period.text.ends_with(sentence), "{kind}: {}", period.text);
    }
}
