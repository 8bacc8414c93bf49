//! What a Salesforce organisation shows: objects, fields, stages, currencies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Known, OBJECTS, TRACKED, choose_fields, choose_further, types};
use super::session::{EXAMPLE_HOST, Session};
use crate::{Cause, Description, Finding, SourceError};

/// What the queries need of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Detail {
    /// Columns of a query for opportunities.
    pub(super) columns: Vec<String>,
    /// Where the stages that opportunities entered are read from.
    pub(super) history: History,
    /// Objects of activities that may be read: Task, Event.
    pub(super) activities: Vec<String>,
    /// Columns of queries for the history and the activities, by object.
    pub(super) further: BTreeMap<String, Vec<String>>,
    /// Objects whose changes change opportunities: Account, Owner, Owner.UserRole.
    pub(super) parents: Vec<String>,
}

/// Where the stages that opportunities entered are read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum History {
    /// Nowhere.
    #[default]
    None,
    /// From `OpportunityHistory`, which has all of them.
    Stages,
    /// From `OpportunityFieldHistory`, which has the changes of fields that are tracked.
    Tracked,
}

impl History {
    pub(super) fn object(self) -> Option<&'static str> {
        self.objects().first().copied()
    }

    /// The object, and those that it stands in for.
    pub(super) fn objects(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Stages => &["OpportunityHistory", "OpportunityFieldHistory"],
            Self::Tracked => &["OpportunityFieldHistory"],
        }
    }

    /// What a query for it asks besides the opportunities.
    pub(super) fn condition(self) -> &'static str {
        if self == Self::Tracked { " AND Field IN ('created', 'StageName')" } else { "" }
    }
}

/// Fields of opportunities without which changes are not found and deals not dated.
const REQUIRED: [&str; 3] = ["Id", "CloseDate", "SystemModstamp"];

pub(super) async fn describe(
    session: &Session,
    fields: &[String],
) -> Result<Description, SourceError> {
    let mut description = Description::default();
    let mut known: Known = BTreeMap::new();
    let not_shown = || {
        SourceError::new(
            Cause::Permission,
            "Salesforce does not show us the object Opportunity",
            "give the integration user's permission set read access to Opportunity",
        )
    };
    let opportunity = match field_names(session, "Opportunity").await {
        Ok(opportunity) => opportunity.ok_or_else(not_shown)?,
        Err(error) if is_hidden(&error) => return Err(not_shown()),
        Err(error) => return Err(error),
    };
    for field in REQUIRED {
        if !opportunity.contains_key(field) {
            return Err(SourceError::new(
                Cause::Permission,
                format!(
                    "Salesforce does not show us the field Opportunity.{field}, without which \
                         no sync works"
                ),
                format!(
                    "give the integration user's permission set read access to \
                         Opportunity.{field} (field-level security)"
                ),
            ));
        }
    }
    known.insert("Opportunity", opportunity);
    // Only a name to show, so that nothing fails with it; asked for once sign-in is known to work.
    (description.account, description.account_id) = account(session).await;
    for (object, effect) in OBJECTS {
        let names = match field_names(session, object).await {
            Err(error) if is_refused(&error) => None,
            names => names?,
        };
        match names {
            Some(names) => _ = known.insert(object, names),
            None => description.findings.push(Finding {
                missing: format!("object {object}"),
                effect: effect.to_owned(),
                remedy: format!("give the permission set read access to {object}"),
            }),
        }
    }
    let effect = "signing in may be refused";
    description.findings.extend(session.client.clock_finding(effect));
    let mut detail = Detail::default();
    choose_fields(&known, fields, &mut detail, &mut description);
    choose_further(&known, &mut detail, &mut description);
    choose_history(session, &mut detail, &mut description).await?;
    let shown = |object: &&str| detail.further.contains_key(*object);
    detail.activities = ["Task", "Event"].into_iter().filter(shown).map(str::to_owned).collect();
    let parents = [("Account", "Account"), ("User", "Owner"), ("UserRole", "Owner.UserRole")];
    let parents = parents.into_iter().filter(|(object, _)| known.contains_key(object));
    detail.parents = parents.map(|(_, path)| path.to_owned()).collect();
    read_stages(session, &mut description).await?;
    if detail.columns.iter().any(|column| column == "CurrencyIsoCode") {
        read_currencies(session, &mut description).await?;
        read_dated_rates(session, &mut description).await?;
    }
    description.types = types(&known, &detail);
    let shown = detail.columns.iter().filter(|column| *column != "IsDeleted");
    description.columns = shown.cloned().collect();
    description.detail = serde_json::to_value(&detail).unwrap_or_default();
    Ok(description)
}

/// Takes the stages from the tracked changes where their own history is not shown.
async fn choose_history(
    session: &Session,
    detail: &mut Detail,
    description: &mut Description,
) -> Result<(), SourceError> {
    if detail.further.contains_key("OpportunityHistory") {
        detail.history = History::Stages;
        return Ok(());
    }
    let fields = match field_names(session, "OpportunityFieldHistory").await {
        Err(error) if is_refused(&error) => return Ok(()),
        fields => fields?.unwrap_or_default(),
    };
    if !TRACKED.iter().all(|field| fields.contains_key(*field)) {
        return Ok(());
    }
    // It can be read whether or not somebody has switched tracking of the stage on.
    let query = "SELECT Id FROM OpportunityFieldHistory WHERE Field = 'StageName' LIMIT 1";
    match session.get("query", &[("q", query)]).await {
        Ok(answer) if !records(&answer).is_empty() => {}
        Err(error) if !is_refused(&error) => return Err(error),
        _ => return Ok(()),
    }
    detail.history = History::Tracked;
    let columns = TRACKED.map(str::to_owned).to_vec();
    detail.further.insert("OpportunityFieldHistory".to_owned(), columns);
    let of_history = |finding: &&mut Finding| finding.missing.contains("OpportunityHistory");
    for finding in description.findings.iter_mut().filter(of_history) {
        "stage events are taken from the tracked changes of Stage \
                          (OpportunityFieldHistory), which Salesforce keeps for two years at most, \
                          and the first sync takes longer"
            .clone_into(&mut finding.effect);
    }
    Ok(())
}

