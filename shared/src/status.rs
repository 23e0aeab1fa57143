//! Health.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// For everybody: `GET /v1/status?short=true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortStatus {
    /// Nothing overdue, chain intact, AWS answers.
    pub healthy: bool,
    /// What is not, one line each.
    pub problems: Vec<String>,
    /// Requests that wait for a decision, as far as the caller may see them.
    pub pending: u64,
    /// Live access, as far as the caller may see it.
    pub active: u64,
    /// Removals whose end is past by more than ten seconds.
    pub overdue: u64,
    /// What is worth knowing although nothing is wrong yet, one line each.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Why no access is granted; empty: it is.
    #[serde(default)]
    pub holds: Vec<HoldView>,
}

/// A reason for which no access is granted. Access is taken back all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// `freeze`, `clock`, `disk`, `credentials`, `own_account`, `store_held` or `gate`.
    pub kind: String,
    /// Since when; of a freeze, when it was said.
    pub since: DateTime<Utc>,
    /// Who froze; absent: the daemon found the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

/// In full, for those whose role allows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The short form.
    #[serde(flatten)]
    pub short: ShortStatus,
    /// Version of the daemon.
    pub version: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Its time now.
    pub now: DateTime<Utc>,
    /// AWS.
    pub aws: AwsStatus,
    /// The directory copy.
    pub directory: DirectoryStatus,
    /// Grants by state.
    pub grants: std::collections::BTreeMap<String, u64>,
    /// Requests by state.
    pub requests: std::collections::BTreeMap<String, u64>,
    /// The sweeps and what they have found.
    #[serde(default)]
    pub drift: DriftStatus,
    /// Access that is being taken back now.
    #[serde(default)]
    pub removals: RemovalStatus,
    /// Removals due and not verified, worst first.
    pub overdue_requests: Vec<OverdueRequest>,
    /// The audit chain.
    pub audit: AuditStatus,
    /// The database.
    #[serde(default)]
    pub store: StoreStatus,
    /// The policy in force; 0: none.
    pub policy_version: u64,
    /// References of the policy that AWS does not know.
    pub policy_warnings: Vec<String>,
    /// Logins that map to one person, and logins that look shared.
    pub identity_warnings: Vec<String>,
    /// The activity source.
    pub activity: String,
    /// The clocks; absent where time is simulated.
    #[serde(default)]
    pub clock: Option<ClockStatus>,
    /// Connections to the socket.
    #[serde(default)]
    pub connections: ConnectionStatus,
}

/// Connections to the socket: how many are open, and how many were refused since the daemon started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    /// Open now.
    pub open: u64,
    /// `[limits] connections`; there are 24 reserved ones besides.
    pub limit: u64,
    /// `[limits] connections_per_user`.
    pub limit_per_user: u64,
    /// The uid with the most open connections.
    pub most_open: Option<UidCount>,
    /// Refused since the start.
    pub refused: u64,
    /// Of these, over the limit of their user.
    pub refused_per_user: u64,
    /// Of these, because all ordinary connections were in use.
    pub refused_total: u64,
    /// Of these, of root, security or admins, because their reserved connections were in use too.
    pub refused_reserved: u64,
    /// The uid that was refused most often.
    pub most_refused: Option<UidCount>,
}

/// A uid and a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UidCount {
    /// The uid.
    pub uid: u32,
    /// How many.
    pub count: u64,
}

/// The clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStatus {
    /// Why they are not believed; absent: they are.
    pub suspect: Option<String>,
    /// How often the wall clock was set by more than two seconds since the daemon started.
    pub steps: u64,
    /// How far the wall clock is ahead of the time that the daemon keeps.
    pub wall_ahead_ms: i64,
    /// How far AWS was ahead of the wall clock, when it was last heard.
    pub aws_ahead_ms: Option<i64>,
}

/// Answer of `POST /v1/clock/accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAccepted {
    /// The clock was suspect; otherwise nothing has changed.
    pub was_suspect: bool,
    /// The time that the daemon kept until then.
    pub was: DateTime<Utc>,
    /// Its time now.
    pub now: DateTime<Utc>,
}

/// How AWS answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsStatus {
    /// `ok`, `unreachable`, `refusing`, `throttling` or `unknown`.
    pub state: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// What it said last, where it was no success.
    pub last_error: Option<String>,
    /// Time of the last good answer.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Region.
    pub region: String,
    /// Endpoint, where it is overridden.
    pub endpoint: Option<String>,
}

/// How fresh the directory copy is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryStatus {
    /// Last complete load; absent: never.
    pub loaded_at: Option<DateTime<Utc>>,
    /// Accounts.
    pub accounts: usize,
    /// Permission sets.
    pub permission_sets: usize,
    /// People.
    pub people: usize,
    /// Groups.
    pub groups: usize,
    /// Why the last refresh did not finish.
    pub last_error: Option<String>,
}

/// What is being taken back, how fast, and until when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RemovalStatus {
    /// Assignments whose absence is due and not yet verified.
    pub due: u64,
    /// Of these, deletes that AWS has accepted and not finished.
    pub unfinished: u64,
    /// Of these, ones that keep failing, or are in an account where operations fail or hang.
    pub failing: u64,
    /// Deletes finished a second, over the last minute.
    pub per_second: f64,
    /// Identity Center calls a second that `[aws]` allows for what is due now.
    pub calls_per_second: f64,
    /// The same after AWS's throttling.
    pub calls_per_second_now: f64,
    /// When the last one that does not fail should be verified; absent: nothing is due, or all of it fails.
    pub done_by: Option<DateTime<Utc>>,
}

/// A removal that is late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverdueRequest {
    /// The request.
    pub id: crate::ids::RequestId,
    /// Whose.
    pub user_name: String,
    /// Where.
    pub account: String,
    /// As what.
    pub permission_set: String,
    /// How late.
    pub late_by_seconds: i64,
    /// Tries so far.
    pub attempts: u32,
    /// What AWS said last.
    pub last_error: Option<String>,
    /// When the next is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Alarms raised about it: after 1, 5 and 15 minutes.
    #[serde(default)]
    pub alarms: u32,
    /// What else there is to know, such as that its account is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Why it cannot be used; absent: it can.
    pub fault: Option<String>,
    /// The process that has locked it, where that is the fault and the kernel names one.
    pub locked_by: Option<LockHolder>,
}

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Its number.
    pub pid: i32,
    /// What it is called.
    pub command: Option<String>,
    /// Whose it is.
    pub uid: Option<u32>,
}

/// The audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStatus {
    /// Intact as of the last check.
    pub ok: bool,
    /// Rows.
    pub rows: u64,
    /// Hash of the last row.
    pub head: String,
    /// When it was last checked in full.
    pub verified_at: Option<DateTime<Utc>>,
}

/// AWS against the book: the sweeps and what they have found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftStatus {
    /// When a sweep over all accounts was last complete; absent: never.
    pub completed_at: Option<DateTime<Utc>>,
    /// Accounts done in the sweep under way.
    pub accounts_done: Option<usize>,
    /// Accounts that it goes over.
    pub accounts_total: Option<usize>,
    /// Assignments that are not the daemon's.
    pub standing: usize,
    /// Grants that AWS does not have.
    pub missing: usize,
    /// Assignments of somebody else's on keys that were ours.
    pub foreign: usize,
    /// The differences, one line each; at most 20.
    pub findings: Vec<String>,
    /// What the sweep has to do without.
    pub note: Option<String>,
    /// Why accounts could not be looked at.
    pub last_error: Option<String>,
}
