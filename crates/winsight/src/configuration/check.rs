//! Settings that can be read and make no sense.

use std::ops::RangeInclusive;

use anyhow::{Result, bail};
use winsight_model::{Dimension, Settings};

use crate::cli::Usage;

/// Refuses the first setting that makes no sense.
pub(super) fn check(settings: &Settings) -> Result<()> {
    numbers(settings)?;
    buckets(settings)?;
    pipeline(settings)
}

fn numbers(settings: &Settings) -> Result<()> {
    let (alerts, gate) = (&settings.alerts, &settings.quality_gate);
    // Between 0 and 1, and neither.
    let share = f64::MIN_POSITIVE..=1.0 - f64::EPSILON;
    let any = 0.0..=f64::MAX;
    let weeks = 7.0..=f64::MAX;
    let numbers: [(&str, f64, &RangeInclusive<f64>, &str); 14] = [
        ("min_deals", settings.min_deals as f64, &(1.0..=f64::MAX), "be 1 or more"),
        (
            "alerts.false_alarm_budget",
            alerts.false_alarm_budget,
            &share,
            "lie between 0 and 1, like 0.05",
        ),
        ("alerts.win_rate_drop", alerts.win_rate_drop, &share, "lie between 0 and 1, like 0.05"),
        (
            "alerts.lead_source_win_rate",
            alerts.lead_source_win_rate,
            &share,
            "lie between 0 and 1, like 0.05",
        ),
        ("alerts.dfi_rise", alerts.dfi_rise, &any, "be 0 or more, like 0.2"),
        ("alerts.window_days", f64::from(alerts.window_days), &weeks, "be 7 or more"),
        ("alerts.settling_days", f64::from(alerts.settling_days), &any, "be 0 or more"),
        ("alerts.enterprise_age_days", f64::from(alerts.enterprise_age_days), &any, "be 0 or more"),
        ("alerts.idle_days", f64::from(alerts.idle_days), &any, "be 0 or more"),
        ("alerts.risk_chance_below", alerts.risk_chance_below, &(0.0..=1.0), "lie from 0 to 1"),
        (
            "alerts.pipeline_quality_below",
            alerts.pipeline_quality_below,
            &(0.0..=100.0),
            "lie from 0 to 100",
        ),
        (
            "quality_gate.max_lost",
            gate.max_lost,
            &(0.0..=1.0),
            "lie from 0 to 1; 1 never holds a load",
        ),
        (
            "quality_gate.max_blanked",
            gate.max_blanked,
            &(0.0..=1.0),
            "lie from 0 to 1; 1 never holds a load",
        ),
        (
            "quality_gate.max_changed",
            gate.max_changed,
            &(0.0..=1.0),
            "lie from 0 to 1; 1 never holds a load",
        ),
    ];
    for (name, value, allowed, must) in numbers {
        if !allowed.contains(&value) {
            bail!(Usage(format!("{name} is {value}; it must {must}")));
        }
    }
    Ok(())
}

fn buckets(settings: &Settings) -> Result<()> {
    let (acv, cycle) = (&settings.acv_buckets, &settings.cycle_buckets);
    for (rises, what) in [
        (
            acv.smb_up_to < acv.mid_market_up_to,
            "acv_buckets: smb_up_to must lie below mid_market_up_to",
        ),
        (
            cycle.fast_up_to < cycle.medium_up_to && cycle.medium_up_to < cycle.slow_up_to,
            "cycle_buckets: fast_up_to, medium_up_to and slow_up_to must rise in this order",
        ),
    ] {
        if !rises {
            bail!(Usage(format!("{what}; otherwise a bucket would be empty")));
        }
    }
    Ok(())
}

fn pipeline(settings: &Settings) -> Result<()> {
    let pipeline = &settings.pipeline;
    if pipeline.cohort_horizon_days == 0 {
        bail!(Usage("pipeline.cohort_horizon_days is 0; it must be 1 or more".to_owned()));
    }
    let weights = &pipeline.quality_weights;
    let weights = [weights.expected_yield, weights.velocity, weights.hygiene, weights.spread];
    let are_shares = weights.iter().all(|weight| (0.0..=1e6).contains(weight));
    if !are_shares || weights.iter().sum::<f64>() <= 0.0 {
        bail!(Usage(
            "pipeline.quality_weights: no weight may be below 0, and one must be above it"
                .to_owned()
        ));
    }
    for name in &pipeline.win_chance_by {
        let known = Dimension::built_in(name)
            .map_err(|error| Usage(format!("pipeline.win_chance_by: {error}")))?;
        if !Dimension::known_while_open().contains(&known) {
            bail!(Usage(format!(
                "pipeline.win_chance_by: {name} is known only when a deal has ended; leave it out"
            )));
        }
    }
    Ok(())
}
