//! The chance that an open deal will be won, from how earlier deals left the stage that it is in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use winsight_model::{DayHistogram, OpenDeal, Stays};

use crate::survival::{CompetingRisks, Durations};

/// Fewest ended stays behind a chance.
const FEWEST: f64 = 10.0;
/// Bounds of the deals that a parent counts as beside a segment's own.
const LEAST_PRIOR: f64 = 10.0;
const MOST_PRIOR: f64 = 1e6;
/// Rounds of the chain of stages; each takes the chances of the next stages from the one before.
const ROUNDS: usize = 10_000;
/// Places of the ways to end a stay; the next stages follow.
const WON: usize = 0;
const LOST: usize = 1;
const STAGES: usize = 2;

/// Values of the dimensions that chances are told apart by.
pub type ChanceSegment = Vec<String>;

/// The stays that chances are learned from, by segment.
#[derive(Clone, Debug, Default)]
pub struct ChanceHistory {
    /// Stays in each stage.
    pub stages: BTreeMap<(ChanceSegment, String), Stays>,
    /// From creation to the end of the deal.
    pub whole: BTreeMap<ChanceSegment, Stays>,
}

/// The chance that an open deal will be won.
#[derive(Clone, Debug, PartialEq)]
pub struct WinChance {
    /// The chance, 0 to 1.
    pub chance: f64,
    /// What it was told from.
    pub basis: ChanceBasis,
    /// Days that the deal has been where it is: in its stage, or open at all.
    pub days: u32,
}

/// What a chance was told from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChanceBasis {
    /// The stage and the days in it.
    Stage,
    /// The days since creation: nothing is known of its stage, or of when the deal entered it.
    Age,
}

impl ChanceBasis {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Age => "age",
        }
    }
}

/// The chances of winning by stage, segment and time.
///
/// A deal that has been in a stage for some days leaves it as earlier deals left it that had been there
/// as long (Aalen and Johansen's estimate of the ways out, given a stay of that length): won, lost, or
/// into another stage, from which it goes on as deals that enter that one. So chances of stages are
/// chained; what came before the present stage is not asked. What many have outlived without an end
/// is likely to have none: such a deal is not won.
///
/// A segment adds its parent's stays to its own, with the weight of so many deals as the spread of the
/// segments' win rates suggests (beta-binomial, by moments: Kleinman, Journal of the American
/// Statistical Association 68, 1973). For the hazards this is the posterior mean of a beta process
/// around the parent's (Hjort, Annals of Statistics 18, 1990): a segment with little of its own, or
/// little at that age, goes by its parent.
#[derive(Clone, Debug, Default)]
pub struct WinChances {
    stages: BTreeMap<String, BTreeMap<ChanceSegment, StageRisks>>,
    /// Of segments unknown to a stage.
    parents: BTreeMap<String, StageRisks>,
    whole: BTreeMap<ChanceSegment, CompetingRisks>,
    whole_parent: CompetingRisks,
}

#[derive(Clone, Debug, Default)]
struct StageRisks {
    risks: CompetingRisks,
    /// Chance after each way out.
    chances: Vec<f64>,
}

impl WinChances {
    /// Learns from the stays of earlier deals.
    pub fn learn(history: &ChanceHistory) -> Self {
        let mut all = Stays::default();
        history.whole.values().for_each(|stays| all.merge(stays));
        let prior = prior_deals(&history.whole);
        let whole_parent = CompetingRisks::of(&closings(&all));
        let borrowed = prior / (all.total() as f64).max(1.0);
        let whole = history.whole.iter().map(|(segment, own)| {
            let mut durations = closings(own);
            durations.add(&[&all.won, &all.lost], &all.ongoing, borrowed);
            (segment.clone(), CompetingRisks::of(&durations))
        });
        let whole: BTreeMap<_, _> = whole.collect();
        let mut chances = Self { whole, whole_parent, ..Self::default() };
        chances.learn_stages(history, prior);
        chances
    }

    fn learn_stages(&mut self, history: &ChanceHistory, prior: f64) {
        // Without any deal that ended there is nothing to learn.
        let Some(overall) = won_after(&self.whole_parent, None) else { return };
        let mut parents: BTreeMap<String, Stays> = BTreeMap::new();
        for ((_, stage), stays) in &history.stages {
            parents.entry(stage.clone()).or_default().merge(stays);
        }
        let names: Vec<String> = parents.keys().cloned().collect();
        let all = parents.values().map(|parent| risks_of(None, parent, 1.0, &names));
        self.parents = chained(&names, all.collect(), overall);
        let segments: BTreeSet<_> = history.stages.keys().map(|(segment, _)| segment).collect();
        for segment in segments {
            let risks = parents.iter().map(|(stage, parent)| {
                let own = history.stages.get(&(segment.clone(), stage.clone()));
                let weight = prior / (parent.total() as f64).max(1.0);
                risks_of(own, parent, weight, &names)
            });
            let own_overall =
                self.whole.get(segment).and_then(|risks| won_after(risks, None)).unwrap_or(overall);
            for (stage, risks) in chained(&names, risks.collect(), own_overall) {
                self.stages.entry(stage).or_default().insert(segment.clone(), risks);
            }
        }
    }

