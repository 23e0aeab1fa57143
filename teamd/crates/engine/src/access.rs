//! Who may see and do what: the table of the contract, as one place. Roles add up.

use super::decide;
use super::refused::Refused;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::attention::{Attention, was_access};
use teamd_domain::directory::Directory;
use teamd_domain::identity::{Caller, Who};
use teamd_domain::request::{Request, State};
use teamd_policy::reminders::is_escalated;
use teamd_policy::{Policy, Roles, approver_of, evaluate, roles_of};

/// A caller with everything that decides what they may do, at one moment.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The policy in force.
    pub policy: Option<&'a Policy>,
    /// The directory copy.
    pub directory: Option<&'a Directory>,
    /// Accounts that only protected rules match.
    pub protected: &'a BTreeSet<AccountId>,
    /// Changing verbs are allowed although the login uid differs.
    pub allow_sudo: bool,
    /// The moment: what has waited long is decided by others too.
    pub now: Time,
}

/// A verb on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Approve it.
    Approve,
    /// Reject it.
    Reject,
    /// Take it back before it begins.
    Cancel,
    /// End one's own.
    Done,
    /// Take it back from somebody.
    Revoke,
    /// Give up its removal.
    Lost,
    /// Ask for more time on one's own.
    Extend,
    /// Say that one looks at it.
    Claim,
    /// Say that one does not any more.
    Unclaim,
    /// Close its review.
    Review,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Approve,
        Self::Reject,
        Self::Cancel,
        Self::Done,
        Self::Revoke,
        Self::Lost,
        Self::Extend,
        Self::Claim,
        Self::Unclaim,
        Self::Review,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
            Self::Done => "done",
            Self::Revoke => "revoke",
            Self::Lost => "lost",
            Self::Extend => "extend",
            Self::Claim => "claim",
            Self::Unclaim => "unclaim",
            Self::Review => "review",
        }
    }
}

impl<'a> Access<'a> {
    /// The roles of the caller.
    #[must_use]
    pub fn roles(&self) -> Roles {
        match (self.caller.person(), self.policy, self.directory) {
            (Some(person), Some(policy), Some(directory)) => roles_of(policy, directory, person),
            _ => Roles::default(),
        }
    }

