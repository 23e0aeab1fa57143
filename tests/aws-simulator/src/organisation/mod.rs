//! A small AWS organisation: accounts in units, people in groups, permission sets, and who is assigned what.
//!
//! The model is synchronous and has no clock, no I/O and no randomness but a seeded one: every call takes
//! `now_ms`, so that a simulation can run years in seconds and run them again. The methods named after
//! API operations behave as the API does: they obey rate limits, injected faults, asynchronous
//! operations and conflict windows, and each is written to the call log. The other methods are the hand of
//! God: they set the scene, change it behind AWS's back and look at what is true.
//!
//! To add an operation: its line in `operation.rs`, then a method in the file of its service that goes
//! through `Organisation::call`.

mod activity;
mod assignments;
mod calls;
mod condition;
mod directory;
pub(crate) mod error;
pub mod file;
mod history;
pub(crate) mod ids;
mod lake;
mod ledger;
mod limits;
mod logs;
mod look;
pub(crate) mod operation;
mod permission_sets;
mod record;
mod repertoire;
pub(crate) mod rng;
mod scheduler;
mod setup;
pub mod standard;
mod sts;
mod trail;
mod tree;
pub(crate) mod types;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::faults::{FaultEngine, Faults, Subject, Verdict};
use activity::Activity;
use assignments::Operations;
use calls::Calls;
use lake::Queries;
use ledger::Ledger;
use limits::Limits;
use scheduler::Schedules;
use trail::Trail;

pub use assignments::{AssignmentOperation, OperationKind, OperationStatus};
pub use calls::{CallLog, Outcome};
pub use error::{Answer, AwsError, CallError, ErrorKind};
pub use lake::{QueryResults, QueryStatus};
pub use ledger::AssignmentChange;
pub use logs::{LogCursor, LogEvent, LogPage, LogQuery};
pub use operation::{Operation, Service};
pub use scheduler::{DELETE_ASSIGNMENT, Schedule, ScheduleSpec};
pub use setup::{NewAccount, NewPermissionSet, NewUser, SetupError};
pub use sts::{CallerIdentity, RoleCredentials};
pub use trail::{LookupCursor, LookupPage, LookupQuery, TrailEvent};
pub use tree::ChildKind;
pub use types::{
    Account, AccountState, AssignmentKey, Caller, Group, OrganizationalUnit, PermissionSet, Principal, User,
    duration_seconds,
};

/// An AWS organisation with IAM Identity Center.
#[derive(Debug, Clone)]
pub struct Organisation {
    id: String,
    region: String,
    root_id: String,
    management: String,
    instance_arn: String,
    identity_store_id: String,
    created_ms: i64,
    accounts: BTreeMap<String, Account>,
    units: BTreeMap<String, OrganizationalUnit>,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Group>,
    sets: Vec<PermissionSet>,
    delegated: BTreeSet<String>,
    ledger: Ledger,
    operations: Operations,
    schedules: Schedules,
    trail: Trail,
    queries: Queries,
    activity: Activity,
    /// Access keys that `AssumeRole` issued, and the account each belongs to.
    issued: BTreeMap<String, String>,
    limits: Limits,
    engine: FaultEngine,
    calls: Calls,
    /// Counts everything that needs an id of its own.
    serial: u64,
    delay_ms: u64,
}

/// What a call is about, for fault filters and the call log.
#[derive(Debug, Clone, Copy, Default)]
struct About<'a> {
    account: Option<&'a str>,
    principal: Option<&'a str>,
    key: Option<&'a AssignmentKey>,
}

impl<'a> About<'a> {
    const NOTHING: Self = Self {
        account: None,
        principal: None,
        key: None,
    };

    fn account(account: &'a str) -> Self {
        Self {
            account: Some(account),
            ..Self::NOTHING
        }
    }

    fn principal(principal: &'a str) -> Self {
        Self {
            principal: Some(principal),
            ..Self::NOTHING
        }
    }

    fn key(key: &'a AssignmentKey) -> Self {
        Self {
            account: Some(&key.account),
            principal: Some(key.principal.id()),
            key: Some(key),
        }
    }
}

impl Organisation {
    /// `o-…`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region of Identity Center; IAM and other global events are in `us-east-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The Identity Center instance.
    pub fn instance_arn(&self) -> &str {
        &self.instance_arn
    }

    /// `d-…`.
    pub fn identity_store_id(&self) -> &str {
        &self.identity_store_id
    }

    /// The management account's id.
    pub fn management_account(&self) -> &str {
        &self.management
    }

    /// The management account's credentials, in the organisation's region.
    pub fn management_caller(&self) -> Caller {
        Caller {
            account: self.management.clone(),
            region: self.region.clone(),
        }
    }

    /// Whose credentials `access_key` is: an account's if `AssumeRole` issued it, else the management
    /// account's.
    pub fn caller(&self, access_key: Option<&str>, region: Option<&str>) -> Caller {
        let account = access_key
            .and_then(|key| self.issued.get(key))
            .unwrap_or(&self.management);
        Caller {
            account: account.clone(),
            region: region.unwrap_or(&self.region).to_owned(),
        }
    }

    /// Replaces the faults; the rules' windows and counters start now.
    pub fn install_faults(&mut self, faults: Faults, now_ms: i64) {
        self.engine = FaultEngine::new(faults).installed_at(now_ms);
    }

    /// The faults installed.
    pub fn faults(&self) -> &Faults {
        &self.engine.faults
    }

