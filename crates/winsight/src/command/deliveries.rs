//! `deliveries` and `deliver`: what was sent to whom, and sending what is due.

use anyhow::Result;
use winsight_jobs::{Courier, DeliveryReport, DeliveryState, Workspace};
use winsight_server::wire;

use crate::cli::{Deliveries, DeliveryAction, Place, Standing};
use crate::configuration;
use crate::output::{remark, say, say_json, table};

pub(crate) async fn run(place: &Place, request: Deliveries, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    if let Some(DeliveryAction::Resend { id, .. }) = request.action {
        let count = workspace.resend(id).await?;
        if json {
            return say_json(&serde_json::json!({ "resent": count }));
        }
        return say(&format!("{count} to be sent again; `winsight deliver` or `serve` sends them"));
    }
    let state = request.state.map(|state| match state {
        Standing::Pending => DeliveryState::Pending,
        Standing::Sending => DeliveryState::Sending,
        Standing::Sent => DeliveryState::Sent,
        Standing::Dead => DeliveryState::Dead,
    });
    let deliveries = workspace.deliveries(state, request.limit).await?;
    let deliveries: Vec<_> = deliveries.into_iter().map(wire::Delivery::from).collect();
    if json {
        return say_json(&deliveries);
    }
    if deliveries.is_empty() {
        return say("no deliveries");
    }
    let rows = deliveries.iter().map(|one| {
        let to = if one.address.is_empty() { &one.channel } else { &one.address };
        let when = one.sent_at.unwrap_or(one.due_at);
        vec![
            one.id.to_string(),
            one.state.clone(),
            when.to_string(),
            one.attempts.to_string(),
            format!("{} {}", one.channel, to),
            format!("{} {}", one.event, one.alert),
            one.failure.clone().unwrap_or_default(),
        ]
    });
    let header = ["id", "state", "sent or due", "attempts", "to", "what", "failure"];
    say(&table(&header, 7, rows.collect()))
}

pub(crate) async fn deliver(place: &Place, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let report = workspace.deliver(&Courier::new(configuration::present())).await?;
    if json {
        return say_json(&wire::DeliveryReport::from(report));
    }
    say(&told(&report))
}

/// Sends what a command has brought about. That it does not go through is no failure of the command:
/// it stays in the outbox.
pub(crate) async fn after(workspace: &Workspace) {
    match workspace.deliver(&Courier::new(configuration::present())).await {
        Ok(report) if report == DeliveryReport::default() => {}
        Ok(report) => remark(&told(&report)),
        Err(error) => remark(&format!("nothing was sent: {error}; `winsight deliver` tries again")),
    }
}

fn told(report: &DeliveryReport) -> String {
    let DeliveryReport { sent, retried, dead, resting_channels } = report;
    let more = [
        (retried, "to be tried again by `serve` or `deliver`"),
        (dead, "given up (`winsight deliveries --state dead` says why)"),
        (resting_channels, "channels rest after failures"),
    ];
    let more = more.into_iter().filter(|(count, _)| **count > 0);
    let more: String =
        more.map(|(count, what)| format!(", {count} {what}")).collect::<Vec<_>>().concat();
    format!("deliveries: {sent} sent{more}")
}
