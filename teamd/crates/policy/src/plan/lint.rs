//! What about a document deserves a look.

use super::lens::{Lens, Side, is_administrative};
use crate::{AccountPattern, ApprovalMode, EligibilityRule, Policy, SetPattern, Subject};
use std::collections::BTreeSet;
use team_shared::ids::UserId;
use team_shared::policy::{Finding, PolicyPlan};

/// Refused unless it is forced with a reason.
pub(super) const REFUSED: &str = "refused";
const WARNING: &str = "warning";
const NOTE: &str = "note";

pub(super) fn findings(lens: &Lens<'_>, plan: &PolicyPlan, widens_author: bool) -> Vec<Finding> {
    let policy = lens.after;
    let mut found = Vec::new();
    locked_out(lens, &mut found);
    if !policy.settings.approval {
        let says = "approval = false: nobody needs approval for anything; the screens say so everywhere";
        found.push(finding("approval-off", WARNING, "settings", says));
    }
    for (at, rule) in policy.eligibility.iter().enumerate() {
        eligible(lens, at, rule, &mut found);
    }
    for rule in &policy.approvers {
        let about = format!("approver rule {}", rule.id);
        depends(&about, "who decides hangs on", &rule.accounts, &mut found);
    }
    for rule in &policy.deny {
        let about = format!("deny rule {}", rule.id);
        depends(&about, "what is refused hangs on", &rule.accounts, &mut found);
    }
    if widens_author {
        let says = "whoever wants this change gains access by it: have another administrator look at it";
        found.push(finding("widens-own", WARNING, "the change", says));
    }
    if plan.administrators_after > plan.administrators_before {
        let says = format!(
            "administrator-like access (people × accounts) grows from {} to {}",
            plan.administrators_before, plan.administrators_after
        );
        found.push(finding("more-administrators", WARNING, "the change", says));
    }
    let order = |finding: &Finding| match finding.severity.as_str() {
        REFUSED => 0,
        WARNING => 1,
        _ => 2,
    };
    found.sort_by_key(order);
    found
}

/// Documents that lock somebody out. What was so before is not held against this change.
fn locked_out(lens: &Lens<'_>, found: &mut Vec<Finding>) {
    let is_new = lens.change.before.is_some();
    let severity = |was: bool| if is_new && !was { REFUSED } else { WARNING };
    let has_admin = |policy: &Policy| {
        let people = lens.change.directory.people.keys();
        people
            .into_iter()
            .any(|id| crate::roles_of(policy, lens.change.directory, id).admin)
    };
    if !has_admin(lens.after) {
        let says =
            "roles.admins is nobody who is enabled: only root on the host could change the policy then";
        found.push(finding(
            "no-admin",
            severity(!has_admin(lens.before)),
            "roles.admins",
            says,
        ));
    }
    for (at, rule) in lens.after.eligibility.iter().enumerate() {
        let Some(lack) = lacking_approvers(lens, Side::After, at, rule) else {
            continue;
        };
        let earlier = lens
            .before
            .eligibility
            .iter()
            .position(|other| other.id == rule.id);
        let was = earlier.is_some_and(|at| {
            lacking_approvers(lens, Side::Before, at, &lens.before.eligibility[at]).is_some()
        });
        let about = format!("eligibility rule {}", rule.id);
        let says = format!("{lack}; requests by this rule would be refused");
        found.push(finding("no-approver", severity(was), &about, says));
    }
}

/// Where fewer people can approve than a rule's quorum asks for.
fn lacking_approvers(lens: &Lens<'_>, side: Side, at: usize, rule: &EligibilityRule) -> Option<String> {
    if rule.approval != ApprovalMode::Required || !lens.policy(side).settings.approval {
        return None;
    }
    let bit = lens.eligibility_bit(side, at);
    if !lens.people.iter().any(|class| class.bits.has(bit)) {
        return None;
    }
    for account in lens.accounts.iter().filter(|kind| kind.bits.has(bit)) {
        if account.is_special && !rule.protected {
            continue;
        }
        for set in lens.sets.iter().filter(|kind| kind.bits.has(bit)) {
            let deciders = lens.deciders(side, account, &set.bits);
            let who: Vec<&Subject> = if rule.approvers.is_empty() {
                deciders.iter().flat_map(|rule| &rule.who).collect()
            } else {
                rule.approvers.iter().collect()
            };
            let theirs = if rule.approvers.is_empty() {
                deciders.as_slice()
            } else {
                &[]
            };
            let quorum = rule
                .quorum
                .or_else(|| theirs.iter().filter_map(|rule| rule.quorum).max())
                .unwrap_or(1);
            let can = people(lens, &who).len();
            if can < quorum as usize {
                return Some(format!(
                    "{} in {} takes approval by {quorum}, and {can} can give it",
                    set.members[0].name, account.members[0].name
                ));
            }
            if rule.approvers.is_empty() {
                continue;
            }
            // With approvers of its own every target is the same.
            return None;
        }
    }
    None
}

