//! What can go wrong between a CRM and its reader, decided request by request from a seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestClass {
    /// Sign-in and refresh.
    Token,
    /// Versions, objects, fields, properties, limits.
    Describe,
    /// A first page of a query or a page of a list.
    Query,
    /// A further page of a query.
    More,
    /// A job: made, asked after, deleted.
    Job,
    /// A page of a job's results.
    Results,
    /// A search.
    Search,
    /// Several records by their ids.
    Batch,
    /// One record by its id.
    Record,
    /// Owners, pipelines and stages.
    Settings,
    /// Links between records.
    Associations,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 500, 502 or 503.
    ServerError,
    /// 429 with `Retry-After: 1`, or what the CRM says instead.
    RateLimit,
    /// The allowance of the day is used up.
    DailyLimit,
    /// No answer, ever.
    Timeout,
    /// The connection breaks in the middle of the body.
    Reset,
    /// The body ends too early, without a sign of it.
    Truncate,
    /// A page of HTML instead of data, with status 200.
    ContentType,
    /// The token has expired; a new one works.
    ExpireToken,
    /// The last row of the page before comes again.
    Duplicate,
    /// Records are changed just before the answer.
    Edit,
    /// A row is locked (Salesforce).
    LockedRow,
    /// The query takes too long (Salesforce).
    QueryTimeout,
    /// A batch has only the first half of the records, and an error in place of the others (HubSpot).
    Partial,
}

/// A fault and when it strikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// With which requests; all when empty.
    #[serde(default)]
    pub classes: Vec<RequestClass>,
    /// Share of those requests, 0 to 1.
    #[serde(default = "always")]
    pub chance: f64,
    /// How often it may strike in all; without end when absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many answers of a class may fail in a row before one goes through.
    #[serde(default = "in_a_row")]
    pub in_a_row: u32,
}

fn always() -> f64 {
    1.0
}

fn in_a_row() -> u32 {
    2
}

impl FaultRule {
    /// A rule that strikes a share of all requests.
    pub fn new(fault: Fault, chance: f64) -> Self {
        Self { fault, classes: Vec::new(), chance, times: None, in_a_row: in_a_row() }
    }

    /// The same for some requests only.
    pub fn on(self, classes: &[RequestClass]) -> Self {
        Self { classes: classes.to_vec(), ..self }
    }

    /// The same at most so often.
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }
}

/// The rules in force.
pub(crate) struct Faults {
    rules: Vec<FaultRule>,
    rng: Pcg64Mcg,
    failed_in_a_row: std::collections::BTreeMap<RequestClass, u32>,
    struck: u64,
}

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        Self {
            rules,
            rng: Pcg64Mcg::seed_from_u64(seed),
            failed_in_a_row: std::collections::BTreeMap::new(),
            struck: 0,
        }
    }

    /// How often something went wrong.
    pub(crate) fn struck(&self) -> u64 {
        self.struck
    }

    /// A number for the details of a fault.
    pub(crate) fn dice(&mut self, sides: u32) -> u32 {
        self.rng.random_range(0..sides.max(1))
    }

    /// What goes wrong with this request. Faults that spoil the answer exclude each other; records
    /// may be edited and rows repeated besides.
    pub(crate) fn strike(&mut self, class: RequestClass) -> Vec<Fault> {
        let mut struck = Vec::new();
        let mut is_broken = false;
        let failed = self.failed_in_a_row.get(&class).copied().unwrap_or(0);
        for rule in &mut self.rules {
            let concerned = rule.classes.is_empty() || rule.classes.contains(&class);
            // The dice are thrown for every request, so that rules do not disturb each other.
            let hit = self.rng.random::<f64>() < rule.chance;
            let spoils = !matches!(rule.fault, Fault::Duplicate | Fault::Edit);
            let may = rule.times != Some(0) && !(spoils && (is_broken || failed >= rule.in_a_row));
            if concerned && hit && may {
                rule.times = rule.times.map(|times| times - 1);
                is_broken |= spoils;
                struck.push(rule.fault);
            }
        }
        self.failed_in_a_row.insert(class, if is_broken { failed + 1 } else { 0 });
        self.struck += struck.len() as u64;
        struck
    }
}
