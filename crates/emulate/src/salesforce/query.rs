//! Answers queries: names are looked up first, then rows are chosen, sorted and cut.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, json};

use super::error::Refusal;
use super::opportunity::opportunity_number;
use super::schema::{Field, FieldType, Getter, Object, Relationship, Row, Rows};
use super::soql::{Column, Condition, Function, Literal, Operator, Order, Query};
use super::{Changes, objects};
use crate::clock::{DAY, date_of, midnight};
use crate::value::Value;
use crate::world::World;

/// The most groups that an answer has.
const MOST_GROUPS: usize = 2000;

/// A query's answer, as it was when it was asked.
pub(crate) struct Found {
    pub(crate) object: &'static Object,
    pub(crate) paths: Vec<Path>,
    pub(crate) rows: Vec<Row>,
    /// `COUNT()` was asked for: the rows are only to be counted.
    pub(crate) only_count: bool,
    /// Rows of aggregates, in place of rows.
    pub(crate) groups: Option<Vec<serde_json::Value>>,
}

/// A field, reached over relationships.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) text: String,
    joins: Vec<&'static Relationship>,
    field: &'static Field,
    /// The values come as text: somebody changed the field's type.
    retyped: bool,
}

impl Path {
    fn find(object: &'static Object, text: &str, changes: &Changes) -> Result<Self, Refusal> {
        let mut joins = Vec::new();
        let mut at = object;
        let mut words = text.split('.').peekable();
        // A query may name the object itself first.
        if words.peek().is_some_and(|word| word.eq_ignore_ascii_case(object.name))
            && text.contains('.')
        {
            words.next();
        }
        let mut words: Vec<&str> = words.collect();
        let last = words.pop().unwrap_or("");
        for word in words {
            let relationship = at.relationship(word).ok_or_else(|| {
                Refusal::new(
                    400,
                    "INVALID_FIELD",
                    format!(
                        "Didn't understand relationship '{word}' in field path. If you are \
                        attempting to use a custom relationship, be sure to append the '__r' after \
                        the custom relationship name."
                    ),
                )
            })?;
            joins.push(relationship);
            at = objects().iter().find(|it| it.name == relationship.target).unwrap_or(at);
        }
        let field = at.field(last).filter(|field| !changes.is_removed(at.name, field.name));
        let field = field.ok_or_else(|| Refusal::no_such_column(last, at.name))?;
        let retyped = changes.is_retyped(at.name, field.name);
        Ok(Self { text: text.to_owned(), joins, field, retyped })
    }

    /// Whether its value is the id of the deal that a record belongs to.
    fn is_deal(&self) -> bool {
        let is_of_deal = match self.field.kind {
            FieldType::Id => matches!(self.field.get, Getter::Deal(_)),
            FieldType::Reference(target, _) => {
                target == "Opportunity" && matches!(self.field.get, Getter::Part(_))
            }
            _ => false,
        };
        self.joins.is_empty() && is_of_deal
    }

    pub(crate) fn value(&self, world: &World, row: &Row) -> Value {
        let mut row = row.clone();
        for join in &self.joins {
            match (join.follow)(world, &row) {
                Some(next) => row = next,
                None => return Value::Null,
            }
        }
        match self.field.value(world, &row) {
            Value::Null => Value::Null,
            value if self.retyped => Value::Text(format!("≈ {}", value.to_salesforce_csv())),
            value => value,
        }
    }

    /// The path's words, with the names as Salesforce spells them.
    pub(crate) fn names(&self) -> (Vec<&'static str>, &'static str) {
        (self.joins.iter().map(|join| join.name).collect(), self.field.name)
    }

    pub(crate) fn targets(&self) -> Vec<&'static str> {
        self.joins.iter().map(|join| join.target).collect()
    }
}

