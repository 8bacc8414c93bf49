//! HubSpot: lists, searches, settings, associations, sign-in, webhooks.

mod error;
mod record;
mod search;
mod settings;
mod sign_in;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::call::{Answer, Call};
use crate::faults::{Fault, RequestClass};
use crate::salesforce::Changes;
use crate::value::hubspot_time;
use crate::world::{Account, Deal, World};

use error::Refusal;
use record::Wanted;
use search::{Searched, texts};

pub(crate) use record::{deal_id, deal_type};
pub(crate) use sign_in::SignIn;
pub(crate) use webhook::deliveries;

/// The account's number.
const PORTAL: u64 = 145_893_211;
/// Records of a page of a list, and of a batch.
const LONGEST_PAGE: usize = 100;
/// The same where histories are asked for.
const LONGEST_PAGE_OF_HISTORIES: usize = 50;
const USUAL_PAGE: usize = 10;
/// Links of one record on a page.
const PAGE_OF_LINKS: usize = 500;

/// What a server of HubSpot keeps besides the company.
pub(crate) struct HubSpot {
    pub(crate) sign_in: SignIn,
    pub(crate) changes: Changes,
    daily_requests: u64,
    used_requests: u64,
}

impl HubSpot {
    pub(crate) fn new(sign_in: SignIn, daily_requests: u64) -> Self {
        Self { sign_in, changes: Changes::default(), daily_requests, used_requests: 0 }
    }

    pub(crate) fn classify(call: &Call) -> RequestClass {
        match call.segments().as_slice() {
            ["oauth", ..] => RequestClass::Token,
            ["crm", "v3", "objects", _] => match call.parameter("after") {
                Some(_) => RequestClass::More,
                None => RequestClass::Query,
            },
            ["crm", "v3", "objects", _, "search"] => RequestClass::Search,
            ["crm", "v3", "objects", _, "batch", "read"] => RequestClass::Batch,
            ["crm", "v3", "objects", _, _] => RequestClass::Record,
            ["crm", "v3", "owners" | "pipelines", ..] => RequestClass::Settings,
            ["crm", "v4", ..] => RequestClass::Associations,
            _ => RequestClass::Describe,
        }
    }

    /// The answer that a fault makes of a request, if it does.
    pub(crate) fn failure(fault: Fault, class: RequestClass, dice: u32) -> Option<Answer> {
        let refusal = match fault {
            Fault::ServerError => {
                let status = [500, 502, 503, 504][dice as usize % 4];
                Refusal::new(status, "INTERNAL_ERROR", "internal error")
            }
            Fault::RateLimit => {
                let search = class == RequestClass::Search;
                let policy = if search { "secondly" } else { "ten_secondly_rolling" };
                return Some(Answer::from(Refusal::rate(policy)).with("Retry-After", 1));
            }
            Fault::DailyLimit => Refusal::rate("daily"),
            _ => return None,
        };
        Some(refusal.into())
    }

    /// Answers one request.
    pub(crate) fn answer(&mut self, world: &mut World, call: &Call, faults: &[Fault]) -> Answer {
        let segments = call.segments();
        if let ["oauth", "v1" | "v3", "token"] = segments.as_slice() {
            return self.sign_in.token(world, call);
        }
        if faults.contains(&Fault::ExpireToken) {
            self.sign_in.expire(call.token.as_deref());
        }
        let allowed = self.sign_in.check(world, call.token.as_deref());
        self.used_requests += u64::from(allowed.is_ok());
        let repeat = faults.contains(&Fault::Duplicate);
        let answer = allowed
            .and_then(|()| {
                let is_used_up = self.used_requests > self.daily_requests;
                if is_used_up { Err(Refusal::rate("daily")) } else { Ok(()) }
            })
            .and_then(|()| self.look_up(world, call, &segments, repeat));
        let is_cut = faults.contains(&Fault::Partial) && segments.ends_with(&["batch", "read"]);
        let answer = answer.map_or_else(Answer::from, |body| {
            if is_cut { Answer::json(207, &in_part(body)) } else { Answer::json(200, &body) }
        });
        if segments.last() == Some(&"search") {
            return answer;
        }
        let left = self.daily_requests.saturating_sub(self.used_requests);
        answer
            .with("X-HubSpot-RateLimit-Daily", self.daily_requests)
            .with("X-HubSpot-RateLimit-Daily-Remaining", left)
            .with("X-HubSpot-RateLimit-Interval-Milliseconds", 10_000)
            .with("X-HubSpot-RateLimit-Max", 190)
            .with("X-HubSpot-RateLimit-Remaining", 189)
    }

