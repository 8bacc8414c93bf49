//! A company on disk, read back without any help from the crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use winsight_simulate::{Request, Scenario, Truth, write_company};

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the columns")]
pub(crate) struct Deal {
    pub(crate) deal_id: String,
    pub(crate) account: String,
    pub(crate) created_date: Date,
    pub(crate) closed_date: Option<Date>,
    pub(crate) expected_close_date: Date,
    pub(crate) stage: String,
    pub(crate) outcome: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) region: String,
    pub(crate) industry: String,
    pub(crate) product: String,
    pub(crate) lead_source: String,
    pub(crate) rep: String,
    pub(crate) team: String,
    pub(crate) deal_type: String,
    pub(crate) last_activity_date: Option<Date>,
    pub(crate) updated_at: Date,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StageEvent {
    pub(crate) deal_id: String,
    pub(crate) date: Date,
    pub(crate) stage: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Activity {
    pub(crate) deal_id: String,
    pub(crate) date: Date,
    pub(crate) kind: String,
    pub(crate) rep: String,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    reporting_currency: String,
    currency_rates: BTreeMap<String, String>,
}

pub(crate) struct Written {
    pub(crate) truth: Truth,
    pub(crate) scenario: Scenario,
    /// Without the rows that repeat the one before.
    pub(crate) deals: Vec<Deal>,
    pub(crate) duplicates: u64,
    pub(crate) stage_events: Vec<StageEvent>,
    pub(crate) activities: Vec<Activity>,
    dollars: BTreeMap<String, f64>,
}

pub(crate) fn write(deals: u64, seed: u64, scenario: &Scenario) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { deals, seed, scenario: scenario.clone() };
    let truth = write_company(folder.path(), &request, &mut |_| {}).unwrap();
    let mut rows: Vec<Deal> = table(&folder.path().join("deals.csv"));
    let all = rows.len();
    rows.dedup();
    let mapping = fs::read_to_string(folder.path().join("mapping.toml")).unwrap();
    let mapping: Mapping = toml::from_str(&mapping).unwrap();
    let rates = mapping.currency_rates.into_iter();
    let mut dollars: BTreeMap<String, f64> =
        rates.map(|(code, rate)| (code, rate.parse().unwrap())).collect();
    dollars.insert(mapping.reporting_currency, 1.0);
    Written {
        truth,
        scenario: scenario.clone(),
        duplicates: (all - rows.len()) as u64,
        deals: rows,
        stage_events: table(&folder.path().join("stage_events.csv")),
        activities: table(&folder.path().join("activities.csv")),
        dollars,
    }
}

/// The default scenario with pieces of its text replaced; each must be there.
pub(crate) fn edited(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(Scenario::DEFAULT_TOML.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "the default scenario does not contain {old:?}");
        text.replacen(old, new, 1)
    })
}

/// The default company with no mess but open deals and several currencies, and these incidents.
pub(crate) fn tidy_scenario(incidents: &str) -> Scenario {
    let without_incidents = Scenario::DEFAULT_TOML.split("[[incident]]").next().unwrap();
    let tidy = [
        ("blank_region = 0.02", "blank_region = 0"),
        ("blank_industry = 0.02", "blank_industry = 0"),
        ("spelling = 0.01", "spelling = 0"),
        ("duplicate = 0.001", "duplicate = 0"),
    ];
    let text = tidy.iter().fold(without_incidents.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "the default scenario does not contain {old:?}");
        text.replace(old, new)
    });
    Scenario::from_toml(&(text + incidents)).unwrap()
}

fn table<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let rows = csv::Reader::from_path(path).unwrap().into_deserialize();
    rows.map(Result::unwrap).collect()
}

impl Written {
    pub(crate) fn closed(&self) -> impl Iterator<Item = (&Deal, Date)> {
        let deals = self.deals.iter();
        deals.filter_map(|deal| deal.closed_date.map(|date| (deal, date)))
    }

    /// The deal's ACV bucket by its amount in dollars; blank when the amount is.
    pub(crate) fn acv_bucket(&self, deal: &Deal) -> &'static str {
        let Ok(amount) = deal.amount.parse::<f64>() else {
            return "";
        };
        match amount * self.dollars[&deal.currency] {
            dollars if dollars <= 10_000.0 => "SMB",
            dollars if dollars <= 50_000.0 => "Mid-Market",
            _ => "Enterprise",
        }
    }
}

impl Deal {
    pub(crate) fn cycle_days(&self) -> Option<i64> {
        Some(days_between(self.created_date, self.closed_date?))
    }

    pub(crate) fn won(&self) -> bool {
        self.outcome == "Won"
    }
}

pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}
