//! `channels`: who is told, and by what.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use winsight_alert::Severity;
use winsight_jobs::{Courier, NewRecipient, Workspace};
use winsight_notify::{
    ChannelSettings, Quiet, Rhythm, Role, Routing, Secret, Secrets, Sight, SmtpSecurity,
};
use winsight_server::wire;

use crate::cli::{AddChannel, ChannelAction, Kind, Loudness, Place, RecipientOptions, Usage};
use crate::configuration;
use crate::output::{remark, say, say_json, table};

pub(crate) async fn run(place: &Place, action: ChannelAction, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    match action {
        ChannelAction::Add(request) => add(&workspace, *request, json).await,
        ChannelAction::Subscribe { channel, address, recipient } => {
            let new = recipient_of(&workspace, &recipient, address)?;
            workspace.subscribe(&channel, new).await?;
            list(&workspace, Some(&channel), json).await
        }
        ChannelAction::Unsubscribe { channel, address } => {
            workspace.remove_recipient(&channel, &address).await?;
            list(&workspace, Some(&channel), json).await
        }
        ChannelAction::List => list(&workspace, None, json).await,
        ChannelAction::Test { channel, to } => {
            test(&workspace, &channel, to.as_deref(), json).await
        }
        ChannelAction::Remove { channel } => {
            workspace.remove_channel(&channel).await?;
            if json {
                return say_json(&serde_json::json!({ "channel": channel, "removed": true }));
            }
            say(&format!("channel {channel} is removed, with its recipients"))
        }
    }
}

async fn add(workspace: &Workspace, request: AddChannel, json: bool) -> Result<()> {
    let secrets = Secrets {
        main: request.secret_file.as_deref().map(read_secret).transpose()?,
        signing: request.signing_secret_file.as_deref().map(read_secret).transpose()?,
    };
    let settings = settings_of(&request)?;
    let known = workspace.channels().await?.into_iter().any(|(it, _)| it.name == request.name);
    let mut addresses = request.to;
    if addresses.is_empty() && !settings.has_addresses() && !known {
        addresses.push(String::new());
    }
    // All that may be wrong is found before anything is stored.
    let mut recipients = Vec::new();
    for address in addresses {
        settings.check_address(&address).map_err(|error| Usage(error.to_string()))?;
        recipients.push(recipient_of(workspace, &request.recipient, address)?);
    }
    workspace.add_channel(&request.name, settings, secrets).await?;
    for recipient in recipients {
        workspace.subscribe(&request.name, recipient).await?;
    }
    if !workspace.settings().encryption.enabled {
        remark("this home is not encrypted: the secret of the channel lies in it in clear");
    }
    list(workspace, Some(&request.name), json).await?;
    if !json {
        say(&format!("try it with: winsight channels test {}", request.name))?;
    }
    Ok(())
}

fn settings_of(request: &AddChannel) -> Result<ChannelSettings> {
    let given = |value: &Option<String>, flag: &str| {
        value.clone().ok_or_else(|| Usage(format!("a channel of this kind needs {flag}")))
    };
    let authority = match &request.authority {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?,
        ),
        None => None,
    };
    Ok(match request.kind {
        Kind::Slack => ChannelSettings::Slack,
        Kind::Teams => ChannelSettings::Teams,
        Kind::SlackBot => ChannelSettings::SlackBot { api: request.api.clone() },
        Kind::Webhook => ChannelSettings::Webhook { url: given(&request.url, "--url")?, authority },
        Kind::Email => ChannelSettings::Email {
            host: given(&request.host, "--host")?,
            port: request.port.unwrap_or(match request.security {
                SmtpSecurity::Tls => 465,
                SmtpSecurity::StartTls => 587,
                SmtpSecurity::None => 25,
            }),
            security: request.security,
            user: request.user.clone(),
            from: given(&request.from, "--from")?,
            authority,
        },
    })
}

/// Secrets come from files or stdin: whoever may list processes can read a command line.
fn read_secret(path: &Path) -> Result<Secret> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the secret from stdin")?;
        text
    } else {
        std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the secret in {}", path.display()))?
    };
    let secret = Secret::new(&text);
    if secret.expose().is_empty() {
        bail!(Usage(format!("the secret in {} is empty", path.display())));
    }
    Ok(secret)
}

