//! Opportunities and the objects that belong to them: histories, tasks and events.

use std::sync::Arc;

use super::id::{record_id, record_number};
use super::schema::FieldType as T;
use super::schema::{Field, Getter, Object, Relationship, Row, Rows};
use crate::clock::date_of;
use crate::value::{Value, salesforce_time};
use crate::world::{Deal, Moment, World};

/// Parts of one deal have ids that follow each other.
const PARTS: u64 = 1 << 14;
/// The fields whose history is kept, in the order of [`Row::Part`]'s last number; 0 is the creation.
const TRACKED: [&str; 5] = ["created", "StageName", "Amount", "CloseDate", "Owner"];

pub(crate) fn opportunity_id(number: u32) -> String {
    record_id("006", u64::from(number))
}

/// The number of the deal with that id.
pub(super) fn opportunity_number(id: &str) -> Option<u32> {
    let number = record_number(id).filter(|_| id.starts_with("006"))?;
    u32::try_from(number).ok()
}

pub(super) fn user_id(place: u32) -> String {
    record_id("005", u64::from(place) + 1)
}

fn deal(name: &'static str, kind: T, get: fn(&World, &Deal) -> Value) -> Field {
    Field { name, kind, get: Getter::Deal(get) }
}

fn part(name: &'static str, kind: T, get: fn(&World, &Deal, usize, usize) -> Value) -> Field {
    Field { name, kind, get: Getter::Part(get) }
}

pub(super) fn opportunity() -> Object {
    let mut fields = identity_fields();
    fields.extend(sales_fields());
    Object {
        name: "Opportunity",
        prefix: "006",
        fields,
        relationships: vec![
            Relationship {
                name: "Account",
                target: "Account",
                follow: |world, row| match row {
                    Row::Deal(it) => {
                        Some(Row::Account(Arc::clone(&world.accounts[it.account as usize])))
                    }
                    _ => None,
                },
            },
            Relationship {
                name: "Owner",
                target: "User",
                follow: |world, row| match row {
                    Row::Deal(it) => {
                        Some(Row::Person(Arc::clone(&world.people[it.owner as usize])))
                    }
                    _ => None,
                },
            },
            Relationship {
                name: "CreatedBy",
                target: "User",
                follow: |world, row| match row {
                    Row::Deal(it) => {
                        Some(Row::Person(Arc::clone(&world.people[it.creator as usize])))
                    }
                    _ => None,
                },
            },
            Relationship {
                name: "RecordType",
                target: "RecordType",
                follow: |world, row| match row {
                    Row::Deal(it) => Some(Row::Place(world.stage(it.stage).pipeline)),
                    _ => None,
                },
            },
        ],
        rows: Rows::OfDeal(|deal| vec![Row::Deal(Arc::clone(deal))]),
        is_deleted,
    }
}

fn identity_fields() -> Vec<Field> {
    let changed_by: fn(&World, &Deal) -> Value =
        |_, it| Value::text(user_id(it.history.last().map_or(it.owner, |last| last.by)));
    vec![
        deal("Id", T::Id, |_, it| Value::text(opportunity_id(it.number))),
        deal("IsDeleted", T::Boolean, |_, it| Value::Bool(it.deleted.is_some())),
        deal("AccountId", T::Reference("Account", "Account"), |_, it| {
            Value::text(record_id("001", u64::from(it.account) + 1))
        }),
        deal("RecordTypeId", T::Reference("RecordType", "RecordType"), |world, it| {
            Value::text(record_id("012", world.stage(it.stage).pipeline as u64 + 1))
        }),
        deal("Name", T::Text, |_, it| Value::text(&it.name)),
        deal("OwnerId", T::Reference("User", "Owner"), |_, it| Value::text(user_id(it.owner))),
        deal("CreatedDate", T::DateTime, |_, it| Value::Time(it.created)),
        deal("CreatedById", T::Reference("User", "CreatedBy"), |_, it| {
            Value::text(user_id(it.creator))
        }),
        deal("LastModifiedDate", T::DateTime, |_, it| Value::Time(it.modified)),
        deal("LastModifiedById", T::Reference("User", "LastModifiedBy"), changed_by),
        deal("SystemModstamp", T::DateTime, |_, it| Value::Time(it.modified)),
    ]
}

