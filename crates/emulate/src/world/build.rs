//! Founds a company from simulated deals.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use winsight_simulate::{DealRecord, Request, Scenario, SimulateError, visit_deals};

use super::record::{Account, Activity, Currency, Deal, Moment, Person, Pipeline, Stage};
use super::{Millis, STAGES, World};
use crate::clock::{Clock, DAY, Wall, midnight};

/// Name, probability in percent, and HubSpot's id in the first pipeline.
const STAGE_NAMES: [(&str, u8, &str); STAGES] = [
    ("Prospecting", 10, "appointmentscheduled"),
    ("Qualified", 25, "qualifiedtobuy"),
    ("Demo", 45, "presentationscheduled"),
    ("Proposal", 60, "decisionmakerboughtin"),
    ("Negotiation", 80, "contractsent"),
    ("Closed Won", 100, "closedwon"),
    ("Closed Lost", 0, "closedlost"),
];
const WON: usize = 5;
/// Deals of this type go through the second pipeline.
const SECOND_PIPELINE: &str = "Expansion";
pub(super) const LOSS_REASONS: [&str; 4] = ["Price", "Competitor", "No decision", "Timing"];
/// A working day begins at eight.
pub(super) const MORNING: Millis = 8 * 3_600_000;
pub(super) const WORKING_TIME: Millis = 10 * 3_600_000;
/// Currencies: code and units of it for a dollar in millionths, as the default scenario has them.
const RATES: [(&str, i64); 4] =
    [("USD", 1_000_000), ("EUR", 925_926), ("GBP", 787_402), ("INR", 83_333_333)];

impl World {
    /// A company of so many deals whose history ends on the evening before `starts`.
    pub(crate) fn found(
        deals: u64,
        seed: u64,
        starts: Date,
        wall: Wall,
        grain: Millis,
    ) -> Result<Self, SimulateError> {
        let last_day = starts.yesterday().unwrap_or(starts);
        let scenario = Scenario::default_scenario().ending(last_day)?;
        let mut founder = Founder::new(seed, starts, wall, grain);
        visit_deals(&Request { deals, seed, scenario }, &mut |record| founder.add(&record))?;
        Ok(founder.world)
    }
}

struct Founder {
    world: World,
    founded: Millis,
    accounts: HashMap<String, u32>,
    people: HashMap<String, u32>,
    teams: HashMap<String, u32>,
    words: HashMap<String, Arc<str>>,
}

impl Founder {
    fn new(seed: u64, starts: Date, wall: Wall, grain: Millis) -> Self {
        let founded = midnight(starts) - 2000 * DAY;
        let currencies = RATES.iter().map(|(code, per_unit_millionths)| Currency {
            code: (*code).to_owned(),
            per_unit_millionths: *per_unit_millionths,
        });
        let world = World {
            teams: Vec::new(),
            people: Vec::new(),
            accounts: Vec::new(),
            deals: Vec::new(),
            currencies: currencies.collect(),
            pipelines: vec![
                Pipeline { id: "default", label: "Sales Pipeline".to_owned() },
                Pipeline { id: "75e28846", label: "Expansion Pipeline".to_owned() },
            ],
            stages: (0..2).flat_map(stages).collect(),
            regions: Vec::new(),
            products: Vec::new(),
            lead_sources: Vec::new(),
            clock: Clock::new(wall, midnight(starts)),
            grain,
            merges: false,
            journal: None,
            day: starts,
            rng: Pcg64Mcg::seed_from_u64(seed ^ 0x43_52_4D),
        };
        Self {
            world,
            founded,
            accounts: HashMap::new(),
            people: HashMap::new(),
            teams: HashMap::new(),
            words: HashMap::new(),
        }
    }

