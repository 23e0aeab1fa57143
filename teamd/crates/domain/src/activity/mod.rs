//! What was done with the access: calls that CloudTrail recorded, and which request's session each belongs to.
//!
//! * `matching` whose call it is: exactly, never by a part of a name
//! * `marks` what about a call is worth a look
//! * `left_behind` what outlives the session that made it
//! * `digest` what was done in all, and what only the whole of it shows

mod digest;
mod left_behind;
mod marks;
mod matching;
#[cfg(test)]
mod tests;

pub use digest::{
    BURST, BURST_TIME, Counted, DENIED_BURST, Digest, Habit, LeftBehind, Recorded, Summary, bursts,
};
pub use left_behind::{Door, Made, door};
pub use marks::{Mark, MarkRule, Only, is_denied, marks, tells};
pub use matching::{Via, permission_set_of, via};

use super::Time;
use chrono::TimeDelta;
use team_shared::ids::{AccountId, RequestId, UserId};

/// CloudTrail's clocks and ours may differ by so much.
pub const SKEW: TimeDelta = TimeDelta::seconds(5);

/// How late CloudTrail delivers at most, as far as we wait: usually it is five minutes, never promised.
pub const LAG: TimeDelta = TimeDelta::minutes(30);

/// How long CloudTrail's event history goes back.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// One recorded call, as far as anything here looks at it. All texts come from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// CloudTrail's id.
    pub event_id: String,
    /// When it happened.
    pub at: Time,
    /// The API call: `RunInstances`.
    pub name: String,
    /// The service: `ec2.amazonaws.com`.
    pub source: String,
    /// Where.
    pub region: String,
    /// The account that recorded it.
    pub account: String,
    /// From which address.
    pub source_ip: String,
    /// With which program.
    pub user_agent: String,
    /// Read, not write.
    pub read_only: bool,
    /// AWS's refusal, where it was refused.
    pub error: Option<String>,
    /// What it touched.
    pub resources: Vec<String>,
    /// The role behind the caller's session.
    pub role: Option<String>,
    /// The session's name.
    pub session_name: Option<String>,
    /// The Identity Center user on whose behalf it was.
    pub on_behalf_of: Option<String>,
    /// The access key that signed it.
    pub access_key: Option<String>,
    /// What tells one session from another: the access key of programs, the moment of signing in of the console.
    pub anchor: String,
    /// Where it is a sign-in: the account and the permission set or role that it led to.
    pub signed_in_to: Option<(String, String)>,
    /// Where it led on to another role.
    pub assumed: Option<Assumed>,
    /// What it made that outlives the session.
    pub doors: Vec<Door>,
}

/// A role that a call went on to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumed {
    /// The account of the role.
    pub account: String,
    /// The role's ARN.
    pub role: String,
    /// The access key that was given out; none where the record has none.
    pub access_key: Option<String>,
}

impl Call {
    /// The service without its domain: `ec2`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// `ec2:RunInstances`.
    #[must_use]
    pub fn action(&self) -> String {
        format!("{}:{}", self.service(), self.name)
    }
}

/// How long credentials of a role live that a session goes on to: AWS allows chains no more.
pub const CHAINED: TimeDelta = TimeDelta::hours(1);

/// A request whose session is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The request.
    pub request: RequestId,
    /// Whose.
    pub user: UserId,
    /// Their user name: what Identity Center calls their sessions.
    pub user_name: String,
    /// Another person's user name is the same but for case: then case decides.
    pub case_matters: bool,
    /// Where.
    pub account: AccountId,
    /// As what.
    pub permission_set: String,
    /// From activation.
    pub from: Time,
    /// Until credentials that were issued before the end have run out.
    pub until: Time,
    /// Access keys of roles that the session went on to.
    pub keys: Vec<String>,
}

impl Watched {
    /// Whether a moment is within the session, as far as clocks agree.
    #[must_use]
    pub fn covers(&self, at: Time) -> bool {
        at >= self.from - SKEW && at <= self.until + SKEW
    }
}
