//! Sending what the outbox holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::JoinSet;
use winsight_meta::{Leased, Outcome, StoredChannel, Worker};
use winsight_notify::{Breaker, Channel, Envelope, Message, Notice, Recipient, SendError};

use crate::{Courier, JobError, Workspace};

/// What a pass over the outbox did, in deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Taken by their receivers.
    pub sent: u64,
    /// To be tried again.
    pub retried: u64,
    /// Given up.
    pub dead: u64,
    /// Channels that were left alone, since they failed before.
    pub resting_channels: u64,
}

/// What happened to a message that was sent to try a channel.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Where it went; empty for a channel with one receiver.
    pub address: String,
    /// Whether it was taken.
    pub outcome: Result<(), SendError>,
}

impl Workspace {
    /// Sends everything that is due. Channels are served side by side, so that one that is slow or
    /// dead delays no other. Ends when nothing is due any more; what failed is due again later.
    pub async fn deliver(&self, courier: &Courier) -> Result<DeliveryReport, JobError> {
        let mut passes = JoinSet::new();
        for pass in self.passes(courier, &BTreeSet::new()).await? {
            passes.spawn(pass.run());
        }
        let mut total = DeliveryReport::default();
        let mut failure = None;
        while let Some(pass) = passes.join_next().await {
            match pass? {
                Ok(report) => {
                    total.sent += report.sent;
                    total.retried += report.retried;
                    total.dead += report.dead;
                    total.resting_channels += report.resting_channels;
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(total), Err)
    }

    /// Sends what falls due until the courier is stopped, looking every `pause`. Each channel goes at
    /// its own pace: one that does not answer holds up nothing but itself.
    pub async fn keep_delivering(&self, courier: &Courier, pause: Duration) {
        let mut passes = JoinSet::new();
        let mut busy = BTreeSet::new();
        while !courier.is_stopped() {
            match self.passes(courier, &busy).await {
                Ok(due) => {
                    for pass in due {
                        let name = pass.channel.name.clone();
                        busy.insert(name.clone());
                        passes.spawn(async move { (name, pass.run().await) });
                    }
                }
                Err(error) => tracing::warn!(%error, "nothing was sent; it is tried again"),
            }
            courier.rest(pause).await;
            while let Some(done) = passes.try_join_next() {
                match done {
                    Ok((name, outcome)) => {
                        busy.remove(&name);
                        if let Err(error) = outcome {
                            tracing::warn!(%error, name, "a channel stopped; it is tried again");
                        }
                    }
                    // Which one it was is not known; leases keep two passes apart.
                    Err(_) => busy.clear(),
                }
            }
        }
        // What is being sent is sent to its end, so that it is not sent again later.
        while passes.join_next().await.is_some() {}
    }

    /// A pass over each channel but those that are busy.
    async fn passes(
        &self,
        courier: &Courier,
        busy: &BTreeSet<String>,
    ) -> Result<Vec<Pass>, JobError> {
        let mut channels = self.metadata.channels(&self.id).await?;
        channels.retain(|channel| !busy.contains(&channel.name));
        if channels.is_empty() {
            return Ok(Vec::new());
        }
        let recipients = self.metadata.recipients(&self.id).await?;
        let pass = |channel: StoredChannel| {
            let of_channel = recipients.iter().filter(|one| one.channel == channel.name).cloned();
            Pass {
                workspace: self.clone(),
                courier: courier.clone(),
                recipients: of_channel.map(|one| (one.address.clone(), one)).collect(),
                channel,
                opened: None,
            }
        };
        Ok(channels.into_iter().map(pass).collect())
    }

    /// Sends a message to the recipients of a channel, or to one address, to see whether it arrives.
    pub async fn try_channel(
        &self,
        name: &str,
        address: Option<&str>,
        courier: &Courier,
    ) -> Result<Vec<Trial>, JobError> {
        let stored = self.metadata.channel(&self.id, name).await?;
        let channel = stored.settings.open(&stored.secrets)?;
        let mut addresses: Vec<String> = if let Some(address) = address {
            vec![address.to_owned()]
        } else {
            let recipients = self.metadata.recipients(&self.id).await?.into_iter();
            recipients.filter(|one| one.channel == name).map(|one| one.address).collect()
        };
        if addresses.is_empty() && !stored.settings.has_addresses() {
            addresses.push(String::new());
        }
        let mut trials = Vec::new();
        for address in addresses {
            stored.settings.check_address(&address)?;
            let now = courier.present.instant();
            let message =
                self.message(winsight_notify::Form::Single, vec![Notice::test(now)], None);
            let key = winsight_meta::message_key(&format!("test {name} {address} {now}"));
            let outcome = channel.send(&self.envelope(&key, &address, None, now, &message)).await;
            trials.push(Trial { address, outcome });
        }
        Ok(trials)
    }

    fn message(
        &self,
        form: winsight_notify::Form,
        notices: Vec<Notice>,
        recipient: Option<&Recipient>,
    ) -> Message {
        let zone = recipient.and_then(|one| TimeZone::get(&one.rhythm.time_zone).ok());
        let zone = zone.unwrap_or_else(|| self.clock.time_zone().clone());
        let mut message = Message::new(form, notices, zone);
        message.public_url = self.settings.delivery.public_url().map(str::to_owned);
        message
    }

    fn envelope<'a>(
        &'a self,
        key: &'a str,
        address: &'a str,
        unsubscribe: Option<&'a str>,
        now: Timestamp,
        message: &'a Message,
    ) -> Envelope<'a> {
        Envelope { key, address, unsubscribe, now, workspace: self.id.as_str(), message }
    }

