//! The ports to AWS, in our own types. Adapters are in the crate `teamd-aws-sdk`; the fakes of the tests implement the same traits.

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::grant::{Holder, Reply};
use teamd_domain::request::Key;

/// How urgent a call is. Removals go before everything else in every queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Deletes, and what they need to be confirmed.
    Removal,
    /// Creates, and what they need.
    Grant,
    /// Everything that can wait: directory, sweeps, checks.
    Background,
}

/// The assignments of Identity Center. Each method is one HTTP attempt: retries are the reconciler's, so that every
/// attempt has its own durable intent.
pub trait Assignments: Send + Sync {
    /// Whether the USER assignment on exactly this key is there.
    fn list<'a>(&'a self, key: &'a Key, lane: Lane) -> BoxFuture<'a, Reply>;
    /// Sends one create.
    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply>;
    /// Sends one delete.
    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply>;
    /// Status of a create.
    fn creation_status<'a>(&'a self, request_id: &'a str, lane: Lane) -> BoxFuture<'a, Reply>;
    /// Status of a delete.
    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply>;
    /// Everybody with a USER assignment of this permission set in this account. `begun` is called once, after the wait
    /// for our own pace and before anything is sent: what is true by then shows in the answer, as far as AWS is up to
    /// date. `None`: there is no such call, keys are listed one by one.
    fn list_holders<'a>(
        &'a self,
        _account: &'a AccountId,
        _permission_set: &'a PermissionSetArn,
        _lane: Lane,
        _begun: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Option<Result<Holders, Reply>>> {
        Box::pin(async { None })
    }
    /// AWS's ids of the deletes that it is still at work on, in few calls however many they are. `None`: there is no
    /// such call, each is asked about.
    fn unfinished_deletions(&self) -> BoxFuture<'_, Option<Result<BTreeSet<String>, Reply>>> {
        Box::pin(async { None })
    }
    /// Tells whether removals are due: their rate is used then.
    fn removals_due(&self, _due: bool) {}
    /// The calls a second that we allow ourselves now, where there is a limit.
    fn call_rate(&self) -> Option<CallRate> {
        None
    }
}

/// The people of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders(BTreeSet<String>);

impl Holders {
    /// Whether the person is among them. AWS writes ids in either case.
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.0.contains(&user.as_str().to_ascii_lowercase())
    }
}

impl FromIterator<String> for Holders {
    fn from_iter<I: IntoIterator<Item = String>>(ids: I) -> Self {
        Self(ids.into_iter().map(|id| id.to_ascii_lowercase()).collect())
    }
}

/// Calls a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallRate {
    /// As configured for what is due now.
    pub configured: f64,
    /// What AWS's throttling has made of it.
    pub now: f64,
}

/// Why AWS gave no answer to a read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// No connection, a time-out, a 5xx: try again.
    #[error("AWS does not answer: {0}")]
    Unreachable(String),
    /// Too fast: try again later.
    #[error("AWS throttles us: {0}")]
    Throttled(String),
    /// The daemon's credentials may not, or are missing: operators must act.
    #[error("AWS refuses us: {0}")]
    Refused(String),
    /// An answer that makes no sense.
    #[error("AWS answered {0}")]
    Unexpected(String),
}

/// What is fresh about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshPerson {
    /// Still there and not disabled.
    pub enabled: bool,
    /// Ids of the groups that they are in now.
    pub groups: Vec<team_shared::ids::GroupId>,
}

/// Accounts, people, groups and permission sets.
pub trait DirectorySource: Send + Sync {
    /// Loads everything. Long: within half of AWS's rates.
    fn load(&self, now: Time) -> BoxFuture<'_, Result<Directory, AwsError>>;
    /// Asks about one person now.
    fn person<'a>(
        &'a self,
        identity_store_id: &'a str,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<FreshPerson, AwsError>>;
}

/// Who holds what in AWS, for the sweeps. Callers wait for their turn in a budget of their own: sweeps and directory
/// refreshes together take at most a fifth of the rate to sso-admin, and nothing from removals.
pub trait Inventory: Send + Sync {
    /// Everybody with an assignment of the permission set in the account; nobody, where AWS knows either no more. Ids as
    /// AWS writes them: people's compare without regard to case.
    fn holders<'a>(
        &'a self,
        account: &'a AccountId,
        set: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>>;
    /// Permission sets that are provisioned in the account: others have no assignments there. `None`: it cannot be asked.
    fn provisioned<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>>;
}

/// One CloudTrail event as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// CloudTrail's id.
    pub event_id: String,
    /// When it happened.
    pub at: Time,
    /// The whole record, a JSON text where nothing is wrong with it.
    pub record: String,
}

/// Whose calls are asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalledBy {
    /// Sessions of that name. Those of Identity Center are called after the user.
    Name(String),
    /// What was called with an access key: the calls of a role that a session went on to assume.
    Key(String),
    /// Everybody's sign-ins to accounts through Identity Center, of one kind of [`SIGN_INS`]: their records have no name,
    /// only the id of the user.
    SignIns(&'static str),
}

/// One question to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The account that recorded the calls.
    pub account: AccountId,
    /// Its region; `None` for sources that know all of them.
    pub region: Option<String>,
    /// Whose calls.
    pub called_by: CalledBy,
    /// Where that is a name: the Identity Center user of that name. Records of signing in have the id alone.
    pub user: Option<UserId>,
    /// From then on.
    pub since: Time,
    /// Until then.
    pub until: Time,
}

/// With which people come to a permission set: programs have its credentials, the portal goes on to the console.
pub const SIGN_INS: [&str; 2] = ["GetRoleCredentials", "Federate"];

/// Where CloudTrail's events are read.
pub trait ActivitySource: Send + Sync {
    /// What it is, for people.
    fn name(&self) -> String;
    /// Whether each region is a question of its own.
    fn is_regional(&self) -> bool;
    /// What a look finds, in pages, in no order. Ends after the first error: what came before it is good.
    fn read<'a>(&'a self, look: &'a Look) -> BoxStream<'a, Result<Vec<RawEvent>, AwsError>>;
}

/// The dead-man's switch: one-time schedules in AWS, each of which deletes one assignment. Whoever calls repeats what
/// failed; each of these may be repeated.
pub trait Schedules: Send + Sync {
    /// Makes the schedule of that name delete the key's assignment at that moment, whatever it was to do before.
    fn put<'a>(&'a self, name: &'a str, key: &'a Key, at: Time) -> BoxFuture<'a, Result<(), AwsError>>;
    /// Takes a schedule away; one that is not there is away.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), AwsError>>;
    /// Names that begin so.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, AwsError>>;
    /// What a schedule would delete; `None`: there is no such schedule, or it does something else.
    fn target<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Key>, AwsError>>;
}

/// Whose credentials the daemon has.
pub trait OwnIdentity: Send + Sync {
    /// The account of the credentials.
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>>;
}
