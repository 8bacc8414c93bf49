//! What a rule of a workspace's own finds.

use cel::{Context, Program, Value};
use winsight_insight::{
    Metrics, Share, below_p_value, dfi_change_p_value, difference_p_value,
    metrics_without_dfi_interval,
};
use winsight_model::{DataVersion, Money, Segment, Tally, Window};

use super::{Comparison, CustomRule, Direction, Metric, Threshold};
use crate::alert::Custom;
use crate::wording::p_value as p_words;
use crate::{Evidence, Finding, Rule};

/// The deals that a rule looks at.
#[derive(Clone, Debug)]
pub struct CustomLook<'a> {
    /// The days that it looks at.
    pub window: Window,
    /// Those that it compares them with; `None` for a fixed level.
    pub compared: Option<Window>,
    /// Each combination of values in both: every deal in one row.
    pub rows: &'a [(Segment, Tally, Tally)],
    /// The chance of a false alarm that a guarded rule allows itself at this look, over all segments.
    pub level: f64,
    /// ISO 4217 code of the reporting currency.
    pub currency: &'a str,
    /// The state of the data.
    pub data_version: DataVersion,
}

/// What a rule says of a segment that its threshold and condition hold for.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What there is to tell.
    pub finding: Finding,
    /// Whether it may be told: the rule is unguarded, or the evidence is within its budget; and no
    /// stronger one of the rule explains it.
    pub passed: bool,
    /// How strong the evidence is beside that of the rule's other segments.
    pub(super) strength: f64,
}

/// Why a rule could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: {reason}")]
pub struct RuleFailure {
    /// The rule.
    pub rule: String,
    /// What went wrong.
    pub reason: String,
}

/// The rows with enough deals to be judged.
pub(super) fn judged_rows<'a>(
    rule: &CustomRule,
    look: &CustomLook<'_>,
    rows: &'a [(Segment, Tally, Tally)],
) -> Vec<&'a (Segment, Tally, Tally)> {
    let enough = |tally: &Tally| tally.deals() >= rule.min_deals.max(1);
    let compares = look.compared.is_some();
    rows.iter().filter(|(_, now, before)| enough(now) && (!compares || enough(before))).collect()
}

impl CustomRule {
    /// The rows that the threshold and the condition hold for, judged by their evidence: a guarded
    /// rule tests each at `level`. The caller shares the budget of a quarter among rules, looks and
    /// rows, so that it holds whatever depends on what (a union bound).
    pub(super) fn verdicts(
        &self,
        look: &CustomLook<'_>,
        rows: &[(Segment, Tally, Tally)],
        level: f64,
    ) -> Result<Vec<Verdict>, RuleFailure> {
        let failed = |reason: String| RuleFailure { rule: self.name.clone(), reason };
        let program = self.condition.as_deref().map(compile).transpose().map_err(failed)?;
        let mut verdicts = Vec::new();
        for (segment, now, before) in judged_rows(self, look, rows) {
            let row = Row::of(self, look, now, before);
            let Some((value, baseline)) = row.value.zip(row.baseline) else { continue };
            if !self.is_off(value, baseline) {
                continue;
            }
            if let Some(program) = &program
                && !holds(program, &row, segment).map_err(failed)?
            {
                continue;
            }
            let p_value = self.p_value(now, before);
            let passed = !self.guarded || p_value.is_some_and(|p| p <= level);
            let shown = p_value.filter(|_| self.guarded).map(|p| (p, level));
            let finding = row.finding(self, look, segment, shown);
            // Without a test: the change in units of what chance alone gives, but for a factor.
            let strength = p_value.map_or_else(
                || (value - baseline).abs() * (row.now.deals as f64).sqrt(),
                |p| -p.max(f64::MIN_POSITIVE).ln(),
            );
            verdicts.push(Verdict { finding, passed, strength });
        }
        Ok(verdicts)
    }
}

