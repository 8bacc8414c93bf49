//! The company behind a CRM: its deals, customers and people, and how they change from day to day.
//!
//! Knows neither CRM. Records are shared and copied on write, so that a server can keep a snapshot of
//! a query's result for the price of pointers.

mod build;
mod change;
mod life;
mod record;

use std::sync::Arc;

use jiff::civil::Date;
use rand_pcg::Pcg64Mcg;

pub(crate) use change::{Edit, Event, EventKind};
pub(crate) use record::{Account, Currency, Deal, Moment, Person, Pipeline, Stage};

use crate::clock::Clock;

/// Milliseconds since 1970 in UTC.
pub(crate) type Millis = i64;

/// How many stages each pipeline has.
pub(crate) const STAGES: usize = 7;

/// The whole company, as it is now.
pub(crate) struct World {
    pub(crate) teams: Vec<String>,
    pub(crate) people: Vec<Arc<Person>>,
    pub(crate) accounts: Vec<Arc<Account>>,
    /// Deal number n is at n − 1; a purged one is gone for good.
    pub(crate) deals: Vec<Option<Arc<Deal>>>,
    pub(crate) currencies: Vec<Currency>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) regions: Vec<Arc<str>>,
    pub(crate) products: Vec<Arc<str>>,
    pub(crate) lead_sources: Vec<Arc<str>>,
    pub(crate) clock: Clock,
    /// Times are cut to this many milliseconds: a CRM stamps its records that finely.
    pub(crate) grain: Millis,
    /// Whether people merge deals, and an activity changes its deal: as in HubSpot.
    pub(crate) merges: bool,
    /// What happened since it was last asked for, where somebody asks.
    pub(crate) journal: Option<Vec<Event>>,
    /// The day that the next day of work will be.
    pub(crate) day: Date,
    rng: Pcg64Mcg,
}

impl World {
    /// Every deal there is, deleted and merged ones included.
    pub(crate) fn deals(&self) -> impl Iterator<Item = &Arc<Deal>> {
        self.deals.iter().flatten()
    }

    pub(crate) fn deal(&self, number: u32) -> Option<&Arc<Deal>> {
        self.deals.get((number as usize).checked_sub(1)?)?.as_ref()
    }

    pub(crate) fn person(&self, place: u32) -> &Person {
        &self.people[place as usize]
    }

    pub(crate) fn stage(&self, place: u16) -> &Stage {
        &self.stages[usize::from(place)]
    }

    /// The place of the currency, and the first one if there is none of that code.
    fn currency_place(&self, code: &str) -> u16 {
        let place = self.currencies.iter().position(|currency| currency.code == code);
        u16::try_from(place.unwrap_or(0)).unwrap_or(0)
    }
}
