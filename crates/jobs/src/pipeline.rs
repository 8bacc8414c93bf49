//! The open pipeline: chances, quality, stages, cohorts, and what changed between two days.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use winsight_insight::{
    ChanceHistory, CohortWinRate, HighRisk, PipelineBridge, PipelineHealth, PipelineQuality,
    QualityInput, RiskyDeal, StageProgression, WinChance, WinChances, cohort_win_rate,
    high_risk_by_chance, metrics_without_dfi_interval, pipeline_health, pipeline_quality,
    risk_reasons, stage_progression,
};
use winsight_model::{AfterState, DealMove, Dimension, Grain, OpenDeal, Stays, Window};
use winsight_store::{Commit, CountedStays, Grouping, MovesRequest, StayRequest};

use crate::{Days, JobError, Workspace};

/// Days of stays that chances are learned from: two years, so that they follow the way things go.
const CHANCE_DAYS: i32 = 730;
/// Days of stays that stage progression tells of.
const PROGRESSION_DAYS: i32 = 365;
/// Days of closed deals that the expected yield is compared with: four quarters.
const PAST_DAYS: i32 = 364;
/// Days between the two ends of a bridge, unless asked otherwise.
const BRIDGE_DAYS: i32 = 7;
/// Cohorts that are shown unless asked otherwise.
const COHORTS: usize = 12;

/// The pipeline as it stands on a day.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The last day seen.
    pub day: Date,
    /// The open deals.
    pub deals: Vec<OpenDeal>,
    /// Their win chances, in the same order.
    pub chances: Vec<Option<WinChance>>,
    /// Counts and amounts by stage.
    pub health: PipelineHealth,
    /// How good it is.
    pub quality: PipelineQuality,
    /// What became of the deals that entered each stage in the past year.
    pub progression: Vec<StageProgression>,
    /// The days in which they entered.
    pub progression_window: Window,
    /// The open deals at risk.
    pub risk: HighRisk,
    /// ISO 4217 code of the amounts.
    pub currency: String,
}

/// Open deals, largest amount first.
#[derive(Clone, Debug)]
pub struct OpenDeals {
    /// The last day seen.
    pub day: Date,
    /// The deals.
    pub deals: Vec<RiskyDeal>,
}

/// Which change of the pipeline to explain.
#[derive(Clone, Copy, Debug, Default)]
pub struct BridgeQuery {
    /// First day of the change; default the 7 days that end with the last known one.
    pub from: Option<Date>,
    /// First day after the change.
    pub to: Option<Date>,
    /// First day after those on which deals of the pipeline are expected to close; default the first
    /// day after the fiscal quarter in which the change ends.
    pub close_before: Option<Date>,
    /// All open deals instead, whenever they are expected to close.
    pub all: bool,
}

/// How the pipeline of one day became that of another.
#[derive(Clone, Debug)]
pub struct BridgeTable {
    /// From the beginning of the first day to the end of the last.
    pub window: Window,
    /// The parts.
    pub bridge: PipelineBridge,
    /// What the data cannot show, in a sentence.
    pub caution: Option<String>,
    /// ISO 4217 code of the amounts.
    pub currency: String,
}

/// Which cohorts to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct CohortsQuery {
    /// Length of the periods of creation; default quarters.
    pub grain: Option<Grain>,
    /// First day of creation; default far enough back for 12 cohorts.
    pub from: Option<Date>,
    /// First day after; default the day after the last known one.
    pub to: Option<Date>,
    /// Days after creation; default as in the settings.
    pub horizon_days: Option<u32>,
}

impl Workspace {
    /// The pipeline as it stands: health, chances, quality, stage progression, risk.
    pub async fn pipeline(&self) -> Result<Pipeline, JobError> {
        self.pipeline_of(&self.loaded().await?).await
    }

