//! The engine, looking at a history every day.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_alert::Sequence;
use winsight_insight::{DropCounts, DropFamily, Share, below_rate_p_value};
use winsight_model::{FiscalYearStart, Settings, Window};

use crate::History;

/// What was alerted on, and when first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The first day on which there was an alert on the win rate of all deals.
    pub overall: Option<Date>,
    /// The first day on which there was one on each segment.
    pub segments: Vec<Option<Date>>,
    /// The same for the rule on lead sources.
    pub lead_sources: Vec<Option<Date>>,
}

impl Watch {
    /// The first day of any alert that opened in a window.
    pub fn first_in(&self, window: Window) -> Option<Date> {
        let segments = self.segments.iter().chain(&self.lead_sources);
        let opened = std::iter::once(&self.overall).chain(segments).flatten();
        opened.copied().filter(|day| window.contains(*day)).min()
    }
}

/// The rules at every look on the days of `window`, each of which judges the days until
/// `settling_days` before it. `lead_source` is the number of the dimension that
/// the rule on lead sources looks at.
pub fn watch(
    history: &History,
    window: Window,
    lead_source: Option<usize>,
    settings: &Settings,
) -> Watch {
    let segments = history.dimensions().len();
    let mut watch =
        Watch { overall: None, segments: vec![None; segments], lead_sources: vec![None; segments] };
    let mut families = BTreeMap::new();
    let mut day = window.from;
    while day < window.to {
        let last = day.saturating_sub(i64::from(settings.alerts.settling_days).days());
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
        day = day.saturating_add(1.day());
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
                first.get_or_insert(self.day);
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
                watch.lead_sources[source].get_or_insert(self.day);
            }
        }
    }
}
