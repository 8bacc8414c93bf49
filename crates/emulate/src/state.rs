//! A CRM at work: the company, the interface, the faults, and the count of requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::command::Command;
use crate::faults::{Fault, Faults, RequestClass};
use crate::hubspot::{self, HubSpot};
use crate::salesforce::{Changes, Salesforce};
use crate::truth::{Truth, truth};
use crate::world::{Event, World};
use crate::{Delivery, Kind};

/// How the requests went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// How many there were.
    pub total: u64,
    /// By kind of request.
    pub by_class: BTreeMap<RequestClass, u64>,
    /// How often a fault struck.
    pub faults: u64,
    /// Answers by status, as sent or as they would have been.
    pub by_status: BTreeMap<u16, u64>,
    /// Bytes of the answers.
    pub bytes: u64,
}

/// The interface of one CRM.
pub(crate) enum Interface {
    Salesforce(Box<Salesforce>),
    HubSpot(Box<HubSpot>),
}

/// An answer, and how it is spoilt on its way.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) spoilt: Option<Fault>,
    /// Where the body is cut, if it is: in hundredths.
    pub(crate) cut: u32,
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) interface: Interface,
    faults: Faults,
    edits: usize,
    pub(crate) requests: Requests,
}

impl State {
    pub(crate) fn new(world: World, interface: Interface) -> Self {
        let faults = Faults::new(Vec::new(), 0);
        Self { world, interface, faults, edits: 0, requests: Requests::default() }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.interface {
            Interface::Salesforce(_) => Kind::Salesforce,
            Interface::HubSpot(_) => Kind::HubSpot,
        }
    }

    pub(crate) fn truth(&self) -> Truth {
        truth(&self.world, self.kind())
    }

    /// Answers a request of the CRM's interface.
    pub(crate) fn answer(&mut self, call: &Call) -> Outcome {
        let class = match self.interface {
            Interface::Salesforce(_) => Salesforce::classify(call),
            Interface::HubSpot(_) => HubSpot::classify(call),
        };
        let faults = self.faults.strike(class);
        let dice = self.faults.dice(100);
        if faults.contains(&Fault::Edit) {
            self.world.live_on(self.edits);
        }
        let failure = faults.iter().find_map(|fault| match self.interface {
            Interface::Salesforce(_) => Salesforce::failure(*fault, dice),
            Interface::HubSpot(_) => HubSpot::failure(*fault, class, dice),
        });
        let answer = failure.unwrap_or_else(|| match &mut self.interface {
            Interface::Salesforce(it) => it.answer(&mut self.world, call, &faults),
            Interface::HubSpot(it) => it.answer(&mut self.world, call, &faults),
        });
        let kinds = [Fault::Timeout, Fault::Reset, Fault::Truncate, Fault::ContentType];
        let spoilt = faults.iter().copied().find(|fault| kinds.contains(fault));
        self.requests.total += 1;
        *self.requests.by_class.entry(class).or_default() += 1;
        *self.requests.by_status.entry(answer.status).or_default() += 1;
        self.requests.bytes += answer.body.len() as u64;
        self.requests.faults = self.faults.struck();
        Outcome { answer, spoilt, cut: dice }
    }

    fn changes(&mut self) -> &mut Changes {
        match &mut self.interface {
            Interface::Salesforce(it) => &mut it.changes,
            Interface::HubSpot(it) => &mut it.changes,
        }
    }

    /// Does what can be done at once; deliveries are returned, to be sent.
    pub(crate) fn execute(&mut self, command: Command) -> Vec<Delivery> {
        match command {
            Command::LiveDays { days } => {
                for _ in 0..days {
                    self.world.live_a_day();
                }
            }
            Command::LiveOn { changes } => self.world.live_on(changes),
            Command::EditMany { deals, spread } => {
                let at = self.world.clock.step();
                self.world.edit_many(deals, at, spread);
            }
            Command::Faults { rules, seed, edits } => {
                self.faults = Faults::new(rules, seed);
                self.edits = edits;
            }
            Command::Skew { minutes } => self.world.clock.skew(minutes * 60_000),
            Command::RemoveField { object, field } => {
                self.changes().removed.insert((object, field));
            }
            Command::RetypeField { object, field } => {
                self.changes().retyped.insert((object, field));
            }
            Command::HideObject { object } => {
                self.changes().hidden.insert(object);
            }
            Command::RestoreSchema => *self.changes() = Changes::default(),
            Command::RenamePipeline { pipeline, label } => {
                if let Some(found) = self.world.pipelines.get_mut(pipeline) {
                    found.label = label;
                }
            }
            Command::RenameStage { stage, label } => {
                for named in self.world.stages.iter_mut().filter(|it| it.name == stage) {
                    named.label.clone_from(&label);
                }
            }
            Command::Revoke { revoked } => match &mut self.interface {
                Interface::Salesforce(it) => it.sign_in.revoked = revoked,
                Interface::HubSpot(it) => it.sign_in.revoked = revoked,
            },
            Command::ExpireSessions => match &mut self.interface {
                Interface::Salesforce(it) => it.sign_in.expire_all(),
                Interface::HubSpot(it) => it.sign_in.expire_all(),
            },
            Command::EmptyBin => {
                let gone = self.world.deals().filter(|deal| deal.deleted.is_some());
                let gone: Vec<u32> = gone.map(|deal| deal.number).collect();
                for number in gone {
                    self.world.purge(number);
                }
            }
            Command::Deliver { url, reversed, repeated } => {
                return self.deliveries(&url, reversed, repeated);
            }
        }
        Vec::new()
    }

    fn deliveries(&mut self, url: &str, reversed: bool, repeated: bool) -> Vec<Delivery> {
        let Interface::HubSpot(it) = &self.interface else {
            return Vec::new();
        };
        let mut events: Vec<Event> =
            self.world.journal.as_mut().map(std::mem::take).unwrap_or_default();
        if reversed {
            events.reverse();
        }
        if repeated {
            events.extend_from_within(..);
        }
        let at = self.world.clock.outside();
        hubspot::deliveries(&self.world, &events, url, &it.sign_in.client_secret, at)
    }
}
