//! `rules`: the workspace's own alert rules.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use winsight_alert::{CustomRule, Finding, Rule, read_rules};
use winsight_jobs::Backtest;

use crate::cli::{Place, RulesAction};
use crate::configuration;
use crate::output::{say, say_json};

pub(crate) async fn run(place: &Place, action: RulesAction, json: bool) -> Result<()> {
    match action {
        RulesAction::List => list(place, json).await,
        RulesAction::Check { file } => {
            let text = read(&file)?;
            match read_rules(&text) {
                Ok(rules) => applied(&rules, "good", json),
                Err(mistakes) => {
                    let lines: Vec<_> = mistakes
                        .iter()
                        .map(|mistake| format!("{}, {mistake}", file.display()))
                        .collect();
                    Err(crate::cli::Usage(lines.join("\n")).into())
                }
            }
        }
        RulesAction::Apply { file } => {
            let workspace = configuration::open(place).await?;
            let rules = workspace.apply_rules(&read(&file)?).await;
            applied(&rules.with_context(|| file.display().to_string())?, "applied", json)
        }
        RulesAction::Backtest { file, from, to } => {
            let workspace = configuration::open(place).await?;
            let tests = workspace.backtest(&read(&file)?, from, to).await;
            backtests(&tests.with_context(|| file.display().to_string())?, json)
        }
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

async fn list(place: &Place, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let own = workspace.rules().await?;
    if json {
        let built_in = Rule::BUILT_IN.map(|rule| json!({"name": rule.as_str(), "built_in": true}));
        let own = own.iter().map(|state| {
            let rule = &state.rule;
            json!({
                "name": rule.name, "built_in": false, "metric": rule.metric.as_str(),
                "guarded": rule.guarded, "severity": rule.severity.as_str(),
                "owner": rule.owner, "failure": state.failure,
            })
        });
        return say_json(&built_in.into_iter().chain(own).collect::<Vec<_>>());
    }
    for rule in Rule::BUILT_IN {
        say(&format!("{rule}  built in"))?;
    }
    for state in own {
        let guard = if state.rule.guarded { "guarded" } else { "unguarded" };
        let failure = state.failure.map_or_else(String::new, |why| format!("; FAILED: {why}"));
        say(&format!("{}  {}, {guard}{failure}", state.rule.name, state.rule.metric.as_str()))?;
    }
    Ok(())
}

fn applied(rules: &[CustomRule], done: &str, json: bool) -> Result<()> {
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    if json {
        return say_json(&json!({ "rules": names, "state": done }));
    }
    say(&format!("{done}: {}", names.join(", ")))
}

fn backtests(tests: &[Backtest], json: bool) -> Result<()> {
    let wire = |found: &[(jiff::civil::Date, Finding)]| {
        let alerts = found.iter().map(|(day, finding)| {
            json!({
                "day": day, "dimension": finding.segment.dimension_label(),
                "value": finding.segment.value_label(), "current": finding.current,
                "baseline": finding.baseline, "deals": finding.deals,
                "message": finding.message,
            })
        });
        alerts.collect::<Vec<_>>()
    };
    if json {
        let tests = tests.iter().map(|test| {
            json!({
                "rule": test.rule, "raised": wire(&test.raised), "kept_back": wire(&test.kept_back),
            })
        });
        return say_json(&tests.collect::<Vec<_>>());
    }
    for test in tests {
        say(&format!(
            "{}: {} alerts; the evidence gate kept back {} more",
            test.rule,
            test.raised.len(),
            test.kept_back.len()
        ))?;
        for (label, found) in [("raised", &test.raised), ("kept back", &test.kept_back)] {
            for (day, finding) in found {
                say(&format!("  {day}  {label}  {}", finding.message.replace('\n', "; ")))?;
            }
        }
    }
    Ok(())
}
