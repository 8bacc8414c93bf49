//! From the texts of a row to a deal, or to the reasons why it cannot be one.

use jiff::civil::Date;
use winsight_model::Outcome;

use crate::amount::{Decimal, is_null_word, read_amount};
use crate::columns::Columns;
use crate::date::DateReader;
use crate::deal::Deal;
use crate::field::Field;
use crate::lookup::Lookup;
use crate::mark::{Mark, Marks};
use crate::money::AmountReader;
use crate::outcome::{OutcomeReader, flag};
use crate::plan::Plan;
use crate::source::Fields;
use crate::values::Replacements;
use crate::waive::Waived;
use crate::{EtlError, Reason, check};

/// Reads and checks the rows of one file of deals.
#[derive(Clone)]
pub(crate) struct Cleaner<'a> {
    columns: Columns,
    /// The fields that have a column and are not among [`Field::GROUPING`].
    mapped: Vec<Field>,
    dates: DateReader,
    outcomes: OutcomeReader,
    amounts: AmountReader,
    values: Replacements,
    lookups: &'a [Lookup],
    today: Date,
    waived: Waived,
}

impl<'a> Cleaner<'a> {
    /// A cleaner for files read by `plan`.
    pub(crate) fn new(
        plan: &Plan,
        lookups: &'a [Lookup],
        today: Date,
        waived: Waived,
    ) -> Result<Self, EtlError> {
        let mapping = &plan.mapping;
        Ok(Self {
            mapped: plan
                .columns
                .mapped()
                .filter(|field| !Field::GROUPING.contains(field))
                .collect(),
            columns: plan.columns.clone(),
            dates: plan.dates.clone(),
            outcomes: OutcomeReader::new(&mapping.outcomes, &mapping.stages),
            amounts: AmountReader::new(
                mapping,
                plan.decimal,
                waived.has(check::IMPLAUSIBLE_AMOUNT),
            )?,
            values: Replacements::new(mapping, &plan.columns),
            lookups,
            today,
            waived,
        })
    }

    /// Whether the ids of deals are the values of this column, as they stand there.
    pub(crate) fn takes_ids_from(&self, column: usize) -> bool {
        self.columns.get(Field::DealId) == Some(column)
    }

    /// The id that a row names.
    pub(crate) fn deal_id<'r>(&'r self, fields: &Fields<'r>) -> Option<&'r str> {
        self.text(fields, Field::DealId)
    }

    /// The deal of a row. It is usable only if no reason was added. Waived checks add none.
    pub(crate) fn clean<'r>(&'r self, fields: &Fields<'r>, reasons: &mut Vec<Reason>) -> Deal<'r> {
        let text = |field| self.text(fields, field);
        let deal_id = text(Field::DealId).unwrap_or_default();
        if deal_id.is_empty() {
            let message = "the row has no deal id; give it one or remove it".to_owned();
            reasons.push(Reason::new(check::MISSING_ID, Field::DealId, message));
        }
        let outcome = self.outcome(fields, reasons);
        let [created, closed, expected, last_activity, updated] =
            Field::DATES.map(|field| self.date(fields, field, reasons));
        let (closed, expected_close) = match outcome {
            // The CRM's close date of an open deal is when it is expected to close.
            Outcome::Open => (None, expected.or(closed)),
            Outcome::Won | Outcome::Lost => (closed, expected),
        };
        let amount = text(Field::Amount).filter(|text| !is_null_word(text));
        let day = closed.or(expected_close).unwrap_or(self.today);
        let money = self.amounts.read(amount, text(Field::Currency), day, reasons);
        let mut deal = Deal {
            deal_id,
            name: text(Field::Name),
            account: text(Field::Account),
            created,
            closed,
            expected_close,
            last_activity,
            updated,
            outcome,
            stage: text(Field::Stage),
            amount: money.reporting,
            amount_original: money.original,
            currency: money.currency,
            region: text(Field::Region),
            industry: text(Field::Industry),
            product: text(Field::Product),
            lead_source: text(Field::LeadSource),
            rep: text(Field::Rep),
            team: text(Field::Team),
            deal_type: text(Field::DealType),
            dimensions: self.values.dimensions(fields),
            marks: Marks::default(),
            waived: None,
            other_cycle: None,
        };
        self.check_closing(&deal, reasons);
        deal.waived = self.spare(reasons);
        for lookup in self.lookups {
            fill_in(&mut deal, lookup);
        }
        deal.other_cycle = text(Field::CycleDays).filter(|own| differs(own, deal.cycle_days()));
        deal.marks = Marks::of(&deal, self.today);
        deal.marks.add_if(self.stage_contradicts(&deal), Mark::StageContradicts);
        deal.marks.add_if(money.before_first_rate, Mark::RateBeforeFirst);
        deal
    }

