//! One key, until a listing shows it gone or its time in this round is up.

use chrono::TimeDelta;
use teamd_aws::port::{Assignments, Lane};
use teamd_domain::Time;
use teamd_domain::grant::{Reply, Status};
use teamd_domain::request::Key;
use teamd_host::clock::Clock;

/// A key has so long in one round.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);

/// Pauses between tries, and between looks at an operation.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(16);

/// How a key came to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// A delete of this round.
    Deleted,
    /// Nothing was there.
    Already,
}

/// Takes one key back: list, delete, poll, and list again. The error is what AWS said last.
pub(super) async fn remove(
    assignments: &dyn Assignments,
    clock: &dyn Clock,
    key: &Key,
) -> Result<Gone, String> {
    let until = clock.now() + PATIENCE;
    let (mut gone, mut pause) = (Gone::Already, PAUSE);
    loop {
        let why = match assignments.list(key, Lane::Removal).await {
            Reply::Listed { present: false } => return Ok(gone),
            // AWS does not know the account or the set. A delete that says the same settles it.
            listed @ (Reply::Listed { present: true } | Reply::NotFound { .. }) => {
                let is_known = !matches!(listed, Reply::NotFound { .. });
                match delete(assignments, clock, key, until).await {
                    Sent::Succeeded => {
                        gone = Gone::Deleted;
                        // Nothing to wait for but a listing that lags.
                        pause = PAUSE;
                        "deleted, but a listing still shows it".to_owned()
                    }
                    Sent::NotFound(message) if !is_known => {
                        tracing::warn!(account = %key.account, message, "AWS knows no such target: nothing is left");
                        return Ok(gone);
                    }
                    Sent::Failed(why) => {
                        if is_known {
                            // Should the next listing not show it: it was this delete.
                            gone = Gone::Deleted;
                        }
                        why
                    }
                    Sent::NotFound(why) => why,
                }
            }
            other => in_words(&other),
        };
        let now = clock.now();
        if now + pause >= until {
            return Err(why);
        }
        clock.sleep_until(now + pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

enum Sent {
    Succeeded,
    NotFound(String),
    Failed(String),
}

async fn delete(assignments: &dyn Assignments, clock: &dyn Clock, key: &Key, until: Time) -> Sent {
    let (request_id, mut status) = match assignments.delete(key).await {
        Reply::Accepted { request_id, status } => (request_id, status),
        Reply::NotFound { message } => return Sent::NotFound(message),
        other => return Sent::Failed(in_words(&other)),
    };
    let mut last = "AWS has not finished the delete".to_owned();
    loop {
        match status {
            Status::Succeeded => return Sent::Succeeded,
            Status::Failed { reason } => return Sent::Failed(reason),
            Status::InProgress => {}
        }
        let now = clock.now();
        if now + PAUSE >= until {
            return Sent::Failed(last);
        }
        clock.sleep_until(now + PAUSE).await;
        status = match assignments.deletion_status(&request_id).await {
            Reply::Status(status) => status,
            // It has forgotten the operation: the listing will say.
            Reply::NotFound { message } => return Sent::Failed(message),
            other => {
                last = in_words(&other);
                Status::InProgress
            }
        };
    }
}

fn in_words(reply: &Reply) -> String {
    match reply {
        Reply::NotFound { message } | Reply::Refused { message, .. } | Reply::Unknown { message } => {
            message.clone()
        }
        Reply::Listed { .. } | Reply::Accepted { .. } | Reply::Status(_) => {
            "an answer of another call".to_owned()
        }
    }
}
