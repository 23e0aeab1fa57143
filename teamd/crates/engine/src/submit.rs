//! Filing a request.

use super::decision::{MAX_TRIES, moving_facts};
use super::filing::{file, find_target, make_request, refuse_batch, refuse_texts};
use super::freeze::refuse_frozen;
use super::refused::Refused;
use super::terms::read_terms;
use super::{Engine, Facts, daily, random};
use futures::future::join_all;
use std::collections::HashSet;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::text;
use teamd_aws::port::Lane;
use teamd_domain::Time;
use teamd_domain::grant::{Reply, State as GrantState};
use teamd_domain::identity::Caller;
use teamd_domain::request::{Key, Next, Request, State, submit};
use teamd_host::failpoint::pass;
use teamd_policy::Ask;
use teamd_store::WriteLane;
use teamd_store::port::{Remembered, Tx};

/// How long AWS is waited for at a submission before the check is left to the moment before the create.
const LOOK_FOR: Duration = Duration::from_secs(3);

/// What a person asks for. Who asks is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Account id, or a name that only one account has.
    pub account: String,
    /// Permission set, by name or ARN.
    pub permission_set: String,
    /// How long, in seconds; this or `end_at`.
    pub duration_seconds: Option<i64>,
    /// Until when.
    pub end_at: Option<Time>,
    /// From when; absent: as soon as approved.
    pub start_at: Option<Time>,
    /// Why.
    pub justification: String,
    /// Ticket.
    pub ticket: Option<String>,
    /// Under the break-glass rules.
    pub break_glass: bool,
    /// Batch.
    pub batch_id: Option<String>,
}

/// What makes a submission that is sent again the same one: kept in the transaction that files it, so that no crash
/// comes between the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose key.
    pub caller: String,
    /// The key.
    pub key: String,
    /// SHA-256 over the call.
    pub fingerprint: [u8; 32],
}

impl Mark {
    /// Keeps it with the ids of what was filed.
    pub(super) fn keep(
        &self,
        tx: &mut dyn Tx,
        filed: impl IntoIterator<Item = RequestId>,
        now: Time,
    ) -> Result<(), Refused> {
        let ids: Vec<String> = filed.into_iter().map(|id| id.to_string()).collect();
        let answer = Remembered {
            fingerprint: self.fingerprint,
            status: 201,
            body: format!("{FILED}{}", ids.join(" ")),
            at: now,
        };
        Ok(tx.remember(&self.caller, &self.key, &answer)?)
    }
}

/// A request that a submission makes, and how much of it policy allows in a day.
type Draft = (Request, Option<Seconds>);

/// What is remembered of a call whose answer is not written yet: this, and the ids of the requests that it filed.
pub const FILED: &str = "filed ";

/// A filed request, or what it would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The request.
    pub request: Request,
    /// It was filed; false for a dry run.
    pub is_filed: bool,
}

impl Engine {
    /// Files a request for the caller, or with `dry_run` says what would come of it.
    ///
    /// # Errors
    /// A refusal with its rule; nothing is filed.
    pub async fn submit(
        &self,
        caller: &Caller,
        submission: Submission,
        dry_run: bool,
    ) -> Result<Filed, Refused> {
        self.submit_once(caller, submission, dry_run, None).await
    }

    /// The same, remembered under a key together with the request.
    ///
    /// # Errors
    /// A refusal.
    pub async fn submit_once(
        &self,
        caller: &Caller,
        submission: Submission,
        dry_run: bool,
        mark: Option<Mark>,
    ) -> Result<Filed, Refused> {
        let mut requests = self.submit_all(caller, &[submission], dry_run, mark).await?;
        let request = requests
            .pop()
            .ok_or_else(|| Refused::field("requests", "nothing is asked for"))?;
        Ok(Filed {
            request,
            is_filed: !dry_run,
        })
    }

