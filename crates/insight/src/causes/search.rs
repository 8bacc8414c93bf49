//! Every segment with enough deals, and the evidence for each.

use winsight_model::{CellCounts, CellTable};

use super::score::{Evidence, homogeneity, matters, mix_evidence, rate_evidence};
use super::{CauseKind, CauseSearch};

/// A value or combination with too few deals.
const PRUNED: u16 = u16::MAX;
/// A segment has at least one in so many of all deals: a smaller one moves no overall rate, and each
/// combination of attributes then has at most so many segments.
const LEAST_SHARE: u64 = 1_000;
/// The median of the chi-square distribution with one degree of freedom.
const MEDIAN_CHI_SQUARE: f64 = 0.454_936;

/// An explanation that passed the level.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Places of the dimensions, and the numbers of the values.
    pub(super) parts: Vec<(usize, u16)>,
    pub(super) counts: CellCounts,
    /// All deals that were searched.
    pub(super) of: CellCounts,
    pub(super) kind: CauseKind,
    pub(super) contribution: f64,
    pub(super) statistic: f64,
    pub(super) p_value: f64,
    pub(super) score: f64,
}

/// A segment with enough deals.
struct Candidate {
    parts: Vec<(usize, u16)>,
    counts: CellCounts,
}

/// How many explanations were tested, and those that pass the level, best first.
///
/// `total` is the change that is to be explained.
pub(super) fn search(table: &CellTable, total: f64, settings: &CauseSearch) -> (usize, Vec<Found>) {
    let all = everything(table);
    if all.deals == 0 || all.baseline_deals == 0 {
        return (0, Vec::new());
    }
    let levels = candidates(table, &all, settings);
    let restlessness = restlessness(levels.get(1).map_or(&[], Vec::as_slice), &all);
    let mut tested = 0;
    let mut found = Vec::new();
    for level in levels {
        // Each number of attributes is as likely as any other, and all of its segments are alike.
        let prior = -(level.len().max(1) as f64).ln();
        for candidate in level {
            let rate = rate_evidence(&candidate.counts, &all, settings.min_deals);
            let mix = mix_evidence(&candidate.counts, &all, settings.length_ratio);
            let mix = mix.map(|mut mix| {
                mix.statistic /= restlessness;
                mix.variance *= restlessness;
                mix
            });
            let mix = mix.filter(|_| !candidate.parts.is_empty());
            for evidence in [rate, mix].into_iter().flatten() {
                tested += 1;
                if matters(&evidence, total) {
                    found.push(explanation(&candidate, &all, &evidence, prior));
                }
            }
        }
    }
    let tests = tested as f64;
    found.retain_mut(|found| {
        found.p_value = (found.p_value * tests).min(1.0);
        found.p_value <= settings.level
    });
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.parts.cmp(&b.parts)));
    (tested, found)
}

/// All cells together.
fn everything(table: &CellTable) -> CellCounts {
    let mut all = CellCounts::default();
    for counts in table.counts() {
        all.add(counts);
    }
    all
}

/// The change of the win rate of all deals; none without deals in both windows.
pub(super) fn overall_change(table: &CellTable) -> f64 {
    let all = everything(table);
    let rate = |won: u32, deals: u32| f64::from(won) / f64::from(deals);
    match (all.deals, all.baseline_deals) {
        (0, _) | (_, 0) => 0.0,
        (deals, before) => rate(all.won, deals) - rate(all.baseline_won, before),
    }
}

fn explanation(candidate: &Candidate, all: &CellCounts, evidence: &Evidence, prior: f64) -> Found {
    Found {
        parts: candidate.parts.clone(),
        counts: candidate.counts,
        of: *all,
        kind: evidence.kind,
        contribution: evidence.contribution,
        statistic: evidence.statistic,
        p_value: evidence.p_value(),
        score: evidence.log_bayes_factor() + prior,
    }
}

