//! The judgement of one ask.

use super::demands::{Demands, unmet};
use super::matching::{Named, account_fits, is_protected, set_fits};
use super::model::{EligibilityRule, Policy};
use super::refusal::{Nearest, Part, Refusal};
use super::texts::TextRules;
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet};
use teamd_domain::request::Basis;

/// What somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who.
    pub person: &'a UserId,
    /// Where.
    pub account: &'a AccountId,
    /// As what.
    pub permission_set: &'a PermissionSetArn,
    /// How long.
    pub duration: Seconds,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// It has waited for `escalate_after`: those whom `escalate_to` names may decide it too.
    pub is_escalated: bool,
    /// From when the duration is counted: the moment of asking, or the start where a later one is fixed.
    pub now: Time,
}

/// What policy says to an ask that it allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The rules that count and what they demand.
    pub basis: Basis,
    /// The longest that the counting rules allow from `now` on.
    pub cap: Seconds,
    /// What is asked for when nobody says; never over the cap.
    pub default_duration: Seconds,
    /// How long the request may wait for its decisions.
    pub request_expiry: Seconds,
    /// How often the access may be extended, one extension after the other.
    pub max_extensions: u32,
    /// How much of this access a person may ask for in a day, all requests together; `None`: any.
    pub max_per_day: Option<Seconds>,
    /// What must be written.
    pub texts: TextRules,
    /// Whether the person is asked to type the account's name.
    pub guarded: bool,
}

/// Judges one ask.
///
/// # Errors
/// The first that applies, in the order of [`Refusal`]'s variants.
pub fn evaluate(
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    ask: &Ask<'_>,
) -> Result<Judgement, Refusal> {
    let person = directory
        .people
        .get(ask.person)
        .ok_or_else(|| Refusal::UnknownPerson {
            id: ask.person.clone(),
        })?;
    if !person.enabled {
        return Err(Refusal::PersonDisabled {
            user_name: person.user_name.clone(),
        });
    }
    let account = directory
        .accounts
        .get(ask.account)
        .ok_or_else(|| Refusal::UnknownAccount {
            id: ask.account.clone(),
        })?;
    if !account.active {
        return Err(Refusal::AccountInactive {
            name: account.name.clone(),
            state: account.state.clone(),
        });
    }
    let set =
        directory
            .permission_sets
            .get(ask.permission_set)
            .ok_or_else(|| Refusal::UnknownPermissionSet {
                arn: ask.permission_set.clone(),
            })?;
    let named = Named::of(person, directory);
    if let Some(deny) = policy.deny.iter().find(|deny| {
        named.is_in(&deny.who)
            && account_fits(&deny.accounts, account, directory)
            && set_fits(&deny.permission_sets, set)
    }) {
        return Err(Refusal::Denied {
            rule: deny.id.clone(),
            reason: deny.reason.clone(),
        });
    }
    if !policy.settings.allows_session(set.session_seconds) {
        return Err(Refusal::SessionTooLong {
            permission_set: set.name.clone(),
            session: Seconds::new(set.session_seconds).unwrap_or(policy.settings.max_duration),
            most: policy
                .settings
                .max_permission_set_session
                .unwrap_or(policy.settings.max_duration),
        });
    }
    let target = Target {
        directory,
        account,
        set,
        is_protected: is_protected(ask.account, protected, directory),
    };
    let fitting = target.fitting(policy, &named, ask);
    let Some(longest) = longest(&fitting) else {
        return Err(not_eligible(policy, &target, &named, ask));
    };
    let counting = counting(policy, &fitting, ask.duration);
    if counting.is_empty() {
        let rule = &policy.eligibility[longest.0];
        let cap = longest.1;
        return Err(Refusal::OverCap {
            cap,
            rule: rule.id.clone(),
            ends_at: rule
                .valid_until
                .filter(|_| cap < rule.max_duration.unwrap_or(policy.settings.max_duration)),
        });
    }
    if ask.duration < policy.settings.min_duration {
        return Err(Refusal::UnderMin {
            min: policy.settings.min_duration,
        });
    }
    let approver_rules: Vec<usize> = policy
        .approvers
        .iter()
        .enumerate()
        .filter(|(_, rule)| {
            account_fits(&rule.accounts, account, directory) && set_fits(&rule.permission_sets, set)
        })
        .map(|(at, _)| at)
        .collect();
    let judgement = Demands::new(policy, directory, ask.person, ask.now, ask.is_escalated)
        .judge(&counting, &approver_rules);
    match unmet(&judgement.basis) {
        None => Ok(judgement),
        Some(refusal) => Err(refusal),
    }
}

