//! `alerts`: the inbox.

use anyhow::Result;
use jiff::tz::TimeZone;
use winsight_alert::{Action, Alert, AlertEvent, AlertState, printed};
use winsight_server::wire;

use crate::cli::{AlertAction, Alerts, Answer, Place, State};
use crate::configuration;
use crate::output::{say, say_json};

pub(crate) async fn run(place: &Place, request: Alerts, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let zone = workspace.clock().time_zone().clone();
    let Some(action) = request.action else {
        let alerts = workspace.alerts(wanted(request.state)).await?;
        return list(alerts, request.state, &zone, json);
    };
    let who = request.by.unwrap_or_else(|| "somebody".to_owned());
    let (id, action) = match action {
        AlertAction::Show { id } => {
            let alert = workspace.alert(&id).await?;
            let events = workspace.alert_events(&id).await?;
            return show(&alert, &events, &zone, json);
        }
        AlertAction::Ack { id } => (id, Action::Acknowledge),
        AlertAction::Snooze { id, until: Some(day), .. } => {
            let until = day.to_zoned(zone.clone())?.timestamp();
            (id, Action::SnoozeUntil(until))
        }
        AlertAction::Snooze { id, .. } => (id, Action::SnoozeUntilWorse),
        AlertAction::Resolve { id, action } => (id, Action::Resolve(action)),
        AlertAction::Assign { id, owner } => (id, Action::Assign(owner)),
        AlertAction::Comment { id, text } => (id, Action::Comment(text)),
        AlertAction::Useful { id, answer } => (id, Action::Useful(answer == Answer::Yes)),
    };
    let alert = workspace.act_on_alert(&id, &action, &who).await?;
    if json { say_json(&wire::Alert::from(alert)) } else { print(&alert, &zone) }
}

/// One alert with what happened to it.
fn show(alert: &Alert, events: &[AlertEvent], zone: &TimeZone, json: bool) -> Result<()> {
    if json {
        return say_json(&wire::AlertStory::new(alert.clone(), events.iter().cloned()));
    }
    print(alert, zone)?;
    for event in events {
        let text = event.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        let at = event.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
        say(&format!("{at}  {} by {}{text}", event.what, event.who))?;
    }
    Ok(())
}

fn wanted(state: State) -> Option<AlertState> {
    match state {
        State::Pending => Some(AlertState::Pending),
        State::Open => Some(AlertState::Open),
        State::Acknowledged => Some(AlertState::Acknowledged),
        State::Snoozed => Some(AlertState::Snoozed),
        State::Resolved => Some(AlertState::Resolved),
        State::All => None,
    }
}

fn list(alerts: Vec<Alert>, state: State, zone: &TimeZone, json: bool) -> Result<()> {
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
    alerts.iter().try_for_each(|alert| print(alert, zone))
}

fn print(alert: &Alert, zone: &TimeZone) -> Result<()> {
    say(&printed(alert))?;
    let opened = alert.opened_at.to_zoned(zone.clone()).date();
    let mut line = vec![format!("id {}, {}, opened {opened}", alert.id, alert.state.as_str())];
    line.extend(alert.duration().map(|lasted| format!("lasted {} days", lasted.as_hours() / 24)));
    line.extend(alert.life.owner.as_ref().map(|owner| format!("owner {owner}")));
    say(&format!("{}\n", line.join(", ")))
}
