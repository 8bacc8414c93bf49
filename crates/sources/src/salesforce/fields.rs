//! The fields that are read, and what will not work without each.

/// A field of an opportunity, or of what it looks up.
pub(super) struct Wanted {
    /// The object it is a field of.
    pub(super) object: &'static str,
    /// Its name there.
    pub(super) field: &'static str,
    /// Its name in a query for opportunities, and in an export.
    pub(super) column: &'static str,
    /// What will not work without it.
    pub(super) effect: &'static str,
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
pub(super) const WANTED: [Wanted; 20] = [
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
pub(super) const OPTIONAL: [&str; 7] = [
    "CurrencyIsoCode",
    "Region__c",
    "Industry__c",
    "Product__c",
    "Product_Family__c",
    "Team__c",
    "Territory__c",
];

/// A field of another object whose rows are read.
pub(super) struct Further {
    /// The object.
    pub(super) object: &'static str,
    /// The field.
    pub(super) field: &'static str,
    /// What will not work without it; `None` where the object is of no use then.
    pub(super) effect: Option<&'static str>,
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

/// The fields of rows of other objects.
pub(super) const FURTHER: [Further; 15] = [
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
