//! The metrics of `skygeni_sales_data.csv` worked out the plain way, to compare with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

/// A row of the file.
pub(crate) struct Deal {
    columns: BTreeMap<String, String>,
    pub(crate) created: Date,
    pub(crate) closed: Date,
    won: bool,
    amount: u32,
}

/// The rows of the file, whose fields hold neither quotes nor commas.
pub(crate) fn read(file: &str) -> Vec<Deal> {
    let mut lines = file.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<_> = lines.next().expect("a header").collect();
    lines
        .map(|fields| {
            let columns: BTreeMap<_, _> = header.iter().cloned().zip(fields).collect();
            let day = |name: &str| columns[name].parse().expect("a date");
            Deal {
                created: day("created_date"),
                closed: day("closed_date"),
                won: columns["outcome"] == "Won",
                amount: columns["deal_amount"].parse().expect("a whole amount"),
                columns,
            }
        })
        .collect()
}

impl Deal {
    pub(crate) fn value(&self, dimension: &str) -> String {
        let column = match dimension {
            "all" => return "all".to_owned(),
            "acv_bucket" => {
                let bucket = match self.amount {
                    0..=10_000 => "SMB",
                    10_001..=50_000 => "Mid-Market",
                    _ => "Enterprise",
                };
                return bucket.to_owned();
            }
            "rep" => "sales_rep_id",
            "product" => "product_type",
            other => other,
        };
        self.columns[column].clone()
    }

    fn cycle_days(&self) -> i32 {
        (self.closed - self.created).get_days()
    }
}

/// What the deals of one segment come to.
struct Tally {
    deals: u32,
    won: u32,
    win_rate: f64,
    rwwr: f64,
    dfi: f64,
    won_amount: String,
    closed_amount: String,
}

fn tally(deals: &[&Deal]) -> Tally {
    let (won, lost): (Vec<_>, Vec<_>) = deals.iter().partition(|deal| deal.won);
    let amount = |deals: &[&Deal]| deals.iter().map(|deal| deal.amount).sum::<u32>();
    let count = |deals: &[&Deal]| u32::try_from(deals.len()).expect("few deals");
    Tally {
        deals: count(deals),
        won: count(&won),
        win_rate: f64::from(count(&won)) / f64::from(count(deals)),
        rwwr: f64::from(amount(&won)) / f64::from(amount(deals)),
        dfi: median_cycle(&lost) / median_cycle(&won),
        won_amount: format!("{}.00", amount(&won)),
        closed_amount: format!("{}.00", amount(deals)),
    }
}

fn median_cycle(deals: &[&Deal]) -> f64 {
    let mut days: Vec<_> = deals.iter().map(|deal| deal.cycle_days()).collect();
    days.sort_unstable();
    let middle = days.len() / 2;
    f64::from(days[(days.len() - 1) / 2] + days[middle]) / 2.0
}

/// Compares rows of `metrics --json` with the same metrics of `deals`, value by value.
pub(crate) fn assert_metrics(rows: &[Value], deals: &[&Deal], dimension: &str) {
    let mut segments: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
    for deal in deals {
        segments.entry(deal.value(dimension)).or_default().push(deal);
    }
    assert_eq!(rows.len(), segments.len(), "values of {dimension}");
    for row in rows {
        let name = row["value"].as_str().expect("a value");
        let expected = tally(&segments[name]);
        assert_eq!(row["dimension"], dimension);
        assert_eq!(row["deals"], expected.deals, "deals of {name}");
        assert_eq!(row["won"], expected.won, "won of {name}");
        assert_eq!(row["lost"], expected.deals - expected.won, "lost of {name}");
        assert_eq!(row["won_amount"], expected.won_amount.as_str(), "won amount of {name}");
        assert_eq!(row["closed_amount"], expected.closed_amount.as_str(), "amount of {name}");
        assert_rate(&row["win_rate"], expected.win_rate, name);
        assert_rate(&row["rwwr"], expected.rwwr, name);
        assert_rate(&row["dfi"], expected.dfi, name);
    }
}

/// Compares to six digits.
pub(crate) fn assert_rate(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what} has no number: {found}"));
    assert!((found - expected).abs() < 5e-7, "{what}: {found} instead of {expected}");
}
