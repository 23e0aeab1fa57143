//! What the engine is given: the world outside, and what can be set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::AccountId;
use teamd_aws::health::AwsHealth;
use teamd_aws::port::{ActivitySource, Assignments, DirectorySource, Inventory, OwnIdentity, Schedules};
use teamd_config::Config;
use teamd_domain::activity::MarkRule;
use teamd_host::clock::Clock;
use teamd_host::lifecycle::Shutdown;
use teamd_store::Store;
use teamd_store::activity::ActivityStore;

/// What the engine needs from outside.
pub struct Deps {
    /// The store.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Assignments of Identity Center, for the removal path: over connections that nothing else uses.
    pub assignments: Arc<dyn Assignments>,
    /// Assignments of Identity Center, for what callers ask before a request is filed.
    pub lookups: Arc<dyn Assignments>,
    /// Accounts, people, groups, permission sets.
    pub directory: Arc<dyn DirectorySource>,
    /// Who holds what, for the sweeps.
    pub inventory: Arc<dyn Inventory>,
    /// CloudTrail, where a source is configured.
    pub activity: Option<ActivityPorts>,
    /// The dead-man's switch, where it is on.
    pub schedules: Option<Arc<dyn Schedules>>,
    /// Whose credentials we have.
    pub own: Arc<dyn OwnIdentity>,
    /// The same over the removal path's connections: any answer carries AWS's time.
    pub clock_probe: Arc<dyn OwnIdentity>,
    /// How AWS answers.
    pub health: Arc<AwsHealth>,
    /// The file of leases; none: none is kept.
    pub leases_path: Option<PathBuf>,
    /// The life of its tasks.
    pub shutdown: Shutdown,
}

/// What activity is read from, and where it is kept.
#[derive(Clone)]
pub struct ActivityPorts {
    /// CloudTrail.
    pub source: Arc<dyn ActivitySource>,
    /// Its own database.
    pub store: ActivityStore,
}

/// What can be set, and set anew by SIGHUP.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// How logins map to people.
    pub identity: teamd_config::Identity,
    /// `[aws] instance_arn`.
    pub instance_arn: Option<String>,
    /// `[aws] identity_store_id`.
    pub identity_store_id: Option<String>,
    /// Accounts named in `[protected]`.
    pub protected: BTreeSet<AccountId>,
    /// How old the directory copy may be.
    pub directory_refresh: Seconds,
    /// What is done where AWS and the book differ.
    pub drift_action: teamd_config::DriftAction,
    /// Assignment operations under way at once; AWS allows 15.
    pub max_in_flight: usize,
    /// Pending requests a person.
    pub pending_per_user: usize,
    /// Accepted submissions a person and minute.
    pub submits_per_minute: usize,
    /// Refused submissions a person and minute.
    pub refusals_per_minute: usize,
    /// Open connections to the socket, of one uid.
    pub connections_per_user: usize,
    /// Open connections to the socket, of all uids.
    pub connections: usize,
    /// Regions whose event history is read.
    pub activity_regions: Vec<String>,
    /// Whether other accounts have a role for reading theirs.
    pub activity_role: bool,
    /// How often.
    pub activity_poll: Duration,
    /// How long events are kept.
    pub activity_retention: chrono::TimeDelta,
    /// What about a call is worth a look.
    pub activity_marks: Arc<Vec<MarkRule>>,
    /// Where the people on call are read.
    pub on_call: BTreeMap<String, teamd_config::OnCall>,
    /// For `status`.
    pub region: String,
    /// For `status`.
    pub endpoint: Option<String>,
}

impl From<&Config> for EngineSettings {
    fn from(config: &Config) -> Self {
        Self {
            identity: config.identity.clone(),
            instance_arn: config.aws.instance_arn.clone(),
            identity_store_id: config.aws.identity_store_id.clone(),
            protected: config.protected.accounts.clone(),
            directory_refresh: config.aws.directory_refresh,
            drift_action: config.drift.action,
            max_in_flight: config.aws.max_in_flight as usize,
            pending_per_user: config.limits.pending_per_user as usize,
            submits_per_minute: config.limits.submits_per_minute_per_user as usize,
            refusals_per_minute: config.limits.refusals_per_minute_per_user as usize,
            connections_per_user: config.limits.connections_per_user as usize,
            connections: teamd_host::descriptors::connections_that_fit(config.limits.connections) as usize,
            activity_regions: config.activity_regions(),
            activity_role: config.activity.role_name.is_some(),
            activity_poll: Duration::from_secs(config.activity.poll.get().unsigned_abs()),
            activity_retention: chrono::TimeDelta::seconds(config.activity.retention.get()),
            activity_marks: Arc::new(config.activity.marks.clone()),
            region: config.aws.region.clone().unwrap_or_default(),
            endpoint: config.aws.endpoint_url.clone(),
            on_call: config.on_call.clone(),
        }
    }
}
