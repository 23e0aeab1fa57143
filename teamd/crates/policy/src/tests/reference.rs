//! The contract's words once more, slowly: every question asked of every rule, nothing shared with the code that is
//! judged by it, not even the matching.

use super::super::{AccountPattern, ApprovalMode, EligibilityRule, Policy, SetPattern, Subject};
use std::collections::BTreeSet;
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// What comes of an ask, in plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Refused(&'static str),
    OverCap(i64),
    Allowed {
        rules: Vec<String>,
        leader: String,
        cap: i64,
        demands: Vec<(String, usize, BTreeSet<String>)>,
        overseers: BTreeSet<String>,
    },
}

/// An ask, by the names of things.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    pub(super) person: String,
    pub(super) account: String,
    pub(super) set: String,
    pub(super) seconds: i64,
    pub(super) break_glass: bool,
    pub(super) now: Time,
}

/// Judges an ask.
pub(super) fn judge(policy: &Policy, directory: &Directory, ask: &Plain) -> Verdict {
    let person = directory
        .people
        .values()
        .find(|p| p.user_name == ask.person)
        .unwrap();
    let account = directory
        .accounts
        .values()
        .find(|a| a.name == ask.account)
        .unwrap();
    let set = directory
        .permission_sets
        .values()
        .find(|s| s.name == ask.set)
        .unwrap();
    if !person.enabled || !account.active {
        return Verdict::Refused("not_eligible");
    }
    for deny in &policy.deny {
        if is_among(person, &deny.who, directory)
            && is_place(account, &deny.accounts, directory)
            && is_set(set, &deny.permission_sets)
        {
            return Verdict::Refused("denied");
        }
    }
    let longest_session = policy.settings.max_permission_set_session;
    if longest_session.is_some_and(|most| set.session_seconds > most.get()) {
        return Verdict::Refused("not_eligible");
    }
    let is_protected = directory.management_account.as_ref() == Some(&account.id);
    let mut fitting: Vec<(&EligibilityRule, i64)> = Vec::new();
    for rule in &policy.eligibility {
        let right_kind = match rule.approval {
            ApprovalMode::BreakGlass => ask.break_glass,
            ApprovalMode::Required | ApprovalMode::None => !ask.break_glass,
        };
        if right_kind
            && is_among(person, &rule.who, directory)
            && is_place(account, &rule.accounts, directory)
            && is_set(set, &rule.permission_sets)
            && (rule.protected || !is_protected)
        {
            let mut cap = rule.max_duration.unwrap_or(policy.settings.max_duration).get();
            if let Some(end) = rule.valid_until {
                cap = cap.min((end - ask.now).num_seconds());
            }
            if cap > 0 {
                fitting.push((rule, cap));
            }
        }
    }
    let Some(longest) = fitting.iter().map(|(_, cap)| *cap).max() else {
        return Verdict::Refused("not_eligible");
    };
    let matching: Vec<_> = fitting.iter().filter(|(_, cap)| ask.seconds <= *cap).collect();
    if matching.is_empty() {
        return Verdict::OverCap(longest);
    }
    if ask.seconds < policy.settings.min_duration.get() {
        return Verdict::Refused("under_min");
    }
    let highest = matching.iter().map(|(rule, _)| rule.precedence).max().unwrap();
    let counting: Vec<_> = matching
        .iter()
        .filter(|(rule, _)| rule.precedence == highest)
        .collect();
    let mut demands = Vec::new();
    let mut everybody = BTreeSet::new();
    for (rule, _) in &counting {
        let (approvers, quorum) = deciders(policy, directory, rule, person, account, set);
        everybody.extend(approvers.clone());
        if rule.approval == ApprovalMode::Required && policy.settings.approval {
            demands.push((rule.id.clone(), quorum, approvers));
        }
    }
    if demands
        .iter()
        .any(|(_, quorum, approvers)| approvers.len() < *quorum)
    {
        return Verdict::Refused("no_approver");
    }
    let cap = counting.iter().map(|(_, cap)| *cap).max().unwrap();
    Verdict::Allowed {
        rules: counting.iter().map(|(rule, _)| rule.id.clone()).collect(),
        leader: counting.iter().find(|(_, own)| *own == cap).unwrap().0.id.clone(),
        cap,
        overseers: if demands.is_empty() {
            everybody
        } else {
            BTreeSet::new()
        },
        demands,
    }
}

/// User names of those who decide by a rule, and how many of them must.
fn deciders(
    policy: &Policy,
    directory: &Directory,
    rule: &EligibilityRule,
    requester: &Person,
    account: &Account,
    set: &PermissionSet,
) -> (BTreeSet<String>, usize) {
    let mut who = rule.approvers.clone();
    let mut quorums = Vec::new();
    if who.is_empty() {
        for theirs in &policy.approvers {
            if is_place(account, &theirs.accounts, directory) && is_set(set, &theirs.permission_sets) {
                who.extend(theirs.who.clone());
                quorums.extend(theirs.quorum);
            }
        }
    }
    let people = directory
        .people
        .values()
        .filter(|person| person.enabled && person.id != requester.id && is_among(person, &who, directory))
        .map(|person| person.user_name.clone())
        .collect();
    let quorum = rule.quorum.or(quorums.into_iter().max()).unwrap_or(1);
    (people, quorum as usize)
}

fn is_among(person: &Person, who: &[Subject], directory: &Directory) -> bool {
    who.iter().any(|subject| match subject {
        Subject::User(name) => person.user_name == *name,
        Subject::Group(name) => {
            let mut groups = directory.groups.values();
            groups.any(|group| group.name == *name && group.members.iter().any(|id| *id == person.id))
        }
        Subject::OnCall(name) => directory
            .on_call
            .iter()
            .any(|(source, people)| source == name && people.contains(&person.id)),
    })
}

fn is_place(account: &Account, patterns: &[AccountPattern], directory: &Directory) -> bool {
    let path = directory.ou_path(account);
    patterns.iter().any(|pattern| match pattern {
        AccountPattern::All => true,
        AccountPattern::Id(id) => account.id == *id,
        AccountPattern::Name(glob) => is_like(glob, &account.name),
        AccountPattern::Tag { key, value } => account.tags.iter().any(|(k, v)| k == key && v == value),
        AccountPattern::Ou(ou) => {
            ou == "/" || path == *ou || path.starts_with(&format!("{ou}/")) || account.ou_ids.contains(ou)
        }
        AccountPattern::OuDirect(ou) => path == *ou || account.ou_ids.last() == Some(ou),
    })
}

fn is_set(set: &PermissionSet, patterns: &[SetPattern]) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.0 == set.arn.as_str() || is_like(&pattern.0, &set.name))
}

/// `*` stands for any characters: every way to cut the text is tried.
pub(super) fn is_like(glob: &str, text: &str) -> bool {
    let Some(first) = glob.chars().next() else {
        return text.is_empty();
    };
    let rest = &glob[first.len_utf8()..];
    if first == '*' {
        return (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| is_like(rest, &text[at..]));
    }
    text.strip_prefix(first).is_some_and(|text| is_like(rest, text))
}
