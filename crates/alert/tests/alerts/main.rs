//! The alerts as their callers see them.

mod data;
mod false_alarms;
mod lifecycle;
mod printed;
mod rules;
