//! The fields that are read, and what will not work without each.

use std::collections::BTreeMap;

use super::describe::Detail;
use crate::{Description, Finding};

/// The fields that are shown and their types, by object.
pub(super) type Known = BTreeMap<&'static str, BTreeMap<String, String>>;

/// The objects beside the opportunity, and what will not work without them.
pub(super) const OBJECTS: [(&str, &str); 6] = [
    ("Account", "accounts, industries and regions are unknown"),
    ("User", "reps are unknown"),
    ("UserRole", "teams are unknown"),
    ("OpportunityHistory", "stage events: times in stage and progress cannot be computed"),
    ("Task", "calls, mails and tasks are not counted as activity"),
    ("Event", "meetings are not counted as activity"),
];

/// A field of an opportunity, or of what it looks up.
struct Wanted {
    /// The object it is a field of.
    object: &'static str,
    /// Its name there.
    field: &'static str,
    /// Its name in a query for opportunities, and in an export.
    column: &'static str,
    /// What will not work without it.
    effect: &'static str,
}

const fn wanted(
    object: &'static str,
    field: &'static str,
    column: &'static str,
    effect: &'static str,
) -> Wanted {
    Wanted { object, field, column, effect }
}

/// The fields that every organisation has.
const WANTED: [Wanted; 20] = [
    wanted("Opportunity", "Id", "Id", "nothing can be read"),
    wanted("Opportunity", "Name", "Name", "deals have no names"),
    wanted("Account", "Name", "Account.Name", "accounts are unknown"),
    wanted("Opportunity", "CreatedDate", "CreatedDate", "sales cycles cannot be computed"),
    wanted("Opportunity", "CloseDate", "CloseDate", "closed deals cannot be dated"),
    wanted("Opportunity", "LastActivityDate", "LastActivityDate", "the last activity is unknown"),
    wanted("Opportunity", "SystemModstamp", "SystemModstamp", "changes cannot be found"),
    wanted("Opportunity", "StageName", "StageName", "no deal has a stage"),
    wanted("Opportunity", "IsWon", "IsWon", "outcomes are taken from the names of stages"),
    wanted("Opportunity", "IsClosed", "IsClosed", "outcomes are taken from the names of stages"),
    wanted("Opportunity", "IsDeleted", "IsDeleted", "deletions are found by a full sync only"),
    wanted("Opportunity", "Amount", "Amount", "no amounts, and so no revenue"),
    wanted("Account", "BillingCountry", "Account.BillingCountry", "regions are unknown"),
    wanted("Account", "Industry", "Account.Industry", "industries are unknown"),
    wanted("Opportunity", "LeadSource", "LeadSource", "lead sources are unknown"),
    wanted("User", "Name", "Owner.Name", "reps are unknown"),
    wanted("UserRole", "Name", "Owner.UserRole.Name", "teams are unknown"),
    wanted("Opportunity", "Type", "Type", "deal types are unknown"),
    wanted("Opportunity", "AccountId", "AccountId", "deals are not known by their accounts"),
    wanted("Opportunity", "OwnerId", "OwnerId", "deals are not known by their owners"),
];

/// Fields that only some organisations have; nobody misses them elsewhere. The custom ones are
/// common names of dimensions.
const OPTIONAL: [&str; 7] = [
    "CurrencyIsoCode",
    "Region__c",
    "Industry__c",
    "Product__c",
    "Product_Family__c",
    "Team__c",
    "Territory__c",
];

/// A field of another object whose rows are read.
struct Further {
    /// The object.
    object: &'static str,
    /// The field.
    field: &'static str,
    /// What will not work without it; `None` where the object is of no use then.
    effect: Option<&'static str>,
}

const fn further(
    object: &'static str,
    field: &'static str,
    effect: Option<&'static str>,
) -> Further {
    Further { object, field, effect }
}

const UNDATED: &str = "those without a date are not counted";
const BY_CREATION: &str = "they are dated by the day on which they were entered";

/// The fields of a tracked change.
pub(super) const TRACKED: [&str; 6] =
    ["Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"];

/// The fields of rows of other objects.
const FURTHER: [Further; 15] = [
    further("OpportunityHistory", "Id", None),
    further("OpportunityHistory", "OpportunityId", None),
    further("OpportunityHistory", "StageName", None),
    further("OpportunityHistory", "CreatedDate", None),
    further("Task", "Id", None),
    further("Task", "WhatId", None),
    further("Task", "SystemModstamp", None),
    further("Task", "ActivityDate", Some(BY_CREATION)),
    further("Task", "CreatedDate", Some(UNDATED)),
    further("Task", "TaskSubtype", Some("calls and mails count as tasks")),
    further("Event", "Id", None),
    further("Event", "WhatId", None),
    further("Event", "SystemModstamp", None),
    further("Event", "ActivityDate", Some(BY_CREATION)),
    further("Event", "CreatedDate", Some(UNDATED)),
];

/// Fields that are read in place of an object that is hidden.
const STANDS_IN: [(&str, &str); 2] = [("AccountId", "Account"), ("OwnerId", "User")];

