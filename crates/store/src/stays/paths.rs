//! The way of each deal through its stages, from sorted events.

use hashbrown::HashMap;
use winsight_model::{DayHistogram, Outcome, Stays, Window};

use super::StayRequest;
use crate::known_days::epoch_day;

/// A stage event in sixteen bytes, ordered by deal, day and position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathEvent {
    pub(super) key: u64,
    pub(super) day: i32,
    pub(super) position: u16,
    /// Code of the stage and of the outcome from then on.
    pub(super) stage: u16,
}

/// What a deal says itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathDeal {
    pub(super) key: u64,
    pub(super) segment: u32,
    pub(super) created: Option<i32>,
    /// Day and outcome, if it had ended.
    pub(super) ended: Option<(i32, Outcome)>,
}

/// Codes of stages and segments, so that rows can be counted by small numbers.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) stages: Vec<(String, Outcome)>,
    /// Of stages in which a deal is open, won, lost.
    stage_codes: [HashMap<String, u16>; 3],
    pub(super) segments: Vec<Vec<String>>,
    segment_codes: HashMap<String, u32>,
    /// The values of a row, joined.
    joined: String,
}

/// How a stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Won,
    Lost,
    Ongoing,
    /// Counted beside how it ended: the deal has been won since.
    OfWonDeal,
    /// Into the stage with this code.
    Moved(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) window: u16,
    pub(super) segment: u32,
    pub(super) stage: u16,
    pub(super) way: Way,
}

/// Stays per day, and where open deals stand.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) stages: HashMap<Cell, HashMap<u32, u64>>,
    pub(super) deals: HashMap<Cell, HashMap<u32, u64>>,
    pub(super) entered: HashMap<u64, (u16, i32)>,
}

impl Names {
    pub(super) fn segment(&mut self, values: &[&str]) -> u32 {
        self.joined.clear();
        for value in values {
            self.joined.push_str(value);
            self.joined.push('\u{1f}');
        }
        if let Some(&known) = self.segment_codes.get(&self.joined) {
            return known;
        }
        let next = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        self.segments.push(values.iter().map(|value| (*value).to_owned()).collect());
        self.segment_codes.insert(self.joined.clone(), next);
        next
    }

    /// The code of a stage with an outcome. Past 65,535 of them all are the last.
    pub(super) fn stage(&mut self, name: &str, outcome: Outcome) -> u16 {
        let codes = &mut self.stage_codes[match outcome {
            Outcome::Open => 0,
            Outcome::Won => 1,
            Outcome::Lost => 2,
        }];
        if let Some(&known) = codes.get(name) {
            return known;
        }
        let next = u16::try_from(self.stages.len()).unwrap_or(u16::MAX);
        if next < u16::MAX {
            self.stages.push((name.to_owned(), outcome));
            codes.insert(name.to_owned(), next);
        }
        next
    }

    pub(super) fn name(&self, stage: u16) -> String {
        self.stages.get(usize::from(stage)).map_or_else(String::new, |(name, _)| name.clone())
    }

    fn outcome(&self, stage: u16) -> Outcome {
        self.stages.get(usize::from(stage)).map_or(Outcome::Open, |(_, outcome)| *outcome)
    }
}

impl Way {
    /// Where stays that ended so are counted.
    pub(super) fn histogram<'a>(self, stays: &'a mut Stays, names: &Names) -> &'a mut DayHistogram {
        match self {
            Self::Won => &mut stays.won,
            Self::Lost => &mut stays.lost,
            Self::Ongoing => &mut stays.ongoing,
            Self::OfWonDeal => &mut stays.of_won_deals,
            Self::Moved(stage) => stays.moved.entry(names.name(stage)).or_default(),
        }
    }
}

impl From<Outcome> for Way {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Open => Self::Ongoing,
            Outcome::Won => Self::Won,
            Outcome::Lost => Self::Lost,
        }
    }
}

/// Counts the stays of all deals. Deals and events are sorted by key; events without a deal are of
/// deals that do not exist yet.
pub(super) fn follow(
    names: &Names,
    deals: &[PathDeal],
    mut events: &[PathEvent],
    request: &StayRequest,
    is_replay: bool,
) -> Counts {
    let mut follower = Follower {
        names,
        is_replay,
        as_of: epoch_day(request.as_of),
        entered: days(&request.entered),
        created: days(&request.created),
        counts: Counts::default(),
        stays: Vec::new(),
    };
    for deal in deals {
        let skipped = events.iter().take_while(|event| event.key < deal.key).count();
        let (_, rest) = events.split_at(skipped);
        let own = rest.iter().take_while(|event| event.key == deal.key).count();
        let (own, rest) = rest.split_at(own);
        follower.add(deal, own);
        events = rest;
    }
    follower.counts
}

