//! A company of eight attributes, two windows of deals, and one segment in which something happened.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;
use winsight_insight::CauseKind;
use winsight_model::{CellCounts, CellTable, Dimension};

/// Values of each attribute, in the order of [`names`].
const VALUES: [u16; 8] = [3, 5, 8, 6, 6, 30, 6, 3];
const PRODUCT: usize = 3;
const REGION: usize = 1;
const INDUSTRY: usize = 2;
const REP: usize = 5;
const TEAM: usize = 6;
/// Deals that are looked at to learn how a segment differs from all.
const SAMPLE: usize = 20_000;

/// What was planted where, and the deals that came of it.
pub(crate) struct Incident {
    pub(crate) kind: CauseKind,
    /// Places of attributes and numbers of values, in order.
    pub(crate) segment: Vec<(usize, u16)>,
    pub(crate) table: CellTable,
}

impl Incident {
    /// What the planted segment counted, and all deals.
    pub(crate) fn counts(&self) -> (CellCounts, CellCounts) {
        let (mut inside, mut all) = (CellCounts::default(), CellCounts::default());
        for (cell, counts) in self.table.counts().iter().enumerate() {
            all.add(counts);
            if holds(&self.table, &self.segment, cell) {
                inside.add(counts);
            }
        }
        (inside, all)
    }
}

/// Whether a cell lies in a segment.
pub(crate) fn holds(table: &CellTable, segment: &[(usize, u16)], cell: usize) -> bool {
    segment.iter().all(|&(place, code)| table.codes(place)[cell] == code)
}

/// The attributes, known while a deal is open.
pub(crate) fn names() -> Vec<Dimension> {
    Dimension::known_while_open()
}

type Deal = [u16; 8];

struct Company {
    /// Chance of each value of each attribute, added up.
    chances: Vec<Vec<f64>>,
    /// What each value adds to the logarithm of the odds of winning.
    effects: Vec<Vec<f64>>,
    base: f64,
}

/// A company in which nothing happened between the windows.
#[cfg_attr(not(test), expect(dead_code, reason = "the example plants incidents only"))]
pub(crate) fn quiet(seed: u64) -> CellTable {
    draw(seed, CauseKind::Rate, false).table
}

/// A company with an incident of `kind`; everything else about it is random: sizes from 1,500 to
/// 60,000 deals a window, how even its values are, which of them win more, the growth between the
/// windows, and the segment, its one to three attributes and its strength.
pub(crate) fn plant(seed: u64, kind: CauseKind) -> Incident {
    draw(seed, kind, true)
}

fn draw(seed: u64, kind: CauseKind, happens: bool) -> Incident {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let company = Company::new(&mut random);
    let deals = log_uniform(&mut random, 1_500.0, 60_000.0);
    let growth = random.random_range(0.85..1.15);
    let segment = company.segment(&mut random, kind);
    let down = random.random_bool(0.75);
    let size = random.random_range(0.4..1.6);
    let shift = match (kind, down) {
        (CauseKind::Mix, _) => 0.0,
        (CauseKind::Rate, _) if !happens => 0.0,
        (CauseKind::Rate, true) => -size,
        (CauseKind::Rate, false) => size,
    };
    let factor = log_uniform(&mut random, 1.4, 3.5);
    let factor = match kind {
        CauseKind::Rate => 1.0,
        CauseKind::Mix if random.random_bool(0.5) => factor,
        CauseKind::Mix => 1.0 / factor,
    };
    let mut cells: HashMap<Deal, CellCounts> = HashMap::new();
    for _ in 0..whole(deals) {
        let deal = company.deal(&mut random);
        let won = random.random_bool(company.chance(&deal, 0.0));
        let counts = cells.entry(deal).or_default();
        counts.baseline_deals += 1;
        counts.baseline_won += u32::from(won);
    }
    // More are drawn than needed, and thinned in the segment or outside of it.
    let (inside, outside) = (factor.min(1.0), (1.0 / factor).min(1.0));
    for _ in 0..whole(deals * growth * factor.max(1.0)) {
        let deal = company.deal(&mut random);
        let is_inside = segment.iter().all(|&(place, code)| deal[place] == code);
        let kept = random.random_bool(if is_inside { inside } else { outside });
        let won = random.random_bool(company.chance(&deal, if is_inside { shift } else { 0.0 }));
        if kept {
            let counts = cells.entry(deal).or_default();
            counts.deals += 1;
            counts.won += u32::from(won);
        }
    }
    let values = VALUES.iter().map(|&count| (0..count).map(|code| format!("v{code}")).collect());
    let mut table = CellTable::new(names(), values.collect());
    let mut cells: Vec<_> = cells.into_iter().collect();
    cells.sort_by_key(|&(deal, _)| deal);
    for (deal, counts) in cells {
        table.push(deal, counts);
    }
    Incident { kind, segment, table }
}

