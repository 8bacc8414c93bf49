use serde::Deserialize;
use url::form_urlencoded;

/// What a button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Somebody is on it.
    Acknowledge,
    /// Not now.
    Snooze,
}

/// A button that somebody pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it asks for.
    pub verb: Verb,
    /// The workspace of the alert.
    pub workspace: String,
    /// The id of the alert.
    pub alert: String,
    /// Who pressed it, as Slack calls them.
    pub by: String,
}

/// A request that holds no button of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request holds no action of Winsight: {0}")]
pub struct ActionError(&'static str);

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    of_type: String,
    user: User,
    #[serde(default)]
    actions: Vec<Pressed>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    action_id: String,
    value: Option<String>,
}

/// Reads the body of an interaction: a form with one field, `payload`, of JSON.
pub fn parse_action(body: &[u8]) -> Result<Action, ActionError> {
    let mut fields = form_urlencoded::parse(body);
    let payload = fields.find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or(ActionError("it has no field payload"))?;
    let payload: Payload =
        serde_json::from_str(&payload).map_err(|_| ActionError("its payload is not Slack's"))?;
    if payload.of_type != "block_actions" {
        return Err(ActionError("it is not of the type block_actions"));
    }
    let pressed = payload.actions.into_iter().next().ok_or(ActionError("nothing was pressed"))?;
    let verb = match pressed.action_id.as_str() {
        "acknowledge" => Verb::Acknowledge,
        "snooze" => Verb::Snooze,
        _ => return Err(ActionError("the button is none of ours")),
    };
    let value = pressed.value.unwrap_or_default();
    let (workspace, alert) = value.split_once('/').ok_or(ActionError("it names no alert"))?;
    Ok(Action {
        verb,
        workspace: workspace.to_owned(),
        alert: alert.to_owned(),
        by: payload.user.username.unwrap_or(payload.user.id),
    })
}
