//! What administrators do: try a channel, send again what was given up, look up who was told of what.

use super::{failing_row, off_row, set};
use crate::refused::Refused;
use crate::{Engine, limits};
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::identity::{Caller, Who};
use teamd_notify::notice::sample;
use teamd_notify::{Address, Outgoing, Recipient};
use teamd_store::WriteLane;
use teamd_store::port::DeliveryFilter;

/// Sent again in one transaction.
const BATCH: usize = 200;

/// Rows that one call reads at most, and rows of one store job.
const SCANNED: usize = 20_000;
const READ_AHEAD: usize = 500;

/// What came of trying a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Where to.
    pub to: String,
    /// Whether the channel took it.
    pub taken: bool,
    /// What it said.
    pub reply: String,
}

/// Which deliveries somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct DeliveryQuery {
    /// Of this request.
    pub request: Option<RequestId>,
    /// That have become this.
    pub state: Option<DeliveryState>,
    /// Over this channel.
    pub channel: Option<String>,
    /// Below this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Engine {
    /// Names of the channels, in the order of the configuration.
    #[must_use]
    pub fn channel_names(&self) -> Vec<String> {
        let ways = self.telling.ways.load_full();
        ways.channels
            .iter()
            .map(|channel| channel.name().to_owned())
            .collect()
    }

    /// Sends a sample over a channel, now and once: to `to`, else to the caller's own address, else to the channel's own
    /// place.
    ///
    /// # Errors
    /// Neither administrator nor operator, or no such channel, or nowhere to send it to.
    pub async fn try_channel(&self, caller: &Caller, name: &str, to: Option<&str>) -> Result<Tried, Refused> {
        let by = self.may_manage_messages(caller)?;
        self.take_act(caller, limits::Act::Administration)?;
        let ways = self.telling.ways.load_full();
        let channel = ways.channel(name).ok_or_else(|| self.no_channel(name))?;
        let reach = channel.reach();
        let own = || {
            let facts = self.facts();
            let person = facts.directory.as_deref()?.people.get(caller.person()?)?;
            person.email.clone().map(Address::Mail)
        };
        let address = match (to, &reach.place) {
            (Some(room), _) if reach.rooms && !room.contains('@') => Address::Room(room.to_owned()),
            (Some(address), _) if reach.people => Address::Mail(address.to_owned()),
            (Some(_), _) => {
                return Err(Refused::field(
                    "to",
                    format!("{name} has one place only: leave it out"),
                ));
            }
            (None, Some((Recipient::Room(room), _))) => Address::Room(room.clone()),
            (None, Some(_)) => Address::Place,
            (None, None) => own().ok_or_else(|| {
                Refused::field("to", "say where to: the directory has no mail address for you")
            })?,
        };
        let now = self.clock.now();
        let outgoing = Outgoing {
            id: format!("ntf_test_{}", now.timestamp_millis()),
            now,
            to: address.clone(),
            notice: sample(&by, name, now, &ways.reader()),
        };
        let sent = channel.deliver(&outgoing).await;
        let to = match address {
            Address::Mail(to) | Address::Room(to) => to,
            Address::Place => "its place".to_owned(),
        };
        tracing::info!(channel = name, taken = sent.is_ok(), "a channel was tried");
        Ok(match sent {
            Ok(reply) => Tried {
                to,
                taken: true,
                reply,
            },
            Err(failure) => Tried {
                to,
                taken: false,
                reply: failure.to_string(),
            },
        })
    }

    /// Sends again what was given up: all of a channel, or one. A channel that was switched off is switched on.
    /// Returns how many.
    ///
    /// # Errors
    /// Neither administrator nor operator, or no such channel or delivery.
    pub async fn retry_deliveries(&self, caller: &Caller, which: &str) -> Result<usize, Refused> {
        self.may_manage_messages(caller)?;
        self.take_act(caller, limits::Act::Administration)?;
        let now = self.clock.now();
        let known = self.telling.ways.load().channel(which).is_some();
        let mut count = 0;
        loop {
            let name = which.to_owned();
            let (revived, more) = self
                .store
                .write(WriteLane::Background, move |tx| {
                    let filter = DeliveryFilter {
                        state: Some(DeliveryState::Dead),
                        channel: Some(name.clone()),
                        limit: BATCH,
                        ..DeliveryFilter::default()
                    };
                    let mut dead = tx.deliveries(&filter)?;
                    let more = dead.len() == BATCH;
                    dead.extend(tx.delivery(&name)?.filter(|one| one.state == DeliveryState::Dead));
                    for one in &mut dead {
                        one.revive(now);
                        tx.save_delivery(one)?;
                    }
                    for row in [off_row(&name), failing_row(&name)] {
                        if set(tx, &row)?.is_some() {
                            tx.set_meta(&row, "")?;
                        }
                    }
                    Ok::<_, Refused>((dead.len(), more))
                })
                .await?;
            count += revived;
            if !more {
                break;
            }
        }
        if count == 0 && !known {
            return Err(self.no_channel(which));
        }
        self.telling.wake.notify_one();
        Ok(count)
    }

    /// Who was told of what. Those who see everything see all of it; others what went to them, and everything about a
    /// request that they may see. With the number below which to go on, where there may be more: at most `SCANNED` rows
    /// are read, in several store jobs.
    ///
    /// # Errors
    /// The request is none that they may see, or the store cannot be read.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        query: DeliveryQuery,
    ) -> Result<(Vec<Delivery>, Option<u64>), Refused> {
        let facts = self.facts();
        facts.access(caller).refuse_nobody()?;
        let sees_all = facts.access(caller).sees_operations();
        if let (Some(id), false) = (query.request, sees_all) {
            let (facts, caller) = (facts.clone(), caller.clone());
            let seen = self.store.read(move |read| {
                let request = read.request(&id)?;
                Ok::<_, Refused>(request.is_some_and(|request| facts.access(&caller).can_see(&request)))
            });
            if !seen.await? {
                return Err(Refused::not_found(format!("request {id}")));
            }
        }
        let own = caller
            .person()
            .map(|id| Recipient::Person(id.clone()).to_string());
        let recipient = own.filter(|_| !sees_all && query.request.is_none());
        let fits = |one: &Delivery| {
            query.state.is_none_or(|state| one.state == state)
                && query
                    .channel
                    .as_ref()
                    .is_none_or(|channel| one.channel == *channel)
                && recipient
                    .as_ref()
                    .is_none_or(|recipient| one.recipient == *recipient)
        };
        let (mut rows, mut before, mut scanned) = (Vec::new(), query.before, 0);
        while scanned < SCANNED {
            // What the database has no index for is looked for here: no job reads more rows than it gives.
            let filter = DeliveryFilter {
                request: query.request,
                before,
                limit: READ_AHEAD,
                ..DeliveryFilter::default()
            };
            let found = self
                .store
                .read(move |read| Ok::<_, Refused>(read.deliveries(&filter)?))
                .await?;
            let has_more = found.len() == READ_AHEAD;
            scanned += found.len();
            for one in found {
                let number = one.number;
                if fits(&one) {
                    if rows.len() == query.limit {
                        return Ok((rows, before));
                    }
                    rows.push(one);
                }
                before = Some(number);
            }
            if !has_more {
                return Ok((rows, None));
            }
        }
        Ok((rows, before))
    }

    fn no_channel(&self, name: &str) -> Refused {
        let names = self.channel_names();
        let help = match names.is_empty() {
            true => "no channel is configured: see [notify] in docs/NOTIFICATIONS.md".to_owned(),
            false => format!("there are: {}", names.join(", ")),
        };
        Refused::new(Code::NotFound, format!("there is no channel or message {name:?}")).help(help)
    }

    /// Administrators and the operator; who it is.
    fn may_manage_messages(&self, caller: &Caller) -> Result<String, Refused> {
        let facts = self.facts();
        let access = facts.access(caller);
        access.refuse_nobody()?;
        access.refuse_sudo()?;
        match &caller.who {
            Who::Operator => Ok("the operator".to_owned()),
            Who::Person { user_name, .. } if access.roles().admin => Ok(user_name.clone()),
            Who::Person { .. } | Who::Nobody { .. } => Err(Refused::new(
                Code::NotAllowed,
                "trying channels and sending again takes an administrator or the operator",
            )
            .help("`team-tui whoami` shows your roles")),
        }
    }
}