impl Company {
    fn new(random: &mut Pcg64Mcg) -> Self {
        let normal = |spread: f64| Normal::new(0.0, spread).expect("a finite spread");
        let mut chances = Vec::new();
        let mut effects = Vec::new();
        for &count in &VALUES {
            // From all alike to a few that have most deals.
            let steepness = random.random_range(0.2..1.2);
            let weights: Vec<f64> =
                (0..count).map(|place| f64::from(place + 1).powf(-steepness)).collect();
            let all: f64 = weights.iter().sum();
            let mut so_far = 0.0;
            let added = weights.iter().map(|weight| {
                so_far += weight / all;
                so_far
            });
            chances.push(added.collect());
            effects.push((0..count).map(|_| normal(0.35).sample(random)).collect());
        }
        Self { chances, effects, base: normal(0.4).sample(random) - 0.2 }
    }

    /// A deal. A rep has one team; most deals of a team are in its region; some industries buy
    /// mostly one product.
    fn deal(&self, random: &mut Pcg64Mcg) -> Deal {
        let mut deal = Deal::default();
        for (value, chances) in deal.iter_mut().zip(&self.chances) {
            let drawn: f64 = random.random();
            let place = chances.partition_point(|&so_far| so_far < drawn);
            *value = u16::try_from(place.min(chances.len() - 1)).expect("few values");
        }
        deal[TEAM] = deal[REP] % VALUES[TEAM];
        if random.random_bool(0.6) {
            deal[REGION] = deal[TEAM] % VALUES[REGION];
        }
        if random.random_bool(0.3) {
            deal[PRODUCT] = deal[INDUSTRY] % VALUES[PRODUCT];
        }
        deal
    }

    fn chance(&self, deal: &Deal, shift: f64) -> f64 {
        let effects = deal.iter().zip(&self.effects).map(|(&value, of)| of[usize::from(value)]);
        let log_odds = self.base + shift + effects.sum::<f64>();
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// The values of a random deal in one to three attributes, so that frequent values are chosen
    /// more often. A shift of the mix is planted where the win rate lies five points or more from
    /// that of all deals, since elsewhere it changes nothing.
    fn segment(&self, random: &mut Pcg64Mcg, kind: CauseKind) -> Vec<(usize, u16)> {
        let sample: Vec<Deal> = (0..SAMPLE).map(|_| self.deal(random)).collect();
        let rate = |deals: &mut dyn Iterator<Item = &Deal>| {
            let chances: Vec<f64> = deals.map(|deal| self.chance(deal, 0.0)).collect();
            chances.iter().sum::<f64>() / chances.len() as f64
        };
        let all = rate(&mut sample.iter());
        loop {
            let count = random.random_range(1..=3);
            let mut places: Vec<usize> = Vec::new();
            while places.len() < count {
                let place = random.random_range(0..VALUES.len());
                let is_nested = |other: &usize| {
                    [place, *other] == [REP, TEAM] || [place, *other] == [TEAM, REP]
                };
                if !places.contains(&place) && !places.iter().any(is_nested) {
                    places.push(place);
                }
            }
            places.sort_unstable();
            let deal = self.deal(random);
            let segment: Vec<_> = places.into_iter().map(|place| (place, deal[place])).collect();
            let holds = |deal: &&Deal| segment.iter().all(|&(place, code)| deal[place] == code);
            let inside = rate(&mut sample.iter().filter(holds));
            if kind == CauseKind::Rate || (inside - all).abs() >= 0.05 {
                return segment;
            }
        }
    }
}

fn log_uniform(random: &mut Pcg64Mcg, from: f64, to: f64) -> f64 {
    random.random_range(from.ln()..to.ln()).exp()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some deals")]
fn whole(deals: f64) -> u32 {
    deals.round() as u32
}
