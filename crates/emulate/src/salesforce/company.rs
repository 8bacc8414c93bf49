//! The objects around opportunities: accounts, users, roles, currencies, record types, stages.

use std::sync::Arc;

use super::id::record_id;
use super::opportunity::user_id;
use super::schema::FieldType as T;
use super::schema::{Field, Getter, Object, Relationship, Row, Rows};
use crate::value::Value;
use crate::world::{Account, Person, STAGES, World};

/// The organisation's id.
pub(super) fn organization_id() -> String {
    record_id("00D", 1)
}

fn account(name: &'static str, kind: T, get: fn(&World, &Account) -> Value) -> Field {
    Field { name, kind, get: Getter::Account(get) }
}

fn person(name: &'static str, kind: T, get: fn(&World, &Person) -> Value) -> Field {
    Field { name, kind, get: Getter::Person(get) }
}

fn place(name: &'static str, kind: T, get: fn(&World, usize) -> Value) -> Field {
    Field { name, kind, get: Getter::Place(get) }
}

fn id_of(prefix: &str, place: usize) -> Value {
    Value::text(record_id(prefix, place as u64 + 1))
}

fn places(count: usize) -> Vec<Row> {
    (0..count).map(Row::Place).collect()
}

fn never(_: &Row) -> bool {
    false
}

