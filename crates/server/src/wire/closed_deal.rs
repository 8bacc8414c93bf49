use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The closed deals behind a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClosedDeals {
    /// How many there are; `deals` may hold fewer.
    pub matching: u64,
    /// The deals, latest first.
    pub deals: Vec<ClosedDeal>,
}

/// A closed deal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClosedDeal {
    /// The CRM's id.
    pub deal_id: String,
    /// Its title.
    #[schema(required)]
    pub name: Option<String>,
    /// The customer.
    #[schema(required)]
    pub account: Option<String>,
    /// Who owned it.
    #[schema(required)]
    pub rep: Option<String>,
    /// `won` or `lost`.
    pub outcome: String,
    /// Its amount in the reporting currency.
    #[schema(required)]
    pub amount: Option<String>,
    /// The day it was created.
    #[schema(required, value_type = Option<String>, format = Date)]
    pub created_date: Option<Date>,
    /// The day it closed.
    #[schema(required, value_type = Option<String>, format = Date)]
    pub closed_date: Option<Date>,
    /// Days between the two.
    #[schema(required)]
    pub cycle_days: Option<u32>,
}

impl From<winsight_jobs::ClosedDeals> for ClosedDeals {
    fn from(found: winsight_jobs::ClosedDeals) -> Self {
        let deals = found.deals.into_iter().map(ClosedDeal::from).collect();
        Self { matching: found.matching, deals }
    }
}

impl From<winsight_model::ClosedDeal> for ClosedDeal {
    fn from(deal: winsight_model::ClosedDeal) -> Self {
        Self {
            deal_id: deal.deal_id,
            name: deal.name,
            account: deal.account,
            rep: deal.rep,
            outcome: deal.outcome.to_string(),
            amount: deal.amount.map(|amount| amount.to_string()),
            created_date: deal.created_date,
            closed_date: deal.closed_date,
            cycle_days: deal.cycle_days,
        }
    }
}
