//! The engine, looking at a history every day.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_alert::Sequence;
use winsight_insight::{DropCounts, DropFamily, Share, below_rate_p_value};
use winsight_model::{FiscalYearStart, Settings, Window};

use crate::History;

/// A look that raised an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The day of the look.
    pub on: Date,
    /// The last day that it judged: the alert is one on the quarter of this day.
    pub judged: Date,
}

/// What was alerted on, and when first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The first alert on the win rate of all deals.
    pub overall: Option<Told>,
    /// The first on each segment.
    pub segments: Vec<Option<Told>>,
    /// The same for the rule on lead sources.
    pub lead_sources: Vec<Option<Told>>,
}

impl Watch {
    /// Whether any alert opened by judging a window.
    pub fn is_any_on(&self, window: Window) -> bool {
        let segments = self.segments.iter().chain(&self.lead_sources);
        let opened = std::iter::once(&self.overall).chain(segments).flatten();
        opened.into_iter().any(|told| window.contains(told.judged))
    }
}

/// The rules at every look that judges a day of `window`: on every `every`th day, 1 being daily, all
/// days until `settling_days` before it. `lead_source` is the number of the dimension that the rule on
/// lead sources looks at.
pub fn watch(
    history: &History,
    window: Window,
    every: i64,
    lead_source: Option<usize>,
    settings: &Settings,
) -> Watch {
    let segments = history.dimensions().len();
    let mut watch =
        Watch { overall: None, segments: vec![None; segments], lead_sources: vec![None; segments] };
    let mut families = BTreeMap::new();
    let settling = i64::from(settings.alerts.settling_days).days();
    let mut day = window.from.saturating_add(settling);
    let last_look = window.to.saturating_add(settling).saturating_add(Sequence::LATE_LOOKS.days());
    while day < last_look {
        let last = day.saturating_sub(settling);
        let fiscal = FiscalYearStart::JANUARY;
        let under_way = Sequence::under_way(last, history.first_day(), fiscal);
        for of_window in under_way.chunk_by(|left, right| left.window == right.window) {
            let look = Look::new(history, day, of_window[0]);
            for sequence in of_window {
                let look = Look { sequence: *sequence, ..look.clone() };
                look.win_rates(&mut families, settings, &mut watch);
                look.lead_sources(lead_source, settings, &mut watch);
            }
        }
        day = day.saturating_add(every.days());
    }
    watch
}

#[derive(Clone)]
struct Look<'a> {
    history: &'a History,
    day: Date,
    sequence: Sequence,
    all: DropCounts,
    segments: Vec<DropCounts>,
}

impl<'a> Look<'a> {
    fn new(history: &'a History, day: Date, sequence: Sequence) -> Self {
        let seen = history.seen_on(day);
        let counts = |current: Share, baseline, season| DropCounts { current, baseline, season };
        let all = counts(
            seen.all(sequence.window),
            seen.all(sequence.baseline),
            sequence.season.map(|season| seen.all(season)),
        );
        let current = seen.segments(sequence.window);
        let baseline = seen.segments(sequence.baseline);
        let season = sequence.season.map(|season| seen.segments(season));
        let segments = current.iter().zip(&baseline).enumerate().map(|(number, (now, before))| {
            counts(*now, *before, season.as_ref().map(|season| season[number]))
        });
        Self { history, day, sequence, all, segments: segments.collect() }
    }

    fn told(&self) -> Told {
        Told { on: self.day, judged: self.sequence.window.last_day() }
    }

    fn win_rates(
        &self,
        families: &mut BTreeMap<(Date, Date), DropFamily>,
        settings: &Settings,
        watch: &mut Watch,
    ) {
        let course = self.sequence.course();
        let key = (self.sequence.window.from, self.sequence.ends);
        let family = families.entry(key).or_insert_with(|| {
            let level = winsight_alert::Rule::WinRateDrop.level(settings, &self.sequence);
            DropFamily::new(
                &self.all,
                &self.segments,
                &course,
                level,
                settings.min_deals,
                settings.alerts.win_rate_drop,
            )
        });
        let judged = family.look(&self.all, &self.segments, self.history.dimensions(), &course);
        let found = std::iter::once(&mut watch.overall).chain(&mut watch.segments);
        for (first, judged) in found.zip(judged) {
            if judged.is_some_and(|judged| judged.passed()) {
                first.get_or_insert(self.told());
            }
        }
    }

    fn lead_sources(&self, lead_source: Option<usize>, settings: &Settings, watch: &mut Watch) {
        let dimensions = self.history.dimensions();
        let is_one = |segment: &usize| Some(dimensions[*segment]) == lead_source;
        let sources: Vec<usize> = (0..dimensions.len()).filter(is_one).collect();
        let level = winsight_alert::Rule::LeadSourceLow.level(settings, &self.sequence);
        for &source in &sources {
            let counts = &self.segments[source];
            let p = below_rate_p_value(
                counts.current,
                settings.alerts.lead_source_win_rate,
                self.sequence.course().deals_at_end(counts),
            );
            let enough = counts.current.deals >= settings.min_deals;
            if enough && p <= level / sources.len() as f64 {
                watch.lead_sources[source].get_or_insert(self.told());
            }
        }
    }
}