pub(super) fn accounts() -> Object {
    Object {
        name: "Account",
        prefix: "001",
        fields: vec![
            account("Id", T::Id, |_, it| id_of("001", it.place as usize)),
            account("IsDeleted", T::Boolean, |_, _| Value::Bool(false)),
            account("Name", T::Text, |_, it| Value::text(&it.name)),
            account("Industry", T::Picklist, |_, it| Value::text(&it.industry)),
            account("Type", T::Picklist, |_, _| Value::text("Customer")),
            account("BillingCountry", T::Text, |_, it| Value::text(&it.region)),
            account("CreatedDate", T::DateTime, |_, it| Value::Time(it.created)),
            account("LastModifiedDate", T::DateTime, |_, it| Value::Time(it.modified)),
            account("SystemModstamp", T::DateTime, |_, it| Value::Time(it.modified)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|world| {
            world.accounts.iter().map(|it| Row::Account(Arc::clone(it))).collect()
        }),
        is_deleted: never,
    }
}

pub(super) fn users() -> Object {
    Object {
        name: "User",
        prefix: "005",
        fields: vec![
            person("Id", T::Id, |_, it| Value::text(user_id(it.place))),
            person("Name", T::Text, |_, it| Value::text(&it.name)),
            person("FirstName", T::Text, |_, it| Value::text(it.names().0)),
            person("LastName", T::Text, |_, it| Value::text(it.names().1)),
            person("Username", T::Text, |_, it| Value::text(it.email())),
            person("Email", T::Text, |_, it| Value::text(it.email())),
            person("IsActive", T::Boolean, |_, it| Value::Bool(it.active)),
            person("UserRoleId", T::Reference("UserRole", "UserRole"), |_, it| {
                id_of("00E", it.team as usize)
            }),
            person("ManagerId", T::Reference("User", "Manager"), |_, _| Value::Null),
            person("CreatedDate", T::DateTime, |_, it| Value::Time(it.created)),
            person("LastModifiedDate", T::DateTime, |_, it| Value::Time(it.modified)),
            person("SystemModstamp", T::DateTime, |_, it| Value::Time(it.modified)),
        ],
        relationships: vec![Relationship {
            name: "UserRole",
            target: "UserRole",
            follow: |_, row| match row {
                Row::Person(it) => Some(Row::Place(it.team as usize)),
                _ => None,
            },
        }],
        rows: Rows::Whole(|world| {
            world.people.iter().map(|it| Row::Person(Arc::clone(it))).collect()
        }),
        is_deleted: never,
    }
}

pub(super) fn roles() -> Object {
    Object {
        name: "UserRole",
        prefix: "00E",
        fields: vec![
            place("Id", T::Id, |_, it| id_of("00E", it)),
            place("Name", T::Text, |world, it| Value::text(&world.teams[it])),
            place("DeveloperName", T::Text, |world, it| {
                Value::text(world.teams[it].replace(' ', "_"))
            }),
            place("ParentRoleId", T::Reference("UserRole", "ParentRole"), |_, _| Value::Null),
            place("SystemModstamp", T::DateTime, |_, _| Value::Time(0)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|world| places(world.teams.len())),
        is_deleted: never,
    }
}

pub(super) fn currencies() -> Object {
    Object {
        name: "CurrencyType",
        prefix: "01L",
        fields: vec![
            place("Id", T::Id, |_, it| id_of("01L", it)),
            place("IsoCode", T::Picklist, |world, it| Value::text(&world.currencies[it].code)),
            place("ConversionRate", T::Number, |world, it| {
                Value::Millionths(world.currencies[it].per_unit_millionths)
            }),
            place("DecimalPlaces", T::Integer, |_, _| Value::Integer(2)),
            place("IsActive", T::Boolean, |_, _| Value::Bool(true)),
            place("IsCorporate", T::Boolean, |_, it| Value::Bool(it == 0)),
            place("SystemModstamp", T::DateTime, |_, _| Value::Time(0)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|world| places(world.currencies.len())),
        is_deleted: never,
    }
}

pub(super) fn dated_rates() -> Object {
    Object {
        name: "DatedConversionRate",
        prefix: "04w",
        fields: vec![
            place("Id", T::Id, |_, it| id_of("04w", it)),
            place("IsoCode", T::Picklist, |world, it| Value::text(&world.currencies[it].code)),
            place("ConversionRate", T::Number, |world, it| {
                Value::Millionths(world.currencies[it].per_unit_millionths)
            }),
            place("StartDate", T::Date, |_, _| Value::Date(jiff::civil::date(2000, 1, 1))),
            place("NextStartDate", T::Date, |_, _| Value::Date(jiff::civil::date(9999, 12, 31))),
            place("SystemModstamp", T::DateTime, |_, _| Value::Time(0)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|world| places(world.currencies.len())),
        is_deleted: never,
    }
}

pub(super) fn record_types() -> Object {
    Object {
        name: "RecordType",
        prefix: "012",
        fields: vec![
            place("Id", T::Id, |_, it| id_of("012", it)),
            place("Name", T::Text, |world, it| Value::text(&world.pipelines[it].label)),
            place("DeveloperName", T::Text, |_, it| Value::text(["Sales", "Expansion"][it.min(1)])),
            place("SobjectType", T::Picklist, |_, _| Value::text("Opportunity")),
            place("IsActive", T::Boolean, |_, _| Value::Bool(true)),
            place("SystemModstamp", T::DateTime, |_, _| Value::Time(0)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|world| places(world.pipelines.len())),
        is_deleted: never,
    }
}

pub(super) fn stages() -> Object {
    Object {
        name: "OpportunityStage",
        prefix: "01J",
        fields: vec![
            place("Id", T::Id, |_, it| id_of("01J", it)),
            place("MasterLabel", T::Text, |world, it| Value::text(&world.stages[it].label)),
            place("ApiName", T::Text, |world, it| Value::text(world.stages[it].name)),
            place("IsActive", T::Boolean, |_, _| Value::Bool(true)),
            place("IsClosed", T::Boolean, |world, it| Value::Bool(world.stages[it].closed)),
            place("IsWon", T::Boolean, |world, it| Value::Bool(world.stages[it].won)),
            place("SortOrder", T::Integer, |_, it| {
                Value::Integer(i64::try_from(it).map_or(0, |it| it + 1))
            }),
            place("DefaultProbability", T::Percent, |world, it| {
                Value::Integer(i64::from(world.stages[it].percent))
            }),
            place("ForecastCategoryName", T::Picklist, |_, _| Value::text("Pipeline")),
            place("SystemModstamp", T::DateTime, |_, _| Value::Time(0)),
        ],
        relationships: vec![],
        rows: Rows::Whole(|_| places(STAGES)),
        is_deleted: never,
    }
}

pub(super) fn organization() -> Object {
    Object {
        name: "Organization",
        prefix: "00D",
        fields: vec![
            place("Id", T::Id, |_, _| Value::text(organization_id())),
            place("Name", T::Text, |_, _| Value::text("Simulated Company")),
            place("OrganizationType", T::Text, |_, _| Value::text("Enterprise Edition")),
            place("IsSandbox", T::Boolean, |_, _| Value::Bool(false)),
            place("InstanceName", T::Text, |_, _| Value::text("EMU1")),
            place("TimeZoneSidKey", T::Text, |_, _| Value::text("UTC")),
        ],
        relationships: vec![],
        rows: Rows::Whole(|_| places(1)),
        is_deleted: never,
    }
}
