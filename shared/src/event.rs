//! Events: one vocabulary for audit, stream and notifications.
//!
//! To add a type: a line in [`EventType`]; the match in the daemon's audit then says where it must be handled.

use crate::ids::{RequestId, UserId};
use crate::state::words;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

words!(
    /// What happened.
    EventType {
        /// A request was filed.
        RequestSubmitted = "request.submitted",
        /// Somebody looks at it.
        RequestClaimed = "request.claimed",
        /// Somebody does not look at it any more.
        RequestUnclaimed = "request.unclaimed",
        /// Nobody has decided it for long: others may, too.
        RequestEscalated = "request.escalated",
        /// A vote that did not yet decide.
        RequestVoted = "request.voted",
        /// An approver changed the terms.
        RequestTermsChanged = "request.terms_changed",
        /// Every demand has its quorum.
        RequestApproved = "request.approved",
        /// An approver rejected it.
        RequestRejected = "request.rejected",
        /// Its requester took it back.
        RequestCancelled = "request.cancelled",
        /// Nobody decided in time.
        RequestExpired = "request.expired",
        /// Its basis was gone before it began.
        RequestWithdrawn = "request.withdrawn",
        /// It waits for its start.
        RequestScheduled = "request.scheduled",
        /// The assignment is being created.
        RequestActivating = "request.activating",
        /// AWS has confirmed it.
        RequestActive = "request.active",
        /// The assignment is being removed.
        RequestEnding = "request.ending",
        /// Over at its time or by its requester.
        RequestEnded = "request.ended",
        /// Taken back early.
        RequestRevoked = "request.revoked",
        /// AWS would not create it.
        RequestFailed = "request.failed",
        /// One administrator gives it up; a second one must agree.
        RequestGivenUp = "request.given_up",
        /// Given up by two administrators.
        RequestLost = "request.lost",
        /// Its review was closed.
        RequestReviewed = "request.reviewed",
        /// An AWS write is about to be sent.
        GrantIntent = "grant.intent",
        /// AWS took it.
        GrantAccepted = "grant.accepted",
        /// A listing shows the assignment.
        GrantConfirmed = "grant.confirmed",
        /// A call failed and will be tried again.
        GrantRetry = "grant.retry",
        /// It has failed for long.
        GrantStuck = "grant.stuck",
        /// A listing shows its absence.
        GrantRemoved = "grant.removed",
        /// It came back after its absence was seen.
        GrantReappeared = "grant.reappeared",
        /// AWS and we differ.
        GrantDrift = "grant.drift",
        /// Approvers were reminded.
        ReminderPending = "reminder.pending",
        /// The end is near.
        ReminderBeforeEnd = "reminder.before_end",
        /// The first event of a session.
        ActivityStarted = "activity.started",
        /// An event worth a look.
        ActivityMarked = "activity.marked",
        /// A policy is in force.
        PolicyApplied = "policy.applied",
        /// An administrator wants a document; another has to confirm it.
        PolicyProposed = "policy.proposed",
        /// A policy was refused.
        PolicyRefused = "policy.refused",
        /// No new access.
        FreezeOn = "freeze.on",
        /// New access again.
        FreezeOff = "freeze.off",
        /// Time cannot be trusted.
        ClockSuspect = "clock.suspect",
        /// It can again.
        ClockClear = "clock.clear",
        /// The directory now gives somebody more.
        DirectoryWidened = "directory.widened",
        /// The audit trail does not verify.
        AuditFault = "audit.fault",
        /// Messages over a channel do not arrive.
        NotifyFailing = "notify.failing",
        /// They do again.
        NotifyClear = "notify.clear",
        /// What happened in a week, in numbers.
        DigestWeekly = "digest.weekly",
        /// The daemon started.
        DaemonStarted = "daemon.started",
        /// The daemon stopped.
        DaemonStopped = "daemon.stopped",
        /// Only removals from here on.
        DaemonRevokeOnly = "daemon.revoke_only",
        /// Something was refused.
        Refused = "refused",
    }
);

/// Who did it. All absent: the daemon itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Their name at that time.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The uid behind the connection.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The login uid behind it.
    #[serde(default)]
    pub login_uid: Option<u32>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Gapless number of its audit row.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Who.
    pub actor: Actor,
    /// Of which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Particulars; free texts stand in full.
    pub data: serde_json::Value,
}