impl Verdict {
    /// Lists inside the finding those that are seen only because they share its deals.
    pub(super) fn explains(&mut self, echoes: &[Self]) {
        if echoes.is_empty() {
            return;
        }
        let names: Vec<_> = echoes.iter().map(|echo| echo.finding.segment.to_string()).collect();
        self.finding.context = Some(format!("seen as well, by its deals: {}", names.join(", ")));
        self.finding.evidence = self.finding.evidence.clone().with("explains", names);
    }
}

/// A condition that can be run.
pub(super) fn compile(condition: &str) -> Result<Program, String> {
    Program::compile(condition).map_err(|error| error.to_string())
}

/// Whether the condition holds for a row.
fn holds(program: &Program, row: &Row, segment: &Segment) -> Result<bool, String> {
    let mut context = Context::default();
    for (prefix, metrics) in [("", &row.now), ("baseline_", &row.before)] {
        for (name, value) in numbers(metrics) {
            let value = value.map_or(Value::Null, Value::Float);
            context.add_variable_from_value(format!("{prefix}{name}"), value);
        }
    }
    let number = |value: Option<f64>| value.map_or(Value::Null, Value::Float);
    context.add_variable_from_value("value", number(row.value));
    context.add_variable_from_value("baseline", number(row.baseline));
    context.add_variable_from_value("segment", segment.value_label());
    match program.execute(&context) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("the condition gave {other:?}; it must give true or false")),
        Err(error) => Err(format!("the condition failed: {error}")),
    }
}

