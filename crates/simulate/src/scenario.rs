//! What a company is like and what goes wrong in it: the scenario file and its checks.

mod check;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::SimulateError;
use crate::names;

/// A company to simulate. The default scenario file is the manual of its content.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    starts: Date,
    ends: Date,
    pub(crate) win_rate: f64,
    pub(crate) volume: Volume,
    pub(crate) cycle: Cycle,
    pub(crate) stages: Stages,
    pub(crate) people: People,
    pub(crate) activity: Activity,
    pub(crate) mess: Mess,
    pub(crate) acv_bucket: Vec<AcvBucket>,
    pub(crate) region: Vec<Value>,
    pub(crate) industry: Vec<Value>,
    pub(crate) product: Vec<Value>,
    pub(crate) lead_source: Vec<Value>,
    pub(crate) deal_type: Vec<Value>,
    pub(crate) team: Vec<Team>,
    #[serde(default)]
    pub(crate) currency: Vec<Currency>,
    #[serde(default, rename = "incident")]
    pub(crate) incidents: Vec<Incident>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Volume {
    pub(crate) growth_per_year: f64,
    pub(crate) month_factors: [f64; 12],
    pub(crate) quarter_end_days: u32,
    pub(crate) quarter_end_factor: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cycle {
    pub(crate) shape: f64,
    pub(crate) lost_factor: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stages {
    pub(crate) time_shares: [f64; 5],
    pub(crate) loss_shares: [f64; 5],
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    pub(crate) reps: usize,
    pub(crate) turnover_per_year: f64,
    pub(crate) ramp_days: u32,
    pub(crate) ramp_start: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activity {
    pub(crate) gap_days: [u32; 2],
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mess {
    pub(crate) blank_region: f64,
    pub(crate) blank_industry: f64,
    pub(crate) spelling: f64,
    pub(crate) duplicate: f64,
    pub(crate) late_edit: f64,
    pub(crate) reopened: f64,
    pub(crate) pushed: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcvBucket {
    pub(crate) name: String,
    pub(crate) share: f64,
    pub(crate) win_rate: f64,
    pub(crate) cycle_days: u32,
    /// Whole US dollars.
    pub(crate) median_amount: u32,
    /// Standard deviation of the amount's logarithm.
    pub(crate) spread: f64,
}

/// A value of a plain dimension, with what it does to its deals.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) share: f64,
    #[serde(default)]
    pub(crate) win_rate: f64,
    #[serde(default = "unchanged")]
    pub(crate) cycle: f64,
    #[serde(default = "unchanged")]
    pub(crate) amount: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Team {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) win_rate: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Currency {
    pub(crate) code: String,
    pub(crate) dollars: String,
    pub(crate) regions: BTreeMap<String, f64>,
}

/// One planted incident, as the scenario file states it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incident {
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) segment: BTreeMap<Dimension, String>,
    pub(crate) field: Option<Field>,
    pub(crate) size: f64,
    pub(crate) from: Date,
    pub(crate) to: Date,
}

/// What an incident does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The win rate of a segment moves.
    WinRate,
    /// Lost deals of a segment take longer or shorter.
    Cycle,
    /// Open deals of a segment stand still.
    StalePipeline,
    /// A value's share of the closing deals moves.
    MixShift,
    /// The win rate of all deals moves.
    MarketShift,
    /// A field is blank in rows updated in the window.
    DataFault,
}

/// A dimension by which deals are segmented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Sales region.
    Region,
    /// Industry of the account.
    Industry,
    /// Product sold.
    Product,
    /// Where the deal came from.
    LeadSource,
    /// New business or expansion.
    DealType,
    /// Size of the deal: SMB, Mid-Market or Enterprise.
    AcvBucket,
    /// Team of the rep.
    Team,
    /// Owner of the deal.
    Rep,
}

/// A column of `deals.csv` that a bad sync can blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub enum Field {
    ExpectedCloseDate,
    Amount,
    Currency,
    Region,
    Industry,
    Product,
    LeadSource,
    Rep,
    Team,
    DealType,
    LastActivityDate,
}

fn unchanged() -> f64 {
    1.0
}

impl Scenario {
    /// The text of the default scenario, which is also the manual of scenario files.
    pub const DEFAULT_TOML: &str = include_str!("default_scenario.toml");

    /// Reads and checks a scenario file.
    ///
    /// Fails with the place of a syntax error, or with all problems of the content at once.
    pub fn from_toml(text: &str) -> Result<Self, SimulateError> {
        let scenario: Self = toml::from_str(text).map_err(Box::new)?;
        scenario.checked()
    }

