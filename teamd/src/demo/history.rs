//! Weeks of history, written before the daemon starts: by the same machines, the same policy and the same
//! transactions as live requests, with the moments of the past as `now` and an AWS that answers at once.

use super::habits::HABITS;
use chrono::{TimeDelta, Timelike};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use team_shared::terms::Shape;
use teamd_aws::health::AwsHealth;
use teamd_aws::port::DirectorySource;
use teamd_aws_sdk::Aws;
use teamd_config::Config;
use teamd_domain::Time;
use teamd_domain::attention;
use teamd_domain::attention::Found;
use teamd_domain::directory::Directory;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::grant::{Reply, Status, Step};
use teamd_domain::request::{Change, Command, Key, Request, State, Terms, expires_at, submit};
use teamd_engine::Refused;
use teamd_engine::rehearsal::{carry_out, conclude, file, keep, prepare};
use teamd_host::clock::{Clock, SystemClock};
use teamd_policy::document;
use teamd_policy::{Ask, Policy, evaluate};
use teamd_store::port::Tx;
use teamd_store::{Store, WriteLane};

/// How far back it goes.
const DAYS: i64 = 24;

/// Directory, policy and history, into the store of a configuration.
///
/// # Errors
/// The organisation does not answer, or the store does not take it.
pub(super) async fn write(config: &Config, seed: u64) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let aws = Aws::connect(
        crate::run::aws_settings(config),
        clock,
        Arc::new(AwsHealth::new()),
    )
    .await?;
    let directory = aws.load(now).await?;
    let store = Store::open(&config.store.path)?;
    let written = store
        .write(WriteLane::Normal, move |tx| {
            tx.save_directory(&directory)?;
            let policy = apply_policy(tx, now - TimeDelta::days(DAYS))?;
            let mut past = Past {
                tx,
                policy: &policy,
                directory: &directory,
                rng: StdRng::seed_from_u64(seed),
            };
            past.write(now)?;
            // Nobody needs to be told of weeks ago.
            for row in past.tx.outbox_due(now, usize::MAX)? {
                past.tx.outbox_done(row.id)?;
            }
            Ok::<_, Refused>(())
        })
        .await;
    store.close();
    written?;
    Ok(())
}

fn apply_policy(tx: &mut dyn Tx, at: Time) -> Result<Policy, Refused> {
    let policy = document::parse(super::POLICY).map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Refused::field("policy", lines.join("; "))
    })?;
    let sha256: String = Sha256::digest(super::POLICY.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let version = tx.append_policy(super::POLICY, &sha256, "operator", at)?;
    let actor = Actor {
        uid: Some(0),
        ..Actor::default()
    };
    let event = EventDraft::new(EventType::PolicyApplied)
        .by(&actor)
        .with("version", Datum::Number(i64::try_from(version).unwrap_or(0)))
        .text("sha256", sha256);
    tx.append(at, &event)?;
    Ok(policy)
}

struct Past<'a> {
    tx: &'a mut dyn Tx,
    policy: &'a Policy,
    directory: &'a Directory,
    rng: StdRng,
}