    fn look_up(
        &self,
        world: &World,
        call: &Call,
        segments: &[&str],
        repeat: bool,
    ) -> Result<Json, Refusal> {
        let hidden = |what: &str| self.changes.hidden.contains(what);
        match segments {
            ["crm", "v3", "objects", object, ..] if hidden(object) => {
                Err(Refusal::scope(&format!("crm.objects.{object}.read")))
            }
            ["crm", "v3" | "v4", ..] if segments.contains(&"companies") && hidden("companies") => {
                Err(Refusal::scope("crm.objects.companies.read"))
            }
            ["crm", "v3", "owners", ..] if hidden("owners") => {
                Err(Refusal::scope("crm.objects.owners.read"))
            }
            ["crm", "v3", "properties", ..] if hidden("properties") => {
                Err(Refusal::scope("crm.schemas.deals.read"))
            }
            ["crm", "v3", "objects", "deals"] => self.list(world, call, repeat),
            ["crm", "v3", "objects", "deals", "search"] => self.search_deals(world, call, repeat),
            ["crm", "v3", "objects", "companies", "search"] => {
                search_companies(world, call, repeat)
            }
            ["crm", "v3", "objects", "deals", "batch", "read"] => self.batch(world, call),
            ["crm", "v3", "objects", "deals", id] => self.one(world, call, id),
            ["crm", "v3", "objects", "companies"] => list_companies(world, call),
            ["crm", "v3", "objects", "companies", "batch", "read"] => {
                batch_of_companies(world, call)
            }
            ["crm", "v3", "objects", "companies", id] => {
                let account = record::company_place(id).and_then(|it| world.accounts.get(it));
                let account = account.ok_or_else(Refusal::not_found)?;
                Ok(record::company(account, &call.list("properties")))
            }
            ["crm", "v3", "owners"] => settings::owners(world, call),
            ["crm", "v3", "owners", id] => settings::owner_by_id(world, id),
            ["crm", "v3", "pipelines", "deals", rest @ ..] => settings::pipelines(world, rest),
            ["crm", "v3", "properties", "deals", rest @ ..] => {
                settings::properties(world, rest, &self.changes)
            }
            ["crm", "v3", "properties", "companies"] => Ok(settings::company_properties()),
            ["crm", "v4", "associations", from, "companies" | "deals", "batch", "read"] => {
                Ok(associations(world, call, *from == "deals"))
            }
            [
                "crm",
                "v4",
                "objects",
                "deals" | "deal",
                id,
                "associations",
                "companies" | "company",
            ] => {
                let deal = find(world, id).ok_or_else(Refusal::not_found)?;
                Ok(json!({ "results": [settings::association(deal.account)] }))
            }
            ["account-info", "v3", "details"] => Ok(settings::account(world)),
            ["settings", "v3", "currencies", rest @ ..] => settings::currencies(world, rest),
            _ => Err(Refusal::new(404, "OBJECT_NOT_FOUND", "resource not found")),
        }
    }

    fn list(&self, world: &World, call: &Call, repeat: bool) -> Result<Json, Refusal> {
        let wanted = wanted(call);
        let limit = page_limit(call, !wanted.history.is_empty())?;
        let archived = call.parameter("archived") == Some("true");
        let after = match call.parameter("after") {
            None | Some("") => 0,
            Some(after) => record::deal_number(after)
                .ok_or_else(|| Refusal::validation("after is not a cursor of this list"))?,
        };
        let mut shown = world.deals[(after as usize).min(world.deals.len())..].iter().flatten();
        let fits =
            |deal: &&Arc<Deal>| deal.merged_into.is_none() && deal.deleted.is_some() == archived;
        let mut page: Vec<&Arc<Deal>> = shown.by_ref().filter(fits).take(limit).collect();
        let more = shown.any(|deal| fits(&deal));
        let last = page.last().map(|deal| deal.number);
        if repeat && let Some(before) = world.deal(after).filter(fits) {
            page.insert(0, before);
        }
        let results: Vec<Json> =
            page.iter().map(|deal| record::deal(world, deal, &wanted, &self.changes)).collect();
        let mut answer = json!({ "results": results });
        if more && let Some(last) = last {
            answer["paging"] = next(call, &deal_id(last));
        }
        Ok(answer)
    }