/// Runs a query over the company as it is now.
pub(crate) fn run(
    world: &World,
    query: &Query,
    with_deleted: bool,
    changes: &Changes,
) -> Result<Found, Refusal> {
    let object = objects().iter().find(|it| it.name.eq_ignore_ascii_case(&query.object));
    let object = object.filter(|it| !changes.is_hidden(it.name));
    let object = object.ok_or_else(|| Refusal::no_such_object(&query.object))?;
    let only_count = query.columns == [Column::CountRows];
    let fields = query.columns.iter().filter_map(|column| match column {
        Column::Field(field) => Some(Path::find(object, field, changes)),
        _ => None,
    });
    let paths = fields.collect::<Result<Vec<Path>, Refusal>>()?;
    let filter = match &query.condition {
        None => None,
        Some(condition) => Some(Filter::compile(object, condition, changes, world)?),
    };
    let mut rows: Vec<Row> = match (object.rows, filter.as_ref().and_then(Filter::deals)) {
        (Rows::Whole(rows), _) => rows(world),
        (Rows::OfDeal(rows), None) => world.deals().flat_map(rows).collect(),
        (Rows::OfDeal(rows), Some(deals)) => {
            deals.iter().filter_map(|number| world.deal(*number)).flat_map(rows).collect()
        }
    };
    rows.retain(|row| {
        (with_deleted || query.all_rows || !(object.is_deleted)(row))
            && filter.as_ref().is_none_or(|filter| filter.admits(world, row))
    });
    let mut found = Found { object, paths, rows, only_count, groups: None };
    let aggregates = query.columns.iter().any(|it| matches!(it, Column::Aggregate(..)));
    if aggregates || !query.group_by.is_empty() {
        found.groups = Some(group(world, query, &found, changes)?);
        return Ok(found);
    }
    sort(world, &mut found, &query.order, changes)?;
    found.rows.drain(..query.offset.min(found.rows.len()));
    found.rows.truncate(query.limit.unwrap_or(usize::MAX));
    Ok(found)
}

fn sort(
    world: &World,
    found: &mut Found,
    order: &[Order],
    changes: &Changes,
) -> Result<(), Refusal> {
    if order.is_empty() {
        return Ok(());
    }
    let paths = order.iter().map(|it| Path::find(found.object, &it.field, changes));
    let paths = paths.collect::<Result<Vec<Path>, Refusal>>()?;
    let key = |row: Row| (paths.iter().map(|it| it.value(world, &row)).collect::<Vec<_>>(), row);
    let mut keyed: Vec<(Vec<Value>, Row)> = found.rows.drain(..).map(key).collect();
    keyed.sort_by(|(one, _), (other, _)| {
        let mut result = std::cmp::Ordering::Equal;
        for ((one, other), order) in one.iter().zip(other).zip(order) {
            let nulls = matches!(one, Value::Null) != matches!(other, Value::Null);
            let ascending = one.order(other);
            let turned = if nulls { order.nulls_last } else { order.descending };
            result = result.then(if turned { ascending.reverse() } else { ascending });
        }
        result
    });
    found.rows = keyed.into_iter().map(|(_, row)| row).collect();
    Ok(())
}

/// Counts, least, greatest and sums by group.
fn group(
    world: &World,
    query: &Query,
    found: &Found,
    changes: &Changes,
) -> Result<Vec<serde_json::Value>, Refusal> {
    let by = query.group_by.iter().map(|it| Path::find(found.object, it, changes));
    let by = by.collect::<Result<Vec<Path>, Refusal>>()?;
    let mut groups: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
    for row in &found.rows {
        let key = by.iter().map(|it| it.value(world, row).to_salesforce_csv()).collect();
        groups.entry(key).or_default().push(row);
    }
    if groups.len() > MOST_GROUPS {
        return Err(Refusal::new(
            400,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
             single batch",
        ));
    }
    let mut results = Vec::new();
    for rows in groups.values() {
        let mut result = Map::new();
        result.insert("attributes".to_owned(), json!({ "type": "AggregateResult" }));
        let mut unnamed = 0;
        for column in &query.columns {
            match column {
                Column::Field(text) => {
                    let path = Path::find(found.object, text, changes)?;
                    let value = rows.first().map_or(Value::Null, |row| path.value(world, row));
                    result.insert(path.names().1.to_owned(), value.to_salesforce_json());
                }
                Column::CountRows => {}
                Column::Aggregate(function, text, alias) => {
                    let path = Path::find(found.object, text, changes)?;
                    let values = rows.iter().map(|row| path.value(world, row));
                    let value = aggregate(*function, values);
                    let name = alias.clone().unwrap_or_else(|| format!("expr{unnamed}"));
                    unnamed += usize::from(alias.is_none());
                    result.insert(name, value.to_salesforce_json());
                }
            }
        }
        results.push(result.into());
    }
    Ok(results)
}

