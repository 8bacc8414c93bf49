//! What a CRM holds, row by row, for comparison with what a reader made of it.

use serde::{Deserialize, Serialize};

use crate::Kind;
use crate::clock::date_of;
use crate::value::{Value, hubspot_time};
use crate::world::{Deal, World};
use crate::{hubspot, salesforce};

/// A deal as the CRM holds it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealTruth {
    /// The CRM's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Name of the customer.
    pub account: String,
    /// Industry of the customer.
    pub industry: String,
    /// Name of the owner.
    pub owner: String,
    /// The owner's team.
    pub team: String,
    /// Exact decimal with two places in the deal's currency; none if blank.
    pub amount: Option<String>,
    /// ISO 4217 code.
    pub currency: String,
    /// Label of the pipeline.
    pub pipeline: String,
    /// Label of the stage.
    pub stage: String,
    /// `open`, `won` or `lost`.
    pub outcome: String,
    /// When it was created, RFC 3339 to the millisecond.
    pub created_at: String,
    /// Expected while open, real afterwards; ISO date.
    pub close_date: String,
    /// Where it is sold.
    pub region: Option<String>,
    /// What is sold.
    pub product: Option<String>,
    /// Where it came from.
    pub lead_source: Option<String>,
    /// What kind of deal.
    pub deal_type: String,
    /// Why it was lost.
    pub loss_reason: Option<String>,
    /// When it was last changed, RFC 3339 to the millisecond.
    pub modified_at: String,
    /// Every stage entered: when, and its label.
    pub stages: Vec<(String, String)>,
    /// How many calls, e-mails and meetings.
    pub activities: usize,
    /// Day of the latest of them; ISO date.
    pub last_activity: Option<String>,
}

/// All that a CRM holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The CRM's time.
    pub now: String,
    /// Deals that people see, in order of their ids.
    pub deals: Vec<DealTruth>,
    /// Ids of deals in the bin.
    pub deleted: Vec<String>,
    /// Ids of deals that went into others, and of those.
    pub merged: Vec<(String, String)>,
}

pub(crate) fn truth(world: &World, kind: Kind) -> Truth {
    let gone = world.deals().filter(|deal| deal.deleted.is_some());
    let merged =
        world.deals().filter_map(|deal| Some((id(kind, deal.number), id(kind, deal.merged_into?))));
    Truth {
        now: hubspot_time(world.clock.now()),
        deals: world.deals().filter(|it| it.is_live()).map(|it| row(world, kind, it)).collect(),
        deleted: gone.map(|deal| id(kind, deal.number)).collect(),
        merged: merged.collect(),
    }
}

fn id(kind: Kind, number: u32) -> String {
    match kind {
        Kind::Salesforce => salesforce::opportunity_id(number),
        Kind::HubSpot => hubspot::deal_id(number),
    }
}

fn row(world: &World, kind: Kind, deal: &Deal) -> DealTruth {
    let account = &world.accounts[deal.account as usize];
    let owner = world.person(deal.owner);
    let stage = world.stage(deal.stage);
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
    let outcome = match (stage.closed, stage.won) {
        (false, _) => "open",
        (true, true) => "won",
        (true, false) => "lost",
    };
    let entries = deal.stage_entries();
    DealTruth {
        id: id(kind, deal.number),
        name: deal.name.clone(),
        account: account.name.clone(),
        industry: account.industry.clone(),
        owner: owner.name.clone(),
        team: world.teams[owner.team as usize].clone(),
        amount: deal.amount.map(|it| format!("{}.{:02}", it / 100, it % 100)),
        currency: world.currencies[usize::from(deal.currency)].code.clone(),
        pipeline: world.pipelines[stage.pipeline].label.clone(),
        stage: stage.label.clone(),
        outcome: outcome.to_owned(),
        created_at: hubspot_time(deal.created),
        close_date: Value::Date(deal.close_date).to_property().unwrap_or_default(),
        region: text(&deal.region),
        product: text(&deal.product),
        lead_source: text(&deal.lead_source),
        deal_type: match kind {
            Kind::Salesforce => deal.kind.to_string(),
            Kind::HubSpot => hubspot::deal_type(deal).1.to_owned(),
        },
        loss_reason: deal.loss_reason.map(str::to_owned),
        modified_at: hubspot_time(deal.modified),
        stages: entries
            .map(|it| (hubspot_time(it.at), world.stage(it.stage).label.clone()))
            .collect(),
        activities: deal.activities.len(),
        last_activity: deal.activities.last().map(|last| date_of(last.at).to_string()),
    }
}