    fn search_deals(&self, world: &World, call: &Call, repeat: bool) -> Result<Json, Refusal> {
        let body = call.json().unwrap_or(Json::Null);
        let searched = Searched {
            records: world.deals().filter(|deal| deal.is_live()).collect(),
            knows: &|name| record::find_property(name, &self.changes).is_some(),
            value: &|deal: &&Arc<Deal>, name| record::value_of(world, deal, name, &self.changes),
            show: &|deal, properties| {
                let wanted = Wanted { properties: properties.to_vec(), ..Wanted::default() };
                record::deal(world, deal, &wanted, &self.changes)
            },
            number: &|deal| deal.number,
        };
        search::search(&body, repeat, searched)
    }

    fn one(&self, world: &World, call: &Call, id: &str) -> Result<Json, Refusal> {
        let archived = call.parameter("archived") == Some("true");
        let deal = find(world, id).filter(|deal| deal.deleted.is_some() == archived);
        let deal = deal.ok_or_else(Refusal::not_found)?;
        Ok(record::deal(world, deal, &wanted(call), &self.changes))
    }

    fn batch(&self, world: &World, call: &Call) -> Result<Json, Refusal> {
        let body = call.json().ok_or_else(|| Refusal::validation("Invalid input JSON"))?;
        let wanted = Wanted {
            properties: texts(&body["properties"]),
            history: texts(&body["propertiesWithHistory"]),
            companies: false,
        };
        let ids = inputs(&body, !wanted.history.is_empty())?;
        let archived = call.parameter("archived") == Some("true");
        let found: Vec<&Arc<Deal>> = ids
            .iter()
            .filter_map(|id| find(world, id))
            .filter(|deal| deal.deleted.is_some() == archived)
            .collect();
        let results: Vec<Json> =
            found.iter().map(|deal| record::deal(world, deal, &wanted, &self.changes)).collect();
        Ok(batch_answer(world, &results, ids.len()))
    }
}

/// The deal with that id, or the one that it was merged into.
fn find<'a>(world: &'a World, id: &str) -> Option<&'a Arc<Deal>> {
    let mut deal = world.deal(record::deal_number(id)?)?;
    while let Some(remains) = deal.merged_into {
        deal = world.deal(remains)?;
    }
    Some(deal)
}

/// Where the next page is.
fn next(call: &Call, after: &str) -> Json {
    json!({ "next": { "after": after, "link": format!("{}?after={after}", call.path) } })
}

fn wanted(call: &Call) -> Wanted {
    Wanted {
        properties: call.list("properties"),
        history: call.list("propertiesWithHistory"),
        companies: call.list("associations").iter().any(|it| it == "companies" || it == "company"),
    }
}

fn page_limit(call: &Call, histories: bool) -> Result<usize, Refusal> {
    let most = if histories { LONGEST_PAGE_OF_HISTORIES } else { LONGEST_PAGE };
    let limit = call.parameter("limit").and_then(|it| it.parse().ok()).unwrap_or(USUAL_PAGE);
    if limit > most {
        let message = format!("Invalid input: limit {limit} is greater than the maximum of {most}");
        return Err(Refusal::validation(&message));
    }
    Ok(limit.max(1))
}

fn inputs(body: &Json, histories: bool) -> Result<Vec<String>, Refusal> {
    let most = if histories { LONGEST_PAGE_OF_HISTORIES } else { LONGEST_PAGE };
    let inputs = body["inputs"].as_array().map_or(&[][..], Vec::as_slice);
    if inputs.len() > most {
        return Err(Refusal::validation(&format!("The maximum batch size is {most}")));
    }
    let id = |input: &Json| input["id"].as_str().map(str::to_owned);
    Ok(inputs.iter().filter_map(id).collect())
}

