//! A workspace's own rules on its own past: what they would have raised.

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_alert::{CustomRule, Finding, Verdict, read_rules};
use winsight_model::{Clock, Segment};

use crate::rules::{Looking, Rows, WEEKS, unreadable};
use crate::{JobError, Workspace};

/// What a rule would have raised.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Its name.
    pub rule: String,
    /// Each alert that would have opened: the day, and what it says.
    pub raised: Vec<(Date, Finding)>,
    /// What its threshold alone would have raised besides, kept back for want of evidence.
    pub kept_back: Vec<(Date, Finding)>,
}

impl Workspace {
    /// What the rules of a file would have raised on the days from `from` to `to`, looked at weekly: as
    /// the deals stood then, and with the budget of a quarter shared over its weeks.
    ///
    /// # Errors
    /// [`JobError::Usage`] for mistakes in the file, a rule that fails, or an empty span of days.
    pub async fn backtest(
        &self,
        text: &str,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<Backtest>, JobError> {
        let rules = read_rules(text).map_err(|mistakes| unreadable(&mistakes))?;
        let commit = self.loaded().await?;
        let last = self.windows(Some(&commit)).await?.0.last_day();
        let to = to.map_or(last, |to| to.min(last));
        let from = from.unwrap_or_else(|| to.saturating_sub(1.year()));
        if from > to {
            return Err(JobError::Usage(format!("there is no day from {from} to {to}")));
        }
        let guarded = rules.iter().filter(|rule| rule.guarded).count();
        let mut replays: Vec<_> = rules.iter().map(Replay::of).collect();
        let mut day = from;
        while day <= to {
            let clock = Clock::end_of(day, self.clock.time_zone().clone());
            let clock = clock.map_err(|error| JobError::Usage(error.to_string()))?;
            let past = self.at(clock);
            for replay in &mut replays {
                let looking = Looking { last_day: day, guarded, looks: WEEKS };
                let judged = past.judge_rule(&commit, replay.rule, looking).await?;
                let (rows, verdicts) =
                    judged.map_err(|failure| JobError::Usage(failure.to_string()))?;
                replay.look(day, &rows, verdicts);
            }
            day = day.saturating_add(7.days());
        }
        Ok(replays.into_iter().map(|replay| replay.backtest).collect())
    }
}

/// A rule on its way through the past.
struct Replay<'a> {
    rule: &'a CustomRule,
    /// Segments whose condition holds, and whether anybody has been told.
    open: Vec<Opened>,
    kept_back: Vec<Segment>,
    backtest: Backtest,
}

struct Opened {
    segment: Segment,
    since: Date,
    is_told: bool,
}

impl<'a> Replay<'a> {
    fn of(rule: &'a CustomRule) -> Self {
        let backtest =
            Backtest { rule: rule.name.clone(), raised: Vec::new(), kept_back: Vec::new() };
        Self { rule, open: Vec::new(), kept_back: Vec::new(), backtest }
    }

    /// Opens and ends alerts as a run does: what is open stays while its condition holds, or while it
    /// has too few deals to be judged.
    fn look(&mut self, day: Date, rows: &Rows, verdicts: Vec<Verdict>) {
        let is_judged = |segment: &Segment| {
            rows.iter()
                .any(|(known, now, _)| known == segment && now.deals() >= self.rule.min_deals)
        };
        self.open.retain(|opened| {
            let holds = verdicts.iter().any(|verdict| verdict.finding.segment == opened.segment);
            holds || !is_judged(&opened.segment)
        });
        let mut kept_back = Vec::new();
        for Verdict { finding, passed, .. } in verdicts {
            let known = self.open.iter().position(|opened| opened.segment == finding.segment);
            if known.is_none() && !passed {
                kept_back.push(finding.segment.clone());
                if !self.kept_back.contains(&finding.segment) {
                    self.backtest.kept_back.push((day, finding));
                }
                continue;
            }
            let place = known.unwrap_or_else(|| {
                let segment = finding.segment.clone();
                self.open.push(Opened { segment, since: day, is_told: false });
                self.open.len() - 1
            });
            let opened = &mut self.open[place];
            let held = day.since(opened.since).map_or(0, |held| held.get_days());
            if !opened.is_told && i64::from(held) >= i64::from(self.rule.pending_days) {
                opened.is_told = true;
                self.backtest.raised.push((day, finding));
            }
        }
        self.kept_back = kept_back;
    }
}
