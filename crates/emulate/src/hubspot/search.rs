//! Searches: filters, one sort order, at most ten thousand results.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::error::Refusal;
use crate::clock::midnight;
use crate::value::Value;

/// No search shows more.
const MOST_RESULTS: usize = 10_000;
const LONGEST_PAGE: usize = 200;
const USUAL_PAGE: usize = 10;
const MOST_GROUPS: usize = 5;
const MOST_FILTERS: usize = 6;

/// What is searched: records, their properties, and how they are shown.
pub(super) struct Searched<'a, T> {
    pub(super) records: Vec<T>,
    /// Whether there is a property of that name.
    pub(super) knows: &'a dyn Fn(&str) -> bool,
    pub(super) value: &'a dyn Fn(&T, &str) -> Value,
    pub(super) show: &'a dyn Fn(&T, &[String]) -> Json,
    /// A number for each record, in no order that means anything.
    pub(super) number: &'a dyn Fn(&T) -> u32,
}

/// Answers a search. Nothing is kept from page to page: what changes in between moves.
pub(super) fn search<T>(
    request: &Json,
    repeat: bool,
    searched: Searched<'_, T>,
) -> Result<Json, Refusal> {
    let limit = request["limit"].as_u64().map_or(USUAL_PAGE, |it| usize::try_from(it).unwrap_or(0));
    if limit > LONGEST_PAGE {
        return Err(Refusal::validation("The page size may not be larger than 200"));
    }
    let after = match &request["after"] {
        Json::Null => 0,
        Json::String(text) if text.is_empty() => 0,
        Json::String(text) => {
            text.parse().map_err(|_| Refusal::validation("after must be a number"))?
        }
        other => other.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(0),
    };
    if after + limit > MOST_RESULTS {
        return Err(Refusal::too_far());
    }
    let groups = groups(request, searched.knows)?;
    let Searched { records, knows, value, show, number } = searched;
    let fits = |record: &T| {
        let mut groups = groups.iter();
        groups.len() == 0
            || groups.any(|group| {
                group.iter().all(|filter| filter.admits(value(record, &filter.property)))
            })
    };
    let mut found: Vec<T> = records.into_iter().filter(fits).collect();
    // What sorts alike comes in an order that means nothing, but stays.
    found.sort_by_key(|record| number(record).wrapping_mul(2_654_435_761));
    if let Some((property, descending)) = order(request, knows)? {
        found.sort_by_cached_key(|record| {
            let key = Key(comparable(value(record, &property)));
            if descending { Turned::Down(std::cmp::Reverse(key)) } else { Turned::Up(key) }
        });
    }
    let wanted = texts(&request["properties"]);
    let first = if repeat { after.saturating_sub(1) } else { after };
    let page = found.iter().skip(first).take(limit + after - first);
    let results: Vec<Json> = page.map(|record| show(record, &wanted)).collect();
    let mut answer = json!({ "total": found.len(), "results": results });
    if after + limit < found.len() {
        answer["paging"] = json!({ "next": { "after": (after + limit).to_string() } });
    }
    Ok(answer)
}

/// The property to sort by, and whether from the top.
fn order(request: &Json, knows: &dyn Fn(&str) -> bool) -> Result<Option<(String, bool)>, Refusal> {
    let sorts = request["sorts"].as_array().map_or(&[][..], Vec::as_slice);
    if sorts.len() > 1 {
        return Err(Refusal::validation("Only one sort is supported"));
    }
    let Some(sort) = sorts.first() else {
        return Ok(None);
    };
    let name = sort["propertyName"].as_str().or(sort.as_str()).unwrap_or("");
    let (name, minus) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
    if !knows(name) {
        return Err(Refusal::validation(&format!("Property \"{name}\" does not exist")));
    }
    Ok(Some((name.to_owned(), minus || sort["direction"] == "DESCENDING")))
}