/// How much more the shares of single values move than chance alone lets them, at least 1: shares
/// wander from quarter to quarter, and a shift is judged against that. The median ratio is not
/// moved by the few values that a cause touches.
fn restlessness(singles: &[Candidate], all: &CellCounts) -> f64 {
    let mut statistics: Vec<f64> = singles
        .iter()
        .map(|candidate| {
            let sides = |inside: u32, all: u32| [f64::from(inside), f64::from(all - inside)];
            homogeneity(
                sides(candidate.counts.deals, all.deals),
                sides(candidate.counts.baseline_deals, all.baseline_deals),
            )
        })
        .collect();
    statistics.sort_by(f64::total_cmp);
    statistics.get(statistics.len() / 2).map_or(1.0, |median| (median / MEDIAN_CHI_SQUARE).max(1.0))
}

/// The segments of 0, 1, 2 and 3 attributes with enough deals. One that holds the same deals as
/// a segment of fewer attributes is left out.
fn candidates(table: &CellTable, all: &CellCounts, settings: &CauseSearch) -> Vec<Vec<Candidate>> {
    let closed = u64::from(all.deals) + u64::from(all.baseline_deals);
    let support = (2 * settings.min_deals).max(closed / LEAST_SHARE).max(1);
    let dimensions = table.dimensions().len();
    let singles: Vec<Single> =
        (0..dimensions).map(|place| Single::of(table, place, support)).collect();
    let everything = Candidate { parts: Vec::new(), counts: *all };
    let mut levels = vec![vec![everything], Vec::new(), Vec::new(), Vec::new()];
    for (place, single) in singles.iter().enumerate() {
        for (id, counts) in single.level.counts.iter().enumerate() {
            if counts != all {
                let parts = vec![(place, single.level.code(id))];
                levels[1].push(Candidate { parts, counts: *counts });
            }
        }
    }
    if settings.most_dimensions >= 2 {
        let pairs = pairs(&singles, table, support);
        push_pairs(&mut levels[2], &pairs, &singles);
        if settings.most_dimensions >= 3 {
            push_triples(&mut levels[3], &pairs, &singles, table, support);
        }
    }
    levels.truncate(settings.most_dimensions.clamp(1, 3) + 1);
    levels
}

/// The values of one dimension, or the combinations of two or three, that have enough deals.
struct Level {
    counts: Vec<CellCounts>,
    /// For each place in `counts` what it was counted under.
    keys: Vec<usize>,
    /// For each key its place in `counts`, or [`PRUNED`].
    places: Vec<u16>,
}

impl Level {
    fn of(keys: Keys<'_>, size: usize, table: &CellTable, support: u64) -> Self {
        let mut sums = vec![CellCounts::default(); size];
        for (key, counts) in keys.zip(table.counts()) {
            if let Some(key) = key {
                sums[key].add(counts);
            }
        }
        let mut level = Self { counts: Vec::new(), keys: Vec::new(), places: vec![PRUNED; size] };
        for (key, counts) in sums.into_iter().enumerate() {
            let deals = u64::from(counts.deals) + u64::from(counts.baseline_deals);
            if deals >= support
                && let Ok(place) = u16::try_from(level.counts.len())
            {
                level.places[key] = place;
                level.keys.push(key);
                level.counts.push(counts);
            }
        }
        level
    }

    /// The value's number; only of a single dimension.
    fn code(&self, id: usize) -> u16 {
        u16::try_from(self.keys[id]).unwrap_or(PRUNED)
    }

    /// For each cell the place of its key among the counts.
    fn ids(&self, keys: Keys<'_>) -> Vec<u16> {
        keys.map(|key| key.map_or(PRUNED, |key| self.places[key])).collect()
    }
}

/// What each cell is counted under; nothing if a part of it was pruned.
type Keys<'a> = Box<dyn Iterator<Item = Option<usize>> + 'a>;

/// The values of a dimension, for every cell the place of its own.
struct Single {
    level: Level,
    ids: Vec<u16>,
}