    /// Drops the reasons that are waived; returns what the first of them said.
    fn spare(&self, reasons: &mut Vec<Reason>) -> Option<String> {
        let is_waived = |reason: &Reason| self.waived.has(reason.check);
        let first = reasons.iter().find(|reason| is_waived(reason))?.message.clone();
        reasons.retain(|reason| !is_waived(reason));
        Some(first)
    }

    fn text<'r>(&'r self, fields: &Fields<'r>, field: Field) -> Option<&'r str> {
        self.values.text(field, fields.get(self.columns.get(field)?))
    }

    fn outcome(&self, fields: &Fields<'_>, reasons: &mut Vec<Reason>) -> Outcome {
        match self.outcome_of_flags(fields) {
            Ok(Some(outcome)) => return outcome,
            Ok(None) => {}
            Err(reason) => {
                reasons.push(reason);
                return Outcome::Open;
            }
        }
        let (field, read) = if self.columns.has(Field::Outcome) {
            let word = self.text(fields, Field::Outcome).unwrap_or_default();
            (Field::Outcome, (word, self.outcomes.word(word)))
        } else {
            let stage = self.text(fields, Field::Stage).unwrap_or_default();
            (Field::Stage, (stage, self.outcomes.stage(stage)))
        };
        let (word, outcome) = read;
        outcome.unwrap_or_else(|| {
            let table = if field == Field::Outcome { "outcomes" } else { "stages" };
            let message = format!(
                "{word:?} says neither won, lost nor open; say what it means under [{table}] in the mapping: {word:?} = \"lost\""
            );
            reasons.push(Reason::new(check::UNKNOWN_OUTCOME, field, message));
            Outcome::Open
        })
    }

    /// What the flags for closed and won say; `None` when they are not there or leave it open.
    fn outcome_of_flags(&self, fields: &Fields<'_>) -> Result<Option<Outcome>, Reason> {
        match (self.flag(fields, Field::IsClosed)?, self.flag(fields, Field::IsWon)?) {
            (Some(false), Some(true)) => Err(Reason::new(
                check::FLAGS_CONTRADICT,
                Field::IsWon,
                "the deal is marked as won and as not closed; correct is_won or is_closed"
                    .to_owned(),
            )),
            (Some(false), _) => Ok(Some(Outcome::Open)),
            (_, Some(true)) => Ok(Some(Outcome::Won)),
            (Some(true), Some(false)) => Ok(Some(Outcome::Lost)),
            // Not won may be lost or open, and closed may be won or lost.
            (Some(true) | None, None) | (None, Some(false)) => Ok(None),
        }
    }

    fn flag(&self, fields: &Fields<'_>, field: Field) -> Result<Option<bool>, Reason> {
        let Some(text) = self.text(fields, field).filter(|text| !is_null_word(text)) else {
            return Ok(None);
        };
        flag(text).map(Some).ok_or_else(|| {
            let name = field.name();
            let message = format!("{name} {text:?} is neither true nor false; write one of them");
            Reason::new(check::UNKNOWN_OUTCOME, field, message)
        })
    }

