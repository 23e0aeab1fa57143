//! The calls of a driver: each on its own, or shared with others where one answers for many.

use super::listings::no_answer;
use super::statuses::{Heard, How};
use crate::{Engine, random};
use std::sync::Arc;
use std::time::Duration;
use teamd_aws::port::Lane;
use teamd_domain::grant::{Phase, Refusal, Reply, State, Status, Step};
use teamd_domain::request::Key;
use teamd_host::failpoint::{Injected, pass};

/// The longest that one AWS call may take before its driver gives up on the answer. Above the adapter's own time-outs.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// The pause between two listings of unfinished deletes, in seconds, and what chance adds: operations that take all the
/// same time must not keep finishing just after we looked.
const BETWEEN_STATUSES: (f64, f64) = (0.15, 0.2);

/// What a reply says about the account that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Nothing,
    Good,
    Bad { is_conflict: bool },
}

/// A call that did what it should speaks for the account; one that failed, for a reason other than our pace, against it.
pub(super) fn verdict(step: &Step, reply: &Reply, lane: Lane) -> Verdict {
    let of_write = |is_conflict| {
        if step.is_write() {
            Verdict::Bad { is_conflict }
        } else {
            Verdict::Nothing
        }
    };
    match reply {
        Reply::Listed { present } if *present == (lane != Lane::Removal) => Verdict::Good,
        Reply::Status(Status::Failed { .. }) => Verdict::Bad { is_conflict: false },
        Reply::Refused { class, .. } => match class {
            Refusal::Throttled => Verdict::Nothing,
            Refusal::Conflict => of_write(true),
            Refusal::Transient | Refusal::AccessDenied | Refusal::Permanent => of_write(false),
        },
        Reply::Unknown { .. } => of_write(false),
        Reply::Listed { .. }
        | Reply::Status(Status::InProgress | Status::Succeeded)
        | Reply::Accepted { .. }
        | Reply::NotFound { .. } => Verdict::Nothing,
    }
}

impl Engine {
    pub(super) async fn call(self: &Arc<Self>, key: &Key, step: &Step, lane: Lane) -> Reply {
        match step {
            Step::List => self.listed(key, lane).await,
            Step::Create => within("aws.create", "aws.create.answered", self.assignments.create(key)).await,
            Step::PollCreate { request_id } => {
                // It holds a place that a removal may be waiting for.
                let lane = if self.drivers.removals_wait() {
                    Lane::Removal
                } else {
                    lane
                };
                within(
                    "aws.create_status",
                    "aws.create_status.answered",
                    self.assignments.creation_status(request_id, lane),
                )
                .await
            }
            Step::Delete => self.delete(key).await,
            Step::PollDelete { request_id } => self.deletion_status(request_id).await,
            Step::Rest | Step::Wait(_) | Step::Settle => Reply::Unknown {
                message: "no call".to_owned(),
            },
        }
    }

    async fn listed(self: &Arc<Self>, key: &Key, lane: Lane) -> Reply {
        if let Err(injected) = pass("aws.list").await {
            return lost(injected);
        }
        let (listing, is_new) = self.drivers.listings.join(key, lane);
        if is_new {
            let (this, key) = (Arc::clone(self), key.clone());
            self.shutdown.spawn_short("listing", async move {
                let serve = this
                    .drivers
                    .listings
                    .serve(&key, lane, this.assignments.as_ref(), CALL_LIMIT);
                tokio::select! {
                    () = serve => {}
                    () = this.stop.cancelled() => {}
                }
            });
        }
        let reply = listing.await.unwrap_or_else(|_| Reply::Unknown {
            message: "the listing was given up".to_owned(),
        });
        if let Err(injected) = pass("aws.list.answered").await {
            return lost(injected);
        }
        match reply {
            Reply::Listed { present: false } | Reply::NotFound { .. }
                if !self.proves_absence(key, &reply) =>
            {
                Reply::Unknown {
                    message: "not there, but the answer is not of the instance that the access belongs to"
                        .to_owned(),
                }
            }
            Reply::Listed { present } => self.doubted(key, present).await,
            reply => reply,
        }
    }

    /// A listing, after a delete that is finished. Where it still shows the assignment, and only another listing says
    /// that the delete is finished, AWS is asked how it ended.
    async fn doubted(&self, key: &Key, present: bool) -> Reply {
        let listed = Reply::Listed { present };
        let Ok(looked) = self.look(key).await else {
            return listed;
        };
        let State::Deleting(Phase::Verifying {
            request_id: Some(request_id),
            ..
        }) = looked.grant.state
        else {
            return listed;
        };
        if !self.drivers.statuses.take_unvouched(&request_id) || !present {
            return listed;
        }
        match self.describe_deletion(&request_id).await {
            failed @ Reply::Status(Status::Failed { .. }) => failed,
            _ => listed,
        }
    }

    async fn delete(self: &Arc<Self>, key: &Key) -> Reply {
        let reply = within("aws.delete", "aws.delete.answered", self.assignments.delete(key)).await;
        if let Reply::Accepted {
            request_id,
            status: Status::InProgress,
        } = &reply
        {
            let (unfinished, now) = (self.drivers.unfinished(), self.clock.now());
            if self.drivers.statuses.watch(request_id, unfinished, now) {
                self.list_statuses();
            }
        }
        reply
    }

    async fn deletion_status(self: &Arc<Self>, request_id: &str) -> Reply {
        let (unfinished, now) = (self.drivers.unfinished(), self.clock.now());
        let heard = match self.drivers.statuses.ask(request_id, unfinished, now) {
            How::Told(heard) => heard,
            How::Wait(heard, is_first) => {
                if is_first {
                    self.list_statuses();
                }
                heard.await.unwrap_or(Heard::Describe)
            }
        };
        match heard {
            Heard::Reply(reply) => reply,
            Heard::Describe => self.describe_deletion(request_id).await,
        }
    }

    async fn describe_deletion(&self, request_id: &str) -> Reply {
        within(
            "aws.delete_status",
            "aws.delete_status.answered",
            self.assignments.deletion_status(request_id),
        )
        .await
    }

    fn list_statuses(self: &Arc<Self>) {
        let this = Arc::clone(self);
        self.shutdown
            .spawn_short("statuses", async move { this.run_statuses().await });
    }

    async fn run_statuses(&self) {
        let mut stopped = Stopped(self, true);
        let (least, more) = BETWEEN_STATUSES;
        while !self.stop.is_cancelled() {
            tokio::time::sleep(Duration::from_secs_f64(least + more * random::jitter())).await;
            let round = self
                .drivers
                .statuses
                .round(self.assignments.as_ref(), || self.clock.now());
            match tokio::time::timeout(CALL_LIMIT, round).await {
                Ok(true) => {}
                Ok(false) => {
                    stopped.1 = false;
                    return;
                }
                Err(_) => return,
            }
        }
    }
}

/// However the task of the listings ends early, nobody goes on waiting for it.
struct Stopped<'a>(&'a Engine, bool);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.drivers.statuses.stop();
        }
    }
}

/// The answer to a call, if it comes in time. The points are before and after it.
async fn within(
    sent: &'static str,
    answered: &'static str,
    call: impl Future<Output = Reply> + Send,
) -> Reply {
    let call = async {
        pass(sent).await?;
        let reply = call.await;
        pass(answered).await?;
        Ok(reply)
    };
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(reply) => reply.unwrap_or_else(lost),
        Err(_) => no_answer(CALL_LIMIT),
    }
}

fn lost(injected: Injected) -> Reply {
    Reply::Unknown {
        message: injected.to_string(),
    }
}
