//! Who asked for how much: requests of a period, counted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the rows of a report are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportBy {
    /// Who asked.
    #[default]
    Person,
    /// Where.
    Account,
    /// As what.
    Set,
    /// The rule that counted.
    Rule,
    /// Who decided: a request counts for each who did.
    Approver,
}

impl ReportBy {
    /// In the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Person, Self::Account, Self::Set, Self::Rule, Self::Approver];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Account => "account",
            Self::Set => "set",
            Self::Rule => "rule",
            Self::Approver => "approver",
        }
    }
}

/// Query of `GET /v1/report`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// What the rows are; absent: people.
    #[serde(default)]
    pub by: ReportBy,
    /// Requests filed from then on; absent: 30 days before `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Requests filed before; absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Requests, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Filed; the next six add up to it.
    pub requests: u64,
    /// Became access.
    pub granted: u64,
    /// Not decided yet, or not begun.
    pub waiting: u64,
    /// Refused by an approver.
    pub rejected: u64,
    /// Nobody decided in time.
    pub expired: u64,
    /// Taken back by their requester, or withdrawn because what they rested on was gone.
    pub cancelled: u64,
    /// AWS would not, before there was access.
    pub failed: u64,
    /// Under the break-glass rules.
    pub break_glass: u64,
    /// More time for access that was there.
    pub extensions: u64,
    /// Seconds in which access was there, until now.
    pub live_seconds: i64,
    /// Access that is over, of which all is known, and nothing was done with it.
    pub unused: u64,
    /// Access that is over and whose review waits.
    pub reviews_open: u64,
    /// Seconds from filing to the last vote or the rejection: half took less. Absent where nobody had to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_decision_seconds: Option<i64>,
}

/// A row of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// The id of the person, account or permission set; the name of the rule.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When the last of its requests was filed.
    pub last_at: DateTime<Utc>,
    /// Its requests.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Answer of `GET /v1/report`: of what the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the rows are.
    pub by: ReportBy,
    /// Requests filed from then on.
    pub since: DateTime<Utc>,
    /// And before.
    pub until: DateTime<Utc>,
    /// All of them together.
    pub total: Counts,
    /// Those with most access first.
    pub items: Vec<ReportRow>,
}
