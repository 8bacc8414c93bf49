use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use winsight_model::AlertSettings;

/// An open deal that matches a loss pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Its amount in the reporting currency.
    pub amount: Option<String>,
    /// The day it was created.
    pub created_date: Option<Date>,
    /// The day it is expected to close.
    pub expected_close_date: Option<Date>,
    /// The last day with activity.
    pub last_activity_date: Option<Date>,
    /// Why it is at risk, one sentence part per pattern.
    pub reasons: Vec<String>,
}

impl RiskyDeal {
    /// From the domain's form; the settings hold the bounds that the reasons name.
    pub fn new(risky: winsight_insight::RiskyDeal, settings: &AlertSettings) -> Self {
        let deal = risky.deal;
        Self {
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