/// What it is called, and its id.
async fn account(session: &Session) -> (String, String) {
    let query = [("q", "SELECT Id, Name, IsSandbox FROM Organization")];
    let answer = session.get("query", &query).await.unwrap_or_default();
    let organisation = &answer["records"][0];
    let name = match organisation["Name"].as_str() {
        Some(name) if organisation["IsSandbox"] == true => format!("Salesforce sandbox of {name}"),
        Some(name) => format!("Salesforce of {name}"),
        None => "Salesforce".to_owned(),
    };
    (name, organisation["Id"].as_str().unwrap_or_default().to_owned())
}

/// Whether an object, or a field, is not there for us.
fn is_hidden(error: &SourceError) -> bool {
    let code = error.code.as_str();
    ["NOT_FOUND", "INVALID_TYPE"].contains(&code) || code.starts_with("INSUFFICIENT_ACCESS")
}

/// Whether an answer was refused for a reason that holds for this request alone, once others worked.
fn is_refused(error: &SourceError) -> bool {
    matches!(error.cause, Cause::Permission | Cause::Answer)
}

/// The fields of an object that we may read, and their types; `None` when we may not query it.
async fn field_names(
    session: &Session,
    object: &str,
) -> Result<Option<BTreeMap<String, String>>, SourceError> {
    let answer = session.get(&format!("sobjects/{object}/describe"), &[]).await?;
    let Some(fields) = answer["fields"].as_array() else {
        let why = format!("its description of {object} has no fields");
        return Err(SourceError::foreign("Salesforce", &why, EXAMPLE_HOST));
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let kind = |field: &Value| text(&field["type"]).unwrap_or_default();
    let names = fields.iter().filter_map(|field| Some((text(&field["name"])?, kind(field))));
    Ok((answer["queryable"] != false).then(|| names.collect()))
}

async fn read_stages(session: &Session, description: &mut Description) -> Result<(), SourceError> {
    let query = [("q", "SELECT MasterLabel, ApiName, IsClosed, IsWon FROM OpportunityStage")];
    let answer = match session.get("query", &query).await {
        Ok(answer) => answer,
        Err(error) if is_refused(&error) => {
            description.findings.push(Finding {
                missing: "object OpportunityStage".to_owned(),
                effect: "which stages are won and lost is taken from the deals alone".to_owned(),
                remedy: "give the integration user the permission View Setup and Configuration"
                    .to_owned(),
            });
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for stage in records(&answer) {
        let outcome = match (stage["IsClosed"] == true, stage["IsWon"] == true) {
            (_, true) => "won",
            (true, false) => "lost",
            (false, false) => "open",
        };
        for name in ["ApiName", "MasterLabel"] {
            if let Some(name) = stage[name].as_str() {
                description.stages.insert(name.to_owned(), outcome.to_owned());
            }
        }
    }
    Ok(())
}

/// Salesforce gives units of a currency for one unit of the corporate one; we need the reverse.
async fn read_currencies(
    session: &Session,
    description: &mut Description,
) -> Result<(), SourceError> {
    let query =
        "SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType WHERE IsActive = true";
    let answer = match session.get("query", &[("q", query)]).await {
        Ok(answer) => answer,
        Err(error) if is_refused(&error) => {
            description.findings.push(Finding {
                missing: "object CurrencyType".to_owned(),
                effect: "amounts in other currencies need rates in the mapping".to_owned(),
                remedy: "give rates under [currency_rates] in the mapping".to_owned(),
            });
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for currency in records(&answer) {
        let Some(code) = currency["IsoCode"].as_str() else { continue };
        if currency["IsCorporate"] == true {
            description.currency = Some(code.to_owned());
        } else if let Some(rate) = currency["ConversionRate"].as_f64().filter(|rate| *rate > 0.0) {
            description.rates.insert(code.to_owned(), format!("{:.10}", 1.0 / rate));
        }
    }
    Ok(())
}

/// Rates by day, which organisations with advanced currency management have. They take the place of
/// the others for the currencies that have them.
async fn read_dated_rates(
    session: &Session,
    description: &mut Description,
) -> Result<(), SourceError> {
    let query = "SELECT IsoCode, StartDate, ConversionRate FROM DatedConversionRate ORDER BY \
                 IsoCode, StartDate";
    let mut answer = match session.get("query", &[("q", query)]).await {
        Ok(answer) => answer,
        Err(error) if is_refused(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut rates = records(&answer).to_vec();
    while let Some(next) = answer["nextRecordsUrl"].as_str() {
        answer = session.get(next, &[]).await?;
        rates.extend_from_slice(records(&answer));
    }
    for rate in rates {
        let (code, day) = (rate["IsoCode"].as_str(), rate["StartDate"].as_str());
        let value = rate["ConversionRate"].as_f64().filter(|rate| *rate > 0.0);
        if let (Some(code), Some(day), Some(value)) = (code, day, value)
            && Some(code) != description.currency.as_deref()
        {
            let rate = (code.to_owned(), day.to_owned(), format!("{:.10}", 1.0 / value));
            description.dated_rates.push(rate);
        }
    }
    Ok(())
}

/// The records of a query's answer.
pub(super) fn records(answer: &Value) -> &[Value] {
    answer["records"].as_array().map_or(&[], Vec::as_slice)
}