    /// How often each rule was hit, in the rules' order.
    pub fn fault_hits(&self) -> Vec<u64> {
        self.engine.hits()
    }

    /// The API calls received, oldest first (the last 200,000).
    pub fn calls(&self) -> impl Iterator<Item = &CallLog> {
        self.calls.iter()
    }

    /// How many API calls were received.
    pub fn call_count(&self) -> u64 {
        self.calls.total()
    }

    /// How long the answer to the last call should take, in milliseconds. Without a wire, a caller that
    /// models time outs adds this to its own clock.
    pub fn delay_of_last_call(&self) -> u64 {
        self.delay_ms
    }

    /// Runs the schedules and finishes the assignment operations that are due. Every API call does this first.
    pub fn advance(&mut self, now_ms: i64) {
        self.run_schedules(now_ms);
        self.finish_operations(now_ms);
    }

    /// Logs a request that was refused before it reached an operation's method, as malformed ones are.
    pub(crate) fn log_refusal(&mut self, by: &Caller, operation: Operation, error: &AwsError, now_ms: i64) {
        self.delay_ms = self.engine.faults.latency_ms;
        let outcome = Outcome::Refused(error.code(operation.service()).to_owned());
        self.log(by, operation, About::NOTHING, outcome, now_ms);
    }

    /// The way in for every API call: time passes, faults and limits get their say, `body` acts, and the
    /// log has a line whatever happened.
    fn call<T>(
        &mut self,
        by: &Caller,
        operation: Operation,
        about: About<'_>,
        now_ms: i64,
        body: impl FnOnce(&mut Self, &Verdict) -> Result<T, AwsError>,
    ) -> Answer<T> {
        self.advance(now_ms);
        let verdict = self.judge(operation, about, now_ms);
        self.delay_ms = verdict.delay_ms;
        let answer = self.perform(by, operation, about, now_ms, &verdict, body);
        let outcome = match &answer {
            Ok(_) => Outcome::Ok,
            Err(CallError::Aws(error)) => Outcome::Refused(error.code(operation.service()).to_owned()),
            Err(CallError::NoAnswer { performed: false }) => Outcome::Dropped,
            Err(CallError::NoAnswer { performed: true }) => Outcome::PerformedUnanswered,
        };
        self.log(by, operation, about, outcome, now_ms);
        answer
    }

    fn perform<T>(
        &mut self,
        by: &Caller,
        operation: Operation,
        about: About<'_>,
        now_ms: i64,
        verdict: &Verdict,
        body: impl FnOnce(&mut Self, &Verdict) -> Result<T, AwsError>,
    ) -> Answer<T> {
        if verdict.drop_before {
            return Err(CallError::NoAnswer { performed: false });
        }
        if let (Some(late_ms), Some(key)) = (verdict.late_ms, about.key) {
            self.hold_back(by, operation, key, now_ms + late_ms);
            return Err(CallError::NoAnswer { performed: false });
        }
        if self.engine.faults.rate_limits && !self.limits.admit(operation, by, now_ms) {
            return Err(AwsError::new(ErrorKind::Throttled, "Rate exceeded").into());
        }
        if let Some(error) = &verdict.refuse {
            return Err(error.clone().into());
        }
        self.authorise(by, operation, about)?;
        let result = body(self, verdict)?;
        if verdict.silent_after {
            return Err(CallError::NoAnswer { performed: true });
        }
        match &verdict.error_after {
            Some(error) => Err(error.clone().into()),
            None => Ok(result),
        }
    }

    /// Identity Center and Organizations answer the management account and delegated administrators; those
    /// may not touch the management account, nor list by principal. The identity store and CloudTrail
    /// answer every account.
    fn authorise(&self, by: &Caller, operation: Operation, about: About<'_>) -> Result<(), AwsError> {
        if by.account == self.management
            || !matches!(operation.service(), Service::Sso | Service::Organizations)
        {
            return Ok(());
        }
        let changes = matches!(
            operation,
            Operation::CreateAccountAssignment | Operation::DeleteAccountAssignment
        );
        let reserved = operation == Operation::ListAccountAssignmentsForPrincipal
            || (changes && about.account == Some(&self.management));
        if self.delegated.contains(&by.account) && !reserved {
            return Ok(());
        }
        Err(AwsError::access_denied(format!(
            "User: arn:aws:sts::{}:assumed-role is not authorized to perform: {operation}",
            by.account
        )))
    }

    fn judge(&mut self, operation: Operation, about: About<'_>, now_ms: i64) -> Verdict {
        let account_name = about
            .account
            .and_then(|id| self.accounts.get(id))
            .map(|a| a.name.as_str());
        let principal_name = about.principal.and_then(|id| {
            let user = self.users.get(id).map(|user| user.user_name.as_str());
            user.or_else(|| self.groups.get(id).map(|group| group.display_name.as_str()))
        });
        let subject = Subject {
            account: [about.account, account_name],
            principal: [about.principal, principal_name],
        };
        self.engine.judge(operation, &subject, now_ms)
    }

    fn log(&mut self, by: &Caller, operation: Operation, about: About<'_>, outcome: Outcome, now_ms: i64) {
        let (caller, key) = (by.account.clone(), about.key.cloned());
        let schedule = self.acting_schedule();
        self.calls.push(CallLog {
            number: 0,
            at_ms: now_ms,
            operation,
            caller,
            key,
            schedule,
            outcome,
        });
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
