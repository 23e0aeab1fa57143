//! The policy document in our own types, as [`crate::document`] makes it from the text.

use super::route::Route;
use super::texts::{TextRules, TicketPattern};
use std::fmt;
use team_shared::duration::Seconds;
use team_shared::ids::AccountId;
use teamd_domain::Time;

/// The whole document. The default has no rules: nobody may ask for anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Who runs the system.
    pub roles: RoleAssignments,
    /// What holds where a rule says nothing else.
    pub settings: Settings,
    /// Who may ask for what, in document order.
    pub eligibility: Vec<EligibilityRule>,
    /// Who decides where a rule names nobody, in document order.
    pub approvers: Vec<ApproverRule>,
    /// What is refused whatever else is written, in document order.
    pub deny: Vec<DenyRule>,
    /// What goes where beside those whom it concerns, in document order.
    pub routes: Vec<Route>,
}

impl Policy {
    /// Whether a rule names this source of who is on call.
    #[must_use]
    pub fn names_on_call_source(&self, source: &str) -> bool {
        let eligibility = self
            .eligibility
            .iter()
            .flat_map(|rule| rule.who.iter().chain(&rule.approvers));
        let approvers = self
            .approvers
            .iter()
            .flat_map(|rule| rule.who.iter().chain(&rule.escalate_to));
        let deny = self.deny.iter().flat_map(|rule| &rule.who);
        let mut subjects = eligibility.chain(approvers).chain(deny);
        subjects.any(|subject| matches!(subject, Subject::OnCall(name) if name == source))
    }
}

/// Who runs the system. Roles add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleAssignments {
    /// Change policy, freeze, revoke.
    pub admins: Vec<Subject>,
    /// Read everything.
    pub auditors: Vec<Subject>,
    /// Read everything, freeze, revoke.
    pub security: Vec<Subject>,
}

/// A person or a group of people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A user name, exactly.
    User(String),
    /// The display name of a group, exactly.
    Group(String),
    /// Whoever the on-call source of that name names now.
    OnCall(String),
}

/// Which accounts a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountPattern {
    /// This one.
    Id(AccountId),
    /// Those whose name fits; `*` stands for any characters, nothing else is special.
    Name(String),
    /// The whole subtree of an OU, given by its path of names or its id; `/` is the organisation.
    Ou(String),
    /// The direct accounts of an OU, given the same way; `/` is the root.
    OuDirect(String),
    /// Those with this tag and value.
    Tag {
        /// Key.
        key: String,
        /// Value.
        value: String,
    },
    /// All.
    All,
}

/// Which permission sets a rule is about: an ARN, a name, or a name in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetPattern(pub String);

/// Whether somebody must approve what a rule allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ApprovalMode {
    /// Yes.
    #[default]
    Required,
    /// No.
    None,
    /// No, but only for asks made as break-glass.
    BreakGlass,
}

/// What happens to active access whose basis is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnLostEligibility {
    /// It ends.
    #[default]
    End,
    /// It stays until its end.
    Keep,
}

/// What holds where a rule says nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// False: nobody needs approval for anything.
    pub approval: bool,
    /// What must be written.
    pub texts: TextRules,
    /// The longest access, for rules without a cap of their own.
    pub max_duration: Seconds,
    /// The shortest access.
    pub min_duration: Seconds,
    /// What is asked for when nobody says.
    pub default_duration: Seconds,
    /// How long a request may wait for its decisions.
    pub request_expiry: Seconds,
    /// How often access may be extended, one extension after the other.
    pub max_extensions: u32,
    /// What happens to active access whose basis is gone.
    pub on_lost_eligibility: OnLostEligibility,
    /// How much of one access a person may ask for in a day, all requests together; `None`: any.
    pub max_per_day: Option<Seconds>,
    /// How long a claim on a request holds.
    pub claim_timeout: Seconds,
    /// How long before its end the person is reminded, in the order written.
    pub remind_before_end: Vec<Seconds>,
    /// How often approvers are reminded of what waits for them; `None`: never.
    pub remind_approvers_every: Option<Seconds>,
    /// After how long a pending request goes to `escalate_to` too; `None`: never.
    pub escalate_after: Option<Seconds>,
    /// The longest session that a permission set may have to be asked for; `None`: any.
    pub max_permission_set_session: Option<Seconds>,
    /// How many administrators a change of the policy needs: one or two.
    pub policy_changes_need: u32,
}

