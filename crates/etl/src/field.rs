use strsim::normalized_levenshtein;

macro_rules! fields {
    ($($variant:ident $name:literal [$($synonym:literal)*])+) => {
        /// What a column of a file can mean.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Field {
            $($variant,)+
        }

        impl Field {
            /// Every field.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in mappings and reports.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The headers that mean this field, reduced by [`normalised`], best first.
            const fn synonyms(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($synonym,)*],)+
                }
            }
        }
    };
}

fields! {
    DealId "deal_id" ["dealid" "opportunityid" "oppid" "id" "recordid" "dealnumber" "opportunitynumber" "hsobjectid" "crmid"]
    Name "name" ["name" "dealname" "opportunityname" "title" "opportunity" "deal"]
    Account "account" ["account" "accountname" "company" "companyname" "customer" "customername" "client" "organization" "organisation" "associatedcompany" "accountid"]
    CreatedDate "created_date" ["createddate" "engagedate" "createdate" "createdat" "createdon" "created" "datecreated" "creationdate" "opendate" "openeddate" "opened" "startdate"]
    ClosedDate "closed_date" ["closeddate" "closedate" "closedat" "closedon" "closed" "dateclosed" "closingdate" "actualclosedate" "enddate"]
    ExpectedCloseDate "expected_close_date" ["expectedclosedate" "expectedclose" "estimatedclosedate" "expectedclosingdate" "forecastclosedate" "targetclosedate"]
    LastActivityDate "last_activity_date" ["lastactivitydate" "lastactivity" "lastactivityat" "lastcontacted" "lastcontactdate" "lasttouchdate"]
    UpdatedDate "updated_date" ["updateddate" "updatedat" "updatedon" "updated" "lastmodifieddate" "lastmodified" "lastupdated" "modifieddate" "modifiedon" "systemmodstamp"]
    Outcome "outcome" ["outcome" "dealoutcome" "opportunityoutcome" "result" "dealresult" "winloss" "wonlost" "wonorlost"]
    Stage "stage" ["stage" "dealstage" "stagename" "opportunitystage" "salesstage" "pipelinestage"]
    IsWon "is_won" ["iswon" "hsisclosedwon" "isclosedwon"]
    IsClosed "is_closed" ["isclosed" "hsisclosed" "isdealclosed"]
    Amount "amount" ["amount" "dealamount" "opportunityamount" "closevalue" "dealvalue" "contractvalue" "annualcontractvalue" "acv" "tcv" "dealsize" "value"]
    Currency "currency" ["currency" "currencycode" "currencyisocode" "dealcurrency" "amountcurrency"]
    CycleDays "cycle_days" ["cycledays" "salescycledays" "salescycle" "salescyclelength" "cyclelength" "daystoclose"]
    Region "region" ["region" "salesregion" "accountregion" "territory" "geography" "geo"]
    Industry "industry" ["industry" "sector" "vertical" "accountindustry"]
    Product "product" ["product" "productname" "producttype" "productline" "productfamily"]
    LeadSource "lead_source" ["leadsource" "dealsource" "originalsource" "leadorigin" "source" "channel"]
    Rep "rep" ["rep" "salesrep" "salesrepid" "salesrepname" "repid" "repname" "salesagent" "agent" "owner" "ownername" "dealowner" "opportunityowner" "ownerid" "salesperson" "accountexecutive" "seller" "assignedto"]
    Team "team" ["team" "teamname" "salesteam" "ownerteam"]
    DealType "deal_type" ["dealtype" "opportunitytype" "businesstype" "type"]
    Kind "kind" ["kind" "activitytype" "activitykind" "tasksubtype" "type" "activity"]
    EventDate "date" ["date" "eventdate" "stagedate" "stagechangedate" "changedate" "changedat" "entereddate" "enteredat" "enteredon" "timestamp" "occurredat" "createddate" "createdat"]
}

impl Field {
    /// The text fields that deals are grouped by, whose spellings are compared.
    pub(crate) const GROUPING: [Self; 8] = [
        Self::Region,
        Self::Industry,
        Self::Product,
        Self::LeadSource,
        Self::Rep,
        Self::Team,
        Self::DealType,
        Self::Account,
    ];

    /// Those of [`Field::GROUPING`] and the two beside them that a good file fills in.
    pub(crate) const IMPORTANT: [Self; 10] = [
        Self::CreatedDate,
        Self::Amount,
        Self::Region,
        Self::Industry,
        Self::Product,
        Self::LeadSource,
        Self::Rep,
        Self::Team,
        Self::DealType,
        Self::Account,
    ];

