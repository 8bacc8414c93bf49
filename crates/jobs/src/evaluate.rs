//! What the rules see: the windows of every sequence of looks under way, and the latest days.

use std::collections::BTreeMap;

use jiff::ToSpan;
use winsight_alert::{
    Finding, Observation, Sequence, SequenceLook, dfi_findings, lead_source_findings,
    unjudged_findings, win_rate_findings, without_echoes,
};
use winsight_insight::{SegmentPair, Share};
use winsight_model::{Dimension, Segment, Tally, Window};
use winsight_store::{Commit, Grouping};

use crate::question::segment;
use crate::{JobError, Workspace};

/// The deals that the rules look at.
struct Looks {
    sequences: Vec<SequenceLook>,
    window: Window,
    baseline_window: Window,
    overall: SegmentPair,
    pairs: Vec<SegmentPair>,
}

impl Workspace {
    /// What the rules that test closed deals find today.
    pub(crate) async fn tested_findings(&self, commit: &Commit) -> Result<Vec<Finding>, JobError> {
        let looks = self.looks(commit, &[]).await?;
        let dimensions = Dimension::known_while_open();
        let open_amounts = self.store.open_amounts(commit, self.clock.today(), &dimensions).await?;
        let mut live = self.live_alerts().await?;
        // An alert that opened later is not known yet in a replay.
        live.retain(|alert| alert.opened_at <= self.clock.instant());
        let observation = Observation {
            sequences: &looks.sequences,
            window: looks.window,
            baseline_window: looks.baseline_window,
            pairs: &looks.pairs,
            overall: &looks.overall,
            open_amounts: &open_amounts,
            currency: &self.settings.reporting_currency,
            data_version: commit.version,
            live: &live,
        };
        let mut findings = self.win_rate_drops(commit, &observation).await?;
        findings.extend(lead_source_findings(&observation, &self.settings));
        findings.extend(dfi_findings(&observation, &self.settings));
        findings.extend(unjudged_findings(&observation, &self.settings));
        Ok(findings)
    }

    /// The drops in win rate, one for each cause: the segment with the strongest evidence stands, its
    /// deals are set aside, and another drop stands only if the other deals show it too. That all deals
    /// together fell is a cause of its own if they did so without that segment as well.
    async fn win_rate_drops(
        &self,
        commit: &Commit,
        observation: &Observation<'_>,
    ) -> Result<Vec<Finding>, JobError> {
        let found = win_rate_findings(observation, &self.settings);
        let everything = Segment::all();
        let mut causes: Vec<Segment> = Vec::new();
        let mut left: Vec<Segment> = segments(&found);
        while let Some(strongest) = left.first() {
            let Some(segment) = left.iter().find(|segment| **segment != everything) else {
                causes.push(everything);
                break;
            };
            let apart: Vec<Segment> = causes.iter().chain([segment]).cloned().collect();
            let looks = self.looks(commit, &apart).await?;
            let rest = Observation {
                sequences: &looks.sequences,
                pairs: &looks.pairs,
                overall: &looks.overall,
                ..*observation
            };
            let mut of_the_rest = segments(&win_rate_findings(&rest, &self.settings));
            of_the_rest.retain(|segment| found.iter().any(|found| found.segment == *segment));
            if *strongest == everything && of_the_rest.contains(&everything) {
                causes.push(everything);
                break;
            }
            (causes, left) = (apart, of_the_rest);
        }
        Ok(without_echoes(found, &causes))
    }

    /// The deals in every window that the rules look at, without those of the excluded segments.
    async fn looks(&self, commit: &Commit, excluding: &[Segment]) -> Result<Looks, JobError> {
        let (window, _) = self.windows(Some(commit)).await?;
        let baseline_window =
            Window { from: window.from.saturating_sub(1.year()), to: window.from };
        let settling = i64::from(self.settings.alerts.settling_days.max(0));
        let last_day = window.last_day().saturating_sub(settling.days());
        let first_day = self.store.first_closed_day(commit).await?.unwrap_or(last_day);
        let fiscal = self.settings.fiscal_year_start_month;
        let under_way = Sequence::under_way(last_day, first_day, fiscal);
        let baseline_window = Window {
            from: baseline_window.from.max(first_day.min(window.from)),
            ..baseline_window
        };
        let mut windows = vec![window, baseline_window];
        for sequence in by_window(&under_way).filter_map(<[_]>::first) {
            windows.extend([sequence.window, sequence.baseline]);
            windows.extend(sequence.season);
        }
        let mut counted = self.windows_by_segment(commit, windows, excluding).await?.into_iter();
        let mut next = || counted.next().unwrap_or_default();
        let (overall, pairs) = paired(next(), next());
        let mut sequences = Vec::new();
        for of_window in by_window(&under_way) {
            let (overall, pairs) = paired(next(), next());
            let has_season = of_window.iter().any(|sequence| sequence.season.is_some());
            let season = if has_season { next() } else { BTreeMap::new() };
            let seasons: BTreeMap<_, _> = season
                .iter()
                .map(|(segment, tally)| (segment.clone(), Share::from(tally)))
                .collect();
            sequences.extend(of_window.iter().map(|sequence| SequenceLook {
                sequence: *sequence,
                overall: overall.clone(),
                pairs: pairs.clone(),
                seasons: seasons.clone(),
            }));
        }
        Ok(Looks { sequences, window, baseline_window, overall, pairs })
    }

    /// The closed deals of all deals and of each value of each dimension, window by window.
    async fn windows_by_segment(
        &self,
        commit: &Commit,
        windows: Vec<Window>,
        excluding: &[Segment],
    ) -> Result<Vec<BTreeMap<Segment, Tally>>, JobError> {
        let mut groupings = vec![Grouping::new()];
        groupings
            .extend(Dimension::known_while_open().into_iter().map(|dimension| vec![dimension]));
        let mut by_window = vec![BTreeMap::new(); windows.len()];
        let tables = self.tally(commit, windows, groupings.clone(), excluding).await?;
        for (grouping, table) in groupings.iter().zip(tables) {
            for (counted, tallies) in by_window.iter_mut().zip(table) {
                let tallies = tallies.into_iter();
                counted.extend(tallies.map(|(values, tally)| (segment(grouping, values), tally)));
            }
        }
        Ok(by_window)
    }
}

fn segments(findings: &[Finding]) -> Vec<Segment> {
    findings.iter().map(|finding| finding.segment.clone()).collect()
}

/// The sequences that see the same deals, together.
fn by_window(sequences: &[Sequence]) -> impl Iterator<Item = &[Sequence]> {
    sequences.chunk_by(|left, right| left.window == right.window)
}

/// All deals, and every segment that has any in either window.
fn paired(
    mut current: BTreeMap<Segment, Tally>,
    mut baseline: BTreeMap<Segment, Tally>,
) -> (SegmentPair, Vec<SegmentPair>) {
    let mut segments: Vec<_> = current.keys().chain(baseline.keys()).cloned().collect();
    segments.sort();
    segments.dedup();
    let mut pairs: Vec<_> = segments
        .into_iter()
        .map(|segment| SegmentPair {
            current: current.remove(&segment).unwrap_or_default(),
            baseline: baseline.remove(&segment).unwrap_or_default(),
            segment,
        })
        .collect();
    let overall = pairs.iter().position(|pair| pair.segment == Segment::all());
    (overall.map(|place| pairs.remove(place)).unwrap_or_default(), pairs)
}
