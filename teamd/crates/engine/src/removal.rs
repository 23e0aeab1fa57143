//! Takes one key back without a store: what `teamd sweep` and the tests need. The steps are the reconciler's
//! ([`plan`], [`record`]), the record of them is in memory only. No create can come out of it.
//!
//! ```text
//! let mut removal = Removal::of(key);                                  // or Removal::known(grant)
//! let verified = removal.carry_out(&*assignments, &*clock, &stop, |note| tracing::info!(?note)).await;
//! ```

use super::random;
use std::time::Duration;
use teamd_aws::port::{Assignments, Lane};
use teamd_domain::Time;
use teamd_domain::grant::{Grant, Note, Reply, State, Step, Wanted, plan, record};
use teamd_domain::request::Key;
use teamd_host::clock::Clock;
use tokio_util::sync::CancellationToken;

/// The longest that one AWS call may take before its answer counts as lost. Above the adapter's own time-outs.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// Nobody holds it, and somebody waits for its absence.
const UNWANTED: Wanted = Wanted {
    leases: 0,
    closing: 1,
    may_create: false,
};

/// A key that is being taken back.
#[derive(Debug, Clone)]
pub struct Removal {
    grant: Grant,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This call to AWS; [`Removal::answered`] takes its reply.
    Call(Step),
    /// Nothing before this moment.
    Wait(Time),
    /// A listing taken after the delete shows its absence.
    Verified,
}

impl Removal {
    /// Nothing is known but that the key is ours: look, delete whatever the listing says, verify.
    #[must_use]
    pub fn of(key: Key) -> Self {
        Self::known(Grant {
            state: State::Unknown,
            ..Grant::new(key)
        })
    }

    /// Goes on from what is known.
    #[must_use]
    pub fn known(grant: Grant) -> Self {
        Self { grant }
    }

    /// What is known by now: failed tries, the last error, AWS's request id.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What to do now.
    pub fn next(&mut self, now: Time) -> Next {
        let planned = plan(&self.grant, UNWANTED, now);
        if let Some(grant) = planned.save {
            self.grant = grant;
        }
        match planned.step {
            Step::Rest | Step::Settle => Next::Verified,
            Step::Wait(at) => Next::Wait(at),
            step @ (Step::List
            | Step::Create
            | Step::PollCreate { .. }
            | Step::Delete
            | Step::PollDelete { .. }) => Next::Call(step),
        }
    }

    /// Takes the reply to a call. `jitter` is in 0..1.
    pub fn answered(&mut self, step: &Step, reply: Reply, jitter: f64, now: Time) -> Vec<Note> {
        let recorded = record(&self.grant, step, reply, UNWANTED.leases, jitter, now);
        self.grant = recorded.grant;
        recorded.notes
    }

    /// Everything, until the absence is verified (`true`) or `stop` is cancelled (`false`). Never gives up by itself:
    /// drop it, or cancel, where there must be an end.
    pub async fn carry_out(
        &mut self,
        assignments: &dyn Assignments,
        clock: &dyn Clock,
        stop: &CancellationToken,
        mut tell: impl FnMut(&Note),
    ) -> bool {
        while !stop.is_cancelled() {
            match self.next(clock.now()) {
                Next::Verified => return true,
                Next::Wait(at) => {
                    tokio::select! {
                        biased;
                        () = clock.sleep_until(at) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Next::Call(step) => {
                    let reply = call(assignments, &self.grant.key, &step).await;
                    let notes = self.answered(&step, reply, random::jitter(), clock.now());
                    notes.iter().for_each(&mut tell);
                }
            }
        }
        false
    }
}

/// One call on the removal lane. A create is not among them.
async fn call(assignments: &dyn Assignments, key: &Key, step: &Step) -> Reply {
    let call = async {
        match step {
            Step::List => assignments.list(key, Lane::Removal).await,
            Step::PollCreate { request_id } => assignments.creation_status(request_id, Lane::Removal).await,
            Step::Delete => assignments.delete(key).await,
            Step::PollDelete { request_id } => assignments.deletion_status(request_id).await,
            Step::Create | Step::Rest | Step::Wait(_) | Step::Settle => Reply::Unknown {
                message: "no call of a removal".to_owned(),
            },
        }
    };
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(reply) => reply,
        Err(_) => Reply::Unknown {
            message: format!("no answer within {} s", CALL_LIMIT.as_secs()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use teamd_domain::grant::Status;

    /// Steps on a key that AWS has (or not), with what AWS answers to each kind of call.
    fn steps(mut removal: Removal, mut present: bool, lost_deletes: usize) -> Vec<&'static str> {
        let (mut now, mut lost, mut seen) = (Time::from_timestamp(1_795_000_000, 0).unwrap(), 0, Vec::new());
        for _ in 0..100 {
            let step = match removal.next(now) {
                Next::Verified => {
                    seen.push("verified");
                    assert!(!present);
                    return seen;
                }
                Next::Wait(at) => {
                    now = at;
                    continue;
                }
                Next::Call(step) => step,
            };
            now += TimeDelta::seconds(1);
            let (word, reply) = match &step {
                Step::List => ("list", Reply::Listed { present }),
                Step::Delete if lost < lost_deletes => {
                    lost += 1;
                    let message = "lost".to_owned();
                    ("lost delete", Reply::Unknown { message })
                }
                Step::Delete => {
                    present = false;
                    let request_id = "op".to_owned();
                    let status = Status::InProgress;
                    ("delete", Reply::Accepted { request_id, status })
                }
                Step::PollDelete { .. } => ("poll", Reply::Status(Status::Succeeded)),
                other => unreachable!("{other:?}"),
            };
            seen.push(word);
            removal.answered(&step, reply, 0.5, now);
        }
        unreachable!("no end: {seen:?}")
    }

    fn key() -> Key {
        Key {
            user: "u-alice".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:ps".parse().unwrap(),
        }
    }

    #[test]
    fn it_looks_deletes_polls_and_verifies() {
        assert_eq!(
            steps(Removal::of(key()), true, 0),
            ["list", "delete", "poll", "list", "verified"]
        );
    }

    #[test]
    fn a_listing_that_shows_nothing_is_not_believed_without_a_delete() {
        let steps = steps(Removal::of(key()), false, 0);
        assert_eq!(steps, ["list", "delete", "poll", "list", "verified"]);
    }

    #[test]
    fn what_is_known_needs_no_look_and_a_lost_delete_is_sent_again() {
        let grant = Grant {
            state: State::Present,
            ..Grant::new(key())
        };
        let steps = steps(Removal::known(grant), true, 3);
        assert_eq!(
            steps,
            [
                "lost delete",
                "lost delete",
                "lost delete",
                "delete",
                "poll",
                "list",
                "verified"
            ]
        );
    }
}
