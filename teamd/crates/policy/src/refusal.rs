//! Why an ask is refused, and what would help.

use team_shared::duration::Seconds;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use team_shared::problem::Code;
use teamd_domain::Time;

/// Why an ask is refused, in the order in which it is looked at. None of these goes away by trying again: policy, the
/// directory or the ask has to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The directory has no such person.
    #[error("Identity Center has no person with the id {id}")]
    UnknownPerson {
        /// The id.
        id: UserId,
    },
    /// The person is disabled in Identity Center.
    #[error("{user_name} is disabled in Identity Center")]
    PersonDisabled {
        /// Whose.
        user_name: String,
    },
    /// The directory has no such account.
    #[error("the organisation has no account {id}")]
    UnknownAccount {
        /// The id.
        id: AccountId,
    },
    /// The account is closed, suspended or not yet there.
    #[error("account {name} is {state}, not ACTIVE: AWS grants nothing in it")]
    AccountInactive {
        /// Its name.
        name: String,
        /// AWS's state.
        state: String,
    },
    /// The instance has no such permission set.
    #[error("Identity Center has no permission set {arn}")]
    UnknownPermissionSet {
        /// The ARN.
        arn: PermissionSetArn,
    },
    /// A deny rule.
    #[error("deny rule {rule} refuses it{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Denied {
        /// Which.
        rule: String,
        /// Why, in the words of policy.
        reason: Option<String>,
    },
    /// The permission set's sessions outlive what policy allows.
    #[error("sessions of {permission_set} last {session}, and settings.max_permission_set_session is {most}")]
    SessionTooLong {
        /// The permission set's name.
        permission_set: String,
        /// How long its sessions last.
        session: Seconds,
        /// The longest that is allowed.
        most: Seconds,
    },
    /// The account is protected, and the rule that would fit does not cover protected accounts.
    #[error("account {account} is protected, and rule {rule} does not cover protected accounts")]
    Protected {
        /// The account's name.
        account: String,
        /// The rule that would fit.
        rule: String,
    },
    /// No rule fits person, account and permission set.
    #[error("no rule lets you ask for {permission_set} in {account}")]
    NotEligible {
        /// The rule that came closest.
        nearest: Option<Nearest>,
        /// The account's name.
        account: String,
        /// The permission set's name.
        permission_set: String,
        /// The person's groups.
        groups: Vec<String>,
    },
    /// Longer than any rule that fits allows.
    #[error("rule {rule} allows {cap} at most{}", ends_at.map(|at| format!(": it ends at {at}")).unwrap_or_default())]
    OverCap {
        /// The longest that is allowed.
        cap: Seconds,
        /// By which rule.
        rule: String,
        /// The rule's end, where that is what limits it.
        ends_at: Option<Time>,
    },
    /// Shorter than anybody may ask for.
    #[error("the shortest access is {min}")]
    UnderMin {
        /// The shortest that is allowed.
        min: Seconds,
    },
    /// Too few people could approve.
    #[error("rule {rule} needs {quorum} to approve, and {available} other than you could")]
    NoApprover {
        /// The rule that demands it.
        rule: String,
        /// How many are needed.
        quorum: u32,
        /// How many there are: enabled, and not the requester.
        available: usize,
    },
}

/// The rule that came closest, and what of it does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The rule.
    pub rule: String,
    /// What does not fit; not empty.
    pub missing: Vec<Part>,
}