    pub(crate) async fn pipeline_of(&self, commit: &Commit) -> Result<Pipeline, JobError> {
        // Days without data must not look like days without activity.
        let day = self.windows(Some(commit)).await?.0.last_day();
        let by = self.chance_dimensions()?;
        let (learned, watched) =
            (Window::trailing(CHANCE_DAYS, day), Window::trailing(PROGRESSION_DAYS, day));
        let request = StayRequest {
            as_of: day,
            entered: vec![learned, watched],
            created: vec![learned],
            by: by.clone(),
        };
        let mut stays = self.store.stays(commit, &request).await?;
        let deals = self.store.open_deals(commit, day, &by, Some(&stays)).await?;
        let watched_stages = by_stage(stays.stages.pop().unwrap_or_default());
        let history = ChanceHistory {
            stages: stays.stages.pop().unwrap_or_default(),
            whole: stays.deals.pop().unwrap_or_default(),
        };
        let learned = WinChances::learn(&history);
        let chances: Vec<_> = deals.iter().map(|deal| learned.of(deal, day)).collect();
        let quality = pipeline_quality(&QualityInput {
            deals: &deals,
            chances: &chances,
            today: day,
            past_rate: self.past_rate(commit, day).await?,
            stages: &by_stage(history.stages),
            idle_days: self.settings.alerts.idle_days,
            weights: &self.settings.pipeline.quality_weights,
        });
        Ok(Pipeline {
            day,
            health: pipeline_health(&deals, day),
            quality,
            progression: stage_progression(&watched_stages, self.settings.min_deals),
            progression_window: watched,
            risk: high_risk_by_chance(&deals, &chances, day, &self.settings.alerts),
            deals,
            chances,
            currency: self.settings.reporting_currency.clone(),
        })
    }

    /// The revenue-weighted win rate of the past four quarters; where amounts do not allow one, the win
    /// rate.
    async fn past_rate(&self, commit: &Commit, day: Date) -> Result<Option<f64>, JobError> {
        let window = Window::trailing(PAST_DAYS, day);
        let tallies = self.tally(commit, vec![window], vec![Grouping::new()], &[]).await?;
        let tally = tallies.into_iter().flatten().flatten().next().map(|(_, tally)| tally);
        let metrics =
            metrics_without_dfi_interval(&tally.unwrap_or_default(), self.settings.min_deals);
        Ok(metrics.rwwr.or(metrics.win_rate))
    }

    fn chance_dimensions(&self) -> Result<Vec<Dimension>, JobError> {
        let names = self.settings.pipeline.win_chance_by.iter();
        names.map(|name| Dimension::built_in(name).map_err(JobError::Usage)).collect()
    }

    /// The open deals with their chances and reasons, largest amount first; with `risky_only` those at
    /// risk.
    pub async fn open_deals(&self, risky_only: bool) -> Result<OpenDeals, JobError> {
        let pipeline = self.pipeline().await?;
        if risky_only {
            return Ok(OpenDeals { day: pipeline.day, deals: pipeline.risk.deals });
        }
        let Pipeline { day, deals, chances, .. } = pipeline;
        let alerts = &self.settings.alerts;
        let mut rows: Vec<_> = deals
            .into_iter()
            .zip(chances)
            .map(|(deal, chance)| {
                let reasons = risk_reasons(&deal, chance.as_ref(), day, alerts);
                RiskyDeal { deal, chance, reasons }
            })
            .collect();
        rows.sort_by(|a, b| {
            let by_amount = b.deal.amount.cmp(&a.deal.amount);
            by_amount.then_with(|| a.deal.deal_id.cmp(&b.deal.deal_id))
        });
        Ok(OpenDeals { day, deals: rows })
    }

    /// How the pipeline changed between two days, to the cent.
    ///
    /// # Errors
    /// [`JobError::Usage`] for an empty window.
    pub async fn pipeline_bridge(&self, query: &BridgeQuery) -> Result<BridgeTable, JobError> {
        let commit = self.loaded().await?;
        let known = self.windows(Some(&commit)).await?.0;
        let to = query.to.map_or(known.to, |to| to.min(known.to));
        let from = query.from.unwrap_or_else(|| to.saturating_sub(BRIDGE_DAYS.days()));
        let window = Window { from, to };
        let asked = Days { from: query.from, to: query.to };
        asked.check(known.last_day())?;
        if window.is_empty() {
            return Err(nothing_known(from, known));
        }
        let quarter = self.settings.fiscal_year_start_month.quarter_window(window.last_day());
        let close_before = query.close_before.unwrap_or(quarter.to);
        let close_before = (!query.all).then_some(close_before);
        let first = window.from.saturating_sub(1.day());
        let request = MovesRequest {
            first,
            first_instant: self.last_instant(first)?,
            last: window.last_day(),
            last_instant: self.last_instant(window.last_day())?,
        };
        let moves = self.store.deal_moves(&commit, &request).await?;
        let mut bridge = PipelineBridge::of(close_before, &moves.moves);
        let mut cautions = Vec::new();
        let open_before = moves.moves.iter().filter(|deal| deal.before.is_some()).count() as u64;
        if moves.unknown_at_first > 0 {
            cautions.push(format!(
                "{} of {open_before} deals were first loaded after {first}: how their amounts and \
                 expected dates changed before that is not known, and does not show here",
                moves.unknown_at_first
            ));
        }
        if !query.all && !has_dates(&moves.moves) && !moves.moves.is_empty() {
            bridge = PipelineBridge::of(None, &moves.moves);
            cautions.push(
                "the deals have no expected close dates, so this is the change of all open deals"
                    .to_owned(),
            );
        }
        Ok(BridgeTable {
            window,
            bridge,
            caution: (!cautions.is_empty()).then(|| cautions.join("; ")),
            currency: self.settings.reporting_currency.clone(),
        })
    }