impl Single {
    fn of(table: &CellTable, place: usize, support: u64) -> Self {
        let keys = || -> Keys<'_> {
            Box::new(table.codes(place).iter().map(|&code| Some(usize::from(code))))
        };
        let level = Level::of(keys(), table.values(place).len(), table, support);
        let ids = level.ids(keys());
        Self { level, ids }
    }
}

/// Keys of combinations, `width` to each of the first.
fn combined<'a>(first: &'a [u16], second: &'a [u16], width: usize) -> Keys<'a> {
    let key = move |(&one, &other): (&u16, &u16)| {
        let whole = one != PRUNED && other != PRUNED;
        whole.then(|| usize::from(one) * width + usize::from(other))
    };
    Box::new(first.iter().zip(second).map(key))
}

/// The combinations of every two dimensions, by their places.
fn pairs(singles: &[Single], table: &CellTable, support: u64) -> Vec<Vec<Level>> {
    let pair = |one: &Single, other: &Single| {
        let width = other.level.counts.len();
        let size = one.level.counts.len() * width;
        Level::of(combined(&one.ids, &other.ids, width), size, table, support)
    };
    let of = |place: usize| {
        let others = singles[place + 1..].iter();
        others.map(|other| pair(&singles[place], other)).collect()
    };
    (0..singles.len()).map(of).collect()
}

fn push_pairs(level: &mut Vec<Candidate>, pairs: &[Vec<Level>], singles: &[Single]) {
    for (one, others) in pairs.iter().enumerate() {
        for (pair, other) in others.iter().zip(one + 1..) {
            let (first, second) = (&singles[one].level, &singles[other].level);
            let width = second.counts.len();
            for (&key, counts) in pair.keys.iter().zip(&pair.counts) {
                let (a, b) = (key / width, key % width);
                if *counts != first.counts[a] && *counts != second.counts[b] {
                    let parts = vec![(one, first.code(a)), (other, second.code(b))];
                    level.push(Candidate { parts, counts: *counts });
                }
            }
        }
    }
}

fn push_triples(
    level: &mut Vec<Candidate>,
    pairs: &[Vec<Level>],
    singles: &[Single],
    table: &CellTable,
    support: u64,
) {
    for one in 0..singles.len() {
        for two in one + 1..singles.len() {
            let pair = &pairs[one][two - one - 1];
            let width = singles[two].level.counts.len();
            let ids = pair.ids(combined(&singles[one].ids, &singles[two].ids, width));
            for (three, third) in singles.iter().enumerate().skip(two + 1) {
                let size = pair.counts.len() * third.level.counts.len();
                let keys = combined(&ids, &third.ids, third.level.counts.len());
                let triple = Level::of(keys, size, table, support);
                let others = [&pairs[one][three - one - 1], &pairs[two][three - two - 1]];
                let codes = [one, two, three].map(|place| (place, &singles[place].level));
                level.extend(triples(&triple, pair, others, codes));
            }
        }
    }
}

/// The combinations of three values, but for those that hold the same deals as two of the values.
fn triples<'a>(
    triple: &'a Level,
    pair: &'a Level,
    [outer, inner]: [&'a Level; 2],
    singles: [(usize, &'a Level); 3],
) -> impl Iterator<Item = Candidate> + 'a {
    let [width_of_two, width] = [singles[1], singles[2]].map(|(_, level)| level.counts.len());
    triple.keys.iter().zip(&triple.counts).filter_map(move |(&key, counts)| {
        let (place, c) = (key / width, key % width);
        let (a, b) = (pair.keys[place] / width_of_two, pair.keys[place] % width_of_two);
        let same = |level: &Level, key: usize| {
            let parent = level.counts.get(usize::from(level.places[key]));
            parent.is_some_and(|parent| parent == counts)
        };
        let is_new = pair.counts[place] != *counts
            && !same(outer, a * width + c)
            && !same(inner, b * width + c);
        let parts = singles.iter().zip([a, b, c]);
        is_new.then(|| Candidate {
            parts: parts.map(|(&(place, level), id)| (place, level.code(id))).collect(),
            counts: *counts,
        })
    })
}
