//! One bucket for each limit that AWS keeps, at half of it: others in the organisation call too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use team_shared::ids::AccountId;
use teamd_aws::config::{AwsSettings, SSO_ADMIN_RATE};
use teamd_aws::limiter::Limiter;

/// Identity Store: 20 a second for each API and store.
const IDENTITY_STORE: f64 = 20.0;

/// EventBridge Scheduler: each of its APIs has at least so many a second in every region.
const SCHEDULER: f64 = 50.0;

/// CloudWatch Logs' FilterLogEvents: the least of all regions.
const FILTER_LOG_EVENTS: f64 = 5.0;

/// CloudTrail Lake: 3 a second to start a query. For asking after one AWS names no number.
const LAKE: f64 = 3.0;

/// SES: the least of an account that has left the sandbox.
const SES: f64 = 14.0;

/// SNS allows hundreds; so many are plenty.
const SNS: f64 = 60.0;

/// What of our own rate to sso-admin may go to what can wait.
const SPARE_SHARE: f64 = 0.2;

/// An event history: of another account, or our own, in a region.
type History = (Option<AccountId>, String);

/// The buckets. Rates are AWS's of 2026; of Organizations: rate and burst for each account and API.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) sso_admin: Limiter,
    /// In front of `sso_admin`: what directory refreshes and sweeps may take of it together.
    pub(super) spare: Limiter,
    pub(super) list_users: Limiter,
    pub(super) list_groups: Limiter,
    pub(super) list_memberships: Limiter,
    pub(super) list_memberships_of_member: Limiter,
    pub(super) describe_user: Limiter,
    pub(super) describe_organization: Limiter,
    pub(super) list_accounts: Limiter,
    pub(super) list_roots: Limiter,
    pub(super) list_organizational_units: Limiter,
    pub(super) list_accounts_of_parent: Limiter,
    pub(super) list_tags: Limiter,
    pub(super) caller_identity: Limiter,
    /// One for all APIs of the scheduler.
    pub(super) schedules: Limiter,
    /// SES.
    pub(super) mail: Limiter,
    /// SNS.
    pub(super) topics: Limiter,
    pub(super) filter_log_events: Limiter,
    pub(super) start_query: Limiter,
    pub(super) query_results: Limiter,
    lookup_events: Mutex<HashMap<History, Arc<Limiter>>>,
    factor: f64,
}

impl Pace {
    pub(super) fn new(settings: &AwsSettings) -> Self {
        let factor = settings.other_rates_factor;
        let half = |rate: f64, burst: f64| Limiter::uniform(rate / 2.0 * factor, burst * factor.max(0.5));
        // An idle bucket answers a whole activation at once, and burst and rate together stay within AWS's second.
        let fastest = settings
            .removal_requests_per_second
            .max(settings.requests_per_second);
        let burst = (SSO_ADMIN_RATE - fastest).clamp(1.0, 5.0);
        Self {
            sso_admin: Limiter::new(
                settings.requests_per_second,
                settings.removal_requests_per_second,
                burst,
            ),
            spare: Limiter::uniform(settings.requests_per_second * SPARE_SHARE, 1.0),
            list_users: half(IDENTITY_STORE, 5.0),
            list_groups: half(IDENTITY_STORE, 5.0),
            list_memberships: half(IDENTITY_STORE, 5.0),
            list_memberships_of_member: half(IDENTITY_STORE, 5.0),
            describe_user: half(IDENTITY_STORE, 5.0),
            describe_organization: half(1.0, 1.0),
            list_accounts: half(8.0, 6.0),
            list_roots: half(1.0, 1.0),
            list_organizational_units: half(5.0, 4.0),
            list_accounts_of_parent: half(5.0, 4.0),
            list_tags: half(10.0, 7.0),
            caller_identity: half(10.0, 5.0),
            schedules: half(SCHEDULER, 10.0),
            mail: half(SES, 5.0),
            topics: half(SNS, 10.0),
            filter_log_events: half(FILTER_LOG_EVENTS, 2.0),
            start_query: half(LAKE, 1.0),
            query_results: half(LAKE, 1.0),
            lookup_events: Mutex::new(HashMap::new()),
            factor,
        }
    }

    /// CloudTrail's LookupEvents: 2 a second for each account and region.
    pub(super) fn lookup_events(&self, account: Option<&AccountId>, region: &str) -> Arc<Limiter> {
        let mut buckets = self.lookup_events.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((account.cloned(), region.to_owned()))
            .or_insert_with(|| Arc::new(Limiter::uniform(self.factor, 1.0)));
        Arc::clone(bucket)
    }
}
