use jiff::civil::Date;

use crate::Money;

/// What happened to a deal of the pipeline between two days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealMove {
    /// The CRM's id.
    pub deal_id: String,
    /// As it was open at the first day; `None` when it was not, being new or taken up again since.
    pub before: Option<OpenState>,
    /// As it was at the last day.
    pub after: AfterState,
}

/// An open deal on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenState {
    /// Its amount; a blank one counts as nothing.
    pub amount: Money,
    /// When it is expected to close.
    pub expected_close_date: Option<Date>,
}

/// A deal on the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterState {
    /// Open.
    Open(OpenState),
    /// Won since the first day, with this amount.
    Won(Money),
    /// Lost since the first day, as it was last.
    Lost(OpenState),
}
