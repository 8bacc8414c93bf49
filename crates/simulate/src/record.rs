//! Deals as values, for those who need them otherwise than as files.

use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::company::Company;
use crate::deal::{DealMaker, Facts};
use crate::error::SimulateError;
use crate::journey::{Guide, Journey};
use crate::random::{Purpose, generator};
use crate::scenario::Dimension;
use crate::{Request, mess};

/// A deal as it is at the end of the history, without the mess of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct DealRecord {
    /// Counts from 1.
    pub number: u64,
    /// Name of the deal.
    pub name: String,
    /// Name of the customer.
    pub account: String,
    /// Day of creation.
    pub created: Date,
    /// Day of the last close; none while open.
    pub closed: Option<Date>,
    /// When its rep thinks it closes, or thought so at last.
    pub expected_close: Date,
    /// Every stage entered, in order; at most one a day, the first on the day of creation.
    pub stages: Vec<(Date, &'static str)>,
    /// Calls, e-mails and meetings, in order.
    pub activities: Vec<(Date, &'static str)>,
    /// In cents of the currency.
    pub amount_cents: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Where it is sold.
    pub region: String,
    /// The customer's industry.
    pub industry: String,
    /// What is sold.
    pub product: String,
    /// Where it came from.
    pub lead_source: String,
    /// Who sells it.
    pub rep: String,
    /// The rep's team.
    pub team: String,
    /// New business or expansion.
    pub deal_type: String,
}

/// Visits the deals of a company in order of their numbers: the ones that
/// [`write_company`](crate::write_company) writes for the same request.
///
/// Fails when no deal is asked for.
pub fn visit_deals(
    request: &Request,
    visit: &mut dyn FnMut(DealRecord),
) -> Result<(), SimulateError> {
    let Request { deals, seed, scenario } = request;
    if *deals == 0 {
        return Err(SimulateError::NoDeals);
    }
    let company = Company::new(scenario, *seed, *deals);
    let maker = DealMaker::new(&company);
    let guide = Guide::new(&company);
    let mut journey = Journey::default();
    for number in 1..=*deals {
        let facts = maker.draw(&mut generator(*seed, Purpose::Facts, number));
        guide.lead(&facts, &mut journey, &mut generator(*seed, Purpose::Journey, number));
        let (account, name) =
            mess::names(&company, &facts, &mut generator(*seed, Purpose::Mess, number));
        visit(record(&company, number, account, name, &facts, &journey));
    }
    Ok(())
}

fn record(
    company: &Company<'_>,
    number: u64,
    account: String,
    name: String,
    facts: &Facts,
    journey: &Journey,
) -> DealRecord {
    let calendar: &Calendar = &company.calendar;
    let value = |dimension: Dimension| {
        company.names[dimension as usize][facts.values[dimension as usize]].clone()
    };
    DealRecord {
        number,
        name,
        account,
        created: calendar.date(facts.created),
        closed: (facts.closes <= calendar.ends).then(|| calendar.date(facts.closes)),
        expected_close: calendar.date(journey.expected_close),
        stages: journey
            .stages
            .iter()
            .map(|(day, stage)| (calendar.date(*day), stage.name()))
            .collect(),
        activities: journey
            .activities
            .iter()
            .map(|(day, kind)| (calendar.date(*day), *kind))
            .collect(),
        amount_cents: facts.amount,
        currency: company.currencies[facts.currency].code.clone(),
        region: value(Dimension::Region),
        industry: value(Dimension::Industry),
        product: value(Dimension::Product),
        lead_source: value(Dimension::LeadSource),
        rep: value(Dimension::Rep),
        team: value(Dimension::Team),
        deal_type: value(Dimension::DealType),
    }
}