    fn date(&self, fields: &Fields<'_>, field: Field, reasons: &mut Vec<Reason>) -> Option<Date> {
        let text = self.text(fields, field).filter(|text| !is_null_word(text))?;
        match self.dates.read_plausible(field, text) {
            Ok(date) => Some(date),
            Err(reason) => {
                let is_kept = self.waived.has(reason.check);
                reasons.push(reason);
                self.dates.read(text).ok().filter(|_| is_kept)
            }
        }
    }

    fn check_closing(&self, deal: &Deal<'_>, reasons: &mut Vec<Reason>) {
        let today = self.today;
        if let Some(created) = deal.created.filter(|created| *created > today) {
            let message = format!("created_date {created} lies after today, {today}; correct it");
            reasons.push(Reason::new(check::CREATED_IN_FUTURE, Field::CreatedDate, message));
        }
        let outcome = deal.outcome;
        match (outcome, deal.closed) {
            (Outcome::Open, _) => {}
            // A date that cannot be read has its own reason.
            (_, None) if reasons.iter().any(|reason| reason.is_about(Field::ClosedDate)) => {}
            (_, None) => {
                let message = format!("the deal is {outcome} but has no closed date; add the date");
                reasons.push(Reason::new(check::CLOSED_WITHOUT_DATE, Field::ClosedDate, message));
            }
            (_, Some(closed)) => {
                if closed > today {
                    let message = format!(
                        "the deal is {outcome} on {closed}, after today, {today}; correct the date"
                    );
                    reasons.push(Reason::new(check::CLOSED_IN_FUTURE, Field::ClosedDate, message));
                }
                if let Some(created) = deal.created.filter(|created| *created > closed) {
                    let message = format!(
                        "the deal closed on {closed}, before it was created on {created}; correct one of the dates"
                    );
                    reasons.push(Reason::new(
                        check::CLOSED_BEFORE_CREATED,
                        Field::ClosedDate,
                        message,
                    ));
                }
            }
        }
    }

    /// Which fields a row fills in, as a set of [`Field::bit`]: those with a text, or with a value
    /// where they must be read, and those filled in by a lookup. The custom dimensions follow.
    pub(crate) fn filled(&self, fields: &Fields<'_>, deal: &Deal<'_>) -> u64 {
        let by_column = self.mapped.iter().filter(|field| match field {
            Field::CreatedDate => deal.created.is_some(),
            Field::ClosedDate => deal.closed.is_some(),
            Field::ExpectedCloseDate => deal.expected_close.is_some(),
            Field::LastActivityDate => deal.last_activity.is_some(),
            Field::UpdatedDate => deal.updated.is_some(),
            Field::Amount => deal.amount.is_some(),
            // A blank outcome says that the deal is open.
            Field::Outcome => true,
            field => self.text(fields, **field).is_some(),
        });
        let by_value = Field::GROUPING.iter().filter(|field| deal.grouping(**field).is_some());
        let dimensions = self.values.filled_dimensions(fields) << Field::ALL.len();
        by_column.chain(by_value).fold(dimensions, |filled, field| filled | field.bit())
    }

    fn stage_contradicts(&self, deal: &Deal<'_>) -> bool {
        let said = deal.stage.and_then(|stage| self.outcomes.stage(stage));
        matches!(
            (deal.outcome, said),
            (Outcome::Won, Some(Outcome::Lost))
                | (Outcome::Lost, Some(Outcome::Won))
                | (Outcome::Open, Some(Outcome::Won | Outcome::Lost))
        )
    }
}

fn fill_in<'r>(deal: &mut Deal<'r>, lookup: &'r Lookup) {
    let Some(value) = deal.grouping(lookup.key_field()) else { return };
    for field in Field::GROUPING {
        if let Some(found) = lookup.find(value, field) {
            deal.fill(field, found);
        }
    }
}

/// Whether the file's own number of days is another than the computed one.
fn differs(own: &str, computed: Option<i32>) -> bool {
    let Some(computed) = computed else { return false };
    let own = read_amount(own, Some(Decimal::Point)).map(|days| days.value.cents());
    own != Ok(i128::from(computed) * 100)
}
