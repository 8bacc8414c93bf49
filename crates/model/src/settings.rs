use crate::{
    AcvBuckets, CycleBuckets, EncryptionSettings, FiscalYearStart, PipelineSettings, Playbook,
    QualityGate, Retention, StorageSettings,
};

/// The settings of a workspace. Every field has a default; the commented default file of the
/// `winsight` binary lists them all.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// IANA time zone that days and schedules are counted in.
    pub time_zone: String,
    /// ISO 4217 code that all amounts are converted to.
    pub reporting_currency: String,
    /// The month, 1 to 12, in which fiscal years begin.
    pub fiscal_year_start_month: FiscalYearStart,
    /// Fewest closed deals a rate is shown for.
    pub min_deals: u64,
    /// Deal-size bounds.
    pub acv_buckets: AcvBuckets,
    /// Cycle-length bounds.
    pub cycle_buckets: CycleBuckets,
    /// When to alert.
    pub alerts: AlertSettings,
    /// What to do about what the insights say.
    pub playbook: Playbook,
    /// How the pipeline is judged.
    pub pipeline: PipelineSettings,
    /// When to hold a load back.
    pub quality_gate: QualityGate,
    /// For how long old versions are kept.
    pub retention: Retention,
    /// What messages about alerts say.
    pub delivery: DeliverySettings,
    /// How data at rest is protected.
    pub encryption: EncryptionSettings,
    /// Where the deals lie.
    pub storage: StorageSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            reporting_currency: "USD".to_owned(),
            fiscal_year_start_month: FiscalYearStart::JANUARY,
            min_deals: 10,
            acv_buckets: AcvBuckets::default(),
            cycle_buckets: CycleBuckets::default(),
            alerts: AlertSettings::default(),
            playbook: Playbook::default(),
            pipeline: PipelineSettings::default(),
            quality_gate: QualityGate::default(),
            retention: Retention::default(),
            delivery: DeliverySettings::default(),
            encryption: EncryptionSettings::default(),
            storage: StorageSettings::default(),
        }
    }
}

/// The thresholds of the built-in alert rules and the evidence they ask for.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// Length in days of the window that is compared with the one before it.
    pub window_days: i32,
    /// Chance of any false alert per workspace and quarter, over every segment and look together.
    pub false_alarm_budget: f64,
    /// Days that a closed deal is given to be entered: the last days known are not judged for drops.
    pub settling_days: i32,
    /// A win rate must fall by more than this, as a share (0.05 is five points).
    pub win_rate_drop: f64,
    /// A rep's Deal Friction Index must rise by more than this share.
    pub dfi_rise: f64,
    /// A lead source must win less than this share of its deals.
    pub lead_source_win_rate: f64,
    /// An open Enterprise deal older than this many days is at risk.
    pub enterprise_age_days: i32,
    /// An open Outbound deal without activity for more than this many days is at risk.
    pub idle_days: i32,
    /// An open deal whose win chance is below this share is at risk.
    pub risk_chance_below: f64,
    /// A pipeline quality below this many points of 100 raises an alert.
    pub pipeline_quality_below: f64,
    /// Days without a load after which the data is stale; 0 for never.
    pub stale_days: u32,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            window_days: 91,
            false_alarm_budget: 0.05,
            settling_days: 2,
            win_rate_drop: 0.05,
            dfi_rise: 0.20,
            lead_source_win_rate: 0.35,
            enterprise_age_days: 90,
            idle_days: 14,
            risk_chance_below: 0.10,
            pipeline_quality_below: 40.0,
            stale_days: 7,
        }
    }
}

/// What messages about alerts say.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// Where people reach this server, like `https://winsight.example.com`: links and unsubscribe
    /// headers lead there.
    pub public_url: Option<String>,
}

impl DeliverySettings {
    /// The address without a final slash.
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().map(|url| url.trim_end_matches('/'))
    }
}
