//! The days of a company: what its people do to their deals.

use std::sync::Arc;

use rand::RngExt;

use super::build::{LOSS_REASONS, MORNING, WORKING_TIME};
use super::{Edit, Millis, STAGES, World};
use crate::clock::{DAY, date_of, midnight};

/// One change a day for so many deals.
const DEALS_PER_CHANGE: usize = 100;
const FEWEST_CHANGES: usize = 20;
/// Tries to find an open deal before any other is taken.
const TRIES: usize = 30;
/// On every so manieth day somebody changes many deals at the same moment.
const MASS_EDIT_DAYS: i8 = 5;

impl World {
    /// Lets a day of work happen, and moves on to the midnight after it.
    pub(crate) fn live_a_day(&mut self) {
        let begins = midnight(self.day);
        let changes = (self.deals.len() / DEALS_PER_CHANGE).max(FEWEST_CHANGES);
        let from = self.clock.now().max(begins + MORNING);
        let mut times: Vec<Millis> = (0..changes)
            .map(|_| self.rng.random_range(from..from.max(begins + MORNING) + WORKING_TIME))
            .collect();
        times.sort_unstable();
        for at in times {
            self.clock.advance_to(at);
            self.change_something(at);
        }
        if self.day.day() % MASS_EDIT_DAYS == 0 {
            let at = self.clock.step();
            self.edit_many(changes, at, 0);
        }
        self.day = self.day.tomorrow().unwrap_or(self.day);
        self.clock.advance_to((begins + DAY).max(self.clock.now()));
    }

    /// Lets so many changes happen now, one shortly after the other.
    pub(crate) fn live_on(&mut self, changes: usize) {
        for _ in 0..changes {
            let at = self.clock.step();
            self.change_something(at);
        }
    }

    /// Saves so many deals, each `spread` milliseconds after the last; 0 means all at one moment.
    pub(crate) fn edit_many(&mut self, deals: usize, at: Millis, spread: Millis) {
        let live: Vec<u32> = self.deals().filter(|it| it.is_live()).map(|it| it.number).collect();
        let from =
            if live.len() > deals { self.rng.random_range(0..live.len() - deals) } else { 0 };
        let mut at = at;
        let lead_sources = self.lead_sources.clone();
        for number in live.into_iter().skip(from).take(deals) {
            let source = self.pick(&lead_sources);
            self.edit(number, at, 0, Edit::LeadSource(source));
            at += spread;
        }
        self.clock.advance_to(at);
    }

    fn change_something(&mut self, at: Millis) {
        let number = self.some_deal();
        let Some(deal) = self.deal(number).cloned() else {
            return;
        };
        let by = deal.owner;
        match self.rng.random_range(0..1000) {
            0..380 => self.move_stage(number, at, by),
            380..520 => {
                let amount = self.rng.random_range(50_000..9_000_000) / 100 * 100;
                let blank = self.rng.random_bool(0.05);
                self.edit(number, at, by, Edit::Amount((!blank).then_some(amount)));
            }
            520..640 => {
                let days = self.rng.random_range(5..90);
                let date = date_of(at + days * DAY);
                let date = if self.stage(deal.stage).closed { deal.close_date } else { date };
                self.edit(number, at, by, Edit::CloseDate(date));
            }
            640..690 => {
                let owner = self.some_person();
                self.edit(number, at, by, Edit::Owner(owner));
            }
            690..760 => self.edit_text(number, at, by),
            760..860 => {
                let kind = ["call", "email", "meeting"][self.rng.random_range(0..3)];
                self.edit(number, at, by, Edit::Activity(kind));
            }
            860..900 => self.create_like(number, at, by),
            900..930 => self.edit(number, at, by, Edit::Delete),
            930..950 => self.restore_one(at, by),
            950..970 => self.edit(number, at, by, Edit::Touch),
            970..985 if self.merges => {
                let goes = self.some_deal();
                self.merge(number, goes, at);
            }
            985..995 => self.rename_account(deal.account, at),
            _ => self.move_person(at),
        }
    }

    fn move_stage(&mut self, number: u32, at: Millis, by: u32) {
        let Some(place) = self.deal(number).map(|deal| deal.stage) else {
            return;
        };
        let stage = self.stage(place).clone();
        let base = u16::try_from(stage.pipeline * STAGES).unwrap_or(0);
        let steps = place - base;
        let (won, lost) = (base + 5, base + 6);
        let chance: f64 = self.rng.random();
        let reason = LOSS_REASONS[self.rng.random_range(0..LOSS_REASONS.len())];
        let next = match (stage.closed, steps) {
            // Closed deals are reopened now and then.
            (true, _) => (base + 4, None),
            (false, _) if chance < 0.15 => (lost, Some(reason)),
            (false, 4) => (won, None),
            (false, _) if chance < 0.20 && steps > 0 => (place - 1, None),
            (false, _) => (place + 1, None),
        };
        self.edit(number, at, by, Edit::Stage(next.0, next.1));
        if self.stage(next.0).closed {
            self.edit(number, at, by, Edit::CloseDate(date_of(at)));
        }
    }

    fn edit_text(&mut self, number: u32, at: Millis, by: u32) {
        let (regions, products) = (self.regions.clone(), self.products.clone());
        let edit = match self.rng.random_range(0..4) {
            0 => Edit::Region(self.pick(&regions)),
            1 => Edit::Product(self.pick(&products)),
            2 => Edit::Product(None),
            _ => Edit::Name(format!(
                "Übernahme, \"{}\"\nPhase {}",
                number,
                self.rng.random_range(1..9)
            )),
        };
        self.edit(number, at, by, edit);
    }

    fn restore_one(&mut self, at: Millis, by: u32) {
        let gone = self.deals().filter(|deal| deal.deleted.is_some() && deal.merged_into.is_none());
        let gone: Vec<u32> = gone.map(|deal| deal.number).collect();
        if !gone.is_empty() {
            let number = gone[self.rng.random_range(0..gone.len())];
            self.edit(number, at, by, Edit::Restore);
        }
    }

    fn rename_account(&mut self, place: u32, at: Millis) {
        let at = at - at % self.grain;
        if let Some(account) = self.accounts.get_mut(place as usize).map(Arc::make_mut) {
            let name = account.name.trim_end_matches(" Group Ltd").to_owned();
            account.name = format!("{name} Group Ltd");
            account.modified = at;
        }
    }

    /// Somebody changes team, or leaves.
    fn move_person(&mut self, at: Millis) {
        let at = at - at % self.grain;
        let place = self.some_person() as usize;
        let team = self.rng.random_range(0..self.teams.len());
        let leaves = self.rng.random_bool(0.2);
        let person = Arc::make_mut(&mut self.people[place]);
        person.modified = at;
        person.active &= !leaves;
        if !leaves {
            person.team = u32::try_from(team).unwrap_or(0);
        }
    }

    /// An open deal, mostly.
    fn some_deal(&mut self) -> u32 {
        let mut number = 0;
        for _ in 0..TRIES {
            let place = self.rng.random_range(0..self.deals.len());
            let Some(deal) = &self.deals[place] else {
                continue;
            };
            if deal.is_live() {
                number = deal.number;
                if !self.stage(deal.stage).closed {
                    break;
                }
            }
        }
        number
    }

    fn some_person(&mut self) -> u32 {
        u32::try_from(self.rng.random_range(0..self.people.len())).unwrap_or(0)
    }

    fn pick(&mut self, values: &[Arc<str>]) -> Option<Arc<str>> {
        let place = self.rng.random_range(0..values.len().max(1));
        values.get(place).map(Arc::clone)
    }
}
