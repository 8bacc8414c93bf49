//! `alerts`: the inbox.

use anyhow::Result;
use winsight_alert::{Alert, AlertState, printed};
use winsight_server::wire;

use crate::cli::{AlertAction, Alerts, Place, State};
use crate::configuration;
use crate::output::{say, say_json};

pub(crate) async fn run(place: &Place, request: Alerts, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let one = match request.action {
        None => {
            let alerts = workspace.alerts(wanted(request.state)).await?;
            return list(alerts, request.state, json);
        }
        Some(AlertAction::Show { id }) => workspace.alert(&id).await?,
        Some(AlertAction::Ack { id }) => {
            workspace.move_alert(&id, AlertState::Acknowledged).await?
        }
        Some(AlertAction::Resolve { id }) => {
            workspace.move_alert(&id, AlertState::Resolved).await?
        }
    };
    if json { say_json(&wire::Alert::from(one)) } else { print(&one) }
}

fn wanted(state: State) -> Option<AlertState> {
    match state {
        State::Open => Some(AlertState::Open),
        State::Acknowledged => Some(AlertState::Acknowledged),
        State::Snoozed => Some(AlertState::Snoozed),
        State::Resolved => Some(AlertState::Resolved),
        State::All => None,
    }
}

fn list(alerts: Vec<Alert>, state: State, json: bool) -> Result<()> {
    if json {
        let wired: Vec<_> = alerts.into_iter().map(wire::Alert::from).collect();
        return say_json(&wired);
    }
    if alerts.is_empty() {
        return say(match state {
            State::Open => "no open alerts",
            _ => "no alerts",
        });
    }
    alerts.iter().try_for_each(print)
}

fn print(alert: &Alert) -> Result<()> {
    say(&printed(alert))?;
    let opened = alert.opened_at.strftime("%Y-%m-%d");
    say(&format!("id {}, {}, opened {opened}\n", alert.id, alert.state.as_str()))
}
