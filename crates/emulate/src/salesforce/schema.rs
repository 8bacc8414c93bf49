//! What an object, a field and a row are to the query language.

use std::sync::Arc;

use crate::value::Value;
use crate::world::{Account, Deal, Person, World};

/// A record of some object. Rows of histories and activities are parts of a deal.
#[derive(Clone)]
pub(crate) enum Row {
    Deal(Arc<Deal>),
    /// A part of a deal by its place, and for a field's history the field.
    Part(Arc<Deal>, usize, usize),
    Account(Arc<Account>),
    Person(Arc<Person>),
    /// Something of which there are few, by its place.
    Place(usize),
}

/// How a field's value is found.
#[derive(Clone, Copy)]
pub(crate) enum Getter {
    Deal(fn(&World, &Deal) -> Value),
    Part(fn(&World, &Deal, usize, usize) -> Value),
    Account(fn(&World, &Account) -> Value),
    Person(fn(&World, &Person) -> Value),
    Place(fn(&World, usize) -> Value),
}

/// A field's type, by Salesforce's names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    Id,
    /// The object that it refers to, and the name of the relationship.
    Reference(&'static str, &'static str),
    Text,
    Picklist,
    Currency,
    Number,
    Percent,
    Integer,
    Boolean,
    Date,
    DateTime,
}

pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: FieldType,
    pub(crate) get: Getter,
}

/// A way from a record to the one that it refers to.
pub(crate) struct Relationship {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) follow: fn(&World, &Row) -> Option<Row>,
}

/// Where the records of an object come from.
#[derive(Clone, Copy)]
pub(crate) enum Rows {
    Whole(fn(&World) -> Vec<Row>),
    /// Those of one deal: a query for a few deals need not look at the others.
    OfDeal(fn(&Arc<Deal>) -> Vec<Row>),
}

pub(crate) struct Object {
    pub(crate) name: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) fields: Vec<Field>,
    pub(crate) relationships: Vec<Relationship>,
    /// All records, deleted ones included.
    pub(crate) rows: Rows,
    pub(crate) is_deleted: fn(&Row) -> bool,
}

impl Field {
    pub(crate) fn value(&self, world: &World, row: &Row) -> Value {
        match (self.get, row) {
            (Getter::Deal(get), Row::Deal(deal)) => get(world, deal),
            (Getter::Part(get), Row::Part(deal, place, field)) => get(world, deal, *place, *field),
            (Getter::Account(get), Row::Account(account)) => get(world, account),
            (Getter::Person(get), Row::Person(person)) => get(world, person),
            (Getter::Place(get), Row::Place(place)) => get(world, *place),
            _ => Value::Null,
        }
    }
}

impl FieldType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference(..) => "reference",
            Self::Text => "string",
            Self::Picklist => "picklist",
            Self::Currency => "currency",
            Self::Number => "double",
            Self::Percent => "percent",
            Self::Integer => "int",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }
}

impl Object {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn relationship(&self, name: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }
}
