//! Scripted faults: what goes wrong, when, and how often. Written in Rust, in `faults.toml`, or posted to
//! `/_simulator/faults` while the simulator runs (as TOML, or the same structure as JSON). A document
//! replaces the one before it as a whole; keys it leaves out have their defaults; unknown keys are errors.
//!
//! ```
//! let faults = aws_simulator::Faults::from_toml(r#"
//!     ## Knobs. These are the defaults.
//!     assignment_latency_ms = 1000    # how long an assignment operation stays IN_PROGRESS
//!     conflict_window_ms = 2000       # ConflictException for the opposite operation on a key within this time
//!     outstanding_creates = 15        # more unfinished creates than this: ServiceQuotaExceededException
//!     deletes_share_slots = false     # deletes count among the outstanding, and are refused likewise
//!     schedules = 1000000             # more EventBridge schedules than this: ServiceQuotaExceededException
//!     rate_limits = true              # AWS's published limits (20 TPS for Identity Center, ...)
//!     latency_ms = 0                  # added to every answer
//!     empty_pages = false             # an empty page with a token precedes every page of a listing
//!     group_rows_for_user = false     # ListAccountAssignmentsForPrincipal of a USER includes his groups' rows
//!     trail_lag_ms = 0                # CloudTrail events become visible this much later
//!     logs_stamped_on_delivery = false  # CloudWatch Logs events carry when they were delivered, not when they happened
//!     lake_queued_ms = 100            # a CloudTrail Lake query is QUEUED this long ...
//!     lake_running_ms = 400           # ... and RUNNING this long
//!     lingering_sessions = false      # people go on with credentials they hold after the assignment is gone
//!     activity_gap_ms = 20000         # a person with temporary access makes a call about this often
//!     date_skew_ms = 0                # the Date header differs from this machine's clock by this much
//!
//!     ## How events come to be seen in CloudTrail, its Lake and CloudWatch Logs. These are the defaults:
//!     ## all at once, each once, in order.
//!     [delivery]
//!     lag_ms = 0                      # on top of trail_lag_ms: each event's own lag, up to this
//!     late_share = 0.0                # of events, the share that takes late_ms instead
//!     late_ms = 1800000
//!     duplicate_share = 0.0           # of events, the share that is delivered twice
//!     shuffled = false                # answers are in no order
//!
//!     [[delivery.gap]]                # what happens in a gap is seen when it heals
//!     account = "prod-payments"       # id or name; absent: all
//!     after_ms = 600000               # from 10 minutes after this document was installed ...
//!     for_ms = 300000                 # ... for five minutes
//!
//!     ## Rules, tried in order. The first that ends the call decides; delays and staleness add up.
//!     [[rule]]
//!     operation = "CreateAccountAssignment"   # or "*", "sso:*", "organizations:ListTagsForResource"
//!     kind = "throttle"
//!     count = 3                               # the first three matching calls
//!
//!     [[rule]]
//!     operation = "DeleteAccountAssignment"
//!     kind = "timeout_after_success"          # performed, and the answer never comes
//!     probability = 0.1
//!     account = "prod-payments"               # id or name
//!     user = "alice"                          # UserId, UserName, GroupId or group name
//!
//!     [[rule]]
//!     operation = "CreateAccountAssignment"
//!     kind = "failed"                         # accepted, and ends FAILED
//!     reason = "Received a 404 status error: Not supported."
//!     every = 5                               # the 5th, 10th, ... matching call
//!
//!     [[rule]]
//!     operation = "ListAccountAssignments"
//!     kind = "late_listing"                   # answers what was true 4 s ago
//!     delay_ms = 4000
//!     after_ms = 10000                        # from 10 s after this document was installed ...
//!     for_ms = 60000                          # ... for a minute
//! "#).unwrap();
//! assert_eq!(faults.rules.len(), 4);
//! ```
//!
//! | kind | effect |
//! |---|---|
//! | `throttle` | `ThrottlingException` (`TooManyRequestsException` from Organizations), nothing done |
//! | `internal_error` | HTTP 500, nothing done |
//! | `internal_error_after_success` | HTTP 500, and yet it was done |
//! | `access_denied` | `AccessDeniedException` |
//! | `conflict` | `ConflictException` |
//! | `drop_before` | the connection is closed without an answer, nothing done |
//! | `timeout_after_success` | done, and never answered; with `delay_ms`, answered after that long |
//! | `failed` | an assignment operation, or a Lake query, is accepted and ends `FAILED` with `reason` |
//! | `slow` | an assignment operation stays `IN_PROGRESS`, a Lake query `RUNNING`, for `delay_ms` longer |
//! | `timed_out` | a Lake query ends `TIMED_OUT` |
//! | `late_listing` | a listing of assignments shows the state of `delay_ms` ago |
//! | `late` | an assignment operation gets lost on the way, arrives up to `delay_ms` later, and nobody hears of it |
//! | `latency` | the answer takes `delay_ms` longer |
//!
//! To add a kind: a variant of [`FaultKind`], its line in `FaultEngine::judge`, a line in this table.