    /// Files several requests of the caller, all of them or none. They count as one submission of the minute.
    ///
    /// # Errors
    /// The first refusal; nothing is filed. Of several it says which account it is about.
    pub async fn submit_all(
        &self,
        caller: &Caller,
        submissions: &[Submission],
        dry_run: bool,
        mark: Option<Mark>,
    ) -> Result<Vec<Request>, Refused> {
        let now = self.clock.now();
        let person = self.facts().access(caller).acting_person()?.clone();
        let place = self.limits.take_submit(&person, now, &self.settings())?;
        self.directory_ready().await?;
        self.on_call_ready().await;
        self.accounts_ready().await;
        self.refresh_person(&person).await;
        self.store.read(|read| refuse_frozen(read)).await?;
        self.facts().refuse_held()?;
        let about = |at: usize, refused: Refused| match submissions {
            [_] | [] => refused,
            several => Refused {
                detail: format!("{}: {}", text::inert(&several[at].account), refused.detail),
                ..refused
            },
        };
        let mut looked = HashSet::new();
        for _ in 0..MAX_TRIES {
            let facts = self.facts();
            let mut drafts = Vec::new();
            for (at, submission) in submissions.iter().enumerate() {
                let draft = self.draft(&facts, &person, submission, now);
                drafts.push(draft.map_err(|refused| about(at, refused))?);
            }
            if dry_run {
                return self.would_file(caller, &facts, drafts, now).await;
            }
            // All at once: each has its own patience with AWS.
            let looks = drafts.iter().map(|(request, _)| async {
                match looked.contains(&request.key) {
                    true => Ok(()),
                    false => self.refuse_standing(&request.key).await,
                }
            });
            for (at, held) in join_all(looks).await.into_iter().enumerate() {
                held.map_err(|refused| about(at, refused))?;
            }
            looked.extend(drafts.iter().map(|(request, _)| request.key.clone()));
            pass("submit.file").await?;
            let Some(requests) = self
                .file_drafts(caller, submissions, facts, drafts, mark.clone(), now)
                .await?
            else {
                self.catch_up_with_policy().await?;
                continue;
            };
            pass("submit.filed").await?;
            place.keep();
            for request in &requests {
                self.after_commit(request);
            }
            return Ok(requests);
        }
        Err(moving_facts())
    }

    /// What would come of drafts.
    async fn would_file(
        &self,
        caller: &Caller,
        facts: &Facts,
        drafts: Vec<Draft>,
        now: Time,
    ) -> Result<Vec<Request>, Refused> {
        let (actor, directory) = (caller.actor(), facts.directory.clone());
        let would = drafts
            .iter()
            .map(|(request, _)| submit(request.clone(), &actor, now).request);
        let requests = would.collect();
        self.store
            .read(move |read| {
                for (draft, max_per_day) in &drafts {
                    daily::refuse_over(read, draft, *max_per_day, directory.as_deref(), now)?;
                }
                Ok::<_, Refused>(())
            })
            .await?;
        Ok(requests)
    }

    /// Files drafts; none: policy or directory are not those any more that they were judged by.
    async fn file_drafts(
        &self,
        caller: &Caller,
        submissions: &[Submission],
        facts: Facts,
        drafts: Vec<Draft>,
        mark: Option<Mark>,
        now: Time,
    ) -> Result<Option<Vec<Request>>, Refused> {
        let (actor, pending_per_user) = (caller.actor(), self.settings().pending_per_user);
        let filed: Vec<(Next, Option<Seconds>)> = drafts
            .into_iter()
            .map(|(request, max_per_day)| (submit(request, &actor, now), max_per_day))
            .collect();
        let requests: Vec<Request> = filed.iter().map(|(next, _)| next.request.clone()).collect();
        let names: Vec<String> = submissions.iter().map(|one| text::inert(&one.account)).collect();
        let currency = self.currency();
        let is_filed = self
            .store
            .write(WriteLane::Normal, move |tx| {
                if !currency.holds(tx, &facts)? {
                    return Ok(false);
                }
                let directory = facts.directory.as_deref();
                refuse_frozen(tx)?;
                facts.refuse_held()?;
                // Those that are filed together are of one batch, so that it is looked at once for all of them.
                for (at, (next, _)) in filed.iter().enumerate() {
                    let is_new = filed[..at]
                        .iter()
                        .all(|(other, _)| other.request.batch_id != next.request.batch_id);
                    if is_new {
                        refuse_batch(tx, &next.request)?;
                    }
                }
                for ((next, max_per_day), name) in filed.iter().zip(&names) {
                    let one = file(tx, next, *max_per_day, pending_per_user, directory, now);
                    one.map_err(|refused| match filed.len() {
                        1 => refused,
                        _ => Refused {
                            detail: format!("{name}: {}", refused.detail),
                            ..refused
                        },
                    })?;
                }
                if let Some(mark) = &mark {
                    mark.keep(tx, filed.iter().map(|(next, _)| next.request.id), now)?;
                }
                Ok::<_, Refused>(true)
            })
            .await?;
        Ok(is_filed.then_some(requests))
    }

