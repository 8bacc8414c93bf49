//! A real file with its outcomes shuffled: whatever is found in it is false.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::ToSpan;
use jiff::civil::Date;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use winsight_model::{AcvBuckets, Grain, Money, Settings, Window};

use crate::{History, five_points, quarterly_test, watch};

/// The closed deals of a file.
#[derive(Clone, Debug)]
pub struct ClosedDeals {
    dimensions: Vec<usize>,
    lead_source: usize,
    deals: Vec<(Date, Vec<usize>)>,
    won: Vec<bool>,
}

/// What rules found in shuffled files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShuffleScore {
    /// Company-quarters looked at.
    pub quarters: u32,
    /// Those with an alert of Winsight, looking every day.
    pub engine: u32,
    /// Those with an alert of the plain five-point rule.
    pub five_points: u32,
    /// Those with an alert of the quarterly z-test.
    pub quarterly: u32,
}

const COLUMNS: [&str; 5] = ["region", "industry", "product_type", "lead_source", "sales_rep_id"];
const LEAD_SOURCE: usize = 3;
const ACV_BUCKET: usize = COLUMNS.len();

/// Reads a file with the columns of the SkyGeni data set.
pub fn read_closed_deals(file: &Path) -> Result<ClosedDeals> {
    let mut reader =
        csv::Reader::from_path(file).with_context(|| format!("cannot read {}", file.display()))?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let place = headers.iter().position(|header| header == name);
        place.with_context(|| format!("{}: there is no column {name:?}", file.display()))
    };
    let [closed, amount, outcome] =
        [column("closed_date")?, column("deal_amount")?, column("outcome")?];
    let columns = COLUMNS.iter().map(|name| column(name)).collect::<Result<Vec<_>>>()?;
    let buckets = AcvBuckets::default();
    let mut segments: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let mut read = ClosedDeals {
        dimensions: Vec::new(),
        lead_source: LEAD_SOURCE,
        deals: Vec::new(),
        won: Vec::new(),
    };
    for record in reader.records() {
        let record = record?;
        let field = |place: usize| record.get(place).unwrap_or_default().to_owned();
        let amount: Money = field(amount).parse().context("deal_amount")?;
        let mut values: Vec<_> = columns.iter().map(|place| field(*place)).enumerate().collect();
        values.push((ACV_BUCKET, buckets.of(amount).unwrap_or_default().to_owned()));
        let mut of = Vec::new();
        for value in values {
            let dimension = value.0;
            let next = segments.len();
            let segment = *segments.entry(value).or_insert(next);
            if segment == next {
                read.dimensions.push(dimension);
            }
            of.push(segment);
        }
        read.deals.push((field(closed).parse().context("closed_date")?, of));
        read.won.push(field(outcome) == "Won");
    }
    Ok(read)
}

/// Shuffles the outcomes `times` times and looks at the last four quarters day by day.
pub fn shuffle(file: &ClosedDeals, times: u64, settings: &Settings) -> Result<ShuffleScore> {
    let first = file.deals.iter().map(|(day, _)| *day).min().context("no deals")?;
    let last = file.deals.iter().map(|(day, _)| *day).max().context("no deals")?;
    let all = Window { from: first, to: last };
    let days = all.days().unsigned_abs() as usize + 1;
    let quarters: Vec<Window> =
        all.periods(Grain::Quarter).into_iter().map(|period| period.window).collect();
    let looked_at = &quarters[quarters.len().saturating_sub(4)..];
    let compared = &quarters[quarters.len().saturating_sub(5)..];
    let from = looked_at.first().map_or(first, |quarter| quarter.from);
    let mut score = ShuffleScore::default();
    for seed in 0..times {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut won = file.won.clone();
        won.shuffle(&mut random);
        let mut history = History::new(first, days, file.dimensions.clone(), 0);
        for ((day, segments), won) in file.deals.iter().zip(won) {
            let number = Window { from: first, to: *day }.days().unsigned_abs() as usize;
            history.add(number, 0, won, segments);
        }
        let history = history.finished();
        let window = Window { from, to: last.saturating_add(1.day()) };
        let daily = watch(&history, window, 1, Some(file.lead_source), settings);
        let plain = five_points(&history, compared);
        let tested = quarterly_test(&history, compared);
        for quarter in looked_at {
            let alerted = |watch: &crate::Watch| u32::from(watch.is_any_on(*quarter));
            score.quarters += 1;
            score.engine += alerted(&daily);
            score.five_points += alerted(&plain);
            score.quarterly += alerted(&tested);
        }
    }
    Ok(score)
}