    fn last_instant(&self, day: Date) -> Result<Timestamp, JobError> {
        let midnight = day.saturating_add(1.day()).to_zoned(self.clock.time_zone().clone());
        midnight
            .and_then(|midnight| midnight.timestamp().checked_sub(1.microsecond()))
            .map_err(|error| JobError::Usage(format!("{day}: {error}")))
    }

    /// The win rates of deals by when they were created, corrected for those that are still open.
    ///
    /// # Errors
    /// [`JobError::Usage`] for an empty window or a horizon of no days.
    pub async fn cohorts(&self, query: &CohortsQuery) -> Result<Vec<CohortWinRate>, JobError> {
        let commit = self.loaded().await?;
        let known = self.windows(Some(&commit)).await?.0;
        let grain = query.grain.unwrap_or(Grain::Quarter);
        let horizon = query.horizon_days.unwrap_or(self.settings.pipeline.cohort_horizon_days);
        if horizon == 0 {
            return Err(JobError::Usage("a horizon has at least one day".to_owned()));
        }
        let to = query.to.map_or(known.to, |to| to.min(known.to));
        let from = query.from.unwrap_or_else(|| first_of(grain, to));
        let asked = Days { from: query.from, to: query.to };
        asked.check(known.last_day())?;
        if from >= to {
            return Err(nothing_known(from, known));
        }
        let periods = Window { from, to }.periods(grain);
        let request = StayRequest {
            as_of: known.last_day(),
            entered: Vec::new(),
            created: periods.iter().map(|period| period.window).collect(),
            by: Vec::new(),
        };
        let CountedStays { deals, .. } = self.store.stays(&commit, &request).await?;
        let stays = deals.into_iter().map(|by| by.into_values().next().unwrap_or_default());
        let min_deals = self.settings.min_deals;
        let mut cohorts: Vec<CohortWinRate> = periods
            .into_iter()
            .zip(stays)
            .map(|(period, stays)| cohort_win_rate(period, &stays, horizon, min_deals))
            .collect();
        if query.from.is_none() {
            // Before the first deal there was nothing to ask for.
            let empty = cohorts.iter().take_while(|cohort| cohort.deals == 0).count();
            cohorts.drain(..empty);
        }
        Ok(cohorts)
    }
}

/// Of a window in the future, whatever its end.
fn nothing_known(from: Date, known: Window) -> JobError {
    let last_known = known.last_day();
    JobError::Usage(format!("the window from {from} is empty: nothing is known after {last_known}"))
}

/// The first day of the oldest of the cohorts that are shown unless asked otherwise.
fn first_of(grain: Grain, to: Date) -> Date {
    let mut first = grain.start_of(to.saturating_sub(1.day()));
    for _ in 1..COHORTS {
        first = grain.start_of(first.saturating_sub(1.day()));
    }
    first
}

fn has_dates(moves: &[DealMove]) -> bool {
    moves.iter().any(|deal| {
        let after = match deal.after {
            AfterState::Open(state) => state.expected_close_date,
            _ => None,
        };
        after.or(deal.before.and_then(|state| state.expected_close_date)).is_some()
    })
}

/// The stays of all segments together.
fn by_stage(stages: BTreeMap<(Vec<String>, String), Stays>) -> BTreeMap<String, Stays> {
    let mut merged: BTreeMap<String, Stays> = BTreeMap::new();
    for ((_, stage), stays) in stages {
        merged.entry(stage).or_default().merge(&stays);
    }
    merged
}