    /// The text fields whose values a mapping may replace.
    pub(crate) const REPLACEABLE: [Self; 12] = [
        Self::Name,
        Self::Outcome,
        Self::Stage,
        Self::Currency,
        Self::Region,
        Self::Industry,
        Self::Product,
        Self::LeadSource,
        Self::Rep,
        Self::Team,
        Self::DealType,
        Self::Account,
    ];

    /// The date fields of a deal.
    pub(crate) const DATES: [Self; 5] = [
        Self::CreatedDate,
        Self::ClosedDate,
        Self::ExpectedCloseDate,
        Self::LastActivityDate,
        Self::UpdatedDate,
    ];

    /// The field as a set of one. The bits from [`Field::ALL`]'s length on are free.
    pub(crate) const fn bit(self) -> u64 {
        1 << self as u32
    }

    /// The field of a name.
    ///
    /// # Errors
    /// Names the nearest field, when the name is none.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        if let Some(field) = Self::ALL.iter().find(|field| field.name() == name) {
            return Ok(*field);
        }
        let nearest = Self::ALL.iter().map(|field| field.name()).max_by(|left, right| {
            normalized_levenshtein(left, name).total_cmp(&normalized_levenshtein(right, name))
        });
        let all: Vec<_> = Self::ALL.iter().map(|field| field.name()).collect();
        Err(format!(
            "{name:?} is not a field; did you mean {:?}? the fields are: {}",
            nearest.unwrap_or_default(),
            all.join(", ")
        ))
    }
}

/// The kind of table that headers are read for: the same header means different things in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// One row per deal.
    Deals,
    /// One row per stage entered.
    Events,
    /// One row per activity.
    Activities,
    /// One row per product, account or person.
    Lookup,
    /// External figures by date.
    Indicators,
}

impl Table {
    /// How well a header says that its column is `field`: 0 is best, `None` not at all.
    pub(crate) fn rank(self, header: &str, field: Field) -> Option<usize> {
        let header = normalised_header(header);
        let also: &[&str] = match (self, field) {
            (Self::Events | Self::Activities, Field::DealId) => {
                &["dealid", "opportunityid", "oppid", "whatid", "hsobjectid"]
            }
            (Self::Activities, Field::EventDate) => &[
                "date",
                "activitydate",
                "eventdate",
                "timestamp",
                "occurredat",
                "hstimestamp",
                "createddate",
                "createdat",
            ],
            (Self::Indicators, Field::EventDate) => &[
                "date",
                "observationdate",
                "month",
                "quarter",
                "week",
                "day",
                "period",
                "timeperiod",
                "time",
            ],
            (Self::Indicators, Field::Name) => {
                &["name", "indicator", "series", "seriesid", "seriesname", "variable", "metric"]
            }
            (Self::Indicators, Field::Amount) => &["value", "observation", "obsvalue", "figure"],
            (Self::Lookup, Field::Team) => &["team", "teamname", "salesteam", "manager"],
            (Self::Lookup, Field::Region) => &["region", "territory", "regionaloffice"],
            _ => field.synonyms(),
        };
        also.iter().position(|synonym| *synonym == header)
    }

    /// The fields that columns of this table can mean.
    pub(crate) fn fields(self) -> Vec<Field> {
        let is_part = |field: &Field| match self {
            Self::Deals => !matches!(field, Field::EventDate | Field::Kind),
            Self::Events => matches!(field, Field::DealId | Field::EventDate | Field::Stage),
            Self::Activities => matches!(field, Field::DealId | Field::EventDate | Field::Kind),
            Self::Indicators => matches!(field, Field::EventDate | Field::Name | Field::Amount),
            Self::Lookup => Field::GROUPING.contains(field),
        };
        Field::ALL.iter().copied().filter(is_part).collect()
    }
}

/// A header without case, spaces, punctuation and the suffix of Salesforce's custom fields.
fn normalised_header(header: &str) -> String {
    normalised(header.trim().trim_end_matches("__c"))
}

/// A text without case, spaces and punctuation: texts equal after this are spelling variants.
pub(crate) fn normalised(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len());
    if text.is_ascii() {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        normalised.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    } else {
        let letters = text.chars().filter(|letter| letter.is_alphanumeric());
        normalised.extend(letters.flat_map(char::to_lowercase));
    }
    normalised
}
