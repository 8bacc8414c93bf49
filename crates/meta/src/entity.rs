//! The tables, one module each; [`crate::migration`] creates them.

#![expect(unreachable_pub, reason = "SeaORM's derives write public items")]

pub(crate) mod alert;
pub(crate) mod alert_event;
pub(crate) mod channel;
pub(crate) mod delivery;
pub(crate) mod erasure;
pub(crate) mod insight;
pub(crate) mod load;
pub(crate) mod mapping;
pub(crate) mod quarantine_reason;
pub(crate) mod quarantine_row;
pub(crate) mod recipient;
pub(crate) mod rule_file;
pub(crate) mod run;
pub(crate) mod source;