pub(super) fn choose_fields(
    known: &Known,
    fields: &[String],
    detail: &mut Detail,
    description: &mut Description,
) {
    for wanted in &WANTED {
        // A missing object is told once, not field by field.
        let Some(names) = known.get(wanted.object) else { continue };
        let is_needless =
            |(field, object): &(&str, &str)| wanted.field == *field && known.contains_key(object);
        if STANDS_IN.iter().any(is_needless) {
            continue;
        }
        if names.contains_key(wanted.field) {
            detail.columns.push(wanted.column.to_owned());
        } else {
            description.findings.push(Finding {
                missing: format!("field {}.{}", wanted.object, wanted.field),
                effect: wanted.effect.to_owned(),
                remedy: format!(
                    "give the permission set read access to {}.{}",
                    wanted.object, wanted.field
                ),
            });
        }
    }
    let Some(opportunity) = known.get("Opportunity") else { return };
    let optional = OPTIONAL.iter().filter(|field| opportunity.contains_key(**field));
    detail.columns.extend(optional.map(ToString::to_string));
    for field in fields {
        let is_shown = match field.split_once('.') {
            None => opportunity.contains_key(field),
            Some(("Account", field)) => {
                known.get("Account").is_some_and(|names| names.contains_key(field))
            }
            Some(_) => false,
        };
        if detail.columns.contains(field) {
            continue;
        }
        if is_shown {
            detail.columns.push(field.clone());
        } else {
            description.findings.push(unmapped(field, known));
        }
    }
}

/// What a field lacks that the mapping names.
fn unmapped(field: &str, known: &Known) -> Finding {
    let (object, name) = field.split_once('.').unwrap_or(("Opportunity", field));
    let names = known.get(object).filter(|_| ["Opportunity", "Account"].contains(&object));
    let written = names.and_then(|names| {
        names.keys().find(|known| known.eq_ignore_ascii_case(name) && *known != name)
    });
    let remedy = match (written, object) {
        (Some(written), "Opportunity") => format!("write it {written} in the mapping"),
        (Some(written), object) => format!("write it {object}.{written} in the mapping"),
        (None, "Opportunity" | "Account") => {
            format!("correct the mapping, or give read access to {field}")
        }
        _ => "name another field: only those of Opportunity and Account can be mapped".to_owned(),
    };
    Finding {
        missing: format!("field {field}"),
        effect: "the mapping names it; the usual field is read instead, where there is one"
            .to_owned(),
        remedy,
    }
}

/// Chooses the columns of the history and the activities; an object without a field that it needs is
/// left out.
pub(super) fn choose_further(known: &Known, detail: &mut Detail, description: &mut Description) {
    for (object, of_object) in OBJECTS {
        let Some(names) = known.get(object) else { continue };
        let wanted: Vec<_> = FURTHER.iter().filter(|further| further.object == object).collect();
        let (shown, hidden): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|further| names.contains_key(further.field));
        description.findings.extend(hidden.iter().map(|further| Finding {
            missing: format!("field {object}.{}", further.field),
            effect: further.effect.unwrap_or(of_object).to_owned(),
            remedy: format!("give the permission set read access to {object}.{}", further.field),
        }));
        if !shown.is_empty() && hidden.iter().all(|further| further.effect.is_some()) {
            let columns = shown.iter().map(|further| further.field.to_owned()).collect();
            detail.further.insert(object.to_owned(), columns);
        }
    }
}

/// The types of the columns that are read, and the objects that events and activities come from.
pub(super) fn types(known: &Known, detail: &Detail) -> BTreeMap<String, String> {
    let object = |path: &str| match path {
        "Owner" => "User",
        "Owner.UserRole" => "UserRole",
        "Account" => "Account",
        _ => "Opportunity",
    };
    let kind = |column: &str| -> Option<(String, String)> {
        let (path, field) = column.rsplit_once('.').unwrap_or(("", column));
        Some((column.to_owned(), known.get(object(path))?.get(field)?.clone()))
    };
    // Who loses the history is refused, and who gets the better one reads everything again.
    let history = detail.history.objects().iter().map(ToString::to_string);
    let objects = detail.activities.iter().cloned().chain(history);
    // Once a field is shown that was not, everything is read again.
    let hidden = |object: &str| {
        let hidden = FURTHER.iter().filter(|further| {
            let shown = known.get(object).is_some_and(|names| names.contains_key(further.field));
            further.object == object && !shown
        });
        hidden.map(|further| [" without ", further.field].concat()).collect::<Vec<_>>().concat()
    };
    let objects = objects.map(|object| {
        let kind = format!("object{}", hidden(&object));
        (object, kind)
    });
    // Needed or not: so nobody misses them once the object is shown that they stood in for.
    let stand_ins = STANDS_IN.iter().map(|(field, _)| *field);
    let columns = detail.columns.iter().map(String::as_str).chain(stand_ins);
    columns.filter_map(kind).chain(objects).collect()
}