/// A part of a rule that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The person is not among those it is for.
    Person {
        /// Whom it is for, as written.
        who: Vec<String>,
    },
    /// The account is not among its accounts.
    Account {
        /// As written.
        accounts: Vec<String>,
    },
    /// The permission set is not among its permission sets.
    PermissionSet {
        /// As written.
        permission_sets: Vec<String>,
    },
    /// It counts only for break-glass.
    OnlyForBreakGlass,
    /// It does not count for break-glass.
    NotForBreakGlass,
    /// The account is protected and the rule does not cover those.
    Protected,
    /// It has ended.
    Ended {
        /// When.
        at: Time,
    },
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::UnknownPerson { .. } => Code::UnknownIdentity,
            Self::UnknownAccount { .. } | Self::UnknownPermissionSet { .. } => Code::NotFound,
            Self::PersonDisabled { .. }
            | Self::AccountInactive { .. }
            | Self::SessionTooLong { .. }
            | Self::Protected { .. }
            | Self::NotEligible { .. } => Code::NotEligible,
            Self::Denied { .. } => Code::Denied,
            Self::OverCap { .. } => Code::OverCap,
            Self::UnderMin { .. } => Code::UnderMin,
            Self::NoApprover { .. } => Code::NoApprover,
        }
    }

    /// The sentence about somebody: `you`, or a name.
    #[must_use]
    pub fn about(&self, who: &str) -> String {
        match self {
            Self::NotEligible {
                account,
                permission_set,
                ..
            } => format!("no rule lets {who} ask for {permission_set} in {account}"),
            Self::NoApprover {
                rule,
                quorum,
                available,
            } => format!("rule {rule} needs {quorum} to approve, and {available} other than {who} could"),
            other => other.to_string(),
        }
    }

    /// What would help, where anything would.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownPerson { .. } => Some(
                "the directory copy may be older than the person: try again after the next refresh"
                    .to_owned(),
            ),
            Self::PersonDisabled { .. } => Some("have the user enabled in Identity Center".to_owned()),
            Self::UnknownAccount { .. } => Some("`team-tui accounts` lists the accounts".to_owned()),
            Self::UnknownPermissionSet { .. } => Some("`team-tui permission-sets` lists the sets".to_owned()),
            Self::AccountInactive { .. } | Self::Denied { .. } => None,
            Self::SessionTooLong { .. } => Some(
                "keys would live on so long after the end: an administrator can shorten the set's sessions in Identity Center"
                    .to_owned(),
            ),
            Self::Protected { rule, .. } => Some(format!(
                "only rules with `protected = true` cover it; an administrator can say so in rule {rule}"
            )),
            Self::NotEligible { nearest, groups, .. } => Some(not_eligible_help(nearest.as_ref(), groups)),
            Self::OverCap { cap, .. } => Some(format!("ask for {cap} or less")),
            Self::UnderMin { min } => Some(format!("ask for {min} or more")),
            Self::NoApprover { rule, .. } => Some(format!(
                "an administrator can name more approvers for rule {rule}; disabled people and you do not count"
            )),
        }
    }
}

fn not_eligible_help(nearest: Option<&Nearest>, groups: &[String]) -> String {
    let mut help = match nearest {
        None => "no rule comes near: ask an administrator".to_owned(),
        Some(Nearest { rule, missing }) => {
            let parts: Vec<String> = missing.iter().map(Part::lacking).collect();
            format!("rule {rule} would fit, but {}", parts.join(", and "))
        }
    };
    if nearest.is_none_or(|near| {
        near.missing
            .iter()
            .any(|part| matches!(part, Part::Person { .. }))
    }) {
        help.push_str(&match groups {
            [] => ". You are in no group".to_owned(),
            groups => format!(". Your groups: {}", few(groups, ", ")),
        });
    }
    help
}

impl Part {
    /// What is lacking, said to the person who asked.
    fn lacking(&self) -> String {
        match self {
            Self::Person { who } => format!("you are not {}", few(&in_words(who), " or ")),
            Self::Account { accounts } => format!("it is for the accounts {}", few(accounts, ", ")),
            Self::PermissionSet { permission_sets } => {
                format!("it is for the permission sets {}", few(permission_sets, ", "))
            }
            Self::OnlyForBreakGlass => "it counts only for break-glass (--break-glass)".to_owned(),
            Self::NotForBreakGlass => "it does not count for break-glass: ask without".to_owned(),
            Self::Protected => "it does not cover protected accounts".to_owned(),
            Self::Ended { at } => format!("it ended at {at}"),
        }
    }
}

fn in_words(who: &[String]) -> Vec<String> {
    who.iter()
        .map(|subject| {
            if subject.starts_with("group:") {
                format!("in {subject}")
            } else {
                subject.clone()
            }
        })
        .collect()
}

/// A list for a sentence: a rule may name hundreds.
fn few(items: &[String], between: &str) -> String {
    const SHOWN: usize = 8;
    let shown = &items[..items.len().min(SHOWN)];
    let text = shown.join(between);
    match items.len() - shown.len() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
