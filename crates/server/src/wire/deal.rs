use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_model::AlertSettings;

/// An open deal, its chance, and why it is at risk, if it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = OpenDeal)]
pub struct RiskyDeal {
    /// The CRM's id.
    pub deal_id: String,
    /// Its title.
    pub name: Option<String>,
    /// The customer.
    pub account: Option<String>,
    /// Who owns it.
    pub rep: Option<String>,
    /// The stage it stands in.
    pub stage: Option<String>,
    /// Days since it entered that stage; null when that is not known.
    pub days_in_stage: Option<i32>,
    /// Its amount in the reporting currency.
    pub amount: Option<String>,
    /// The chance that it will be won, 0 to 1; null when too few deals have ended to tell.
    pub win_chance: Option<f64>,
    /// What the chance was told from: `stage` and the days in it, or `age`, the days since creation.
    pub win_chance_basis: Option<String>,
    /// The day it was created.
    #[schema(value_type = Option<String>, format = Date)]
    pub created_date: Option<Date>,
    /// The day it is expected to close.
    #[schema(value_type = Option<String>, format = Date)]
    pub expected_close_date: Option<Date>,
    /// The last day with activity.
    #[schema(value_type = Option<String>, format = Date)]
    pub last_activity_date: Option<Date>,
    /// Why it is at risk, one sentence part per pattern.
    pub reasons: Vec<String>,
}

impl RiskyDeal {
    /// From the domain's form; the settings hold the bounds that the reasons name.
    pub fn new(risky: winsight_insight::RiskyDeal, today: Date, settings: &AlertSettings) -> Self {
        let deal = risky.deal;
        Self {
            days_in_stage: deal.days_in_stage(today),
            win_chance: risky.chance.as_ref().map(|chance| chance.chance),
            win_chance_basis: risky.chance.map(|chance| chance.basis.as_str().to_owned()),
            deal_id: deal.deal_id,
            name: deal.name,
            account: deal.account,
            rep: deal.rep,
            stage: deal.stage,
            amount: deal.amount.map(|amount| amount.to_string()),
            created_date: deal.created_date,
            expected_close_date: deal.expected_close_date,
            last_activity_date: deal.last_activity_date,
            reasons: risky.reasons.iter().map(|reason| reason.describe(settings)).collect(),
        }
    }
}