mod delivery;
mod engine;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use delivery::Happened;
pub use delivery::{Delivery, Gap};
pub(crate) use engine::{FaultEngine, Subject, Verdict};

/// A faults document: knobs and rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// How long an assignment operation stays `IN_PROGRESS`, in milliseconds.
    pub assignment_latency_ms: i64,
    /// How long after an operation the opposite one on the same key conflicts, in milliseconds.
    pub conflict_window_ms: i64,
    /// How many creates may be unfinished at once.
    pub outstanding_creates: usize,
    /// Whether deletes count among those too. AWS does not say.
    pub deletes_share_slots: bool,
    /// How many EventBridge schedules there may be.
    pub schedules: usize,
    /// Whether AWS's published rate limits hold.
    pub rate_limits: bool,
    /// Added to every answer, in milliseconds.
    pub latency_ms: u64,
    /// Whether an empty page with a token precedes every page of a listing, which AWS allows.
    pub empty_pages: bool,
    /// Whether `ListAccountAssignmentsForPrincipal` of a user includes rows of groups. AWS does not say.
    pub group_rows_for_user: bool,
    /// How much later than they happen CloudTrail events become visible, in milliseconds.
    pub trail_lag_ms: i64,
    /// Whether events in CloudWatch Logs carry the time of their delivery. AWS does not say.
    pub logs_stamped_on_delivery: bool,
    /// How long a Lake query stays `QUEUED`, in milliseconds.
    pub lake_queued_ms: i64,
    /// How long it stays `RUNNING` after that, in milliseconds.
    pub lake_running_ms: i64,
    /// Whether people go on using credentials that outlive the assignment.
    pub lingering_sessions: bool,
    /// The mean time between two calls of a person who has temporary access, in milliseconds.
    pub activity_gap_ms: i64,
    /// The difference between the `Date` header and the simulator's clock, in milliseconds.
    pub date_skew_ms: i64,
    /// Seeds the choices that `probability` makes.
    pub seed: u64,
    /// How CloudTrail's events come to be seen.
    pub delivery: Delivery,
    /// The rules, in order.
    #[serde(rename = "rule")]
    pub rules: Vec<FaultRule>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            assignment_latency_ms: 1_000,
            conflict_window_ms: 2_000,
            outstanding_creates: 15,
            deletes_share_slots: false,
            schedules: 1_000_000,
            rate_limits: true,
            latency_ms: 0,
            empty_pages: false,
            group_rows_for_user: false,
            trail_lag_ms: 0,
            logs_stamped_on_delivery: false,
            lake_queued_ms: 100,
            lake_running_ms: 400,
            lingering_sessions: false,
            activity_gap_ms: 20_000,
            date_skew_ms: 0,
            seed: 1,
            delivery: Delivery::default(),
            rules: Vec::new(),
        }
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// `*`, `sso:*`, an operation's name, or `service:Operation`.
    pub operation: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// Of matching calls, the share that is hit. Without this, `count` and `every`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// At most this many calls are hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Only each such matching call is hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Only calls about this account, by id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only calls about this principal, by id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Begins this long after installation, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<i64>,
    /// Lasts this long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<i64>,
    /// For `latency`, `slow`, `late`, `late_listing` (required) and `timeout_after_success`, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// For `failed`: the `FailureReason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl FaultRule {
    /// A rule that hits every call of `operation`; refine it with struct update or the fields.
    pub fn new(operation: impl Into<String>, kind: FaultKind) -> Self {
        Self {
            operation: operation.into(),
            kind,
            probability: None,
            count: None,
            every: None,
            account: None,
            user: None,
            after_ms: None,
            for_ms: None,
            delay_ms: None,
            reason: None,
        }
    }

    /// Only the first `count` matching calls.
    pub fn first(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// With the delay that `kind` uses.
    pub fn delay_ms(mut self, delay_ms: u64) -> Self {
        self.delay_ms = Some(delay_ms);
        self
    }

    fn check(&self) -> Result<(), String> {
        use FaultKind::{Failed, Late, LateListing, Latency, Slow, TimeoutAfterSuccess};
        let known = crate::Operation::ALL.iter().any(|op| op.matches(&self.operation));
        if !known {
            return Err(format!("no operation matches `{}`", self.operation));
        }
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Err("probability is between 0 and 1".into());
        }
        if self.every == Some(0) {
            return Err("every is at least 1".into());
        }
        let needs_delay = matches!(self.kind, Slow | Late | LateListing | Latency);
        if needs_delay && self.delay_ms.is_none() {
            return Err(format!("{:?} needs delay_ms", self.kind));
        }
        if self.delay_ms.is_some() && !needs_delay && self.kind != TimeoutAfterSuccess {
            return Err(format!("{:?} takes no delay_ms", self.kind));
        }
        if self.reason.is_some() && self.kind != Failed {
            return Err(format!("{:?} takes no reason", self.kind));
        }
        Ok(())
    }
}