fn sales_fields() -> Vec<Field> {
    vec![
        deal("StageName", T::Picklist, |world, it| Value::text(world.stage(it.stage).name)),
        deal("Amount", T::Currency, |_, it| it.amount.map_or(Value::Null, Value::Cents)),
        deal("Probability", T::Percent, |world, it| {
            Value::Integer(i64::from(world.stage(it.stage).percent))
        }),
        deal("ExpectedRevenue", T::Currency, |world, it| expected(world, it.amount, it.stage)),
        deal("CloseDate", T::Date, |_, it| Value::Date(it.close_date)),
        deal("Type", T::Picklist, |_, it| Value::text(&*it.kind)),
        deal("LeadSource", T::Picklist, |_, it| Value::maybe_text(it.lead_source.as_deref())),
        deal("IsClosed", T::Boolean, |world, it| Value::Bool(world.stage(it.stage).closed)),
        deal("IsWon", T::Boolean, |world, it| Value::Bool(world.stage(it.stage).won)),
        deal("ForecastCategory", T::Picklist, |world, it| forecast(world, it.stage)),
        deal("ForecastCategoryName", T::Picklist, |world, it| forecast(world, it.stage)),
        deal("CurrencyIsoCode", T::Picklist, |world, it| {
            Value::text(&world.currencies[usize::from(it.currency)].code)
        }),
        deal("LastStageChangeDate", T::DateTime, |_, it| {
            it.stage_entries().last().map_or(Value::Null, |entry| Value::Time(entry.at))
        }),
        deal("LastActivityDate", T::Date, |_, it| {
            it.activities.last().map_or(Value::Null, |last| Value::Date(date_of(last.at)))
        }),
        deal("Region__c", T::Picklist, |_, it| Value::maybe_text(it.region.as_deref())),
        deal("Product__c", T::Picklist, |_, it| Value::maybe_text(it.product.as_deref())),
        deal("Loss_Reason__c", T::Picklist, |_, it| Value::maybe_text(it.loss_reason)),
    ]
}

fn expected(world: &World, amount: Option<i64>, stage: u16) -> Value {
    let percent = i64::from(world.stage(stage).percent);
    amount.map_or(Value::Null, |amount| Value::Cents(amount * percent / 100))
}

fn forecast(world: &World, stage: u16) -> Value {
    let stage = world.stage(stage);
    Value::text(match (stage.closed, stage.won) {
        (true, true) => "Closed",
        (true, false) => "Omitted",
        _ => "Pipeline",
    })
}

fn is_deleted(row: &Row) -> bool {
    match row {
        Row::Deal(deal) | Row::Part(deal, ..) => !deal.is_live(),
        _ => false,
    }
}

fn part_id(prefix: &str, deal: &Deal, place: usize) -> Value {
    Value::text(record_id(prefix, u64::from(deal.number) * PARTS + place as u64))
}

fn opportunity_of() -> Relationship {
    Relationship {
        name: "Opportunity",
        target: "Opportunity",
        follow: |_, row| match row {
            Row::Part(deal, ..) => Some(Row::Deal(Arc::clone(deal))),
            _ => None,
        },
    }
}

fn gone() -> Field {
    part("IsDeleted", T::Boolean, |_, deal, _, _| Value::Bool(deal.deleted.is_some()))
}