    /// The chance of an open deal. `None` when fewer than ten deals have ended, or when neither its
    /// stage nor its age says anything.
    pub fn of(&self, deal: &OpenDeal, today: Date) -> Option<WinChance> {
        self.by_stage(deal, today).or_else(|| self.by_age(deal, today))
    }

    fn by_stage(&self, deal: &OpenDeal, today: Date) -> Option<WinChance> {
        let stage = deal.stage.as_ref()?;
        let days = u32::try_from(deal.days_in_stage(today)?).unwrap_or(0);
        let own = self.stages.get(stage).and_then(|known| known.get(&deal.chance_segment));
        let StageRisks { risks, chances } = own.or_else(|| self.parents.get(stage))?;
        let ways = risks.ways_after(Some(days), FEWEST)?;
        let chance = ways.iter().zip(chances).map(|(share, chance)| share * chance).sum::<f64>();
        Some(WinChance { chance: chance.clamp(0.0, 1.0), basis: ChanceBasis::Stage, days })
    }

    fn by_age(&self, deal: &OpenDeal, today: Date) -> Option<WinChance> {
        let days = u32::try_from(deal.age_days(today)?).unwrap_or(0);
        let risks = self.whole.get(&deal.chance_segment).unwrap_or(&self.whole_parent);
        let chance = won_after(risks, Some(days))?;
        Some(WinChance { chance, basis: ChanceBasis::Age, days })
    }
}

/// Of those open longer than `after` days, the share won.
fn won_after(risks: &CompetingRisks, after: Option<u32>) -> Option<f64> {
    risks.ways_after(after, FEWEST).map(|ways| ways[WON])
}

/// The durations from creation to the end.
fn closings(stays: &Stays) -> Durations {
    Durations::new(&[&stays.won, &stays.lost], &stays.ongoing)
}

/// How the stays in a stage end: a segment's own and, with a weight, its parent's.
fn risks_of(own: Option<&Stays>, parent: &Stays, weight: f64, names: &[String]) -> CompetingRisks {
    let none = DayHistogram::default();
    let ways = |stays: &'_ Stays| -> Vec<DayHistogram> {
        let moved = names.iter().map(|name| stays.moved.get(name).unwrap_or(&none).clone());
        [stays.won.clone(), stays.lost.clone()].into_iter().chain(moved).collect()
    };
    let empty = vec![none.clone(); STAGES + names.len()];
    let mut durations = Durations::new(&empty.iter().collect::<Vec<_>>(), &none);
    for (stays, weight) in own.map(|own| (own, 1.0)).into_iter().chain([(parent, weight)]) {
        durations.add(&ways(stays).iter().collect::<Vec<_>>(), &stays.ongoing, weight);
    }
    CompetingRisks::of(&durations)
}

/// The chance after each way out of each stage: 1 when won, 0 when lost, and for another stage what a
/// deal that enters it has. A stage that nothing has left yet, or only in circles, has the chance of
/// all deals.
fn chained(
    names: &[String],
    risks: Vec<CompetingRisks>,
    overall: f64,
) -> BTreeMap<String, StageRisks> {
    let ways: Vec<_> = risks.iter().map(|risks| risks.ways_after(None, FEWEST)).collect();
    let mut entering = vec![overall; names.len()];
    for _ in 0..ROUNDS {
        let mut moved = 0.0_f64;
        for (stage, ways) in ways.iter().enumerate() {
            let Some(ways) = ways else { continue };
            let onward = ways[STAGES..].iter().zip(&entering);
            let chance = ways[WON] + onward.map(|(share, chance)| share * chance).sum::<f64>();
            moved = moved.max((chance - entering[stage]).abs());
            entering[stage] = chance;
        }
        if moved < 1e-13 {
            break;
        }
    }
    let mut chances = vec![0.0; STAGES];
    chances[WON] = 1.0;
    chances[LOST] = 0.0;
    chances.extend(&entering);
    let risks = risks.into_iter().map(|risks| StageRisks { risks, chances: chances.clone() });
    names.iter().cloned().zip(risks).collect()
}

/// How many deals of its parent a segment borrows: as many as make the spread of the segments' win
/// rates what it is beyond chance; very many where there is none. The only segment is its parent and
/// needs none.
fn prior_deals(segments: &BTreeMap<ChanceSegment, Stays>) -> f64 {
    if segments.len() < 2 {
        return 0.0;
    }
    let closed: Vec<(f64, f64)> = segments
        .values()
        .map(|stays| (stays.won.total() as f64, (stays.won.total() + stays.lost.total()) as f64))
        .filter(|(_, deals)| *deals > 0.0)
        .collect();
    let deals: f64 = closed.iter().map(|(_, deals)| deals).sum();
    let rate = closed.iter().map(|(won, _)| won).sum::<f64>() / deals;
    let others = closed.len() as f64 - 1.0;
    let squares: f64 = closed.iter().map(|(_, deals)| deals * deals).sum();
    let room = deals - squares / deals - others;
    if !(rate > 0.0 && rate < 1.0 && room > 0.0) {
        return MOST_PRIOR;
    }
    let spread: f64 = closed.iter().map(|(won, deals)| deals * (won / deals - rate).powi(2)).sum();
    let correlation: f64 = (spread / (rate * (1.0 - rate)) - others) / room;
    if correlation <= 0.0 {
        return MOST_PRIOR;
    }
    ((1.0 - correlation) / correlation).clamp(LEAST_PRIOR, MOST_PRIOR)
}
