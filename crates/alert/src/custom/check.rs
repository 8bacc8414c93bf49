//! Reading a file of rules, and every mistake in it with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use toml::Spanned;
use winsight_model::Dimension;

use super::{Comparison, CustomRule, Direction, Metric, Threshold, evaluate};
use crate::{Rule, Severity};

/// What is wrong in a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Written>,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    metric: Metric,
    #[serde(default)]
    dimensions: Vec<Spanned<String>>,
    #[serde(default)]
    filter: BTreeMap<Spanned<String>, String>,
    comparison: Spanned<Comparison>,
    threshold: Spanned<Threshold>,
    direction: Direction,
    #[serde(default)]
    evidence: Evidence,
    severity: Option<Severity>,
    #[serde(default)]
    routing: Vec<String>,
    #[serde(default)]
    schedule: Schedule,
    owner: Option<String>,
    #[serde(default)]
    pending_days: u32,
    window_days: Option<Spanned<i32>>,
    min_deals: Option<u64>,
    condition: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Evidence {
    #[default]
    Guarded,
    Unguarded,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Schedule {
    #[default]
    Daily,
    Weekly,
}

const LONGEST_NAME: usize = 40;

/// The rules of a file.
///
/// # Errors
/// Every mistake that can be told at once; a file that is not TOML, or has a field that no rule has,
/// tells of the first.
pub fn read_rules(text: &str) -> Result<Vec<CustomRule>, Vec<Mistake>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        vec![Mistake { line: line_of(text, start), message: error.message().to_owned() }]
    })?;
    let mut mistakes = Vec::new();
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for written in file.rule {
        let mut checker = Checker { text, mistakes: &mut mistakes };
        let rule = checker.rule(written, &mut names);
        rules.push(rule);
    }
    if rules.is_empty() && mistakes.is_empty() {
        let message = "there is no rule; begin one with [[rule]]".to_owned();
        mistakes.push(Mistake { line: 1, message });
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
}

struct Checker<'a> {
    text: &'a str,
    mistakes: &'a mut Vec<Mistake>,
}

impl Checker<'_> {
    fn wrong(&mut self, at: usize, message: impl Into<String>) {
        let line = line_of(self.text, at);
        self.mistakes.push(Mistake { line, message: message.into() });
    }

    fn rule(&mut self, written: Written, names: &mut BTreeSet<String>) -> CustomRule {
        self.name(&written.name, names);
        self.threshold(&written);
        let dimensions = written.dimensions.iter();
        let dimensions = dimensions.filter_map(|name| self.dimension(name)).collect();
        let mut filter = BTreeMap::new();
        for (name, value) in &written.filter {
            if let Some(dimension) = self.dimension(name) {
                filter.insert(dimension, value.clone());
            }
        }
        let window_days = written.window_days.as_ref().map_or(91, |days| *days.as_ref());
        if let Some(days) = &written.window_days
            && !(1..=731).contains(days.as_ref())
        {
            self.wrong(days.span().start, format!("{window_days} days; use 1 to 731"));
        }
        if let Some(condition) = &written.condition
            && let Err(message) = evaluate::compile(condition.as_ref())
        {
            self.wrong(condition.span().start, format!("the condition is no CEL: {message}"));
        }
        CustomRule {
            name: written.name.into_inner(),
            metric: written.metric,
            dimensions,
            filter,
            comparison: written.comparison.into_inner(),
            threshold: written.threshold.into_inner(),
            direction: written.direction,
            guarded: written.evidence == Evidence::Guarded,
            severity: written.severity.unwrap_or(Severity::Warning),
            routing: written.routing,
            weekly: written.schedule == Schedule::Weekly,
            owner: written.owner,
            pending_days: written.pending_days,
            window_days,
            min_deals: written.min_deals.unwrap_or(10),
            condition: written.condition.map(Spanned::into_inner),
        }
    }

    fn name(&mut self, name: &Spanned<String>, names: &mut BTreeSet<String>) {
        let (at, name) = (name.span().start, name.as_ref());
        let fits =
            |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
            self.wrong(
                at,
                format!(
                    "{name:?} is no name of a rule; use up to {LONGEST_NAME} lower-case letters, \
                     digits and underscores"
                ),
            );
        } else if is_built_in(name) {
            self.wrong(at, format!("{name:?} is a built-in rule; choose another name"));
        } else if !names.insert(name.clone()) {
            self.wrong(at, format!("there is another rule {name:?} above"));
        }
    }

    fn threshold(&mut self, written: &Written) {
        let at = written.threshold.span().start;
        let fixed = *written.comparison.as_ref() == Comparison::Fixed;
        match (*written.threshold.as_ref(), fixed) {
            (Threshold::Level(_), false) => self.wrong(
                at,
                "a level stands alone: write comparison = \"fixed\", or threshold = { points = … } \
                 or { percent = … }",
            ),
            (Threshold::Points(_) | Threshold::Percent(_), true) => {
                self.wrong(at, "comparison = \"fixed\" needs threshold = { level = … }");
            }
            (Threshold::Points(_), false) if !written.metric.is_rate() => self.wrong(
                at,
                format!(
                    "{} is no rate; use threshold = {{ percent = … }}",
                    written.metric.as_str()
                ),
            ),
            (Threshold::Points(by) | Threshold::Percent(by), false) if by <= 0.0 => {
                self.wrong(at, format!("{by} is too small; which way is said by direction"));
            }
            _ => {}
        }
        let guarded = written.evidence == Evidence::Guarded;
        if guarded && !matches!(written.metric, Metric::WinRate | Metric::Dfi) {
            self.wrong(
                at,
                format!(
                    "there is no test for {}; write evidence = \"unguarded\", or use win_rate or dfi",
                    written.metric.as_str()
                ),
            );
        }
        if guarded && written.metric == Metric::Dfi && fixed {
            self.wrong(
                at,
                "there is no test of dfi against a level; write evidence = \"unguarded\"",
            );
        }
    }

    fn dimension(&mut self, name: &Spanned<String>) -> Option<Dimension> {
        Dimension::built_in(name.as_ref())
            .map_err(|message| self.wrong(name.span().start, message))
            .ok()
    }
}

fn is_built_in(name: &str) -> bool {
    name == Rule::Custom.as_str() || Rule::BUILT_IN.iter().any(|rule| rule.as_str() == name)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