fn aggregate(function: Function, values: impl Iterator<Item = Value>) -> Value {
    let values = values.filter(|value| *value != Value::Null);
    match function {
        Function::Count => Value::Integer(i64::try_from(values.count()).unwrap_or(i64::MAX)),
        Function::Min => values.min_by(Value::order).unwrap_or(Value::Null),
        Function::Max => values.max_by(Value::order).unwrap_or(Value::Null),
        Function::Sum => {
            let sum = values.filter_map(|value| match value {
                Value::Cents(it) => Some(it),
                Value::Integer(it) => Some(it * 100),
                _ => None,
            });
            Value::Cents(sum.sum())
        }
    }
}

/// A condition with its names looked up and its literals read.
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare(Path, Operator, Value),
    In(Path, Vec<Value>, bool),
}

impl Filter {
    fn compile(
        object: &'static Object,
        condition: &Condition,
        changes: &Changes,
        world: &World,
    ) -> Result<Self, Refusal> {
        let compile = |it: &Condition| Self::compile(object, it, changes, world);
        Ok(match condition {
            Condition::And(parts) => {
                let parts: Result<Vec<Self>, Refusal> = parts.iter().map(compile).collect();
                Self::All(parts?)
            }
            Condition::Or(parts) => {
                let parts: Result<Vec<Self>, Refusal> = parts.iter().map(compile).collect();
                Self::Any(parts?)
            }
            Condition::Not(inner) => Self::Not(Box::new(compile(inner)?)),
            Condition::Compare(field, operator, literal) => {
                let path = Path::find(object, field, changes)?;
                let value = read(&path, literal, world)?;
                Self::Compare(path, *operator, value)
            }
            Condition::In(field, literals, negated) => {
                let path = Path::find(object, field, changes)?;
                let values = literals.iter().map(|literal| read(&path, literal, world));
                let values = values.collect::<Result<Vec<Value>, Refusal>>()?;
                Self::In(path, values, *negated)
            }
        })
    }

    /// The deals that it asks for, if it names them.
    fn deals(&self) -> Option<BTreeSet<u32>> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::deals),
            Self::In(path, values, false) if path.is_deal() => {
                let ids = values.iter().filter_map(|value| match value {
                    Value::Text(id) => Some(id.as_str()),
                    _ => None,
                });
                Some(ids.filter_map(opportunity_number).collect())
            }
            _ => None,
        }
    }

    fn admits(&self, world: &World, row: &Row) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.admits(world, row)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(world, row)),
            Self::Not(part) => !part.admits(world, row),
            Self::In(path, values, negated) => {
                let value = path.value(world, row);
                values.iter().any(|it| it.order(&value).is_eq()) != *negated
            }
            Self::Compare(path, operator, wanted) => {
                let value = path.value(world, row);
                let order = value.order(wanted);
                let known = value != Value::Null && *wanted != Value::Null;
                match operator {
                    Operator::Equal => order.is_eq(),
                    Operator::NotEqual => order.is_ne(),
                    Operator::Less => known && order.is_lt(),
                    Operator::LessOrEqual => known && order.is_le(),
                    Operator::Greater => known && order.is_gt(),
                    Operator::GreaterOrEqual => known && order.is_ge(),
                    Operator::Like => like(&value.to_salesforce_csv(), &wanted.to_salesforce_csv()),
                }
            }
        }
    }
}