/// Settings that a rule has of its own; `None`: the document's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Whether a reason must be given.
    pub require_justification: Option<bool>,
    /// Its least length in characters.
    pub justification_min: Option<usize>,
    /// Its least length for break-glass.
    pub break_glass_justification_min: Option<usize>,
    /// Reasons that say nothing.
    pub rejected_justifications: Option<Vec<String>>,
    /// Whether a ticket must be named.
    pub require_ticket: Option<bool>,
    /// What a ticket looks like; `Some(None)`: like anything.
    pub ticket_pattern: Option<Option<TicketPattern>>,
    /// Where tickets are read.
    pub ticket_url: Option<String>,
    /// How long a request may wait for its decisions.
    pub request_expiry: Option<Seconds>,
    /// What is asked for when nobody says.
    pub default_duration: Option<Seconds>,
    /// How often access may be extended.
    pub max_extensions: Option<u32>,
    /// How much of one access a person may ask for in a day; `Some(None)`: any, whatever the setting says.
    pub max_per_day: Option<Option<Seconds>>,
}

/// Who may ask for what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EligibilityRule {
    /// Unique among eligibility rules.
    pub id: String,
    /// Who may ask.
    pub who: Vec<Subject>,
    /// Who answers for the rule; for the record.
    pub owner: Option<String>,
    /// The change that brought it; for the record.
    pub change_ticket: Option<String>,
    /// Where.
    pub accounts: Vec<AccountPattern>,
    /// As what.
    pub permission_sets: Vec<SetPattern>,
    /// Longest access; `None`: the setting's.
    pub max_duration: Option<Seconds>,
    /// Whether somebody must approve.
    pub approval: ApprovalMode,
    /// Who approves; empty: the people of the approver rules that match.
    pub approvers: Vec<Subject>,
    /// How many of them; `None`: the largest of the approver rules that match, else one.
    pub quorum: Option<u32>,
    /// Of the matching rules only those with the highest count.
    pub precedence: i64,
    /// The rule stops counting then, and no access by it goes past it.
    pub valid_until: Option<Time>,
    /// Whether it may match protected accounts.
    pub protected: bool,
    /// Whether people are asked to type the account's name.
    pub guarded: bool,
    /// Settings of its own.
    pub overrides: Overrides,
}

/// Who decides, for rules that name nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApproverRule {
    /// Unique among approver rules.
    pub id: String,
    /// Where.
    pub accounts: Vec<AccountPattern>,
    /// As what.
    pub permission_sets: Vec<SetPattern>,
    /// Who approves.
    pub who: Vec<Subject>,
    /// How many of them.
    pub quorum: Option<u32>,
    /// Who is asked too, once a request has waited for `escalate_after`.
    pub escalate_to: Vec<Subject>,
}

/// What is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DenyRule {
    /// Unique among deny rules.
    pub id: String,
    /// To whom.
    pub who: Vec<Subject>,
    /// Where.
    pub accounts: Vec<AccountPattern>,
    /// As what.
    pub permission_sets: Vec<SetPattern>,
    /// Why, for the people it refuses.
    pub reason: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            approval: true,
            texts: TextRules::default(),
            max_duration: seconds(9 * 3600),
            min_duration: seconds(5 * 60),
            default_duration: seconds(3600),
            request_expiry: seconds(3 * 3600),
            max_extensions: 2,
            on_lost_eligibility: OnLostEligibility::End,
            max_per_day: None,
            claim_timeout: seconds(10 * 60),
            remind_before_end: vec![seconds(30 * 60), seconds(15 * 60)],
            remind_approvers_every: Some(seconds(30 * 60)),
            escalate_after: None,
            max_permission_set_session: None,
            policy_changes_need: 1,
        }
    }
}

/// A duration known to be one when this is written.
fn seconds(seconds: i64) -> Seconds {
    Seconds::new(seconds).expect("within one second and ten years")
}

impl Settings {
    /// Whether a permission set with sessions of this length may be asked for at all.
    #[must_use]
    pub fn allows_session(&self, seconds: i64) -> bool {
        self.max_permission_set_session
            .is_none_or(|most| seconds <= most.get())
    }
}

impl EligibilityRule {
    /// Whether it is one for asks made as break-glass, or one for the others.
    #[must_use]
    pub fn is_for(&self, break_glass: bool) -> bool {
        (self.approval == ApprovalMode::BreakGlass) == break_glass
    }

    /// The longest access that it allows from `now` on: its cap, and not past its end. `None`: it has ended.
    #[must_use]
    pub fn cap_at(&self, settings: &Settings, now: Time) -> Option<Seconds> {
        let cap = self.max_duration.unwrap_or(settings.max_duration);
        match self.valid_until {
            None => Some(cap),
            Some(end) => {
                let left = (end - now).num_seconds().min(cap.get());
                Seconds::new(left).ok()
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::OnCall(name) => write!(f, "oncall:{name}"),
        }
    }
}

impl fmt::Display for AccountPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(glob) => write!(f, "name:{glob}"),
            Self::Ou(ou) => write!(f, "ou:{ou}"),
            Self::OuDirect(ou) => write!(f, "ou-direct:{ou}"),
            Self::Tag { key, value } => write!(f, "tag:{key}={value}"),
            Self::All => f.write_str("*"),
        }
    }
}

impl fmt::Display for SetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