/// Of rules that fit but for the duration, those that count for it: they allow it, and none that does has a higher
/// precedence.
pub(super) fn counting(policy: &Policy, fitting: &[(usize, Seconds)], duration: Seconds) -> Vec<usize> {
    let allowing = || {
        fitting
            .iter()
            .filter(|(_, cap)| duration <= *cap)
            .map(|(at, _)| *at)
    };
    let highest = allowing().map(|at| policy.eligibility[at].precedence).max();
    allowing()
        .filter(|at| Some(policy.eligibility[*at].precedence) == highest)
        .collect()
}

/// The rule with the longest cap, the first of several.
pub(super) fn longest(fitting: &[(usize, Seconds)]) -> Option<(usize, Seconds)> {
    fitting
        .iter()
        .copied()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Account and permission set of an ask.
pub(super) struct Target<'a> {
    pub(super) directory: &'a Directory,
    pub(super) account: &'a Account,
    pub(super) set: &'a PermissionSet,
    pub(super) is_protected: bool,
}

impl Target<'_> {
    /// The rules that fit but for the duration, with the longest that each allows now.
    pub(super) fn fitting(&self, policy: &Policy, named: &Named<'_>, ask: &Ask<'_>) -> Vec<(usize, Seconds)> {
        policy
            .eligibility
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.is_for(ask.break_glass) && named.is_in(&rule.who) && self.fits(rule))
            .filter_map(|(at, rule)| rule.cap_at(&policy.settings, ask.now).map(|cap| (at, cap)))
            .collect()
    }

    fn fits(&self, rule: &EligibilityRule) -> bool {
        (rule.protected || !self.is_protected)
            && account_fits(&rule.accounts, self.account, self.directory)
            && set_fits(&rule.permission_sets, self.set)
    }
}

/// Says which rule came closest and what it lacks. Only refusals pay for this.
fn not_eligible(policy: &Policy, target: &Target<'_>, named: &Named<'_>, ask: &Ask<'_>) -> Refusal {
    // Counted first, said of the nearest only: there may be hundreds, and saying is what takes time.
    let mut nearest: Option<(usize, &EligibilityRule)> = None;
    for rule in &policy.eligibility {
        let lacks = lacking(rule, policy, target, named, ask);
        let count = lacks.into_iter().filter(|lacks| *lacks).count();
        if count == 1 && lacks[PROTECTED] {
            return Refusal::Protected {
                account: target.account.name.clone(),
                rule: rule.id.clone(),
            };
        }
        if nearest.is_none_or(|(best, _)| count < best) {
            nearest = Some((count, rule));
        }
    }
    // A rule that shares neither the target nor the person is no help to anybody.
    let nearest = nearest.filter(|(count, _)| *count < 3).map(|(_, rule)| Nearest {
        rule: rule.id.clone(),
        missing: missing(rule, policy, target, named, ask),
    });
    Refusal::NotEligible {
        nearest,
        account: target.account.name.clone(),
        permission_set: target.set.name.clone(),
        groups: named.group_names(),
    }
}

/// The place of the account's protection among what a rule may lack.
const PROTECTED: usize = 4;

/// Which parts of a rule do not fit: person, account, permission set, kind of ask, protection, end.
fn lacking(
    rule: &EligibilityRule,
    policy: &Policy,
    target: &Target<'_>,
    named: &Named<'_>,
    ask: &Ask<'_>,
) -> [bool; 6] {
    [
        !named.is_in(&rule.who),
        !account_fits(&rule.accounts, target.account, target.directory),
        !set_fits(&rule.permission_sets, target.set),
        !rule.is_for(ask.break_glass),
        target.is_protected && !rule.protected,
        rule.cap_at(&policy.settings, ask.now).is_none(),
    ]
}

/// The same in words.
fn missing(
    rule: &EligibilityRule,
    policy: &Policy,
    target: &Target<'_>,
    named: &Named<'_>,
    ask: &Ask<'_>,
) -> Vec<Part> {
    let [person, account, set, kind, protection, _] = lacking(rule, policy, target, named, ask);
    let mut missing = Vec::new();
    if person {
        missing.push(Part::Person {
            who: rule.who.iter().map(ToString::to_string).collect(),
        });
    }
    if account {
        missing.push(Part::Account {
            accounts: rule.accounts.iter().map(ToString::to_string).collect(),
        });
    }
    if set {
        missing.push(Part::PermissionSet {
            permission_sets: rule.permission_sets.iter().map(ToString::to_string).collect(),
        });
    }
    if kind {
        missing.push(if ask.break_glass {
            Part::NotForBreakGlass
        } else {
            Part::OnlyForBreakGlass
        });
    }
    if protection {
        missing.push(Part::Protected);
    }
    if let Some(at) = rule.valid_until
        && rule.cap_at(&policy.settings, ask.now).is_none()
    {
        missing.push(Part::Ended { at });
    }
    missing
}