pub(super) fn opportunity_history() -> Object {
    let parent = T::Reference("Opportunity", "Opportunity");
    let at = |_: &World, deal: &Deal, place: usize, _: usize| Value::Time(deal.history[place].at);
    Object {
        name: "OpportunityHistory",
        prefix: "008",
        fields: vec![
            part("Id", T::Id, |_, deal, place, _| part_id("008", deal, place)),
            part("OpportunityId", parent, |_, deal, _, _| Value::text(opportunity_id(deal.number))),
            part("StageName", T::Picklist, |world, deal, place, _| {
                Value::text(world.stage(deal.history[place].stage).name)
            }),
            part("Amount", T::Currency, |_, deal, place, _| {
                deal.history[place].amount.map_or(Value::Null, Value::Cents)
            }),
            part("ExpectedRevenue", T::Currency, |world, deal, place, _| {
                expected(world, deal.history[place].amount, deal.history[place].stage)
            }),
            part("CloseDate", T::Date, |_, deal, place, _| {
                Value::Date(deal.history[place].close_date)
            }),
            part("Probability", T::Percent, |world, deal, place, _| {
                Value::Integer(i64::from(world.stage(deal.history[place].stage).percent))
            }),
            part("ForecastCategory", T::Picklist, |world, deal, place, _| {
                forecast(world, deal.history[place].stage)
            }),
            part("CurrencyIsoCode", T::Picklist, |world, deal, _, _| {
                Value::text(&world.currencies[usize::from(deal.currency)].code)
            }),
            part("CreatedDate", T::DateTime, at),
            part("CreatedById", T::Reference("User", "CreatedBy"), |_, deal, place, _| {
                Value::text(user_id(deal.history[place].by))
            }),
            part("SystemModstamp", T::DateTime, at),
            gone(),
        ],
        relationships: vec![opportunity_of()],
        rows: Rows::OfDeal(|deal| parts(deal, (0..deal.history.len()).map(|place| (place, 0)))),
        is_deleted,
    }
}

fn parts(deal: &Arc<Deal>, places: impl IntoIterator<Item = (usize, usize)>) -> Vec<Row> {
    let places = places.into_iter();
    places.map(|(place, field)| Row::Part(Arc::clone(deal), place, field)).collect()
}

pub(super) fn opportunity_field_history() -> Object {
    let parent = T::Reference("Opportunity", "Opportunity");
    Object {
        name: "OpportunityFieldHistory",
        prefix: "017",
        fields: vec![
            part("Id", T::Id, |_, deal, place, field| {
                part_id("017", deal, place * TRACKED.len() + field)
            }),
            gone(),
            part("OpportunityId", parent, |_, deal, _, _| Value::text(opportunity_id(deal.number))),
            part("CreatedById", T::Reference("User", "CreatedBy"), |_, deal, place, _| {
                Value::text(user_id(deal.history[place].by))
            }),
            part("CreatedDate", T::DateTime, |_, deal, place, _| {
                Value::Time(deal.history[place].at)
            }),
            part("Field", T::Picklist, |_, _, _, field| Value::text(TRACKED[field])),
            part("OldValue", T::Text, |world, deal, place, field| match place {
                0 => Value::Null,
                _ => tracked(world, &deal.history[place - 1], field),
            }),
            part("NewValue", T::Text, |world, deal, place, field| {
                tracked(world, &deal.history[place], field)
            }),
        ],
        relationships: vec![opportunity_of()],
        rows: Rows::OfDeal(|deal| parts(deal, changes(deal))),
        is_deleted,
    }
}

/// Which fields changed when.
fn changes(deal: &Deal) -> Vec<(usize, usize)> {
    let mut changes = vec![(0, 0)];
    for (place, pair) in deal.history.windows(2).enumerate() {
        let (old, new) = (&pair[0], &pair[1]);
        let differs = [
            old.stage != new.stage,
            old.amount != new.amount,
            old.close_date != new.close_date,
            old.owner != new.owner,
        ];
        let fields = differs.iter().zip(1..).filter(|(differs, _)| **differs);
        changes.extend(fields.map(|(_, field)| (place + 1, field)));
    }
    changes
}

