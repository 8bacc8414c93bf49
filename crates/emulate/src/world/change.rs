//! What can happen to a record, and the journal of what happened.

use std::sync::Arc;

use jiff::civil::Date;

use super::record::{Activity, Deal};
use super::{Millis, World};

/// A change of one deal.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Stage(u16, Option<&'static str>),
    Amount(Option<i64>),
    CloseDate(Date),
    Owner(u32),
    Name(String),
    Region(Option<Arc<str>>),
    Product(Option<Arc<str>>),
    LeadSource(Option<Arc<str>>),
    /// Saved without a change of anything that is kept.
    Touch,
    Delete,
    Restore,
    Activity(&'static str),
}

/// Something that happened to a deal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) at: Millis,
    pub(crate) deal: u32,
    pub(crate) kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum EventKind {
    Created,
    /// The field, by HubSpot's name.
    Changed(&'static str),
    Deleted,
    Restored,
    /// The deal that it went into.
    Merged(u32),
}

impl World {
    /// Changes one deal; does nothing to one that is not there.
    pub(crate) fn edit(&mut self, number: u32, at: Millis, by: u32, edit: Edit) {
        let at = at - at % self.grain;
        let slot = (number as usize).checked_sub(1).and_then(|place| self.deals.get_mut(place));
        let Some(deal) = slot.and_then(Option::as_mut).map(Arc::make_mut) else {
            return;
        };
        if let Some(kind) = apply(deal, at, by, edit, self.merges) {
            self.note(Event { at, deal: number, kind });
        }
    }

    /// Puts one deal into another, as HubSpot does: the first remains, the second is gone.
    pub(crate) fn merge(&mut self, remains: u32, goes: u32, at: Millis) {
        let live = |number| self.deal(number).is_some_and(|deal| deal.is_live());
        if remains == goes || !live(remains) || !live(goes) {
            return;
        }
        let at = at - at % self.grain;
        let mut absorbed = vec![goes];
        if let Some(deal) = self.deals[goes as usize - 1].as_mut().map(Arc::make_mut) {
            deal.merged_into = Some(remains);
            deal.modified = at;
            absorbed.extend(&deal.absorbed);
        }
        if let Some(deal) = self.deals[remains as usize - 1].as_mut().map(Arc::make_mut) {
            deal.absorbed.extend(absorbed);
            deal.modified = at;
        }
        self.note(Event { at, deal: goes, kind: EventKind::Merged(remains) });
    }

    /// Adds a deal like another one, as new.
    pub(crate) fn create_like(&mut self, model: u32, at: Millis, by: u32) {
        let at = at - at % self.grain;
        let Some(mut deal) = self.deal(model).map(|deal| Deal::clone(deal)) else {
            return;
        };
        let first = self
            .stages
            .iter()
            .position(|stage| stage.pipeline == self.stage(deal.stage).pipeline && !stage.closed);
        deal.number = u32::try_from(self.deals.len() + 1).unwrap_or(u32::MAX);
        deal.name = format!("{} #{}", deal.name, deal.number);
        deal.stage = first.and_then(|place| u16::try_from(place).ok()).unwrap_or(0);
        (deal.created, deal.modified, deal.creator) = (at, at, by);
        (deal.deleted, deal.merged_into, deal.loss_reason) = (None, None, None);
        deal.close_date = crate::clock::date_of(at + 60 * crate::clock::DAY);
        deal.absorbed.clear();
        deal.activities.clear();
        deal.history = vec![deal.moment(at, by)];
        let number = deal.number;
        self.deals.push(Some(Arc::new(deal)));
        self.note(Event { at, deal: number, kind: EventKind::Created });
    }

    /// Removes a deleted deal for good.
    pub(crate) fn purge(&mut self, number: u32) {
        if self.deal(number).is_some_and(|deal| !deal.is_live()) {
            self.deals[number as usize - 1] = None;
        }
    }

    fn note(&mut self, event: Event) {
        if let Some(journal) = &mut self.journal {
            journal.push(event);
        }
    }
}

/// Applies the edit, and says what a subscriber hears of it; nothing if nothing changed.
fn apply(
    deal: &mut Deal,
    at: Millis,
    by: u32,
    edit: Edit,
    activity_counts: bool,
) -> Option<EventKind> {
    let is_gone = deal.deleted.is_some();
    if deal.merged_into.is_some() || is_gone != matches!(edit, Edit::Restore) {
        return None;
    }
    let kind = match edit {
        Edit::Stage(stage, reason) => {
            (deal.stage, deal.loss_reason) = (stage, reason);
            EventKind::Changed("dealstage")
        }
        Edit::Amount(amount) => {
            deal.amount = amount;
            EventKind::Changed("amount")
        }
        Edit::CloseDate(date) => {
            deal.close_date = date;
            EventKind::Changed("closedate")
        }
        Edit::Owner(owner) => {
            deal.owner = owner;
            EventKind::Changed("hubspot_owner_id")
        }
        Edit::Name(name) => {
            deal.name = name;
            EventKind::Changed("dealname")
        }
        Edit::Region(region) => {
            deal.region = region;
            EventKind::Changed("region")
        }
        Edit::Product(product) => {
            deal.product = product;
            EventKind::Changed("product")
        }
        Edit::LeadSource(source) => {
            deal.lead_source = source;
            EventKind::Changed("lead_source")
        }
        Edit::Touch => EventKind::Changed("hs_lastmodifieddate"),
        Edit::Delete => {
            deal.deleted = Some(at);
            EventKind::Deleted
        }
        Edit::Restore => {
            deal.deleted = None;
            EventKind::Restored
        }
        Edit::Activity(kind) => {
            deal.activities.push(Activity { at, kind, by });
            EventKind::Changed("num_notes")
        }
    };
    // To Salesforce an activity is a record of its own, and no change of the deal.
    if activity_counts || kind != EventKind::Changed("num_notes") {
        deal.modified = at;
    }
    let moment = deal.moment(at, by);
    if deal.history.last().is_some_and(|last| differs(last, &moment)) {
        deal.history.push(moment);
    }
    Some(kind)
}

fn differs(one: &super::Moment, other: &super::Moment) -> bool {
    (one.stage, one.amount, one.close_date, one.owner)
        != (other.stage, other.amount, other.close_date, other.owner)
}
