//! The copy of what AWS says exists: refreshed in the background, usable at once from the store after a restart.

use super::instance::Instance;
use super::refused::Refused;
use super::{Engine, commit, decide};
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::ids::UserId;
use team_shared::problem::Code;
use team_shared::state::RequestState;
use teamd_aws::port::{AwsError, FreshPerson};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::request::{Command, Request, State};
use teamd_host::failpoint::{Injected, hit, pass};
use teamd_policy::{OnLostEligibility, Refusal, widened};
use teamd_store::WriteLane;
use teamd_store::port::RequestFilter;

/// How long a verb waits for the very first load.
const FIRST_LOAD: Duration = Duration::from_secs(20);

/// Rules named in one event of a directory that lets people do more.
const WIDENED_RULES: usize = 20;

/// How long a fresh look at one person may take before the copy does.
const FRESH_LOOK: Duration = Duration::from_secs(3);

/// Refreshes that may fail before no access is created by the copy.
const STALE_AFTER: i64 = 4;

/// The longest load. In the largest organisations one takes minutes at AWS's pace.
const LONGEST_LOAD: Duration = Duration::from_secs(30 * 60);

impl Engine {
    pub(super) async fn run_directory(&self) {
        let mut failures = 0u32;
        while !self.stop.is_cancelled() {
            let loaded = tokio::select! {
                biased;
                loaded = self.refresh_directory() => loaded,
                // A load takes seconds at AWS's pace, and half of one is of no use: a stop does not wait for it.
                () = self.stop.cancelled() => return,
            };
            let pause = match loaded {
                Ok(()) => {
                    failures = 0;
                    let refresh = self.settings().directory_refresh.get();
                    // A little early, so that the copy is never old while AWS answers.
                    TimeDelta::seconds((refresh * 4 / 5).max(1))
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, "the directory could not be loaded");
                    self.directory_error.store(Some(Arc::new(error.to_string())));
                    TimeDelta::seconds(i64::from(2u32.pow(failures.min(5))))
                }
            };
            tokio::select! {
                biased;
                () = self.clock.sleep_until(self.clock.now() + pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn refresh_directory(&self) -> Result<(), AwsError> {
        let lost = |injected: Injected| AwsError::Unreachable(injected.to_string());
        pass("aws.directory").await.map_err(lost)?;
        let loading = tokio::time::timeout(LONGEST_LOAD, self.source.load(self.clock.now()));
        let mut directory = loading
            .await
            .map_err(|_| AwsError::Unreachable("a directory load took over 30 minutes".to_owned()))??;
        directory.on_call = self.on_call_of(&directory);
        pass("aws.directory.answered").await.map_err(lost)?;
        self.refuse_other_instance(&directory).await?;
        self.refuse_shrunk(&directory)?;
        self.learn_management_account(&directory);
        let more = match (self.policy(), self.directory()) {
            (Some(in_force), Some(copy)) => widened(&in_force.policy, &copy, &directory),
            _ => Vec::new(),
        };
        let (kept, accounts, now) = (directory.clone(), self.accounts.known(), self.clock.now());
        let saved = self
            .store
            .write(WriteLane::Background, move |tx| {
                hit("directory.save")?;
                tx.save_directory(&kept)?;
                accounts.save(tx)?;
                if !more.is_empty() {
                    let event = EventDraft::new(EventType::DirectoryWidened)
                        .by(&Actor::daemon())
                        .with(
                            "rules",
                            Datum::List(more.iter().take(WIDENED_RULES).cloned().collect()),
                        )
                        .with(
                            "count",
                            Datum::Number(i64::try_from(more.len()).unwrap_or(i64::MAX)),
                        );
                    commit::tell(tx, &event, now)?;
                }
                Ok::<_, Refused>(())
            })
            .await;
        if let Err(error) = saved {
            tracing::error!(%error, "the directory copy could not be kept");
        }
        self.directory_error.store(None);
        self.directory.store(Some(Arc::new(directory)));
        self.directory_loads.send_modify(|loads| *loads += 1);
        self.deadlines_wake.notify_one();
        if let Err(error) = self.recheck_open_requests().await {
            tracing::error!(%error, "open requests could not be checked against the new directory");
        }
        Ok(())
    }

    /// An organisation that has vanished is lost permission, not lost accounts: acting on it would withdraw everything.
    fn refuse_shrunk(&self, directory: &Directory) -> Result<(), AwsError> {
        let Some(copy) = self.directory() else {
            return Ok(());
        };
        let is_same_instance = Instance::of(&copy) == Instance::of(directory);
        let had = copy.management_account.as_ref();
        if is_same_instance && had.is_some() && directory.management_account.as_ref() != had {
            return Err(AwsError::Refused(
                "AWS Organizations does not name the management account that it named before; the copy stays"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Waits for the first complete load, where there has never been one.
    ///
    /// # Errors
    /// AWS does not answer in time.
    pub async fn directory_ready(&self) -> Result<(), Refused> {
        let mut loads = self.directory_loads.subscribe();
        let wait = async {
            while self.directory.load().is_none() {
                tokio::select! {
                    biased;
                    changed = loads.changed() => if changed.is_err() { return false },
                    // A stop is not held up by those who wait.
                    () = self.stop.cancelled() => return false,
                }
            }
            true
        };
        if !tokio::time::timeout(FIRST_LOAD, wait).await.unwrap_or(false) {
            let why = self.directory_error.load_full().map(|e| e.to_string());
            return Err(Refused::new(
                Code::DirectoryUnavailable,
                format!(
                    "the directory has never been loaded from AWS: {}",
                    why.as_deref().unwrap_or("the first load is under way")
                ),
            )
            .help("`team-tui status` says what AWS answers; it is tried again by itself"));
        }
        Ok(())
    }

    /// The copy is older than `[aws] directory_refresh`.
    pub(super) fn directory_is_old(&self) -> bool {
        let refresh = TimeDelta::seconds(self.settings().directory_refresh.get());
        self.directory()
            .is_some_and(|d| self.clock.now() - d.loaded_at > refresh)
    }

    /// The copy is too old to create access by: loads have failed for four times `[aws] directory_refresh`.
    pub(super) fn directory_is_stale(&self) -> bool {
        let limit = TimeDelta::seconds(self.settings().directory_refresh.get() * STALE_AFTER);
        self.directory_error.load().is_some()
            && self
                .directory()
                .is_some_and(|copy| self.clock.now() - copy.loaded_at > limit)
    }

    /// Asks AWS about one person where the copy is old. Where AWS does not answer, the copy stays.
    pub(super) async fn refresh_person(&self, user: &UserId) {
        if !self.directory_is_old() {
            return;
        }
        let Some(copy) = self.directory() else { return };
        let asked = self.source.person(&copy.identity_store_id, user);
        if let Ok(Ok(fresh)) = tokio::time::timeout(FRESH_LOOK, asked).await {
            self.directory.rcu(|current| {
                let current = current.as_ref()?;
                // While AWS was asked about one, all were loaded: what is newer stays.
                if current.loaded_at > copy.loaded_at {
                    return Some(Arc::clone(current));
                }
                Some(Arc::new(patched(current, user, &fresh)))
            });
        }
    }

    /// Ends what has lost its basis: pending and scheduled requests are withdrawn, live access ends where the policy
    /// says so. Without a directory, or before every source of who is on call was read, it changes nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn recheck_open_requests(&self) -> Result<(), Refused> {
        pass("directory.recheck").await?;
        let facts = self.facts();
        // Until the directory was loaded and every source of who is on call was read, nobody can say who is not there.
        let is_known = facts.directory.is_some() && self.on_call_is_read();
        let Some(in_force) = facts.policy.clone().filter(|_| is_known) else {
            return Ok(());
        };
        let ends_active = in_force.policy.settings.on_lost_eligibility == OnLostEligibility::End;
        let mut before = None;
        loop {
            let filter = RequestFilter {
                states: vec![
                    RequestState::Pending,
                    RequestState::Scheduled,
                    RequestState::Activating,
                    RequestState::Active,
                ],
                before,
                limit: 200,
                ..RequestFilter::default()
            };
            let page = self
                .store
                .read(move |read| Ok::<_, Refused>(read.requests(&filter)?))
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.id);
            for request in page {
                let now = self.clock.now();
                let live = request.state.is_live();
                if live && !ends_active {
                    continue;
                }
                if lost_basis(&facts, &request, now).is_some() {
                    self.lose_basis(&request, &facts, now).await;
                }
            }
        }
    }

    /// Ends or withdraws a request, if it has lost its basis as it is by now too: somebody may have moved it meanwhile.
    async fn lose_basis(&self, request: &Request, facts: &super::Facts, now: Time) {
        let (id, facts) = (request.id, facts.clone());
        let moved = self
            .store
            .remove(move |tx| {
                let in_force = facts.policy.as_ref();
                if in_force.is_some_and(|policy| policy.row.version < tx.policy_in_force().unwrap_or(0)) {
                    // Whoever applied the later one looks at all open requests by it.
                    return Ok(None);
                }
                let ends_active = in_force.is_some_and(|in_force| {
                    in_force.policy.settings.on_lost_eligibility == OnLostEligibility::End
                });
                let request = tx
                    .request(&id)?
                    .filter(|request| !matches!(request.state, State::Ending { .. }))
                    .filter(|request| !request.state.word().is_terminal())
                    .filter(|request| ends_active || !request.state.is_live());
                let Some(request) = request else {
                    return Ok(None);
                };
                let Some(reason) = lost_basis(&facts, &request, now) else {
                    return Ok(None);
                };
                let command = Command::LoseBasis { reason };
                commit::carry_out(tx, &request, &command, &Actor::daemon(), now).map(Some)
            })
            .await;
        match moved {
            Ok(Some(request)) => self.after_commit(&request),
            Ok(None) => {}
            Err(error) => tracing::error!(request = %id, %error, "a request without basis does not move"),
        }
    }
}

/// The copy with what is fresh about one person.
fn patched(copy: &Directory, user: &UserId, fresh: &FreshPerson) -> Directory {
    let mut directory = copy.clone();
    if let Some(person) = directory.people.get_mut(user) {
        person.enabled = fresh.enabled;
    }
    for (id, group) in &mut directory.groups {
        if fresh.groups.contains(id) {
            group.members.insert(user.clone());
        } else {
            group.members.remove(user);
        }
    }
    directory
}

/// Why a request has lost its basis; none: it has one. Too few approvers, or a duration that a running window has
/// outlived, is no loss.
pub(super) fn lost_basis(facts: &super::Facts, request: &Request, now: Time) -> Option<String> {
    // Most fit by the facts as they are, which saves making every form of them.
    lost_basis_by(facts, request, now)?;
    let possible = facts.possible_losses(&request.key.user).into_iter();
    let reasons: Option<Vec<String>> = possible
        .map(|facts| lost_basis_by(&facts, request, now))
        .collect();
    reasons?.into_iter().next()
}

/// Whether some possible on-call membership gives the request no basis. Nothing new is created for it then.
pub(super) fn may_be_lost(facts: &super::Facts, request: &Request, now: Time) -> bool {
    let possible = facts.possible(&request.key.user);
    possible
        .iter()
        .any(|facts| lost_basis_by(facts, request, now).is_some())
}

fn lost_basis_by(facts: &super::Facts, request: &Request, now: Time) -> Option<String> {
    match decide::judge(facts, request, request.terms.duration, now) {
        Ok(_) | Err(Refusal::NoApprover { .. } | Refusal::UnderMin { .. }) => None,
        // A rule that runs out while access is live was looked at when the access was given.
        Err(_)
            if matches!(request.state, State::Active { .. }) && still_fits_briefly(facts, request, now) =>
        {
            None
        }
        Err(refusal) => Some(format!("eligibility_lost: {refusal}")),
    }
}

fn still_fits_briefly(facts: &super::Facts, request: &Request, now: Time) -> bool {
    match team_shared::duration::Seconds::new(1) {
        Ok(moment) => matches!(
            decide::judge(facts, request, moment, now),
            Ok(_) | Err(Refusal::NoApprover { .. } | Refusal::UnderMin { .. })
        ),
        Err(_) => false,
    }
}
