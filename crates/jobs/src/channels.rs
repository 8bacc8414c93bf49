//! Channels and their recipients, what became of deliveries, and what people answer from a channel.

use jiff::SignedDuration;
use winsight_alert::{Action, Alert};
use winsight_meta::{Delivery, DeliveryState, OwnFindings, StoredChannel};
use winsight_model::{Clock, OpenDeal};
use winsight_notify::{
    Breaker, ChannelSettings, Recipient, Rhythm, Role, Routing, Secrets, Sight, Verb, parse_action,
    verify_signature,
};

use crate::{JobError, Workspace};

/// How long an alert is put aside from a channel, where nobody can say for how long.
const SNOOZE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A recipient as somebody asks for one.
#[derive(Clone, Debug)]
pub struct NewRecipient {
    /// Where on the channel; empty for a channel with one receiver.
    pub address: String,
    /// What they are.
    pub role: Role,
    /// What they may see.
    pub sight: Sight,
    /// What they want.
    pub routing: Routing,
    /// When they want it.
    pub rhythm: Rhythm,
}

impl Workspace {
    /// Adds a channel, or gives the one of that name other settings and secrets.
    ///
    /// # Errors
    /// When it could not work so; the message says what to change and holds no secret.
    pub async fn add_channel(
        &self,
        name: &str,
        settings: ChannelSettings,
        secrets: Secrets,
    ) -> Result<StoredChannel, JobError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(JobError::Usage(format!(
                "{name:?} cannot name a channel; use 1 to 64 letters, digits, `-` or `_`"
            )));
        }
        settings.open(&secrets)?;
        let channel = StoredChannel {
            name: name.to_owned(),
            settings,
            secrets,
            breaker: Breaker::default(),
            created_at: self.clock.instant(),
        };
        self.metadata.put_channel(&self.id, &channel).await?;
        Ok(channel)
    }

    /// The channels, each with its recipients.
    pub async fn channels(&self) -> Result<Vec<(StoredChannel, Vec<Recipient>)>, JobError> {
        let recipients = self.metadata.recipients(&self.id).await?;
        let channels = self.metadata.channels(&self.id).await?.into_iter();
        let with_recipients = channels.map(|channel| {
            let of_channel = recipients.iter().filter(|one| one.channel == channel.name);
            let of_channel = of_channel.cloned().collect();
            (channel, of_channel)
        });
        Ok(with_recipients.collect())
    }

    /// Removes a channel and its recipients.
    pub async fn remove_channel(&self, name: &str) -> Result<(), JobError> {
        Ok(self.metadata.remove_channel(&self.id, name).await?)
    }

    /// Adds a recipient to a channel, or changes the one with that address, who is then no longer
    /// unsubscribed.
    ///
    /// # Errors
    /// When the address or the time zone is none, or a rep is to see more than their own deals.
    pub async fn subscribe(&self, channel: &str, new: NewRecipient) -> Result<(), JobError> {
        let stored = self.metadata.channel(&self.id, channel).await?;
        stored.settings.check_address(&new.address)?;
        if new.role == Role::Rep && new.sight == Sight::Everything {
            return Err(JobError::Usage(
                "a rep sees their own deals only; say whose they are with --rep NAME".to_owned(),
            ));
        }
        let now = self.clock.instant();
        new.rhythm.due(winsight_alert::Severity::Info, now).map_err(|_| {
            JobError::Usage(format!(
                "--time-zone: {:?} is not an IANA time zone, like Europe/London",
                new.rhythm.time_zone
            ))
        })?;
        let NewRecipient { address, role, sight, routing, rhythm } = new;
        let recipient = Recipient {
            channel: channel.to_owned(),
            address,
            role,
            sight,
            routing,
            rhythm,
            token: token()?,
            unsubscribed_at: None,
        };
        Ok(self.metadata.put_recipient(&self.id, &recipient, now).await?)
    }

    /// Removes a recipient from a channel.
    pub async fn remove_recipient(&self, channel: &str, address: &str) -> Result<(), JobError> {
        Ok(self.metadata.remove_recipient(&self.id, channel, address).await?)
    }

    /// Leaves the recipient with this token alone. Returns whether there is one.
    pub async fn unsubscribe(&self, token: &str) -> Result<bool, JobError> {
        Ok(self.metadata.unsubscribe(&self.id, token, self.clock.instant()).await?)
    }

    /// The ledger of deliveries, newest first.
    pub async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u64,
    ) -> Result<Vec<Delivery>, JobError> {
        Ok(self.metadata.deliveries(&self.id, state, limit).await?)
    }

    /// Sends deliveries that were given up once more: one, or all. Returns how many.
    pub async fn resend(&self, id: Option<i64>) -> Result<u64, JobError> {
        Ok(self.metadata.resend(&self.id, id, self.clock.instant()).await?)
    }

    /// Does what somebody asked for by a button in Slack, and returns the alert as it then is.
    ///
    /// # Errors
    /// [`JobError::Forged`] when the request does not come from Slack as far as anybody can tell.
    pub async fn act_from_slack(
        &self,
        timestamp: &str,
        signature: &str,
        body: &[u8],
        present: &Clock,
    ) -> Result<Alert, JobError> {
        let channels = self.metadata.channels(&self.id).await?;
        let mut secrets = channels.into_iter().filter_map(|channel| channel.secrets.signing);
        let mut verdict = Err(winsight_notify::SignatureError::Wrong);
        while let (Err(_), Some(secret)) = (verdict, secrets.next()) {
            let now = present.instant();
            verdict = verify_signature(&secret, timestamp, signature, body, now);
        }
        verdict?;
        let action = parse_action(body).map_err(|error| JobError::Usage(error.to_string()))?;
        if action.workspace != self.id.as_str() {
            return Err(JobError::Usage(format!(
                "the alert is of the workspace {:?}, and this server serves {:?}",
                action.workspace,
                self.id.as_str()
            )));
        }
        let done = match action.verb {
            Verb::Acknowledge => Action::Acknowledge,
            Verb::Snooze => Action::SnoozeUntil(present.instant() + SNOOZE),
        };
        tracing::info!(
            alert = action.alert,
            by = action.by,
            what = done.as_str(),
            "asked in Slack"
        );
        self.act_on_alert(&action.alert, &done, &action.by).await
    }

    /// What is found by `find` in the deals of each recipient who may not see all of them.
    pub(crate) async fn own_findings(
        &self,
        deals: &[OpenDeal],
        find: impl Fn(&[OpenDeal]) -> Option<winsight_alert::Finding>,
    ) -> Result<OwnFindings, JobError> {
        let mut own = OwnFindings::default();
        let mut sights: Vec<Sight> = Vec::new();
        for recipient in self.metadata.recipients(&self.id).await? {
            if recipient.sight == Sight::Everything || sights.contains(&recipient.sight) {
                continue;
            }
            let theirs =
                deals.iter().filter(|deal| recipient.sight.covers_deal_of(deal.rep.as_deref()));
            let theirs: Vec<_> = theirs.cloned().collect();
            if let Some(finding) = find(&theirs) {
                own.add(recipient.sight.clone(), finding);
            }
            sights.push(recipient.sight);
        }
        Ok(own)
    }
}

/// A name for a recipient that nobody can guess.
fn token() -> Result<String, JobError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| JobError::Usage("the system has no random numbers".to_owned()))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
