use jiff::civil::Date;

use crate::{Money, Outcome};

/// A closed deal, as far as a list of the deals behind a number needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDeal {
    /// The CRM's id.
    pub deal_id: String,
    /// Its title.
    pub name: Option<String>,
    /// The customer.
    pub account: Option<String>,
    /// Who owned it.
    pub rep: Option<String>,
    /// Won or lost.
    pub outcome: Outcome,
    /// Its amount in the reporting currency.
    pub amount: Option<Money>,
    /// The day it was created.
    pub created_date: Option<Date>,
    /// The day it closed.
    pub closed_date: Option<Date>,
    /// Days between the two.
    pub cycle_days: Option<u32>,
}
