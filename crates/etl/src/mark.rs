//! What can be odd about a deal that is loaded all the same.

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_model::{Money, Outcome};

use crate::check;
use crate::deal::Deal;
use crate::field::Field;

/// Days without activity or update after which an open deal is stale.
const STALE_DAYS: i64 = 180;

/// One oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It was lost, and has no amount or amount zero.
    LostWithoutAmount,
    /// It was won, and has no amount or amount zero.
    WonWithoutAmount,
    /// The stage says the opposite of the outcome.
    StageContradicts,
    /// The file's own cycle length is another than the computed one.
    OtherCycle,
    /// It is open, and nothing has happened for long.
    Stale,
    /// It is open, and was expected to close before today.
    Overdue,
    /// Its last activity or update lies after today.
    ActivityInFuture,
    /// Its last activity or update lies before it was created.
    ActivityBeforeCreated,
    /// It is older than the first rate of its currency.
    RateBeforeFirst,
    /// It fails a check that is waived.
    Waived,
}

impl Mark {
    /// Every mark, in the order of the enumeration.
    pub(crate) const ALL: [Self; 10] = [
        Self::LostWithoutAmount,
        Self::WonWithoutAmount,
        Self::StageContradicts,
        Self::OtherCycle,
        Self::Stale,
        Self::Overdue,
        Self::ActivityInFuture,
        Self::ActivityBeforeCreated,
        Self::RateBeforeFirst,
        Self::Waived,
    ];

    /// The check that found it, and the field it is about.
    pub(crate) fn check(self) -> (&'static str, Option<Field>) {
        match self {
            Self::LostWithoutAmount => (check::LOST_WITHOUT_AMOUNT, Some(Field::Amount)),
            Self::WonWithoutAmount => (check::WON_WITHOUT_AMOUNT, Some(Field::Amount)),
            Self::StageContradicts => (check::OUTCOME_STAGE_MISMATCH, Some(Field::Stage)),
            Self::OtherCycle => (check::CYCLE_MISMATCH, Some(Field::CycleDays)),
            Self::Stale => (check::STALE_DEAL, Some(Field::LastActivityDate)),
            Self::Overdue => (check::EXPECTED_CLOSE_PAST, Some(Field::ExpectedCloseDate)),
            Self::ActivityInFuture => (check::ACTIVITY_IN_FUTURE, Some(Field::LastActivityDate)),
            Self::ActivityBeforeCreated => {
                (check::ACTIVITY_BEFORE_CREATED, Some(Field::LastActivityDate))
            }
            Self::RateBeforeFirst => (check::RATE_BEFORE_FIRST, Some(Field::Currency)),
            Self::Waived => (check::WAIVED, None),
        }
    }

    /// What it means that `count` deals have it, of `among` deals with the same outcome.
    pub(crate) fn meaning(self, count: u64, among: u64) -> String {
        match self {
            Self::LostWithoutAmount => format!(
                "{count} of {among} lost deals have no amount; the revenue-weighted win rate is not shown when nearly all lack it"
            ),
            Self::WonWithoutAmount => format!(
                "{count} of {among} won deals have no amount, so that they weigh nothing in revenue; fill it in"
            ),
            Self::StageContradicts => format!(
                "{} a stage that contradicts the outcome; the outcome counts",
                deals_that(count, "has", "have")
            ),
            Self::OtherCycle => format!(
                "{} a cycle length that is not closed minus created date; the dates count",
                deals_that(count, "has", "have")
            ),
            Self::Stale => format!(
                "{count} of {among} open deals have seen no activity and no update for more than {STALE_DAYS} days; close them or work on them"
            ),
            Self::Overdue => format!(
                "{count} of {among} open deals were expected to close before today; close them or set a new date"
            ),
            Self::ActivityInFuture => format!(
                "{} a last activity or update after today; check the clock of whoever wrote it",
                deals_that(count, "has", "have")
            ),
            Self::ActivityBeforeCreated => format!(
                "{} a last activity or update before the creation; one of the dates is wrong",
                deals_that(count, "has", "have")
            ),
            Self::RateBeforeFirst => format!(
                "{} older than the first rate of the currency, which was used; add earlier rates under [[currency_rate]] in the mapping",
                deals_that(count, "is", "are")
            ),
            Self::Waived => {
                format!(
                    "{} loaded in spite of a check, as it is waived",
                    deals_that(count, "was", "were")
                )
            }
        }
    }

    /// What is odd about `deal`, which has this mark.
    pub(crate) fn about(self, deal: &Deal<'_>) -> String {
        let id = deal.deal_id;
        let told = |day: Option<Date>| day.map_or("unknown".to_owned(), |day| day.to_string());
        match self {
            Self::StageContradicts => {
                format!(
                    "{id}: outcome {}, stage {:?}",
                    deal.outcome,
                    deal.stage.unwrap_or_default()
                )
            }
            Self::OtherCycle => {
                let (own, days) = (deal.other_cycle, deal.cycle_days());
                format!("{id}: {} instead of {}", own.unwrap_or_default(), days.unwrap_or_default())
            }
            Self::LostWithoutAmount | Self::WonWithoutAmount => id.to_owned(),
            Self::Stale | Self::ActivityInFuture => {
                format!("{id}: last seen {}", told(deal.last_seen()))
            }
            Self::Overdue => format!("{id}: expected {}", told(deal.expected_close)),
            Self::ActivityBeforeCreated => {
                let first = deal.last_activity.into_iter().chain(deal.updated).min();
                format!("{id}: {} before {}", told(first), told(deal.created))
            }
            Self::RateBeforeFirst => format!("{id}: {}", deal.currency),
            Self::Waived => format!("{id}: {}", deal.waived.as_deref().unwrap_or_default()),
        }
    }
}

/// `1 deal has`, `3 deals have`.
pub(crate) fn deals_that(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 deal {one}") } else { format!("{count} deals {many}") }
}

/// Any number of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(u32);

impl Marks {
    /// What a deal shows of itself.
    pub(crate) fn of(deal: &Deal<'_>, today: Date) -> Self {
        let is_open = deal.outcome == Outcome::Open;
        let is_worth_nothing = deal.amount.is_none_or(|amount| amount <= Money::ZERO);
        let long_ago = today.saturating_sub(STALE_DAYS.days());
        let before_created = |day: Option<Date>| day.is_some() && day < deal.created;
        let mut marks = Self::default();
        for (mark, applies) in [
            (Mark::LostWithoutAmount, deal.outcome == Outcome::Lost && is_worth_nothing),
            (Mark::WonWithoutAmount, deal.outcome == Outcome::Won && is_worth_nothing),
            (Mark::Waived, deal.waived.is_some()),
            (Mark::OtherCycle, deal.other_cycle.is_some()),
            (Mark::Stale, is_open && deal.last_seen().is_some_and(|day| day < long_ago)),
            (Mark::Overdue, is_open && deal.expected_close.is_some_and(|day| day < today)),
            (Mark::ActivityInFuture, deal.last_seen().is_some_and(|day| day > today)),
            (
                Mark::ActivityBeforeCreated,
                before_created(deal.last_activity) || before_created(deal.updated),
            ),
        ] {
            marks.add_if(applies, mark);
        }
        marks
    }

    /// Adds a mark where it applies.
    pub(crate) fn add_if(&mut self, applies: bool, mark: Mark) {
        self.0 |= u32::from(applies) << mark as u32;
    }

    /// The marks.
    pub(crate) fn iter(self) -> impl Iterator<Item = Mark> {
        Mark::ALL.into_iter().filter(move |mark| self.0 & 1 << *mark as u32 != 0)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}
