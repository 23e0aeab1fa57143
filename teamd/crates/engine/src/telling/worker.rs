//! Sends what is due. One task for all channels, each beside the others: a channel that hangs keeps its own places and
//! nobody else's.

use super::fly::Landed;
use super::{off_row, set};
use crate::Engine;
use crate::refused::Refused;
use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use teamd_domain::Time;
use teamd_host::failpoint::pass;
use teamd_notify::Channel;
use teamd_store::WriteLane;

/// The longest sleep: a wake-up may have been lost.
const LONGEST: Duration = Duration::from_secs(30);

/// What was sent is looked up for so long.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Between two clearings.
const CLEAR_EVERY: TimeDelta = TimeDelta::hours(1);

/// What is on its way over a channel.
#[derive(Default)]
struct Lane {
    flying: BTreeSet<u64>,
    quiet_until: Option<Time>,
}

type Flights<'e> = FuturesUnordered<BoxFuture<'e, Landed>>;

impl Engine {
    /// Sends until the daemon stops. What is on its way then is waited for: what a channel took must be written down.
    pub(crate) async fn run_deliveries(&self) {
        let (mut flights, mut lanes) = (Flights::new(), BTreeMap::<String, Lane>::new());
        let mut cleared_at: Option<Time> = None;
        loop {
            let now = self.clock.now();
            let mut wake = now + TimeDelta::from_std(self.nap(LONGEST)).unwrap_or(CLEAR_EVERY);
            if !self.stop.is_cancelled() && self.degraded().is_none() {
                match self.start_flights(&mut flights, &mut lanes, now).await {
                    Ok(Some(next)) => wake = wake.min(next),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(%error, "messages that are due cannot be read; trying again")
                    }
                }
                if cleared_at.is_none_or(|at| now - at >= CLEAR_EVERY) {
                    self.clear_deliveries(now).await;
                    cleared_at = Some(now);
                }
            } else if flights.is_empty() && self.stop.is_cancelled() {
                return;
            }
            // One that cannot be taken yet must not spin.
            let wake = wake.max(now + TimeDelta::milliseconds(50));
            tokio::select! {
                biased;
                Some(landed) = flights.next() => land(landed, &mut lanes),
                () = self.telling.wake.notified() => {}
                () = self.clock.sleep_until(wake) => {}
                () = self.stop.cancelled(), if !self.stop.is_cancelled() => {}
            }
        }
    }

    /// Starts what is due and has a place; when to look again although nothing landed.
    async fn start_flights<'e>(
        &'e self,
        flights: &mut Flights<'e>,
        lanes: &mut BTreeMap<String, Lane>,
        now: Time,
    ) -> Result<Option<Time>, Refused> {
        pass("deliveries.due").await?;
        let ways = self.telling.ways.load_full();
        let mut soonest: Option<Time> = None;
        for channel in &ways.channels {
            let lane = lanes.entry(channel.name().to_owned()).or_default();
            let next = self.start_on(channel, lane, flights, now).await?;
            soonest = soonest.into_iter().chain(next).min();
        }
        Ok(soonest)
    }

    async fn start_on<'e>(
        &'e self,
        channel: &Arc<dyn Channel>,
        lane: &mut Lane,
        flights: &mut Flights<'e>,
        now: Time,
    ) -> Result<Option<Time>, Refused> {
        if let Some(until) = lane.quiet_until.filter(|until| *until > now) {
            return Ok(Some(until));
        }
        lane.quiet_until = None;
        let free = channel.most_at_once().saturating_sub(lane.flying.len());
        if free == 0 {
            return Ok(None);
        }
        let (name, limit) = (channel.name().to_owned(), channel.most_at_once());
        let (due, next) = self
            .store
            .read(move |read| {
                if set(read, &off_row(&name))?.is_some() {
                    return Ok((Vec::new(), None));
                }
                Ok::<_, Refused>((
                    // Those on their way are among them until they have landed.
                    read.deliveries_due(&name, now, limit * 2)?,
                    read.next_delivery(&name, now)?,
                ))
            })
            .await?;
        let waiting = due.into_iter().filter(|one| !lane.flying.contains(&one.number));
        let start: Vec<_> = waiting.take(free).collect();
        for delivery in start {
            lane.flying.insert(delivery.number);
            flights.push(Box::pin(self.fly(Arc::clone(channel), delivery)));
        }
        Ok(next)
    }

    /// Forgets what was sent long ago.
    async fn clear_deliveries(&self, now: Time) {
        let cleared = self
            .store
            .write(WriteLane::Background, move |tx| {
                Ok::<_, Refused>(tx.forget_deliveries(now - KEPT)?)
            })
            .await;
        if let Err(error) = cleared {
            tracing::warn!(%error, "messages of long ago could not be cleared");
        }
    }
}

fn land(landed: Landed, lanes: &mut BTreeMap<String, Lane>) {
    let lane = lanes.entry(landed.channel).or_default();
    lane.flying.remove(&landed.number);
    lane.quiet_until = lane.quiet_until.max(landed.quiet_until);
    if landed.is_off {
        lane.quiet_until = None;
    }
}