/// Whether a text is like a pattern with `%` and `_`.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut fits: Vec<bool> = (0..=text.len()).map(|place| place == 0).collect();
    for wanted in pattern.to_lowercase().chars() {
        let mut next = vec![false; text.len() + 1];
        for place in 0..=text.len() {
            next[place] = match wanted {
                '%' => fits[..=place].iter().any(|it| *it),
                _ if place == 0 => false,
                '_' => fits[place - 1],
                other => fits[place - 1] && text[place - 1] == other,
            };
        }
        fits = next;
    }
    fits[text.len()]
}

/// A literal as a value of the field's type.
fn read(path: &Path, literal: &Literal, world: &World) -> Result<Value, Refusal> {
    let kind = path.field.kind;
    let wrong = || {
        let (quotes, which) = match literal {
            Literal::Text(_) => ("should not", kind.name()),
            _ => ("should", "string"),
        };
        let name = path.field.name;
        let message = format!(
            "\n{name} \n^\nERROR at Row:1:Column:1\nvalue of filter criterion for field '{name}' \
             must be of type {which} and {quotes} be enclosed in quotes"
        );
        Refusal::new(400, "INVALID_FIELD", message)
    };
    let value = match (literal, kind) {
        (Literal::Null, _) => Some(Value::Null),
        (Literal::Text(text), FieldType::Id | FieldType::Reference(..)) => {
            let id = super::id::long_form(text);
            let invalid = || {
                Refusal::new(
                    400,
                    "INVALID_QUERY_FILTER_OPERATOR",
                    format!("invalid ID field: {text}"),
                )
            };
            Some(Value::Text(id.ok_or_else(invalid)?))
        }
        (Literal::Text(text), FieldType::Text | FieldType::Picklist) => {
            Some(Value::Text(text.clone()))
        }
        (Literal::Bare(bare), FieldType::Boolean) => {
            bare.to_ascii_lowercase().parse().ok().map(Value::Bool)
        }
        (Literal::Bare(bare), FieldType::Date) => {
            let literal = date_literal(bare, world);
            bare.parse::<Date>().ok().or(literal).map(Value::Date)
        }
        (Literal::Bare(bare), FieldType::DateTime) => {
            let literal = date_literal(bare, world).map(midnight);
            let time = bare.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
            time.or(literal).map(Value::Time)
        }
        (
            Literal::Bare(bare),
            FieldType::Currency | FieldType::Number | FieldType::Percent | FieldType::Integer,
        ) => millionths(bare).map(Value::Millionths),
        _ => None,
    };
    value.ok_or_else(wrong)
}

fn millionths(bare: &str) -> Option<i64> {
    let (whole, part) = bare.split_once('.').unwrap_or((bare, ""));
    let part = format!("{part:0<6}");
    let digits = format!("{whole}{}", part.get(..6)?);
    digits.parse().ok()
}

/// The first day that a date literal means; ranges are not told from their first day.
fn date_literal(bare: &str, world: &World) -> Option<Date> {
    let today = date_of(world.clock.now());
    let upper = bare.to_ascii_uppercase();
    if let Some((name, days)) = upper.split_once(':') {
        let days: i64 = days.parse().ok()?;
        return match name {
            "LAST_N_DAYS" | "N_DAYS_AGO" => Some(date_of(midnight(today) - days * DAY)),
            "NEXT_N_DAYS" => Some(date_of(midnight(today) + days * DAY)),
            _ => None,
        };
    }
    match upper.as_str() {
        "TODAY" => Some(today),
        "YESTERDAY" => today.yesterday().ok(),
        "TOMORROW" => today.tomorrow().ok(),
        "THIS_MONTH" => Some(today.first_of_month()),
        "LAST_MONTH" => today.first_of_month().yesterday().ok().map(Date::first_of_month),
        "THIS_YEAR" => Some(today.first_of_year()),
        _ => None,
    }
}