/// First day inside and first day after, since 1970.
fn days(windows: &[Window]) -> Vec<(i32, i32)> {
    windows.iter().map(|window| (epoch_day(window.from), epoch_day(window.to))).collect()
}

struct Follower<'a> {
    names: &'a Names,
    is_replay: bool,
    as_of: i32,
    entered: Vec<(i32, i32)>,
    created: Vec<(i32, i32)>,
    counts: Counts,
    /// Of the deal at hand: stage, day of entry, days, and how it ended. Reused from deal to deal.
    stays: Vec<(u16, i32, u32, Way)>,
}

impl Follower<'_> {
    fn add(&mut self, deal: &PathDeal, events: &[PathEvent]) {
        let ended = self.end_of(deal, events);
        let way = ended.map_or(Way::Ongoing, |(_, outcome)| Way::from(outcome));
        if let Some(created) = deal.created {
            let until = ended.map_or(self.as_of, |(day, _)| day);
            let cell = Cell { window: 0, segment: deal.segment, stage: 0, way };
            let days = u32::try_from(until - created).unwrap_or(0);
            count(&mut self.counts.deals, &self.created, created, cell, days);
        }
        if !self.entered.is_empty() {
            self.follow_stages(events, ended);
            self.count_stages(deal, way);
        }
    }

    /// When and how the deal had ended. A deal that was closed then and is open or closed anew today
    /// shows it by its events.
    fn end_of(&self, deal: &PathDeal, events: &[PathEvent]) -> Option<(i32, Outcome)> {
        if deal.ended.is_some() || !self.is_replay {
            return deal.ended;
        }
        let last = events.last()?;
        let outcome = self.names.outcome(last.stage);
        (outcome != Outcome::Open).then_some((last.day, outcome))
    }

    fn follow_stages(&mut self, events: &[PathEvent], ended: Option<(i32, Outcome)>) {
        self.stays.clear();
        let mut current: Option<(u16, i32)> = None;
        for event in events {
            let outcome = self.names.outcome(event.stage);
            if current.is_some_and(|(stage, _)| stage == event.stage) {
                continue;
            }
            if let Some((stage, day)) = current.take() {
                let way =
                    if outcome == Outcome::Open { Way::Moved(event.stage) } else { outcome.into() };
                self.stays.push((stage, day, length(day, event.day), way));
            }
            current = (outcome == Outcome::Open).then_some((event.stage, event.day));
        }
        let Some((stage, day)) = current else { return };
        // Many systems record the close of a deal on the deal itself only.
        let (until, way) = ended.map_or((self.as_of, Way::Ongoing), |(day, won)| (day, won.into()));
        self.stays.push((stage, day, length(day, until), way));
    }

    fn count_stages(&mut self, deal: &PathDeal, way: Way) {
        for &(stage, day, length, ending) in &self.stays {
            let cell = Cell { window: 0, segment: deal.segment, stage, way: ending };
            count(&mut self.counts.stages, &self.entered, day, cell, length);
            if ending == Way::Ongoing {
                self.counts.entered.insert(deal.key, (stage, day));
            } else if way == Way::Won {
                let cell = Cell { way: Way::OfWonDeal, ..cell };
                count(&mut self.counts.stages, &self.entered, day, cell, length);
            }
        }
    }
}

fn length(from: i32, to: i32) -> u32 {
    u32::try_from(to - from).unwrap_or(0)
}

/// Counts a stay in every window in which it began.
fn count(
    counts: &mut HashMap<Cell, HashMap<u32, u64>>,
    windows: &[(i32, i32)],
    began: i32,
    cell: Cell,
    days: u32,
) {
    for (window, (from, to)) in windows.iter().enumerate() {
        if *from <= began && began < *to {
            let window = u16::try_from(window).unwrap_or(u16::MAX);
            let cell = Cell { window, ..cell };
            *counts.entry(cell).or_default().entry(days).or_default() += 1;
        }
    }
}
