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

pub use alert::{Alert, AlertState, Custom, Finding, LABEL, Severity, Subject};
pub use custom::{
    Comparison, CustomLook, CustomRule, Direction, Metric, Mistake, RuleFailure, Threshold,
    Verdict, evaluate, read_rules, with_containing,
};
pub use evidence::Evidence;
pub use impact::{Impact, ImpactKind};
pub use life::{Action, AlertEvent, ITSELF, Life, Snooze};
pub use lifecycle::{InvalidTransition, Transitions, alert_id, reconcile};
pub use printed::printed;
pub use rule::{
    Failing, HeldLoad, Observation, Rule, data_quality_finding, data_stale_finding, dfi_findings,
    high_risk_finding, job_failed_finding, lead_source_findings, pipeline_quality_finding,
    rule_failed_finding, sync_failed_finding, unjudged_findings, win_rate_findings, without_echoes,
};
pub use sequence::{Sequence, SequenceLook};