    fn add(&mut self, record: &DealRecord) {
        let owner = self.person(record);
        let account = self.account(record);
        let pipeline = usize::from(record.deal_type == SECOND_PIPELINE);
        let number = u32::try_from(record.number).unwrap_or(u32::MAX);
        let amount = Some(record.amount_cents);
        let history = self.history(record, owner, pipeline);
        let Some((first, last)) = history.first().copied().zip(history.last().copied()) else {
            return;
        };
        let stage = last.stage;
        let is_lost = self.world.stage(stage).closed && !self.world.stage(stage).won;
        let activities = record.activities.iter().zip(1..).map(|((day, kind), nth)| Activity {
            at: self.time(*day, record.number * 31 + nth),
            kind,
            by: owner,
        });
        let deal = Deal {
            number,
            name: record.name.clone(),
            account,
            owner,
            creator: owner,
            created: first.at,
            modified: last.at,
            stage,
            amount,
            currency: self.world.currency_place(&record.currency),
            close_date: last.close_date,
            activities: activities.collect(),
            region: Some(self.word(&record.region, |world| &mut world.regions)),
            product: Some(self.word(&record.product, |world| &mut world.products)),
            lead_source: Some(self.word(&record.lead_source, |world| &mut world.lead_sources)),
            kind: Arc::from(record.deal_type.as_str()),
            loss_reason: is_lost.then(|| LOSS_REASONS[number as usize % LOSS_REASONS.len()]),
            deleted: None,
            absorbed: Vec::new(),
            merged_into: None,
            history,
        };
        self.world.deals.push(Some(Arc::new(deal)));
    }

    fn history(&self, record: &DealRecord, owner: u32, pipeline: usize) -> Vec<Moment> {
        let entries = record.stages.iter().zip(1..).map(|((day, stage), nth)| {
            let place = STAGE_NAMES.iter().position(|(name, ..)| name == stage).unwrap_or(0);
            let close_date = if place >= WON { *day } else { record.expected_close };
            Moment {
                at: self.time(*day, record.number * 17 + nth),
                by: owner,
                stage: u16::try_from(pipeline * STAGES + place).unwrap_or(0),
                amount: Some(record.amount_cents),
                close_date,
                owner,
            }
        });
        entries.collect()
    }

    /// Some time of a working day.
    fn time(&self, day: Date, nth: u64) -> Millis {
        let spread = nth.wrapping_mul(2_654_435_761) % WORKING_TIME.unsigned_abs();
        let at = midnight(day) + MORNING + spread.cast_signed();
        at - at % self.world.grain
    }

    fn person(&mut self, record: &DealRecord) -> u32 {
        if let Some(place) = self.people.get(&record.rep) {
            return *place;
        }
        let next_team = u32::try_from(self.teams.len()).unwrap_or(u32::MAX);
        let team = *self.teams.entry(record.team.clone()).or_insert(next_team);
        if team == next_team {
            self.world.teams.push(record.team.clone());
        }
        let place = u32::try_from(self.world.people.len()).unwrap_or(u32::MAX);
        self.people.insert(record.rep.clone(), place);
        self.world.people.push(Arc::new(Person {
            place,
            name: record.rep.clone(),
            team,
            active: true,
            created: self.founded,
            modified: self.founded,
        }));
        place
    }

    fn account(&mut self, record: &DealRecord) -> u32 {
        if let Some(place) = self.accounts.get(&record.account) {
            return *place;
        }
        let place = u32::try_from(self.world.accounts.len()).unwrap_or(u32::MAX);
        self.accounts.insert(record.account.clone(), place);
        self.world.accounts.push(Arc::new(Account {
            place,
            name: record.account.clone(),
            industry: record.industry.clone(),
            region: record.region.clone(),
            created: self.founded,
            modified: self.founded,
        }));
        place
    }

    /// The shared copy of a word; a new one is added to the values that edits choose from.
    fn word(&mut self, word: &str, values: fn(&mut World) -> &mut Vec<Arc<str>>) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(word);
        self.words.insert(word.to_owned(), Arc::clone(&shared));
        values(&mut self.world).push(Arc::clone(&shared));
        shared
    }
}

fn stages(pipeline: usize) -> impl Iterator<Item = Stage> {
    STAGE_NAMES.iter().enumerate().map(move |(place, (name, percent, id))| Stage {
        id: if pipeline == 0 { (*id).to_owned() } else { format!("10476310{place:02}") },
        name,
        label: (*name).to_owned(),
        pipeline,
        percent: *percent,
        closed: place >= WON,
        won: place == WON,
    })
}