fn people<'a>(lens: &Lens<'a>, who: &[&Subject]) -> BTreeSet<&'a UserId> {
    let directory = lens.change.directory;
    let mut found = BTreeSet::new();
    for subject in who {
        match subject {
            Subject::User(name) => {
                let named = directory
                    .people
                    .values()
                    .filter(|person| person.user_name == *name);
                found.extend(named.map(|person| &person.id));
            }
            Subject::Group(name) => {
                let groups = directory.groups.values().filter(|group| group.name == *name);
                found.extend(groups.flat_map(|group| &group.members));
            }
            Subject::OnCall(name) => found.extend(directory.on_call.get(name).into_iter().flatten()),
        }
    }
    found.retain(|id| directory.people.get(*id).is_some_and(|person| person.enabled));
    found
}

fn eligible(lens: &Lens<'_>, at: usize, rule: &EligibilityRule, found: &mut Vec<Finding>) {
    let about = format!("eligibility rule {}", rule.id);
    let bit = lens.eligibility_bit(Side::After, at);
    let never = if rule.cap_at(&lens.after.settings, lens.change.now).is_none() {
        Some("it has ended")
    } else if !lens.people.iter().any(|class| class.bits.has(bit)) {
        Some("it is for nobody who is enabled")
    } else if !lens.sets.iter().any(|set| set.bits.has(bit)) {
        Some("it fits no permission set that there is")
    } else {
        let mut accounts = lens
            .accounts
            .iter()
            .filter(|account| account.bits.has(bit))
            .peekable();
        if accounts.peek().is_none() {
            Some("it fits no active account that there is")
        } else if !rule.protected && accounts.all(|account| account.is_special) {
            Some("it fits protected accounts only, and does not say protected = true")
        } else {
            None
        }
    };
    if let Some(why) = never {
        found.push(finding(
            "never-matches",
            WARNING,
            &about,
            format!("{why}: it can never match"),
        ));
    }
    let is_everywhere = rule.accounts.iter().any(|pattern| {
        matches!(pattern, AccountPattern::All) || matches!(pattern, AccountPattern::Ou(ou) if ou == "/")
    });
    if is_everywhere && is_for_administrators(lens, bit, &rule.permission_sets) {
        let says =
            "administrator-like access to every account, those to come included: name the accounts or OUs";
        found.push(finding("admin-everywhere", WARNING, &about, says));
    }
    if rule.approval == ApprovalMode::None && is_for_administrators(lens, bit, &rule.permission_sets) {
        let says = "administrator-like access that nobody approves";
        found.push(finding("admin-unapproved", WARNING, &about, says));
    }
    if rule.protected {
        let says = "it covers protected accounts as well";
        found.push(finding("covers-protected", NOTE, &about, says));
    }
    if rule.approvers.is_empty() && rule.approval == ApprovalMode::Required {
        return;
    }
    if rule.approval == ApprovalMode::None {
        depends(&about, "what needs no approval hangs on", &rule.accounts, found);
    }
}

fn is_for_administrators(lens: &Lens<'_>, bit: usize, patterns: &[SetPattern]) -> bool {
    lens.sets.iter().any(|set| set.is_special && set.bits.has(bit))
        || patterns.iter().any(|pattern| is_administrative(&pattern.0))
}

/// Names and tags can be changed by people who may not change the policy.
fn depends(about: &str, what: &str, accounts: &[AccountPattern], found: &mut Vec<Finding>) {
    for pattern in accounts {
        let (code, changed_by) = match pattern {
            AccountPattern::Name(_) => ("depends-on-name", "whoever can rename the account"),
            AccountPattern::Tag { .. } => ("depends-on-tag", "whoever can tag the account"),
            _ => continue,
        };
        let says =
            format!("{what} {pattern}: {changed_by} decides about it; ids and OUs are harder to change");
        found.push(finding(code, WARNING, about, says));
    }
}

/// A route that leads to what is not there.
pub(super) fn dead_end(route: &str, lack: &str) -> Finding {
    let says = format!("it leads nowhere on this host: {lack}");
    finding("dead-end", WARNING, &format!("route {route}"), says)
}

fn finding(code: &str, severity: &str, about: &str, says: impl Into<String>) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: severity.to_owned(),
        about: about.to_owned(),
        says: says.into(),
    }
}