    /// Where a recipient can unsubscribe by one click, which mail programs ask to be https.
    fn unsubscribe_url(&self, recipient: &Recipient) -> Option<String> {
        let base = self.settings.delivery.public_url()?;
        base.starts_with("https://")
            .then(|| format!("{base}/api/v1/unsubscribe?token={}", recipient.token))
    }
}

/// The messages of one channel, one after another.
struct Pass {
    workspace: Workspace,
    courier: Courier,
    channel: StoredChannel,
    recipients: BTreeMap<String, Recipient>,
    /// Opened when there is something to send.
    opened: Option<Box<dyn Channel>>,
}

impl Pass {
    async fn run(mut self) -> Result<DeliveryReport, JobError> {
        let mut report = DeliveryReport::default();
        loop {
            let present = self.courier.present.instant();
            if self.courier.is_stopped() {
                return Ok(report);
            }
            if self.channel.breaker.is_open(present) {
                report.resting_channels = 1;
                return Ok(report);
            }
            let worker = Worker {
                name: self.courier.name.clone(),
                now: self.workspace.clock.instant(),
                present,
            };
            let (metadata, id) = (&self.workspace.metadata, &self.workspace.id);
            let leased = metadata.lease(id, &self.channel.name, &worker).await?;
            let Some(leased) = leased else { return Ok(report) };
            let sent = self.send(&leased).await;
            let (outcome, breaker) = self.judge(&leased, &worker, sent);
            let count = leased.deliveries.len() as u64;
            match &outcome {
                Outcome::Sent => report.sent += count,
                Outcome::Retry { .. } => report.retried += count,
                Outcome::Dead { .. } => report.dead += count,
            }
            self.channel.breaker = breaker;
            let (metadata, id) = (&self.workspace.metadata, &self.workspace.id);
            metadata.settle(id, &worker, &leased, outcome, breaker).await?;
        }
    }

    async fn send(&mut self, leased: &Leased) -> Result<(), SendError> {
        let Some(first) = leased.deliveries.first() else { return Ok(()) };
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self
                .channel
                .settings
                .open(&self.channel.secrets)
                .map_err(|error| SendError::Permanent { reason: error.to_string() })?,
        };
        let recipient = self.recipients.get(&first.address);
        let notices = leased.deliveries.iter().map(|delivery| delivery.notice.clone()).collect();
        let message = self.workspace.message(leased.form, notices, recipient);
        let unsubscribe = recipient.and_then(|one| self.workspace.unsubscribe_url(one));
        let envelope = self.workspace.envelope(
            &leased.key,
            &first.address,
            unsubscribe.as_deref(),
            self.courier.present.instant(),
            &message,
        );
        let sent = opened.send(&envelope).await;
        self.opened = Some(opened);
        sent
    }

    /// What is to become of a message, and of its channel. A message that the receiver refuses says
    /// nothing about the channel.
    fn judge(
        &self,
        leased: &Leased,
        worker: &Worker,
        sent: Result<(), SendError>,
    ) -> (Outcome, Breaker) {
        let attempt = leased.deliveries.iter().map(|delivery| delivery.attempts).max().unwrap_or(1);
        match sent {
            Ok(()) => (Outcome::Sent, Breaker::succeeded()),
            Err(SendError::Permanent { reason }) => {
                (Outcome::Dead { failure: reason }, self.channel.breaker)
            }
            Err(SendError::Temporary { reason, retry_after }) => {
                let breaker =
                    self.channel.breaker.failed(self.courier.present.instant(), retry_after);
                let wait = self.courier.policy.wait(&leased.key, attempt, retry_after);
                let at =
                    wait.and_then(|wait| self.workspace.clock.instant().checked_add(wait).ok());
                let outcome = if let Some(at) = at {
                    Outcome::Retry { at, failure: reason }
                } else {
                    let failure = format!("given up after {attempt} attempts: {reason}");
                    Outcome::Dead { failure }
                };
                let channel = &self.channel.name;
                tracing::info!(channel, attempt, at = %worker.now, "a message did not go through");
                (outcome, breaker)
            }
        }
    }
}
