//! One delivery on its way: what is said and where to, the sending, and what came of it written down.

use super::expand::{row_to_tell, told};
use super::{failing_row, off_row, set};
use crate::refused::Refused;
use crate::{Engine, commit, random};
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use team_shared::event::EventType;
use teamd_domain::Time;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::event::{Datum, EventDraft};
use teamd_domain::request::Request;
use teamd_host::failpoint::pass;
use teamd_notify::audience::is_stale;
use teamd_notify::notice::{Reader, write};
use teamd_notify::routing::part_of;
use teamd_notify::{Address, Channel, Failure, Outgoing, Recipient};
use teamd_store::WriteLane;
use teamd_store::port::{AuditRecord, StoreResult, Tx};

/// Whatever a channel does, it is over after this.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two tries to write down what came of it.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How a try ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// The channel took it.
    Sent(String),
    /// It did not.
    Failed(Failure),
    /// It was not for sending any more.
    Dropped(String),
}

/// A landed delivery: which, and whether the channel wants to be left alone.
pub(super) struct Landed {
    pub(super) channel: String,
    pub(super) number: u64,
    pub(super) quiet_until: Option<Time>,
    pub(super) is_off: bool,
}

impl Engine {
    /// Sends one delivery and writes down what came of it.
    pub(super) async fn fly(&self, channel: Arc<dyn Channel>, delivery: Delivery) -> Landed {
        let ending = match self.prepare_delivery(&delivery).await {
            Ok(Ok(outgoing)) => send(channel.as_ref(), &outgoing).await,
            Ok(Err(why)) => Ending::Dropped(why),
            Err(error) => Ending::Failed(Failure::later(error.to_string())),
        };
        let now = self.clock.now();
        let (wait, is_off) = match &ending {
            Ending::Failed(Failure::Later { wait, .. }) => (*wait, false),
            Ending::Failed(Failure::Gone(_)) => (None, true),
            Ending::Sent(_) | Ending::Failed(Failure::Never(_)) | Ending::Dropped(_) => (None, false),
        };
        let streak = self.note_health(channel.name(), |health| match &ending {
            Ending::Sent(_) => {
                *health = super::Health::default();
                0
            }
            Ending::Failed(Failure::Later { .. } | Failure::Gone(_)) => {
                health.failed = health.failed.saturating_add(1);
                health.since.get_or_insert(now);
                health.failed
            }
            // It answers, and about this one only.
            Ending::Failed(Failure::Never(_)) | Ending::Dropped(_) => health.failed,
        });
        self.record(channel.name(), &delivery, ending, now).await;
        // A channel that is down is not run against with everything that waits.
        let own = (streak >= 5).then(|| chrono::TimeDelta::seconds(i64::from(streak.min(30)) * 2));
        Landed {
            channel: channel.name().to_owned(),
            number: delivery.number,
            quiet_until: wait.max(own).map(|wait| now + wait),
            is_off,
        }
    }

