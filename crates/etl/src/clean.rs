//! From the texts of a row to a deal, or to the reasons why it cannot be one.

use jiff::civil::Date;
use winsight_model::Outcome;

use crate::amount::{Decimal, is_null_word, read_amount};
use crate::columns::Columns;
use crate::date::DateReader;
use crate::deal::Deal;
use crate::field::Field;
use crate::lookup::Lookup;
use crate::mark::Marks;
use crate::money::AmountReader;
use crate::outcome::OutcomeReader;
use crate::plan::Plan;
use crate::source::Fields;
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
    lookups: &'a [Lookup],
    today: Date,
}

impl<'a> Cleaner<'a> {
    /// A cleaner for files read by `plan`.
    pub(crate) fn new(plan: &Plan, lookups: &'a [Lookup], today: Date) -> Result<Self, EtlError> {
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
            amounts: AmountReader::new(mapping, plan.decimal)?,
            lookups,
            today,
        })
    }

    /// The id that a row names.
    pub(crate) fn deal_id<'r>(&self, fields: &Fields<'r>) -> Option<&'r str> {
        self.text(fields, Field::DealId)
    }

    /// The deal of a row. It is usable only if no reason was added.
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
        let money = self.amounts.read(amount, text(Field::Currency), reasons);
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
            marks: Marks::default(),
            other_cycle: None,
        };
        self.check_closing(&deal, reasons);
        for lookup in self.lookups {
            fill_in(&mut deal, lookup);
        }
        deal.other_cycle = text(Field::CycleDays).filter(|own| differs(own, deal.cycle_days()));
        deal.marks = Marks::of(&deal, self.stage_contradicts(&deal), self.today);
        deal
    }

    fn text<'r>(&self, fields: &Fields<'r>, field: Field) -> Option<&'r str> {
        let text = trimmed(fields.get(self.columns.get(field)?));
        (!text.is_empty()).then_some(text)
    }

    fn outcome(&self, fields: &Fields<'_>, reasons: &mut Vec<Reason>) -> Outcome {
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

    fn date(&self, fields: &Fields<'_>, field: Field, reasons: &mut Vec<Reason>) -> Option<Date> {
        let text = self.text(fields, field).filter(|text| !is_null_word(text))?;
        self.dates.read_plausible(field, text).map_err(|reason| reasons.push(reason)).ok()
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
    /// where they must be read, and those filled in by a lookup.
    pub(crate) fn filled(&self, fields: &Fields<'_>, deal: &Deal<'_>) -> u32 {
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
        by_column.chain(by_value).fold(0, |filled, field| filled | field.bit())
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

/// The text without white space around it; nearly always it has none, which two bytes tell.
fn trimmed(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) { text } else { text.trim() }
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
