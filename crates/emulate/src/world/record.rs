//! What a company's records hold.

use std::sync::Arc;

use jiff::civil::Date;

use super::Millis;

/// A deal in whatever state.
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    /// Counts from 1.
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) account: u32,
    pub(crate) owner: u32,
    pub(crate) creator: u32,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) stage: u16,
    /// In cents of the currency.
    pub(crate) amount: Option<i64>,
    pub(crate) currency: u16,
    /// Expected while open, real afterwards.
    pub(crate) close_date: Date,
    pub(crate) region: Option<Arc<str>>,
    pub(crate) product: Option<Arc<str>>,
    pub(crate) lead_source: Option<Arc<str>>,
    /// New business or expansion.
    pub(crate) kind: Arc<str>,
    pub(crate) loss_reason: Option<&'static str>,
    /// Since when it is deleted.
    pub(crate) deleted: Option<Millis>,
    /// The deals that went into this one.
    pub(crate) absorbed: Vec<u32>,
    /// The deal that this one went into.
    pub(crate) merged_into: Option<u32>,
    /// The state after each change of what a CRM keeps the history of; the first is the creation.
    pub(crate) history: Vec<Moment>,
    pub(crate) activities: Vec<Activity>,
}

/// A deal's state after a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    pub(crate) at: Millis,
    pub(crate) by: u32,
    pub(crate) stage: u16,
    pub(crate) amount: Option<i64>,
    pub(crate) close_date: Date,
    pub(crate) owner: u32,
}

/// A call, an e-mail or a meeting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Activity {
    pub(crate) at: Millis,
    pub(crate) kind: &'static str,
    pub(crate) by: u32,
}

/// A customer.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) place: u32,
    pub(crate) name: String,
    pub(crate) industry: String,
    pub(crate) region: String,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
}

/// Somebody who sells.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) place: u32,
    pub(crate) name: String,
    pub(crate) team: u32,
    pub(crate) active: bool,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
}

/// A currency.
#[derive(Debug, Clone)]
pub(crate) struct Currency {
    pub(crate) code: String,
    /// Units of it for one unit of the company's currency, in millionths.
    pub(crate) per_unit_millionths: i64,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) id: &'static str,
    pub(crate) label: String,
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) id: String,
    /// The name that records carry.
    pub(crate) name: &'static str,
    /// The name that people see.
    pub(crate) label: String,
    pub(crate) pipeline: usize,
    pub(crate) percent: u8,
    pub(crate) closed: bool,
    pub(crate) won: bool,
}

impl Person {
    pub(crate) fn email(&self) -> String {
        format!("{}@example.com", self.name.to_lowercase().replace(' ', "."))
    }

    /// First and last name.
    pub(crate) fn names(&self) -> (&str, &str) {
        self.name.split_once(' ').unwrap_or(("", &self.name))
    }
}

impl Deal {
    /// Whether people see it in lists.
    pub(crate) fn is_live(&self) -> bool {
        self.deleted.is_none() && self.merged_into.is_none()
    }

    /// The state that is now.
    pub(crate) fn moment(&self, at: Millis, by: u32) -> Moment {
        Moment {
            at,
            by,
            stage: self.stage,
            amount: self.amount,
            close_date: self.close_date,
            owner: self.owner,
        }
    }

    /// The moments at which a stage was entered, the creation among them.
    pub(crate) fn stage_entries(&self) -> impl Iterator<Item = &Moment> {
        let mut before = None;
        self.history.iter().filter(move |moment| before.replace(moment.stage) != Some(moment.stage))
    }
}
