//! Requests on the wire.

use crate::activity::ActivitySummary;
use crate::ids::{AccountId, PermissionSetArn, RequestId, UserId};
use crate::state::{GrantState, RequestState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Body of `POST /v1/requests`. Who asks is never in it: the kernel says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// The account, by id, or by a name that only one has.
    pub account_id: String,
    /// The permission set, by name or ARN.
    pub permission_set: String,
    /// How long; this or `end_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i64>,
    /// Until when; this or `duration_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<DateTime<Utc>>,
    /// From when; absent: as soon as it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<DateTime<Utc>>,
    /// Why.
    #[serde(default)]
    pub justification: String,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Ask under the break-glass rules.
    #[serde(default)]
    pub break_glass: bool,
    /// A batch that this request belongs to, chosen by the client (ULID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// Judge it, but do not file it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// Body of `POST /v1/batches`: all of them are filed, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitBatch {
    /// What is asked for; their `batch_id` is chosen by the daemon.
    pub requests: Vec<Submit>,
}

/// Body of `approve`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// A word to the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Approve for another length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i64>,
    /// Approve with a fixed start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<DateTime<Utc>>,
    /// The version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The digest of the terms that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_digest: Option<String>,
}

/// Body of `review`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseReview {
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What the session left behind and may stay or is gone: the label of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<String>,
    /// The version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The digest of the terms that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_digest: Option<String>,
}

/// Body of the other verbs: `reject`, `cancel`, `done`, `revoke`, `claim`, `unclaim`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The digest of the terms that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_digest: Option<String>,
}

/// Body of `lost`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveUp {
    /// Why; `comment` is taken as well.
    #[serde(default, alias = "comment", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The digest of the terms that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_digest: Option<String>,
}

/// Body of `extend`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// How much longer.
    pub duration_seconds: i64,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// The version of the request to extend that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The digest of its terms that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_digest: Option<String>,
}

/// Query of `GET /v1/requests`. Comma-separated lists where several values make sense.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// `mine`, `queue`, `active`, `review` or `all` (the default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// States, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A user name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// An account name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// A batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Only access that was not used, as far as all of it is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unused: bool,
    /// Words in id, names, reason or ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Created at or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Created before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Rows a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A person as shown: names come from the directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonRef {
    /// Immutable id.
    pub user_id: UserId,
    /// User name.
    pub user_name: String,
    /// Display name.
    pub display_name: String,
}

/// An account as shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccountRef {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// OU names from the root, `/` between them; `/` for the root itself.
    pub ou_path: String,
}

/// A permission set as shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PermissionSetRef {
    /// ARN.
    pub arn: PermissionSetArn,
    /// Name.
    pub name: String,
    /// How long sessions under it last, in seconds.
    pub session_duration_seconds: i64,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteView {
    /// Who.
    pub by: PersonRef,
    /// When.
    pub at: DateTime<Utc>,
    /// What they said.
    pub comment: Option<String>,
    /// The terms it was given on.
    pub terms_digest: String,
}

/// One demand for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemandView {
    /// The eligibility rule that demands it.
    pub rule: String,
    /// Distinct votes needed.
    pub quorum: u32,
    /// Who may vote.
    pub approvers: Vec<PersonRef>,
    /// Who did.
    pub votes: Vec<VoteView>,
}

/// What approval is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// Whether any is.
    pub required: bool,
    /// Each must reach its quorum.
    pub demands: Vec<DemandView>,
}

/// The assignment behind a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantOfRequest {
    /// What we know of it.
    pub state: GrantState,
    /// Calls tried since the last success.
    pub attempts: u32,
    /// When the next is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What AWS said last.
    pub last_error: Option<String>,
    /// AWS's id of the operation under way or the last one.
    pub aws_request_id: Option<String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedView {
    /// When absence was verified, or the decision that ended it was taken.
    pub at: DateTime<Utc>,
    /// In one or two words: `end`, `done`, `revoked`, `standing_access`, …
    pub reason: String,
    /// How long after its end absence was verified.
    pub late_by_seconds: i64,
    /// Until when credentials issued before may live.
    pub residual_until: Option<DateTime<Utc>>,
    /// Another request that keeps the grant.
    pub still_held_by: Option<RequestId>,
    /// Until when that one keeps it, where it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_held_until: Option<DateTime<Utc>>,
}

/// An administrator's signature under giving up a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUpView {
    /// Who.
    pub by: PersonRef,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Post-use review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// Whether one is needed.
    pub needed: bool,
    /// Who closed it.
    pub by: Option<PersonRef>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// `approval`, `start`, `aws`, `end`.
    pub what: String,
    /// In a sentence: whom, which AWS call, attempt, next at, last error.
    pub detail: String,
    /// What helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Id.
    pub id: RequestId,
    /// Counts every change.
    pub version: u64,
    /// Counts changes of the terms.
    pub revision: u32,
    /// Where it stands.
    pub state: RequestState,
    /// Who asked.
    pub requester: Arc<PersonRef>,
    /// For which account.
    pub account: Arc<AccountRef>,
    /// With which permission set.
    pub permission_set: Arc<PermissionSetRef>,
    /// Start; absent while it floats.
    pub start_at: Option<DateTime<Utc>>,
    /// End; absent while it floats.
    pub end_at: Option<DateTime<Utc>>,
    /// Length in seconds.
    pub duration_seconds: i64,
    /// Why.
    pub justification: String,
    /// Ticket.
    pub ticket: Option<String>,
    /// Where the ticket is read, by policy's `ticket_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_link: Option<String>,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// The request that it extends.
    pub extends: Option<RequestId>,
    /// The batch that it came in.
    pub batch_id: Option<String>,
    /// The counting rule with the longest cap.
    pub rule: Option<String>,
    /// All counting rules.
    pub rules: Vec<String>,
    /// A counting rule says `guarded`: whoever approves is asked to type the account's name.
    #[serde(default)]
    pub guarded: bool,
    /// Approval.
    pub approval: ApprovalView,
    /// Who may revoke and review although nobody had to approve.
    pub overseers: Vec<PersonRef>,
    /// Groups through which the person holds the same access anyway.
    pub also_held_through: Vec<String>,
    /// Who is looking at it.
    pub claimed_by: Option<PersonRef>,
    /// Until when that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_until: Option<DateTime<Utc>>,
    /// Filed at.
    pub created_at: DateTime<Utc>,
    /// Until when it can be decided.
    pub expires_at: DateTime<Utc>,
    /// The assignment.
    pub grant: Option<GrantOfRequest>,
    /// What it waits for; absent when it is over.
    pub waiting_for: Option<WaitingFor>,
    /// How it ended; absent while it has not.
    pub ended: Option<EndedView>,
    /// The first administrator who gives up its removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUpView>,
    /// Post-use review.
    pub review: ReviewView,
    /// How it was used; absent where no source of activity has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivitySummary>,
    /// Digest of its terms.
    pub terms_digest: String,
    /// Whether the caller may decide it now.
    #[serde(default)]
    pub you_may: Vec<String>,
}
