//! The row that the CRM exports for a deal, with the mess of a real one: blanks, spelling variants,
//! duplicates, and what a bad sync lost.

use std::borrow::Cow;

use rand::{Rng, RngExt};

use crate::company::Company;
use crate::deal::Facts;
use crate::journey::Journey;
use crate::scenario::{Dimension, Field, Kind};

/// The columns of `deals.csv`.
pub(crate) const COLUMNS: [&str; 19] = [
    "deal_id",
    "name",
    "account",
    "created_date",
    "closed_date",
    "expected_close_date",
    "stage",
    "outcome",
    "amount",
    "currency",
    "region",
    "industry",
    "product",
    "lead_source",
    "rep",
    "team",
    "deal_type",
    "last_activity_date",
    "updated_at",
];
const REGION: usize = 10;
const INDUSTRY: usize = 11;
/// Columns that people type in by hand: region, industry, product, lead source.
const TYPED: std::ops::Range<usize> = REGION..14;

const BLANK: Cow<'static, str> = Cow::Borrowed("");

/// One line of `deals.csv`.
pub(crate) struct Row<'a> {
    pub(crate) cells: [Cow<'a, str>; COLUMNS.len()],
    pub(crate) duplicated: bool,
    /// Places in the plan of the data faults that blanked a cell.
    pub(crate) faults: Vec<usize>,
}

/// The row of a deal as exported at the end of the history.
pub(crate) fn export<'a>(
    company: &'a Company<'_>,
    deal_id: &'a str,
    facts: &Facts,
    journey: &Journey,
    rng: &mut impl Rng,
) -> Row<'a> {
    let mut row = clean_row(company, deal_id, facts, journey, rng);
    let mess = &company.scenario.mess;
    if rng.random_bool(mess.spelling) {
        let column = rng.random_range(TYPED);
        row.cells[column] = misspelt(&row.cells[column], rng);
    }
    if rng.random_bool(mess.blank_region) {
        row.cells[REGION] = BLANK;
    }
    if rng.random_bool(mess.blank_industry) {
        row.cells[INDUSTRY] = BLANK;
    }
    row.duplicated = rng.random_bool(mess.duplicate);
    for (place, incident) in company.plan.iter().enumerate() {
        let Some(field) = incident.field else {
            continue;
        };
        if incident.kind == Kind::DataFault
            && incident.window.covers(journey.updated)
            && rng.random_bool(incident.size)
        {
            row.cells[field.column()] = BLANK;
            row.faults.push(place);
        }
    }
    row
}

/// The names of the account and of the deal.
pub(crate) fn names(company: &Company<'_>, facts: &Facts, rng: &mut impl Rng) -> (String, String) {
    let value = |dimension: Dimension| {
        company.names[dimension as usize][facts.values[dimension as usize]].as_str()
    };
    let [region, industry] =
        [Dimension::Region, Dimension::Industry].map(|it| facts.values[it as usize]);
    let account = company.pick_account(region, industry, rng);
    let name = format!("{account} – {} {}", value(Dimension::Product), value(Dimension::DealType));
    (account, name)
}

fn clean_row<'a>(
    company: &'a Company<'_>,
    deal_id: &'a str,
    facts: &Facts,
    journey: &Journey,
    rng: &mut impl Rng,
) -> Row<'a> {
    let calendar = &company.calendar;
    let value = |dimension: Dimension| {
        let place = facts.values[dimension as usize];
        company.names[dimension as usize][place].as_str()
    };
    let (account, name) = names(company, facts, rng);
    let closed = facts.closes <= calendar.ends;
    let outcome = match (closed, facts.won) {
        (false, _) => "",
        (true, true) => "Won",
        (true, false) => "Lost",
    };
    let stage = journey.stages.last().map_or("", |(_, stage)| stage.name());
    let last_activity = journey.activities.last().map(|(day, _)| *day);
    let cells = [
        Cow::Borrowed(deal_id),
        Cow::Owned(name),
        Cow::Owned(account),
        Cow::Borrowed(calendar.text(facts.created)),
        Cow::Borrowed(if closed { calendar.text(facts.closes) } else { "" }),
        Cow::Borrowed(calendar.text(journey.expected_close)),
        Cow::Borrowed(stage),
        Cow::Borrowed(outcome),
        Cow::Owned(format!("{}.{:02}", facts.amount / 100, facts.amount % 100)),
        Cow::Borrowed(company.currencies[facts.currency].code.as_str()),
        Cow::Borrowed(value(Dimension::Region)),
        Cow::Borrowed(value(Dimension::Industry)),
        Cow::Borrowed(value(Dimension::Product)),
        Cow::Borrowed(value(Dimension::LeadSource)),
        Cow::Borrowed(value(Dimension::Rep)),
        Cow::Borrowed(value(Dimension::Team)),
        Cow::Borrowed(value(Dimension::DealType)),
        last_activity.map_or(BLANK, |day| Cow::Borrowed(calendar.text(day))),
        Cow::Borrowed(calendar.text(journey.updated)),
    ];
    Row { cells, duplicated: false, faults: Vec::new() }
}

fn misspelt(text: &str, rng: &mut impl Rng) -> Cow<'static, str> {
    Cow::Owned(match rng.random_range(0..5) {
        0 => text.to_lowercase(),
        1 => text.to_uppercase(),
        2 => format!("{text} "),
        3 => text.replace(' ', "  "),
        _ => text.replace(' ', ""),
    })
}

impl Field {
    fn column(self) -> usize {
        match self {
            Self::ExpectedCloseDate => 5,
            Self::Amount => 8,
            Self::Currency => 9,
            Self::Region => REGION,
            Self::Industry => INDUSTRY,
            Self::Product => 12,
            Self::LeadSource => 13,
            Self::Rep => 14,
            Self::Team => 15,
            Self::DealType => 16,
            Self::LastActivityDate => 17,
        }
    }

    /// The name of the column.
    pub(crate) fn name(self) -> &'static str {
        COLUMNS[self.column()]
    }
}