    /// A new id for a batch: a ULID.
    #[must_use]
    pub fn new_batch_id(&self) -> String {
        random::request_id(self.clock.now()).to_string()
    }

    /// Refuses where the caller's minute is used up, by submissions or by refused ones.
    ///
    /// # Errors
    /// Not a person, or too many.
    pub fn check_submit_rate(&self, caller: &Caller) -> Result<(), Refused> {
        let person = self.facts().access(caller).acting_person()?.clone();
        self.limits
            .check_submit(&person, self.clock.now(), &self.settings())
    }

    /// One more submission of the caller was refused, for whatever reason but the limit itself.
    pub fn count_refused_submit(&self, caller: &Caller, refused: &Refused) {
        if let Some(person) = caller.person().filter(|_| refused.code != Code::LimitReached) {
            self.limits.count_refused(person, self.clock.now());
        }
    }

    /// The request that a submission makes, judged but not filed, and how much of it policy allows in a day.
    fn draft(
        &self,
        facts: &Facts,
        person: &team_shared::ids::UserId,
        submission: &Submission,
        now: Time,
    ) -> Result<Draft, Refused> {
        let (_, directory) = facts.both()?;
        // Visibility goes before validation.
        let key = find_target(directory, person, submission)?;
        let terms = read_terms(submission, now)?;
        let ask = Ask {
            person,
            account: &key.account,
            permission_set: &key.permission_set,
            duration: terms.duration,
            break_glass: terms.break_glass,
            is_escalated: false,
            now: terms.start_at.unwrap_or(now),
        };
        let judgement = facts.judge_new(&ask)?;
        refuse_texts(&judgement.texts, &terms)?;
        let max_per_day = judgement.max_per_day;
        let request = make_request(key, terms, submission, judgement, directory, now);
        Ok((request, max_per_day))
    }

    /// Refuses where the person holds exactly this without us. Where AWS cannot be asked, the check before the create
    /// does it.
    pub(super) async fn refuse_standing(&self, key: &Key) -> Result<(), Refused> {
        if self.is_ours(key).await? {
            return Ok(());
        }
        let look = self.lookups.list(key, Lane::Grant);
        let Ok(Reply::Listed { present: true }) = tokio::time::timeout(LOOK_FOR, look).await else {
            return Ok(());
        };
        // What AWS lists may be what another request of the same person has begun while it was asked.
        if self.is_ours(key).await? {
            return Ok(());
        }
        Err(Refused::new(
            Code::StandingAccess,
            "you hold exactly this already: a standing assignment of this permission set on this account",
        )
        .help("use it as it is; an administrator of Identity Center can remove the standing assignment"))
    }

    /// Whether what AWS has under this key, if it has anything, may be what we have created.
    async fn is_ours(&self, key: &Key) -> Result<bool, Refused> {
        let key = key.clone();
        let known = self
            .store
            .read(move |read| Ok::<_, Refused>(read.grant(&key)?))
            .await?;
        Ok(known.is_some_and(|grant| {
            !matches!(
                grant.state,
                GrantState::Absent { .. } | GrantState::Foreign { .. }
            ) || grant.ambiguous_create_at.is_some()
        }))
    }

    /// What must follow once a change of a request is durable.
    pub(super) fn after_commit(&self, request: &Request) {
        self.switches.poke(&request.key);
        self.deadlines_wake.notify_one();
        self.outbox_wake.notify_one();
        self.reminders_wake.notify_one();
        // What becomes of an extension can end the request that it extends.
        if request.extends.is_some()
            || matches!(
                request.state,
                State::Activating { .. } | State::Ending { .. } | State::Active { .. }
            )
        {
            self.drivers.poke(&request.key);
        }
    }
}
