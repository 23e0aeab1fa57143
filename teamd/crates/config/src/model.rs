//! The configuration as the daemon uses it: parsed, checked, with every default filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use team_shared::duration::Seconds;
use team_shared::ids::AccountId;
use teamd_domain::activity::MarkRule;

/// Everything that `teamd.toml` and the environment say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[store]`
    pub store: Store,
    /// `[aws]`
    pub aws: Aws,
    /// `[activity]`
    pub activity: Activity,
    /// `[identity]`
    pub identity: Identity,
    /// `[protected]`
    pub protected: Protected,
    /// `[drift]`
    pub drift: Drift,
    /// `[limits]`
    pub limits: Limits,
    /// `[backstop]`; none: it is off.
    pub backstop: Option<Backstop>,
    /// `[oncall]`: sources by name.
    pub on_call: BTreeMap<String, OnCall>,
    /// `[notify]`
    pub notify: super::Notify,
}

/// Where the people on call are read, one user name a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCall {
    /// A file.
    File(PathBuf),
    /// What a program prints: its path and its arguments; no shell is involved.
    Command(Vec<String>),
}

impl OnCall {
    /// The paths that decide what the source says, as far as the configuration names them.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::File(path) => vec![path],
            Self::Command(words) => words.iter().flat_map(|word| paths_in(word)).collect(),
        }
    }
}

/// The paths that an argument may name: all of it, what follows a `=`, and what follows a prefix without spaces, as in
/// `-f/path` and `@/path`. A program begins at `/`, so relative paths are such, too.
fn paths_in(word: &str) -> Vec<&Path> {
    let value = word.split_once('=').map(|(_, value)| value);
    let glued = word.find('/').map(|at| word.split_at(at));
    let glued = glued.filter(|(before, _)| !before.contains(char::is_whitespace));
    let parts = [Some(word), value, glued.map(|(_, path)| path)];
    parts.into_iter().flatten().map(Path::new).collect()
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Path of the socket. Ignored when systemd passes one.
    pub socket: PathBuf,
    /// Permission bits of the socket, at most `0o777`.
    pub socket_mode: u32,
    /// Group of the socket; none: the daemon's own.
    pub socket_group: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            socket: "/run/teamd/teamd.sock".into(),
            socket_mode: 0o660,
            socket_group: None,
        }
    }
}

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The database.
    pub path: PathBuf,
    /// The database of activity, which may be lost and rebuilt.
    pub activity_path: PathBuf,
    /// The plain copy of what has to be removed and when.
    pub leases_path: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: "/var/lib/teamd/teamd.db".into(),
            activity_path: "/var/lib/teamd/activity.db".into(),
            leases_path: "/var/lib/teamd/leases.json".into(),
        }
    }
}

/// How AWS is reached, and how fast it may be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Aws {
    /// Region of the Identity Center instance; none: as AWS's own tools find it.
    pub region: Option<String>,
    /// The access portal, for people; none: no link can be given.
    pub portal_url: Option<String>,
    /// Another endpoint for every service: https, or http on loopback.
    pub endpoint_url: Option<String>,
    /// The instance; none: the only one there is.
    pub instance_arn: Option<String>,
    /// Its identity store; none: as the instance says.
    pub identity_store_id: Option<String>,
    /// Profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// Role to take on with the credentials found.
    pub assume_role: Option<String>,
    /// How often people, groups, accounts and permission sets are read again.
    pub directory_refresh: Seconds,
    /// Calls a second to sso-admin for everything but removals; above zero.
    pub requests_per_second: f64,
    /// Calls a second to sso-admin for removals; above zero.
    pub removal_requests_per_second: f64,
    /// Unfinished assignment operations, 1 to [`Aws::MOST_IN_FLIGHT`].
    pub max_in_flight: u32,
}

impl Aws {
    /// AWS keeps at most so many assignment operations of an organisation unfinished.
    pub const MOST_IN_FLIGHT: u32 = 15;
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            region: None,
            portal_url: None,
            endpoint_url: None,
            instance_arn: None,
            identity_store_id: None,
            profile: None,
            assume_role: None,
            directory_refresh: seconds(5 * 60),
            requests_per_second: 10.0,
            removal_requests_per_second: 16.0,
            max_in_flight: 12,
        }
    }
}

/// Where activity comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ActivitySource {
    /// Nowhere: activity is not shown.
    #[default]
    None,
    /// CloudTrail's event history of the last 90 days.
    CloudtrailLookup,
    /// The log group of an organisation's trail, by its name or ARN.
    CloudwatchLogs(String),
    /// CloudTrail Lake: an event data store by its id or ARN.
    CloudtrailLake(String),
}

/// What people do with their access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Where it comes from.
    pub source: ActivitySource,
    /// Regions whose event history is asked; empty: the one of `[aws]`. Other sources have all of them.
    pub regions: Vec<String>,
    /// Role in the member accounts that may read their event history; none: the daemon's own account only.
    pub role_name: Option<String>,
    /// How often a running session is asked about.
    pub poll: Seconds,
    /// How long activity is kept.
    pub retention: Seconds,
    /// What about a call is worth a look.
    pub marks: Vec<MarkRule>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            source: ActivitySource::None,
            regions: Vec::new(),
            role_name: None,
            poll: seconds(20),
            retention: seconds(400 * 24 * 3600),
            marks: MarkRule::defaults(),
        }
    }
}

/// How a login becomes a user name where the map does not name it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Match {
    /// The user name is the login.
    #[default]
    Same,
    /// The user name is this text with the login in place of `{login}`.
    Template(String),
}

