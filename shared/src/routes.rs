//! Paths of the API. Those with `{id}` are patterns for the router; clients use the functions.

use crate::ids::RequestId;

/// The caller.
pub const ME: &str = "/v1/me";
/// Whom a login of the daemon's machine stands for.
pub const LOGIN: &str = "/v1/logins/{login}";
/// What the caller may request.
pub const ENTITLEMENTS: &str = "/v1/entitlements";
/// Accounts that the caller may see.
pub const ACCOUNTS: &str = "/v1/accounts";
/// Permission sets that the caller may see.
pub const PERMISSION_SETS: &str = "/v1/permission-sets";
/// People that the caller may see.
pub const PEOPLE: &str = "/v1/people";
/// Groups that the caller may see.
pub const GROUPS: &str = "/v1/groups";
/// The whole directory copy.
pub const DIRECTORY: &str = "/v1/directory";
/// Requests: submit and list.
pub const REQUESTS: &str = "/v1/requests";
/// Requests of a period, counted.
pub const REPORT: &str = "/v1/report";
/// Several requests, all of them or none.
pub const BATCHES: &str = "/v1/batches";
/// One request.
pub const REQUEST: &str = "/v1/requests/{id}";
/// The event stream (`text/event-stream`).
pub const EVENTS: &str = "/v1/events";
/// Who was told of what.
pub const NOTIFICATIONS: &str = "/v1/notifications";
/// A sample over a channel.
pub const NOTIFICATIONS_TEST: &str = "/v1/notifications/test";
/// Sends again what was given up.
pub const NOTIFICATIONS_RETRY: &str = "/v1/notifications/retry";
/// The policy document.
pub const POLICY: &str = "/v1/policy";
/// Its versions.
pub const POLICY_HISTORY: &str = "/v1/policy/history";
/// What a document would change.
pub const POLICY_PLAN: &str = "/v1/policy/plan";
/// Expectations put to a policy.
pub const POLICY_TEST: &str = "/v1/policy/test";
/// Why somebody may or may not have an access.
pub const POLICY_EXPLAIN: &str = "/v1/policy/explain";
/// The rules as a table.
pub const POLICY_RULES: &str = "/v1/policy/rules";
/// One rule, resolved.
pub const POLICY_RULE: &str = "/v1/policy/rules/{kind}/{id}";
/// A second administrator confirms a proposed document.
pub const POLICY_CONFIRM: &str = "/v1/policy/confirm";
/// An earlier version of the policy, applied again.
pub const POLICY_ROLLBACK: &str = "/v1/policy/rollback";
/// Grants: what we hold in AWS.
pub const GRANTS: &str = "/v1/grants";
/// Nothing new is granted from here on.
pub const FREEZE: &str = "/v1/freeze";
/// It is again.
pub const UNFREEZE: &str = "/v1/unfreeze";
/// Audit rows.
pub const AUDIT: &str = "/v1/audit";
/// Audit rows as a file.
pub const AUDIT_EXPORT: &str = "/v1/audit/export";
/// Check of the audit chain.
pub const AUDIT_VERIFY: &str = "/v1/audit/verify";
/// Health in full, or `?short=true` for everybody.
pub const STATUS: &str = "/v1/status";
/// Activity of all live sessions, newest last (`text/event-stream`).
pub const ACTIVITY_STREAM: &str = "/v1/activity/stream";
/// The operator takes the wall clock's word.
pub const CLOCK_ACCEPT: &str = "/v1/clock/accept";
/// The process answers.
pub const HEALTHZ: &str = "/healthz";
/// The store is open and overdue removals are queued.
pub const READYZ: &str = "/readyz";

/// The path of one login.
#[must_use]
pub fn login(name: &str) -> String {
    LOGIN.replace("{login}", &percent(name))
}

/// The path of one request.
#[must_use]
pub fn request(id: &RequestId) -> String {
    format!("{REQUESTS}/{id}")
}

/// The path of one rule of the policy.
#[must_use]
pub fn policy_rule(kind: &str, id: &str) -> String {
    // Ids are texts of people.
    let escaped = percent(id);
    format!("{POLICY_RULES}/{kind}/{escaped}")
}

/// A text as a part of a path or query: whatever means something there is written as its bytes.
#[must_use]
pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The path of a verb or sub-resource of one request.
#[must_use]
pub fn request_verb(id: &RequestId, verb: &str) -> String {
    format!("{REQUESTS}/{id}/{verb}")
}