fn tracked(world: &World, moment: &Moment, field: usize) -> Value {
    match TRACKED[field] {
        "StageName" => Value::text(world.stage(moment.stage).name),
        "Amount" => moment.amount.map_or(Value::Null, Value::Cents),
        "CloseDate" => Value::Date(moment.close_date),
        "Owner" => Value::text(&world.person(moment.owner).name),
        _ => Value::Null,
    }
}

pub(super) fn task() -> Object {
    let mut fields = activity_fields("00T");
    fields.extend([
        part("Status", T::Picklist, |_, _, _, _| Value::text("Completed")),
        part("IsClosed", T::Boolean, |_, _, _, _| Value::Bool(true)),
        part("TaskSubtype", T::Picklist, |_, deal, place, _| {
            Value::text(if deal.activities[place].kind == "call" { "Call" } else { "Email" })
        }),
        part("CompletedDateTime", T::DateTime, |_, deal, place, _| {
            Value::Time(deal.activities[place].at)
        }),
    ]);
    Object {
        name: "Task",
        prefix: "00T",
        fields,
        relationships: vec![],
        rows: Rows::OfDeal(|deal| parts(deal, activities(deal, false))),
        is_deleted,
    }
}

pub(super) fn event() -> Object {
    let mut fields = activity_fields("00U");
    fields.extend([
        part("ActivityDateTime", T::DateTime, |_, deal, place, _| {
            Value::Time(deal.activities[place].at)
        }),
        part("StartDateTime", T::DateTime, |_, deal, place, _| {
            Value::Time(deal.activities[place].at)
        }),
        part("EndDateTime", T::DateTime, |_, deal, place, _| {
            Value::Time(deal.activities[place].at + 1_800_000)
        }),
        part("DurationInMinutes", T::Integer, |_, _, _, _| Value::Integer(30)),
    ]);
    Object {
        name: "Event",
        prefix: "00U",
        fields,
        relationships: vec![],
        rows: Rows::OfDeal(|deal| parts(deal, activities(deal, true))),
        is_deleted,
    }
}

/// The places of a deal's meetings, or of its other activities.
fn activities(deal: &Deal, meetings: bool) -> Vec<(usize, usize)> {
    let all = deal.activities.iter().enumerate();
    let chosen = all.filter(|(_, it)| (it.kind == "meeting") == meetings);
    chosen.map(|(place, _)| (place, 0)).collect()
}

fn activity_fields(prefix: &'static str) -> Vec<Field> {
    let at =
        |_: &World, deal: &Deal, place: usize, _: usize| Value::Time(deal.activities[place].at);
    let id: fn(&World, &Deal, usize, usize) -> Value = match prefix {
        "00U" => |_, deal, place, _| part_id("00U", deal, place),
        _ => |_, deal, place, _| part_id("00T", deal, place),
    };
    vec![
        part("Id", T::Id, id),
        part("WhatId", T::Reference("Opportunity", "What"), |_, deal, _, _| {
            Value::text(opportunity_id(deal.number))
        }),
        part("AccountId", T::Reference("Account", "Account"), |_, deal, _, _| {
            Value::text(record_id("001", u64::from(deal.account) + 1))
        }),
        part("OwnerId", T::Reference("User", "Owner"), |_, deal, place, _| {
            Value::text(user_id(deal.activities[place].by))
        }),
        part("Subject", T::Text, |_, deal, place, _| {
            let activity = &deal.activities[place];
            Value::text(format!("{} {}", activity.kind, salesforce_time(activity.at, "Z")))
        }),
        part("ActivityDate", T::Date, |_, deal, place, _| {
            Value::Date(date_of(deal.activities[place].at))
        }),
        part("CreatedDate", T::DateTime, at),
        part("LastModifiedDate", T::DateTime, at),
        part("SystemModstamp", T::DateTime, |_, deal, place, _| {
            // Tasks go into the bin with their opportunity.
            Value::Time(deal.deleted.unwrap_or(0).max(deal.activities[place].at))
        }),
        gone(),
    ]
}