/// Who a login is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// For logins that the map does not name.
    pub matching: Match,
    /// User names by login; goes first.
    pub map: BTreeMap<String, String>,
    /// Whether `sudo -u` may speak for another login.
    pub allow_sudo: bool,
}

impl Identity {
    /// What a template holds where the login goes.
    pub const LOGIN: &str = "{login}";

    /// The user name that this login would have. Whether Identity Center knows it is another question; names compare
    /// exactly.
    #[must_use]
    pub fn user_name(&self, login: &str) -> String {
        match (self.map.get(login), &self.matching) {
            (Some(mapped), _) => mapped.clone(),
            (None, Match::Same) => login.to_owned(),
            (None, Match::Template(template)) => template.replace(Self::LOGIN, login),
        }
    }
}

impl Identity {
    /// The logins that have this user name by the map or the match: those that [`Identity::user_name`] maps to it.
    #[must_use]
    pub fn logins_of(&self, user_name: &str) -> Vec<String> {
        let mapped = self.map.iter().filter(|(_, mapped)| *mapped == user_name);
        let mut logins: Vec<String> = mapped.map(|(login, _)| login.clone()).collect();
        let matching = match &self.matching {
            Match::Same => Some(user_name),
            Match::Template(template) => template
                .split_once(Self::LOGIN)
                .and_then(|(before, after)| user_name.strip_prefix(before)?.strip_suffix(after)),
        };
        let matching = matching.filter(|login| !login.is_empty() && !self.map.contains_key(*login));
        logins.extend(
            matching
                .filter(|login| self.user_name(login) == user_name)
                .map(ToOwned::to_owned),
        );
        logins
    }
}

/// What only rules with `protected = true` may match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protected {
    /// Beside the management account and the account of the daemon's own credentials, which always are.
    pub accounts: BTreeSet<AccountId>,
}

/// What is done where AWS and the book differ. Nothing is ever created or deleted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DriftAction {
    /// It is told and shown.
    #[default]
    Report,
    /// And where access of ours was taken away by somebody else, its requests end.
    End,
}

/// Where AWS and the book differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drift {
    /// What is done.
    pub action: DriftAction,
}

/// How much one person may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests that wait for a decision.
    pub pending_per_user: u32,
    /// Accepted submissions a minute.
    pub submits_per_minute_per_user: u32,
    /// Refused calls a minute.
    pub refusals_per_minute_per_user: u32,
    /// Open connections to the socket of one uid.
    pub connections_per_user: u32,
    /// Open connections to the socket of all uids; those reserved for root, security and admins come on top.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_per_user: 20,
            submits_per_minute_per_user: 10,
            refusals_per_minute_per_user: 60,
            connections_per_user: 32,
            connections: 1024,
        }
    }
}

/// The dead-man's switch: schedules in AWS that delete what this daemon no longer can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backstop {
    /// Role with which they delete.
    pub role_arn: String,
}

/// A default of this file: in range as the test below shows.
fn seconds(count: i64) -> Seconds {
    Seconds::new(count).expect("defaults are in range")
}

impl Config {
    /// Regions whose event history is read: the one of `[aws]` where none are named; and always the one where IAM and other
    /// global services of its partition record their events.
    #[must_use]
    pub fn activity_regions(&self) -> Vec<String> {
        let mut regions = self.activity.regions.clone();
        if regions.is_empty() {
            regions.extend(self.aws.region.clone());
        }
        let global = match regions.first() {
            Some(region) if region.starts_with("us-gov-") => "us-gov-west-1",
            Some(region) if region.starts_with("cn-") => "cn-north-1",
            _ => "us-east-1",
        };
        if !regions.iter().any(|region| region == global) {
            regions.push(global.to_owned());
        }
        regions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let config = Config::default();
        assert_eq!(config.server.socket_mode, 0o660);
        assert_eq!(config.aws.directory_refresh.to_string(), "5m");
        assert_eq!(config.activity.poll.to_string(), "20s");
        assert_eq!(config.activity.retention.to_string(), "400d");
        assert_eq!(config.activity.source, ActivitySource::None);
        assert!(config.aws.max_in_flight <= Aws::MOST_IN_FLIGHT);
    }

    #[test]
    fn the_map_goes_before_the_match() {
        let mut identity = Identity {
            map: [("deploy".to_owned(), "ci-bot".to_owned())].into(),
            ..Identity::default()
        };
        assert_eq!(identity.user_name("alice"), "alice");
        assert_eq!(identity.user_name("deploy"), "ci-bot");
        identity.matching = Match::Template("{login}@example.com".to_owned());
        assert_eq!(identity.user_name("alice"), "alice@example.com");
        assert_eq!(identity.user_name("Alice"), "Alice@example.com");
        assert_eq!(identity.user_name("deploy"), "ci-bot");
    }

    #[test]
    fn logins_of_a_user_name_map_back_to_it() {
        let mut identity = Identity {
            map: [
                ("deploy".to_owned(), "bob".to_owned()),
                ("alice".to_owned(), "eve".to_owned()),
            ]
            .into(),
            ..Identity::default()
        };
        assert_eq!(identity.logins_of("bob"), ["deploy", "bob"]);
        assert_eq!(identity.logins_of("eve"), ["alice", "eve"]);
        // The login alice is somebody else's by the map.
        assert!(identity.logins_of("alice").is_empty());
        identity.matching = Match::Template("{login}@example.com".to_owned());
        assert_eq!(identity.logins_of("carol@example.com"), ["carol"]);
        assert_eq!(identity.logins_of("bob"), ["deploy"]);
        assert!(identity.logins_of("@example.com").is_empty());
    }
}
