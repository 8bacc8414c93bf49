use jiff::civil::Date;

use crate::Money;

/// An open deal as it stood at an instant: what was not known then is blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenDeal {
    /// The CRM's id.
    pub deal_id: String,
    /// Its title.
    pub name: Option<String>,
    /// The customer.
    pub account: Option<String>,
    /// The day it was created.
    pub created_date: Option<Date>,
    /// The day it is expected to close.
    pub expected_close_date: Option<Date>,
    /// The last day with a call, mail or meeting.
    pub last_activity_date: Option<Date>,
    /// The stage it stood in.
    pub stage: Option<String>,
    /// The day it entered that stage.
    pub stage_entered_date: Option<Date>,
    /// Its amount in the reporting currency.
    pub amount: Option<Money>,
    /// Who owns it.
    pub rep: Option<String>,
    /// Its deal-size bucket.
    pub acv_bucket: Option<String>,
    /// Where it came from.
    pub lead_source: Option<String>,
    /// Its values of the dimensions that win chances are told apart by, in their order.
    pub chance_segment: Vec<String>,
}

impl OpenDeal {
    /// Whole days since it was created; `None` when the day is unknown.
    pub fn age_days(&self, today: Date) -> Option<i32> {
        self.created_date.map(|created| days_between(created, today))
    }

    /// Whole days since it entered its stage; `None` when the day is unknown.
    pub fn days_in_stage(&self, today: Date) -> Option<i32> {
        self.stage_entered_date.map(|entered| days_between(entered, today))
    }

    /// Whole days since the last activity; `None` when none is known.
    pub fn days_since_activity(&self, today: Date) -> Option<i32> {
        self.last_activity_date.map(|last| days_between(last, today))
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