fn batch_answer(world: &World, results: &[Json], asked: usize) -> Json {
    let now = hubspot_time(world.clock.now());
    let missing = asked.saturating_sub(results.len());
    let mut answer = json!({
        "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now,
    });
    if missing > 0 {
        answer["numErrors"] = 1.into();
        answer["errors"] = json!([{ "status": "error", "category": "OBJECT_NOT_FOUND",
            "message": format!("{missing} of the objects could not be found") }]);
    }
    answer
}

/// The first half of a batch, and an error in place of the rest.
fn in_part(mut answer: Json) -> Json {
    if let Some(results) = answer["results"].as_array_mut() {
        results.truncate(results.len() / 2);
    }
    answer["numErrors"] = 1.into();
    answer["errors"] = json!([{ "status": "error", "category": "INTERNAL_ERROR",
        "message": "some of the objects could not be read" }]);
    answer
}

fn list_companies(world: &World, call: &Call) -> Result<Json, Refusal> {
    let limit = page_limit(call, false)?;
    let after = call.parameter("after").and_then(record::company_place).map_or(0, |it| it + 1);
    let page = world.accounts.iter().skip(after).take(limit);
    let wanted = call.list("properties");
    let results: Vec<Json> = page.map(|account| record::company(account, &wanted)).collect();
    let mut answer = json!({ "results": results });
    if after + limit < world.accounts.len() {
        let last = u32::try_from(after + limit - 1).unwrap_or(0);
        answer["paging"] = next(call, &record::company_id(last));
    }
    Ok(answer)
}

fn batch_of_companies(world: &World, call: &Call) -> Result<Json, Refusal> {
    let body = call.json().ok_or_else(|| Refusal::validation("Invalid input JSON"))?;
    let ids = inputs(&body, false)?;
    let wanted = texts(&body["properties"]);
    let found = ids.iter().filter_map(|id| world.accounts.get(record::company_place(id)?));
    let results: Vec<Json> = found.map(|account| record::company(account, &wanted)).collect();
    Ok(batch_answer(world, &results, ids.len()))
}

fn search_companies(world: &World, call: &Call, repeat: bool) -> Result<Json, Refusal> {
    let body = call.json().unwrap_or(Json::Null);
    let searched = Searched {
        records: world.accounts.iter().collect(),
        knows: &record::is_company_property,
        value: &|account: &&Arc<Account>, name| record::company_value(account, name),
        show: &|account, wanted| record::company(account, wanted),
        number: &|account| account.place,
    };
    search::search(&body, repeat, searched)
}

/// The deals of each of some companies, or the company of each of some deals.
fn associations(world: &World, call: &Call, from_deals: bool) -> Json {
    let body = call.json().unwrap_or(Json::Null);
    let inputs = body["inputs"].as_array().map_or(&[][..], Vec::as_slice);
    let mut deals_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for deal in world.deals().filter(|deal| !from_deals && deal.is_live()) {
        deals_of.entry(deal.account).or_default().push(deal.number);
    }
    let results = inputs.iter().filter_map(|input| {
        let id = input["id"].as_str()?;
        if from_deals {
            let to = settings::association(world.deal(record::deal_number(id)?)?.account);
            return Some(json!({ "from": { "id": id }, "to": [to] }));
        }
        let place = u32::try_from(record::company_place(id)?).ok()?;
        let after = input["after"].as_str().and_then(record::deal_number).unwrap_or(0);
        let mut deals = deals_of.get(&place)?.iter().filter(|number| **number > after);
        let page: Vec<u32> = deals.by_ref().take(PAGE_OF_LINKS).copied().collect();
        let to: Vec<Json> = page.iter().map(|number| settings::link(&deal_id(*number))).collect();
        let mut result = json!({ "from": { "id": id }, "to": to });
        if deals.next().is_some() {
            result["paging"] = json!({ "next": { "after": deal_id(*page.last()?) } });
        }
        Some(result)
    });
    let results: Vec<Json> = results.collect();
    let asked = inputs.len();
    batch_answer(world, &results, asked)
}