/// What goes wrong; the table in the [module's documentation](self) explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Refused as too much.
    Throttle,
    /// HTTP 500 and nothing done.
    InternalError,
    /// HTTP 500 although it was done.
    InternalErrorAfterSuccess,
    /// Refused.
    AccessDenied,
    /// Refused because of a previous write.
    Conflict,
    /// Connection closed, nothing done.
    DropBefore,
    /// Done, never answered (or late).
    TimeoutAfterSuccess,
    /// Accepted, ends `FAILED`.
    Failed,
    /// Accepted, ends `TIMED_OUT`.
    TimedOut,
    /// Accepted, takes longer.
    Slow,
    /// Shows an old state.
    LateListing,
    /// Arrives late, unanswered.
    Late,
    /// Answers later.
    Latency,
}

/// A faults document that cannot be used.
#[derive(Debug, Error)]
pub enum FaultsError {
    /// Not TOML of this format.
    #[error("faults: {0}")]
    Toml(#[from] toml::de::Error),
    /// Not JSON of this format.
    #[error("faults: {0}")]
    Json(#[from] serde_json::Error),
    /// A delivery that means nothing.
    #[error("faults: delivery: {0}")]
    Delivery(String),
    /// A rule that means nothing.
    #[error("faults: rule {number}: {problem}")]
    Rule {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Faults {
    /// Parses `faults.toml`.
    pub fn from_toml(text: &str) -> Result<Self, FaultsError> {
        toml::from_str::<Self>(text)?.checked()
    }

    /// Parses the same structure in JSON.
    pub fn from_json(text: &[u8]) -> Result<Self, FaultsError> {
        serde_json::from_slice::<Self>(text)?.checked()
    }

    /// Nothing delays or limits: operations finish at once and no quota or rate holds.
    pub fn none() -> Self {
        Self {
            assignment_latency_ms: 0,
            conflict_window_ms: 0,
            rate_limits: false,
            ..Self::default()
        }
    }

    /// These faults and one more rule.
    pub fn with(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }

    fn checked(self) -> Result<Self, FaultsError> {
        self.delivery.check().map_err(FaultsError::Delivery)?;
        for (index, rule) in self.rules.iter().enumerate() {
            rule.check().map_err(|problem| FaultsError::Rule {
                number: index + 1,
                problem,
            })?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_and_senseless_rules_are_errors() {
        for (text, expected) in [
            ("asignment_latency_ms = 1", "asignment_latency_ms"),
            (
                "[[rule]]\noperation='*'\nkind='throttle'\nprobabilty=1.0",
                "probabilty",
            ),
            ("[[rule]]\noperation='*'\nkind='explode'", "explode"),
            (
                "[[rule]]\noperation='CreateAssignment'\nkind='throttle'",
                "CreateAssignment",
            ),
            ("[delivery]\nlate_share = 2.0", "late_share"),
            ("[[rule]]\noperation='*'\nkind='latency'", "delay_ms"),
            ("[[rule]]\noperation='*'\nkind='throttle'\nreason='x'", "reason"),
            (
                "[[rule]]\noperation='*'\nkind='throttle'\nprobability=1.5",
                "probability",
            ),
        ] {
            let error = Faults::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert_eq!(Faults::from_toml("").unwrap(), Faults::default());
    }

    #[test]
    fn json_is_the_same_structure() {
        let faults = Faults::default().with(FaultRule::new("*", FaultKind::Throttle).first(2));
        assert_eq!(
            Faults::from_json(&serde_json::to_vec(&faults).unwrap()).unwrap(),
            faults
        );
    }
}