    /// What is said and where to; `Err` inside: why it is not for sending any more.
    async fn prepare_delivery(&self, delivery: &Delivery) -> Result<Result<Outgoing, String>, Refused> {
        pass("deliveries.prepare").await?;
        let (seq, request_id) = (delivery.seq, delivery.request_id);
        let (record, request) = self
            .store
            .read(move |read| {
                let record = row_to_tell(read, seq)?;
                let request = match request_id {
                    Some(id) => read.request(&id)?,
                    None => None,
                };
                Ok::<_, Refused>((record, request))
            })
            .await?;
        let Some(record) = record else {
            return Ok(Err(format!("there is no event {seq} any more")));
        };
        let recipient: Recipient = match delivery.recipient.parse() {
            Ok(recipient) => recipient,
            Err(why) => return Ok(Err(why)),
        };
        // What has a place of its own is often a program, which wants to know all that happened.
        let stale = is_stale(record.kind, request.as_ref()).filter(|_| recipient != Recipient::Place);
        if let Some(why) = stale {
            return Ok(Err(why.to_owned()));
        }
        let (reader, to) = match self.reader_of(&recipient, &record, request.as_ref()) {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let facts = self.facts();
        let extra = match (&recipient, record.kind) {
            (Recipient::Person(id), EventType::DigestWeekly) => self.waits_for(id).await,
            (_, kind) => self.digest_of(kind, request.as_ref()).await,
        };
        let event = told(&record, request.as_ref());
        Ok(Ok(Outgoing {
            id: delivery.id.clone(),
            now: self.clock.now(),
            to,
            notice: write(&event, facts.directory.as_deref(), &reader, extra),
        }))
    }

    /// For whom it is written, and the address that the directory has now.
    fn reader_of(
        &self,
        recipient: &Recipient,
        record: &AuditRecord,
        request: Option<&Request>,
    ) -> Result<(Reader, Address), String> {
        let mut reader = self.telling.ways.load().reader();
        let id = match recipient {
            Recipient::Place => return Ok((reader, Address::Place)),
            Recipient::Room(room) => return Ok((reader, Address::Room(room.clone()))),
            Recipient::Mail(address) => return Ok((reader, Address::Mail(address.clone()))),
            Recipient::Person(id) => id,
        };
        let facts = self.facts();
        let directory = facts.directory.as_deref().ok_or("there is no directory")?;
        let person = directory.people.get(id).ok_or("not in the directory any more")?;
        if !person.enabled {
            return Err("disabled in the directory".to_owned());
        }
        let address = person.email.clone().filter(|address| !address.is_empty());
        let address = address.ok_or("no mail address in the directory")?;
        let policy = facts.policy.as_deref().map(|in_force| &in_force.policy);
        let event = told(record, request);
        reader.part = Some(part_of(id, &event, policy, Some(directory)));
        reader.zone = person.zone.clone().or(reader.zone);
        Ok((reader, Address::Mail(address)))
    }

    /// Writes down what came of it, as long as the store does not take it: what was sent must not be sent again.
    async fn record(&self, channel: &str, delivery: &Delivery, ending: Ending, now: Time) {
        let broken = self.note_health(channel, |health| health.is_broken(now));
        loop {
            let (id, ending, name) = (delivery.id.clone(), ending.clone(), channel.to_owned());
            let chance = random::jitter();
            let written = match pass("deliveries.record").await {
                Ok(()) => {
                    self.store
                        .write(WriteLane::Background, move |tx| {
                            Ok::<_, Refused>(settle(tx, &name, &id, &ending, (broken, chance), now)?)
                        })
                        .await
                }
                Err(injected) => Err(injected.into()),
            };
            match written {
                Ok(false) => return,
                // It has become news itself.
                Ok(true) => return self.outbox_wake.notify_one(),
                Err(error) => {
                    tracing::warn!(delivery = %delivery.id, %error, "what came of a message could not be written down");
                }
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(STORE_PAUSE)) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }
}

/// Whatever happens in a channel stays there.
async fn send(channel: &dyn Channel, outgoing: &Outgoing) -> Ending {
    if let Err(injected) = pass("deliveries.send").await {
        return Ending::Failed(Failure::later(injected.to_string()));
    }
    let call = AssertUnwindSafe(channel.deliver(outgoing)).catch_unwind();
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(Ok(reply))) => Ending::Sent(reply),
        Ok(Ok(Err(failure))) => Ending::Failed(failure),
        Ok(Err(_)) => Ending::Failed(Failure::later("the channel panicked")),
        Err(_) => Ending::Failed(Failure::later("no answer in time")),
    }
}

/// What came of a try, and what it says of the channel; whether that is news.
fn settle(
    tx: &mut dyn Tx,
    channel: &str,
    id: &str,
    ending: &Ending,
    (broken, chance): (bool, f64),
    now: Time,
) -> StoreResult<bool> {
    let Some(mut delivery) = tx.delivery(id)? else {
        return Ok(false);
    };
    if delivery.state != DeliveryState::Due {
        return Ok(false);
    }
    match ending {
        Ending::Sent(reply) => delivery.sent(now, reply.clone()),
        Ending::Dropped(why) => delivery.dropped(why.clone()),
        Ending::Failed(Failure::Later { why, wait }) => delivery.failed(now, why.clone(), *wait, chance),
        Ending::Failed(Failure::Never(why) | Failure::Gone(why)) => delivery.refused(now, why.clone()),
    }
    tx.save_delivery(&delivery)?;
    let known = set(tx, &failing_row(channel))?;
    let is_dead = delivery.state == DeliveryState::Dead;
    match ending {
        Ending::Sent(_) if known.is_some() => {
            tx.set_meta(&failing_row(channel), "")?;
            let event = EventDraft::new(EventType::NotifyClear).text("channel", channel);
            commit::tell(tx, &event, now)?;
            Ok(true)
        }
        Ending::Failed(Failure::Gone(why)) => {
            tx.set_meta(&off_row(channel), why)?;
            fails(tx, channel, known, why, is_dead, now)
        }
        Ending::Failed(Failure::Later { why, .. }) if broken || is_dead => {
            fails(tx, channel, known, why, is_dead, now)
        }
        Ending::Sent(_) | Ending::Failed(_) | Ending::Dropped(_) => Ok(false),
    }
}

/// Told once, until something arrives again.
fn fails(
    tx: &mut dyn Tx,
    channel: &str,
    known: Option<String>,
    why: &str,
    is_dead: bool,
    now: Time,
) -> StoreResult<bool> {
    if known.is_some() {
        return Ok(false);
    }
    tx.set_meta(&failing_row(channel), why)?;
    let event = EventDraft::new(EventType::NotifyFailing)
        .text("channel", channel)
        .text("why", why)
        .with("given_up", Datum::Flag(is_dead));
    commit::tell(tx, &event, now)?;
    Ok(true)
}