impl Past<'_> {
    /// Day by day, one request after the other: the audit trail never runs back.
    fn write(&mut self, now: Time) -> Result<(), Refused> {
        for day in (1..DAYS).rev() {
            let midnight = (now - TimeDelta::days(day))
                .with_hour(0)
                .and_then(|t| t.with_minute(5))
                .unwrap_or(now);
            let mut at = midnight;
            for _ in 0..self.rng.random_range(2..5) {
                at += TimeDelta::minutes(self.rng.random_range(20..150));
                at = self.one(at)?;
            }
        }
        Ok(())
    }

    /// One request with its whole life; returns the moment after it.
    fn one(&mut self, at: Time) -> Result<Time, Refused> {
        let (who, account, set, minutes, reason, ticket) = HABITS[self.rng.random_range(0..HABITS.len())];
        let Some(request) = self.draft(who, account, set, minutes, reason, ticket, at) else {
            return Ok(at);
        };
        let actor = self.actor(&request.key.user);
        let next = submit(request, &actor, at);
        file(self.tx, &next, at)?;
        let mut request = next.request;
        let mut at = at + TimeDelta::seconds(self.rng.random_range(40..1500));
        let fate = self.rng.random_range(0..100);
        while matches!(request.state, State::Pending) {
            let approver = request
                .basis
                .demands
                .iter()
                .flat_map(|demand| demand.approvers.iter())
                .find(|id| !request.votes.iter().any(|vote| vote.by == **id))
                .cloned();
            let Some(approver) = approver else { break };
            request = match fate {
                0..6 => self.act(
                    &request,
                    &Command::Reject {
                        by: approver.clone(),
                        comment: Some("use the runbook first".to_owned()),
                    },
                    &approver,
                    at,
                )?,
                6..11 => self.act(&request, &Command::Cancel, &request.key.user.clone(), at)?,
                11..15 => {
                    at = request.expires_at;
                    carry_out(self.tx, &request, &Command::Lapse, &Actor::daemon(), at)?
                }
                _ => {
                    let basis = request.basis.clone();
                    let command = Command::Approve {
                        by: approver.clone(),
                        comment: None,
                        change: Change::default(),
                        basis,
                    };
                    self.act(&request, &command, &approver, at)?
                }
            };
            at += TimeDelta::seconds(self.rng.random_range(5..400));
        }
        self.live(request, fate, at)
    }

    /// From `activating` to the end, with an AWS that answers at once.
    fn live(&mut self, request: Request, fate: i32, mut at: Time) -> Result<Time, Refused> {
        if !matches!(request.state, State::Activating { .. }) {
            return Ok(at);
        }
        let (key, id) = (request.key.clone(), request.id);
        at = self.settle(&key, at)?;
        let Some(request) = self.tx.request(&id)? else {
            return Ok(at);
        };
        let State::Active { session } = request.state else {
            return Ok(at);
        };
        let used = TimeDelta::seconds(
            self.rng
                .random_range(60..session.end_at.signed_duration_since(at).num_seconds().max(61)),
        );
        match fate {
            90.. => {
                at += used;
                let by = self.someone("ivy").unwrap_or_else(|| key.user.clone());
                self.act(
                    &request,
                    &Command::Revoke {
                        comment: Some("not needed any more, incident closed".to_owned()),
                    },
                    &by,
                    at,
                )?;
            }
            65..90 => {
                at += used;
                self.act(&request, &Command::Done, &key.user.clone(), at)?;
            }
            _ => {
                at = session.end_at;
                carry_out(self.tx, &request, &Command::End, &Actor::daemon(), at)?;
            }
        }
        let at = self.settle(&key, at)?;
        // Some wait for somebody's look: the last days' are for the demo's own people.
        if fate % 3 != 0 {
            self.review(&id, at + TimeDelta::minutes(1))?;
        }
        Ok(at + TimeDelta::minutes(1))
    }

    fn review(&mut self, id: &RequestId, at: Time) -> Result<(), Refused> {
        let (Some(request), Some(by)) = (self.tx.request(id)?, self.someone("hugo")) else {
            return Ok(());
        };
        let attention = self.tx.attention(id)?;
        let found = Found {
            comment: Some("as the ticket said"),
            ..Found::default()
        };
        match attention::review(&request, &attention, &by, found, &self.actor(&by), at) {
            Ok(noted) => keep(self.tx, &request, &noted, at),
            // Hugo's own, or still ending.
            Err(_) => Ok(()),
        }
    }

    /// Turns on one key until there is nothing to do.
    fn settle(&mut self, key: &Key, mut at: Time) -> Result<Time, Refused> {
        let mut present = false;
        for _ in 0..40 {
            let session_seconds = self.session_seconds(key);
            let turn = prepare(self.tx, key, session_seconds, true, at)?;
            let reply = match &turn.step {
                Step::Rest => return Ok(at),
                Step::Wait(until) => {
                    at = *until;
                    continue;
                }
                Step::Settle => continue,
                Step::List => Reply::Listed {
                    present: present || turn.leases == 0 && self.is_creating(key)?,
                },
                Step::Create => {
                    present = true;
                    self.accepted()
                }
                Step::Delete => {
                    present = false;
                    self.accepted()
                }
                Step::PollCreate { .. } | Step::PollDelete { .. } => Reply::Status(Status::Succeeded),
            };
            at += TimeDelta::milliseconds(self.rng.random_range(80..700));
            conclude(self.tx, key, &turn.step, reply, 0.5, at)?;
        }
        Ok(at)
    }

    fn is_creating(&mut self, key: &Key) -> Result<bool, Refused> {
        Ok(self
            .tx
            .grant(key)?
            .is_some_and(|g| matches!(g.state, teamd_domain::grant::State::Creating(_))))
    }

    fn accepted(&mut self) -> Reply {
        let id: u128 = self.rng.random();
        let hex = format!("{id:032x}");
        let request_id = format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        );
        Reply::Accepted {
            request_id,
            status: Status::InProgress,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a row of the table above")]
    fn draft(
        &mut self,
        who: &str,
        account: &str,
        set: &str,
        minutes: i64,
        reason: &str,
        ticket: Option<&str>,
        at: Time,
    ) -> Option<Request> {
        let key = Key {
            user: self.someone(who)?,
            account: account.parse().ok()?,
            permission_set: self.directory.permission_set(set)?.arn.clone(),
        };
        let duration = Seconds::new(minutes * 60).ok()?;
        let protected: BTreeSet<_> = self.directory.management_account.iter().cloned().collect();
        let ask = Ask {
            is_escalated: false,
            person: &key.user,
            account: &key.account,
            permission_set: &key.permission_set,
            duration,
            break_glass: false,
            now: at,
        };
        let judgement = evaluate(self.policy, self.directory, &protected, &ask).ok()?;
        let terms = Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration,
            justification: reason.to_owned(),
            ticket: ticket.map(|prefix| format!("{prefix}-{}", self.rng.random_range(3900..4690))),
            break_glass: false,
        };
        Some(Request {
            id: RequestId::from_parts(u64::try_from(at.timestamp_millis()).ok()?, self.rng.random()),
            version: 1,
            expires_at: expires_at(at, judgement.request_expiry, &terms),
            also_held_through: self
                .directory
                .held_through(&key.user, &key.account, &key.permission_set),
            key,
            terms,
            extends: None,
            batch_id: None,
            created_at: at,
            basis: judgement.basis,
            votes: Vec::new(),
            state: State::Pending,
        })
    }

    fn act(
        &mut self,
        request: &Request,
        command: &Command,
        by: &UserId,
        at: Time,
    ) -> Result<Request, Refused> {
        let actor = self.actor(by);
        carry_out(self.tx, request, command, &actor, at)
    }

    fn actor(&self, id: &UserId) -> Actor {
        let user_name = self
            .directory
            .people
            .get(id)
            .map(|person| person.user_name.clone());
        Actor {
            user_id: Some(id.clone()),
            user_name,
            uid: Some(60_000),
            login_uid: None,
        }
    }

    fn someone(&self, name: &str) -> Option<UserId> {
        self.directory.person_named(name).map(|person| person.id.clone())
    }

    fn session_seconds(&self, key: &Key) -> i64 {
        self.directory
            .permission_sets
            .get(&key.permission_set)
            .map_or(3600, |set| set.session_seconds)
    }
}