fn numbers(metrics: &Metrics) -> [(&'static str, Option<f64>); 9] {
    [
        ("win_rate", metrics.win_rate),
        ("rwwr", metrics.rwwr),
        ("dfi", metrics.dfi),
        ("median_cycle_days", metrics.median_cycle_days),
        ("deals", Some(metrics.deals as f64)),
        ("won", Some(metrics.won as f64)),
        ("lost", Some(metrics.lost as f64)),
        ("won_amount", Some(units(metrics.won_amount))),
        ("closed_amount", Some(units(metrics.closed_amount))),
    ]
}

fn units(amount: Money) -> f64 {
    amount.cents() as f64 / 100.0
}

/// A segment's numbers.
struct Row {
    now: Metrics,
    before: Metrics,
    value: Option<f64>,
    baseline: Option<f64>,
}

impl Row {
    fn of(rule: &CustomRule, look: &CustomLook<'_>, now: &Tally, before: &Tally) -> Self {
        let now = metrics_without_dfi_interval(now, rule.min_deals);
        let before = metrics_without_dfi_interval(before, rule.min_deals);
        let value = rule.metric.of(&now);
        let baseline = match rule.threshold {
            Threshold::Level(level) => Some(level),
            Threshold::Points(_) | Threshold::Percent(_) => {
                let scale = match look.compared {
                    // A year of deals against the period's.
                    Some(year)
                        if rule.comparison == Comparison::Expected && rule.metric.adds_up() =>
                    {
                        f64::from(look.window.days()) / f64::from(year.days().max(1))
                    }
                    _ => 1.0,
                };
                rule.metric.of(&before).map(|before| before * scale)
            }
        };
        Self { now, before, value, baseline }
    }

    fn finding(
        &self,
        rule: &CustomRule,
        look: &CustomLook<'_>,
        segment: &Segment,
        evidence: Option<(f64, f64)>,
    ) -> Finding {
        let shown = |value: Option<f64>| value.map_or_else(String::new, |v| rule.metric.shown(v));
        let (value, baseline) = (shown(self.value), shown(self.baseline));
        let than = match rule.comparison {
            Comparison::Fixed => format!("{} its line of {baseline}", rule.direction.beside()),
            Comparison::PreviousPeriod => {
                format!("{} {baseline} in the days before", rule.direction.from())
            }
            Comparison::SamePeriodLastYear => {
                format!("{} {baseline} one year before", rule.direction.from())
            }
            Comparison::Expected => format!("{} {baseline} expected", rule.direction.from()),
        };
        let name = rule.metric.as_str().replace('_', " ");
        let deals = self.now.deals;
        let counted = match look.compared {
            Some(_) => format!("{deals} deals against {}", self.before.deals),
            None => format!("{deals} deals"),
        };
        let facts = match evidence {
            Some((p, level)) => Evidence::new(format!(
                "{counted}; {}, {} the false-alarm budget of the rule",
                p_words(p),
                if p <= level { "within" } else { "not within" },
            ))
            .with("p_value", p)
            .with("level", level)
            .with("method", "test_of_rates_and_union_bound"),
            None => Evidence::new(format!(
                "{counted}; unguarded: a threshold alone, which chance may cross"
            ))
            .with("unguarded", true),
        };
        Finding {
            rule: Rule::Custom,
            severity: rule.severity,
            metric: rule.metric.as_str().to_owned(),
            segment: segment.clone(),
            current: self.value,
            baseline: self.baseline,
            change: self.value.zip(self.baseline).map(|(now, before)| now - before),
            deals,
            baseline_deals: self.before.deals,
            confidence: evidence.map(|(p, _)| 1.0 - p),
            window: look.window,
            baseline_window: look.compared,
            impact: None,
            currency: look.currency.to_owned(),
            title: rule.name.replace('_', " "),
            message: format!("Segment: {segment}\n{name}: {value} ({than})"),
            action: "Look at the deals behind it".to_owned(),
            context: None,
            data_version: look.data_version,
            evidence: facts.with("guarded", rule.guarded),
            custom: Some(Custom {
                name: rule.name.clone(),
                pending_days: rule.pending_days,
                unguarded: !rule.guarded,
                routing: rule.routing.clone(),
                owner: rule.owner.clone(),
            }),
            subject: None,
        }
    }
}

impl CustomRule {
    fn is_off(&self, value: f64, baseline: f64) -> bool {
        let worse = match self.direction {
            Direction::Down => baseline - value,
            Direction::Up => value - baseline,
        };
        match self.threshold {
            Threshold::Level(_) => worse > 0.0,
            Threshold::Points(points) => worse * 100.0 > points,
            Threshold::Percent(percent) => {
                baseline != 0.0 && worse / baseline.abs() * 100.0 > percent
            }
        }
    }

    /// Chance of numbers this far off in the direction of the rule if nothing had changed.
    fn p_value(&self, now: &Tally, before: &Tally) -> Option<f64> {
        let (current, baseline) = (Share::from(now), Share::from(before));
        match (self.metric, self.threshold, self.direction) {
            (Metric::WinRate, Threshold::Level(level), Direction::Down) => {
                Some(below_p_value(current, level))
            }
            (Metric::WinRate, Threshold::Level(level), Direction::Up) => {
                let lost = Share { won: current.deals - current.won, ..current };
                Some(below_p_value(lost, 1.0 - level))
            }
            (Metric::WinRate, ..) => Some(difference_p_value(current, baseline) / 2.0),
            (Metric::Dfi, Threshold::Percent(_), _) => Some(dfi_change_p_value(now, before)),
            _ => None,
        }
    }
}

impl Metric {
    fn of(self, metrics: &Metrics) -> Option<f64> {
        let numbers = numbers(metrics);
        numbers.iter().find(|(name, _)| *name == self.as_str()).and_then(|(_, value)| *value)
    }

    /// Whether longer periods have more of it.
    const fn adds_up(self) -> bool {
        matches!(self, Self::Deals | Self::WonAmount | Self::ClosedAmount)
    }

    fn shown(self, value: f64) -> String {
        match self {
            Self::WinRate | Self::Rwwr => format!("{:.1}%", value * 100.0),
            Self::MedianCycleDays => format!("{value:.0} days"),
            Self::Deals => format!("{value:.0}"),
            Self::Dfi | Self::WonAmount | Self::ClosedAmount => format!("{value:.2}"),
        }
    }
}

impl Direction {
    const fn from(self) -> &'static str {
        match self {
            Self::Down => "down from",
            Self::Up => "up from",
        }
    }

    const fn beside(self) -> &'static str {
        match self {
            Self::Down => "below",
            Self::Up => "above",
        }
    }
}