struct Key(Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.order(&other.0)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turned {
    Up(Key),
    Down(std::cmp::Reverse<Key>),
}

struct Filter {
    property: String,
    operator: String,
    values: Vec<String>,
    high: Option<String>,
}

fn groups(request: &Json, knows: &dyn Fn(&str) -> bool) -> Result<Vec<Vec<Filter>>, Refusal> {
    let groups = request["filterGroups"].as_array().map_or(&[][..], Vec::as_slice);
    if groups.len() > MOST_GROUPS {
        return Err(Refusal::validation("There are too many filter groups; the most is 5"));
    }
    groups
        .iter()
        .map(|group| {
            let filters = group["filters"].as_array().map_or(&[][..], Vec::as_slice);
            if filters.len() > MOST_FILTERS {
                return Err(Refusal::validation("A filter group has too many filters"));
            }
            filters.iter().map(|filter| Filter::read(filter, knows)).collect()
        })
        .collect()
}

impl Filter {
    fn read(filter: &Json, knows: &dyn Fn(&str) -> bool) -> Result<Self, Refusal> {
        let text = |value: &Json| match value {
            Json::String(text) => Some(text.clone()),
            Json::Null => None,
            other => Some(other.to_string()),
        };
        let operator = filter["operator"].as_str().unwrap_or("").to_owned();
        let property = filter["propertyName"].as_str().unwrap_or("").to_owned();
        if !knows(&property) {
            let message = format!("There was a problem with the request: property {property}");
            return Err(Refusal::validation(&message));
        }
        let operators = [
            "EQ",
            "NEQ",
            "LT",
            "LTE",
            "GT",
            "GTE",
            "BETWEEN",
            "IN",
            "NOT_IN",
            "HAS_PROPERTY",
            "NOT_HAS_PROPERTY",
            "CONTAINS_TOKEN",
            "NOT_CONTAINS_TOKEN",
        ];
        if !operators.contains(&operator.as_str()) {
            return Err(Refusal::validation(&format!("Invalid operator {operator}")));
        }
        let mut values = texts(&filter["values"]);
        values.extend(text(&filter["value"]));
        if values.is_empty() && !operator.ends_with("HAS_PROPERTY") {
            return Err(Refusal::validation("A filter lacks its value"));
        }
        Ok(Self { property, operator, values, high: text(&filter["highValue"]) })
    }

    fn admits(&self, value: Value) -> bool {
        let value = comparable(value);
        let has = value != Value::Null;
        let order = |text: &str| value.order(&like(&value, text));
        let first = self.values.first().map_or("", String::as_str);
        let plain = value.to_property().unwrap_or_default().to_lowercase();
        match self.operator.as_str() {
            "HAS_PROPERTY" => has,
            "NOT_HAS_PROPERTY" => !has,
            "EQ" => has && order(first).is_eq(),
            "NEQ" => has && order(first).is_ne(),
            "LT" => has && order(first).is_lt(),
            "LTE" => has && order(first).is_le(),
            "GT" => has && order(first).is_gt(),
            "GTE" => has && order(first).is_ge(),
            "BETWEEN" => {
                let high = self.high.as_deref().unwrap_or("");
                has && order(first).is_ge() && order(high).is_le()
            }
            "IN" => has && self.values.iter().any(|text| order(text).is_eq()),
            "NOT_IN" => has && !self.values.iter().any(|text| order(text).is_eq()),
            "CONTAINS_TOKEN" => plain.contains(&first.to_lowercase().replace('*', "")),
            _ => !plain.contains(&first.to_lowercase().replace('*', "")),
        }
    }
}

/// Ids are numbers to a search.
fn comparable(value: Value) -> Value {
    match &value {
        Value::Text(text) if text.len() < 16 => text.parse().map_or(value, Value::Integer),
        _ => value,
    }
}

/// A text of a request as a value like another one.
fn like(model: &Value, text: &str) -> Value {
    let value = match model {
        Value::Time(_) => {
            let number = text.parse::<i64>().ok();
            let instant = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
            let date = || text.parse::<Date>().ok().map(midnight);
            number.or(instant).or_else(date).map(Value::Time)
        }
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Cents(_) => {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            let part: String = format!("{part:0<2}").chars().take(2).collect();
            format!("{whole}{part}").parse().ok().map(Value::Cents)
        }
        Value::Bool(_) => text.parse().ok().map(Value::Bool),
        _ => Some(Value::text(text)),
    };
    value.unwrap_or(Value::Null)
}

/// The texts of a list.
pub(super) fn texts(list: &Json) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    let text = |item: &Json| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    items.iter().map(text).collect()
}
