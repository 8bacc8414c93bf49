//! Alerts: the rules that find them, the evidence they ask for, their life, and their printed form.
//!
//! Owns the built-in rules, what counts as enough evidence to disturb a person, the state machine
//! of an alert, and its words. Pure: it reads no clock, stores nothing and sends nothing. Every
//! statistic comes from `winsight-insight`; this crate only decides. Whatever it reports is an
//! [association](LABEL), never a cause.

mod alert;
mod custom;
mod evidence;
mod impact;
mod life;
mod lifecycle;
mod printed;
mod rule;
mod sequence;
mod stored;
mod wording;

pub use alert::{Alert, AlertState, Custom, Finding, LABEL, Severity};
pub use custom::{
    Comparison, CustomLook, CustomRule, Direction, Metric, Mistake, RuleFailure, Threshold,
    Verdict, evaluate, read_rules,
};
pub use evidence::Evidence;
pub use impact::{Impact, ImpactKind};
pub use life::{Action, AlertEvent, ITSELF, Life, Snooze};
pub use lifecycle::{InvalidTransition, Transitions, alert_id, reconcile};
pub use printed::printed;
pub use rule::{
    HeldLoad, Observation, Rule, data_quality_finding, dfi_findings, high_risk_finding,
    lead_source_findings, pipeline_quality_finding, unjudged_findings, win_rate_findings,
    without_echoes,
};
pub use sequence::{Sequence, SequenceLook};
