//! Telling people: from an event to deliveries, and each delivery over its channel, until it has arrived or is given up.
//!
//! * [`expand`] a row of the outbox becomes one delivery for each channel and recipient, in one transaction
//! * [`worker`] sends what is due: a task of its own, each channel beside the others
//! * [`fly`] one delivery: what is said, to which address, and what came of it
//! * [`digest`] what was done with access that is over · [`weekly`] what happened in a week
//! * [`verbs`] what administrators do: try a channel, send again what was given up, look it up
//!
//! None of it is in the way of a decision or a removal: it reads like everybody, writes behind everybody, and waits for
//! nothing but its own channels. A repeat happens only where the channel took a message and that could not be written
//! down: its answer was lost, or the daemon was killed. The repeat has the same id.

mod digest;
mod expand;
mod fly;
mod verbs;
mod weekly;
mod worker;

pub(super) use expand::{Plan, expand, row_to_tell};
pub use verbs::{DeliveryQuery, Tried};

use super::Engine;
use super::refused::Refused;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use teamd_aws::messages::Messages;
use teamd_config::Notify;
use teamd_domain::Time;
use teamd_domain::delivery::DeliveryState;
use teamd_notify::routing::{Way, way};
use teamd_notify::{Channel, Reader, channels};
use teamd_policy::Target;
use teamd_store::port::{Read, StoreResult};
use tokio::sync::Notify as Wake;

/// Since when nothing arrives over a channel, after which it counts as broken.
const BROKEN_AFTER: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// And after so many tries in a row.
const BROKEN_TRIES: u32 = 3;

/// Channels, and what is known of them.
#[derive(Default)]
pub(super) struct Telling {
    ways: ArcSwap<Ways>,
    health: Mutex<BTreeMap<String, Health>>,
    /// What sends over AWS.
    aws: OnceLock<Arc<dyn Messages>>,
    pub(super) wake: Wake,
}

/// The channels in force, with what the configuration says about them.
#[derive(Default)]
pub(super) struct Ways {
    pub(super) channels: Vec<Arc<dyn Channel>>,
    pub(super) config: Notify,
}

/// How a channel has answered lately.
#[derive(Debug, Clone, Default)]
struct Health {
    /// Tries in a row that did not arrive.
    failed: u32,
    /// The first of them.
    since: Option<Time>,
}

impl Health {
    fn is_broken(&self, now: Time) -> bool {
        self.failed >= BROKEN_TRIES && self.since.is_some_and(|since| now - since >= BROKEN_AFTER)
    }
}

impl Ways {
    /// The channels as they are planned with.
    fn for_planning(&self) -> Vec<Way> {
        let routes = &self.config.routes;
        let channels = self.channels.iter();
        channels
            .map(|channel| way(channel.name(), channel.reach(), routes))
            .collect()
    }

    fn channel(&self, name: &str) -> Option<Arc<dyn Channel>> {
        self.channels
            .iter()
            .find(|channel| channel.name() == name)
            .cloned()
    }

    /// Whoever reads there is nobody whom the directory knows.
    fn reader(&self) -> Reader {
        Reader {
            part: None,
            zone: self.config.zone.clone(),
            command: self.config.command.clone(),
        }
    }
}

/// The row in which it stands that a channel is switched off, and why.
fn off_row(channel: &str) -> String {
    format!("notify.off.{channel}")
}

/// The row in which it stands that people were told that a channel is broken.
fn failing_row(channel: &str) -> String {
    format!("notify.failing.{channel}")
}

fn set(read: &mut (impl Read + ?Sized), row: &str) -> StoreResult<Option<String>> {
    Ok(read.meta(row)?.filter(|why| !why.is_empty()))
}

impl Engine {
    /// What goes over AWS is sent through this; once.
    pub fn send_through(&self, aws: Arc<dyn Messages>) {
        let _ = self.telling.aws.set(aws);
    }

    /// Tells people over the channels of this configuration from now on. One that cannot be set up leaves those from
    /// before in force: nothing but messages depends on it.
    pub fn tell_by(&self, config: &Notify) {
        match channels::open(config, self.telling.aws.get()) {
            Ok(channels) => self.tell_over(channels, config.clone()),
            Err(error) => tracing::error!(%error, "the channels of [notify] cannot be set up"),
        }
    }

    /// The same over channels at hand.
    pub fn tell_over(&self, channels: Vec<Arc<dyn Channel>>, config: Notify) {
        self.telling.ways.store(Arc::new(Ways { channels, config }));
        self.telling.wake.notify_one();
    }

    /// What deliveries are planned by, now.
    pub(super) fn plan_of_deliveries(&self) -> Plan {
        let ways = self.telling.ways.load_full();
        Plan {
            facts: self.facts(),
            ways: ways.for_planning(),
            config: ways.config.clone(),
        }
    }

    /// What is missing here for a target to be reached; none: nothing.
    pub(super) fn lacks(&self, target: &Target) -> Option<String> {
        self.telling.ways.load().config.lacks(target)
    }

    /// What somebody should look at, one line each, and only where there is something.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn telling_faults(&self) -> Result<Vec<String>, Refused> {
        let ways = self.telling.ways.load_full();
        let names: Vec<String> = ways
            .channels
            .iter()
            .map(|channel| channel.name().to_owned())
            .collect();
        let known = names.clone();
        let (counts, marks) = self
            .store
            .read(move |read| {
                let mut marks = Vec::new();
                for name in known {
                    let marked = (set(read, &off_row(&name))?, set(read, &failing_row(&name))?);
                    marks.push((name, marked));
                }
                Ok::<_, Refused>((read.count_deliveries()?, marks))
            })
            .await?;
        let mut lines = Vec::new();
        for (name, (off, failing)) in marks {
            // Everybody reads this: what the channel said is for those who may see the log.
            if off.is_some() {
                lines.push(format!(
                    "messages over {name} are switched off; `team-tui notify log --channel {name}` says why, \
                     `notify retry {name}` switches them on"
                ));
            } else if failing.is_some() {
                lines.push(format!(
                    "messages over {name} do not arrive; `team-tui notify log --channel {name}` says why"
                ));
            }
        }
        for (name, state, count) in counts {
            match state {
                DeliveryState::Dead => lines.push(format!(
                    "{count} messages over {name} were given up; `team-tui notify log --dead` shows them"
                )),
                DeliveryState::Due if !names.contains(&name) => lines.push(format!(
                    "{count} messages wait for the channel {name}, which is not configured"
                )),
                DeliveryState::Due | DeliveryState::Sent | DeliveryState::Skipped => {}
            }
        }
        Ok(lines)
    }

    fn note_health<T>(&self, channel: &str, change: impl FnOnce(&mut Health) -> T) -> T {
        let mut health = self.telling.health.lock().unwrap_or_else(PoisonError::into_inner);
        change(health.entry(channel.to_owned()).or_default())
    }
}