    /// uid 0.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        matches!(self.caller.who, Who::Operator)
    }

    /// Sees all requests, activity, events.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        let roles = self.roles();
        roles.admin || roles.auditor || roles.security
    }

    /// Sees the full status, grants and the audit check.
    #[must_use]
    pub fn sees_operations(&self) -> bool {
        self.sees_all() || self.is_operator()
    }

    /// The person behind a changing verb.
    ///
    /// # Errors
    /// Nobody, the operator, or the `sudo -u` shape.
    pub fn acting_person(&self) -> Result<&'a UserId, Refused> {
        self.refuse_sudo()?;
        self.refuse_nobody()?;
        self.caller.person().ok_or_else(|| {
            Refused::new(
                Code::NotAllowed,
                "uid 0 operates the daemon and is never a person",
            )
            .help("run it from your own login")
        })
    }

    /// Refuses a login that maps to nobody: it sees `whoami` and why, nothing else.
    ///
    /// # Errors
    /// With why it maps to nobody.
    pub fn refuse_nobody(&self) -> Result<(), Refused> {
        match &self.caller.who {
            Who::Person { .. } | Who::Operator => Ok(()),
            Who::Nobody { why } => Err(Refused::new(Code::UnknownIdentity, why.clone())
                .help("`team-tui whoami` says how your login is mapped")),
        }
    }

    /// Refuses the `sudo -u` shape, and who cannot be told from it.
    ///
    /// # Errors
    /// The login uid is set and differs, or cannot be known.
    pub fn refuse_sudo(&self) -> Result<(), Refused> {
        if !self.caller.may_be_sudo() || self.allow_sudo {
            return Ok(());
        }
        let uid = self.caller.peer.uid;
        Err(match self.caller.peer.login_uid.uid() {
            Some(login) => Refused::new(
                Code::SudoRefused,
                format!("this session was opened by uid {login}, but speaks as uid {uid}"),
            )
            .help("log in as yourself; an operator can set [identity] allow_sudo"),
            None => Refused::new(
                Code::SudoRefused,
                format!("the login behind uid {uid} cannot be known, so nothing is changed"),
            )
            .help(
                "use a process that stays until it has its answer; if this happens always, `teamd check` says why",
            ),
        })
    }

    /// Approver or overseer of a target now.
    #[must_use]
    pub fn decides_on(&self, account: &AccountId, set: &PermissionSetArn) -> bool {
        match (self.caller.person(), self.policy, self.directory) {
            (Some(person), Some(policy), Some(directory)) => {
                approver_of(policy, directory, self.protected, person, account, set, false)
            }
            _ => false,
        }
    }

    /// Approver or overseer of a request now: of its target, or because it has waited for `escalate_after`.
    #[must_use]
    pub fn decides(&self, request: &Request) -> bool {
        let (account, set) = (&request.key.account, &request.key.permission_set);
        match (self.caller.person(), self.policy, self.directory) {
            (Some(person), Some(policy), Some(directory)) => {
                let is_escalated = is_escalated(request, &policy.settings, self.now);
                approver_of(
                    policy,
                    directory,
                    self.protected,
                    person,
                    account,
                    set,
                    is_escalated,
                )
            }
            _ => false,
        }
    }

    /// Whether a vote of the caller would count: a demand lists them. Who decides on the target is not asked where the
    /// rule that allows it names approvers of its own.
    fn is_asked(&self, request: &Request) -> bool {
        let (Some(person), Some(policy), Some(directory)) =
            (self.caller.person(), self.policy, self.directory)
        else {
            return false;
        };
        request.basis.asks(person) || {
            // Policy and directory may have changed since it was judged.
            let ask = decide::ask(request, policy, request.terms.duration, self.now);
            evaluate(policy, directory, self.protected, &ask).is_ok_and(|found| found.basis.asks(person))
        }
    }

    /// Whether the caller may see a request.
    #[must_use]
    pub fn can_see(&self, request: &Request) -> bool {
        let Some(person) = self.caller.person() else {
            return false;
        };
        request.key.user == *person
            || self.sees_all()
            || request.votes.iter().any(|vote| vote.by == *person)
            || self.decides(request)
    }

    /// Whether the caller's role allows a verb on a request that they see. State and policy are looked at later.
    ///
    /// # Errors
    /// The role does not allow it.
    pub fn may(&self, verb: Verb, request: &Request) -> Result<(), Refused> {
        let person = self.acting_person()?;
        let own = request.key.user == *person;
        let decides = || self.decides(request);
        match verb {
            Verb::Approve | Verb::Reject | Verb::Claim if own => Err(Refused::new(
                Code::SelfApproval,
                "nobody decides their own request",
            )
            .help("another approver must decide; `show` names them")),
            Verb::Approve | Verb::Reject | Verb::Claim if !decides() => Err(Refused::new(
                Code::NotAllowed,
                "no rule makes you an approver of this request",
            )
            .help("`show` names who can approve")),
            Verb::Cancel | Verb::Done if !own => Err(Refused::new(
                Code::NotAllowed,
                format!("only its requester may {} a request", verb.as_str()),
            )
            .help("`revoke` takes access back from somebody")),
            Verb::Extend if !own => Err(Refused::new(
                Code::NotAllowed,
                "only its requester may extend a request",
            )
            .help("they ask, and you decide")),
            Verb::Revoke => {
                let roles = self.roles();
                if roles.admin || roles.security || !own && decides() {
                    Ok(())
                } else if own {
                    Err(Refused::new(
                        Code::NotAllowed,
                        "one's own access ends with `done`, not `revoke`",
                    )
                    .help("use `done`"))
                } else {
                    Err(Refused::new(
                        Code::NotAllowed,
                        "revoking takes an approver of the target, security or an administrator",
                    ))
                }
            }
            Verb::Review if own => Err(Refused::new(
                Code::SelfApproval,
                "nobody closes the review of their own access",
            )
            .help("an approver of the target, security, an auditor or an administrator does")),
            Verb::Review if !self.sees_all() && !decides() => Err(Refused::new(
                Code::NotAllowed,
                "closing a review takes an approver of the target, security, an auditor or an administrator",
            )
            .help("`team-tui whoami` shows your roles")),
            Verb::Lost if own => Err(Refused::new(
                Code::SelfApproval,
                "nobody gives up the removal of their own access",
            )
            .help("two other administrators must agree")),
            Verb::Lost if !self.roles().admin => Err(Refused::new(
                Code::NotAllowed,
                "giving up a removal takes two administrators",
            )
            .help("`team-tui whoami` shows your roles")),
            Verb::Approve
            | Verb::Reject
            | Verb::Cancel
            | Verb::Done
            | Verb::Lost
            | Verb::Extend
            | Verb::Claim
            // Whoever has a claim may give it up, whatever they are now.
            | Verb::Unclaim
            | Verb::Review => Ok(()),
        }
    }

    /// The verbs that make sense for the caller on this request now.
    #[must_use]
    pub fn open_verbs(&self, request: &Request, attention: &Attention) -> Vec<&'static str> {
        let me = self.caller.person();
        let claim = attention.claim_on(request, self.now);
        Verb::ALL
            .into_iter()
            .filter(|verb| match verb {
                Verb::Approve => {
                    matches!(request.state, State::Pending)
                        && !request
                            .votes
                            .iter()
                            .any(|vote| Some(&vote.by) == self.caller.person())
                        && self.is_asked(request)
                }
                Verb::Reject => matches!(request.state, State::Pending),
                Verb::Cancel => matches!(request.state, State::Pending | State::Scheduled { .. }),
                Verb::Done => matches!(request.state, State::Activating { .. } | State::Active { .. }),
                Verb::Extend => matches!(request.state, State::Active { .. }),
                Verb::Revoke => matches!(
                    request.state,
                    State::Scheduled { .. } | State::Activating { .. } | State::Active { .. }
                ),
                Verb::Claim => {
                    matches!(request.state, State::Pending) && claim.is_none_or(|claim| Some(&claim.by) == me)
                }
                Verb::Unclaim => claim.is_some_and(|claim| Some(&claim.by) == me),
                Verb::Review => attention.review.is_none() && was_access(request),
                Verb::Lost => {
                    let State::Ending { given_up, .. } = &request.state else {
                        return false;
                    };
                    let first = given_up.as_ref().map(|signature| &signature.by);
                    first.is_none() || first != self.caller.person()
                }
            })
            .filter(|verb| self.may(*verb, request).is_ok())
            .map(Verb::as_str)
            .collect()
    }
}