    /// The embedded scenario: two and a half years of a growing company, with an Enterprise
    /// win-rate drop, a decaying lead source, a rep whose lost deals drag on, a stale slice of
    /// pipeline and one bad sync.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is part of the program"
    )]
    pub fn default_scenario() -> Self {
        Self::from_toml(Self::DEFAULT_TOML).expect("invariant: the embedded scenario is valid")
    }

    /// The default company without any incident: every difference is chance.
    pub fn quiet() -> Self {
        Self { incidents: Vec::new(), ..Self::default_scenario() }
    }

    /// The first day on which deals close.
    pub fn starts(&self) -> Date {
        self.starts
    }

    /// The last day of the simulated history.
    pub fn ends(&self) -> Date {
        self.ends
    }

    /// The same scenario moved by whole days so that it ends on `date`.
    ///
    /// Fails when `date` puts the history outside the years 1980 to 2200.
    pub fn ending(mut self, date: Date) -> Result<Self, SimulateError> {
        let shift = date.duration_since(self.ends);
        self.starts = self.starts.saturating_add(shift);
        self.ends = date;
        for incident in &mut self.incidents {
            incident.from = incident.from.saturating_add(shift);
            incident.to = incident.to.saturating_add(shift);
        }
        self.checked()
    }

    /// Names of the values of a dimension in the order of the file; for reps, those there at the
    /// start.
    pub(crate) fn value_names(&self, dimension: Dimension) -> Vec<String> {
        let plain = |values: &[Value]| values.iter().map(|value| value.name.clone()).collect();
        match dimension {
            Dimension::AcvBucket => self.acv_bucket.iter().map(|it| it.name.clone()).collect(),
            Dimension::Team => self.team.iter().map(|it| it.name.clone()).collect(),
            Dimension::Rep => (0..self.people.reps).map(names::person).collect(),
            plain_dimension => plain(self.plain_values(plain_dimension)),
        }
    }

    /// The values of one of the five dimensions that share one form; none for the others.
    pub(crate) fn plain_values(&self, dimension: Dimension) -> &[Value] {
        match dimension {
            Dimension::Region => &self.region,
            Dimension::Industry => &self.industry,
            Dimension::Product => &self.product,
            Dimension::LeadSource => &self.lead_source,
            Dimension::DealType => &self.deal_type,
            Dimension::AcvBucket | Dimension::Team | Dimension::Rep => &[],
        }
    }

    /// Relative share of each value, for the dimensions that are drawn by share.
    pub(crate) fn shares(&self, dimension: Dimension) -> Vec<f64> {
        if dimension == Dimension::AcvBucket {
            return self.acv_bucket.iter().map(|bucket| bucket.share).collect();
        }
        let values = self.plain_values(dimension).iter();
        values.map(|value| value.share).collect()
    }

    /// The rest of the currencies' shares of a region is sold in US dollars.
    pub(crate) fn dollar_share(&self, region: &str) -> f64 {
        let others = self.currency.iter().filter_map(|it| it.regions.get(region));
        1.0 - others.sum::<f64>()
    }
}

impl Dimension {
    /// All dimensions, in the order of their discriminants.
    pub(crate) const ALL: [Self; 8] = [
        Self::Region,
        Self::Industry,
        Self::Product,
        Self::LeadSource,
        Self::DealType,
        Self::AcvBucket,
        Self::Team,
        Self::Rep,
    ];

    /// The dimensions drawn by share; team and rep come from the seat instead.
    pub(crate) const BY_SHARE: [Self; 6] = [
        Self::Region,
        Self::Industry,
        Self::Product,
        Self::LeadSource,
        Self::DealType,
        Self::AcvBucket,
    ];

    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Industry => "industry",
            Self::Product => "product",
            Self::LeadSource => "lead_source",
            Self::DealType => "deal_type",
            Self::AcvBucket => "acv_bucket",
            Self::Team => "team",
            Self::Rep => "rep",
        }
    }
}

impl Currency {
    /// Dollars for one unit in millionths, exact; `None` when the text is not such a decimal.
    pub(crate) fn dollar_millionths(&self) -> Option<i64> {
        let (whole, fraction) = self.dollars.split_once('.').unwrap_or((&self.dollars, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return None;
        }
        format!("{whole}{fraction:0<6}")
            .parse()
            .ok()
            .filter(|rate| (1_000..=1_000_000_000).contains(rate))
    }
}