fn recipient_of(
    workspace: &Workspace,
    options: &RecipientOptions,
    address: String,
) -> Result<NewRecipient> {
    let set = |names: &[String]| names.iter().cloned().collect();
    let sight = match (options.sees, options.rep.is_empty() && options.team.is_empty()) {
        (Some(_), _) => Sight::Everything,
        (None, false) => Sight::Own { reps: set(&options.rep), teams: set(&options.team) },
        (None, true) => bail!(Usage(
            "say what the recipient may see: --sees all, or --rep NAME or --team NAME for the \
             deals of some"
                .to_owned()
        )),
    };
    let role = options.role.unwrap_or(match &sight {
        Sight::Everything => Role::Leader,
        Sight::Own { teams, .. } if !teams.is_empty() => Role::Manager,
        Sight::Own { .. } => Role::Rep,
    });
    let severities = options.severity.iter().map(|severity| match severity {
        Loudness::Critical => Severity::Critical,
        Loudness::Warning => Severity::Warning,
        Loudness::Info => Severity::Info,
    });
    let zone = options.time_zone.as_ref().unwrap_or(&workspace.settings().time_zone);
    Ok(NewRecipient {
        address,
        role,
        sight,
        routing: Routing {
            severities: severities.collect(),
            rules: set(&options.rule),
            segments: options.segment.iter().cloned().collect(),
        },
        rhythm: Rhythm {
            time_zone: zone.clone(),
            quiet: options.quiet.map(|(from, to)| Quiet { from, to }),
            digest: options.digest,
        },
    })
}

async fn list(workspace: &Workspace, only: Option<&str>, json: bool) -> Result<()> {
    let mut channels = workspace.channels().await?;
    channels.retain(|(channel, _)| only.is_none_or(|name| channel.name == name));
    let now = configuration::now();
    let channels = channels
        .into_iter()
        .map(|(channel, recipients)| wire::Channel::new(channel, recipients, now));
    let channels: Vec<_> = channels.collect();
    if json {
        return say_json(&channels);
    }
    if channels.is_empty() {
        return say("no channels yet; add one with `winsight channels add NAME --kind …`");
    }
    let mut rows = Vec::new();
    for channel in &channels {
        let health = match (channel.resting_until, channel.failures) {
            (Some(until), _) => format!("rests until {until}"),
            (None, 0) => "fine".to_owned(),
            (None, failures) => format!("{failures} failures"),
        };
        let line = |to: &str, sees: &str, wants: &str, when: &str| {
            let texts =
                [&channel.name, &channel.kind, &channel.place, &health, to, sees, wants, when];
            texts.map(str::to_owned).to_vec()
        };
        if channel.recipients.is_empty() {
            rows.push(line("nobody", "", "", ""));
        }
        for one in &channel.recipients {
            let to = if one.address.is_empty() { "–" } else { &one.address };
            rows.push(line(to, &one.sees, &one.wants, &one.when));
        }
    }
    say(&table(&["channel", "kind", "place", "state", "to", "sees", "wants", "when"], 8, rows))
}

async fn test(workspace: &Workspace, name: &str, to: Option<&str>, json: bool) -> Result<()> {
    let courier = Courier::new(configuration::present());
    let trials = workspace.try_channel(name, to, &courier).await?;
    let failed = trials.iter().filter(|trial| trial.outcome.is_err()).count();
    if json {
        let trials = trials.iter().map(|trial| {
            let failure = trial.outcome.as_ref().err().map(ToString::to_string);
            serde_json::json!({
                "channel": name, "address": trial.address, "taken": failure.is_none(),
                "failure": failure,
            })
        });
        say_json(&trials.collect::<Vec<_>>())?;
    } else {
        for trial in &trials {
            let to = if trial.address.is_empty() { name } else { &trial.address };
            match &trial.outcome {
                Ok(()) => say(&format!("{to}: taken"))?,
                Err(error) => say(&format!("{to}: not taken: {error}"))?,
            }
        }
    }
    if trials.is_empty() {
        bail!(
            "channel {name} has no recipients; add one with `winsight channels subscribe {name} ADDRESS`"
        );
    }
    if failed > 0 {
        bail!("{failed} of {} messages were not taken", trials.len());
    }
    Ok(())
}
