//! References of the document that AWS does not know, in lines for people. They match nothing and break nothing.

use super::model::{AccountPattern, Policy, SetPattern, Subject};
use teamd_domain::directory::{Directory, OnCallMembers};

/// A line for each reference that means nothing at present: people and groups that are not there, disabled people,
/// closed accounts, OUs, tags, name patterns and permission sets that fit nothing.
#[must_use]
pub fn stale_references(policy: &Policy, directory: &Directory) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say =
        |of: &str, stale: Vec<String>| lines.extend(stale.into_iter().map(|what| format!("{of}: {what}")));
    let subjects = |subjects: &[Subject]| {
        subjects
            .iter()
            .filter_map(|s| stale_subject(s, directory))
            .collect()
    };
    let accounts = |patterns: &[AccountPattern]| {
        patterns
            .iter()
            .filter_map(|p| stale_account(p, directory))
            .collect()
    };
    let sets = |patterns: &[SetPattern]| patterns.iter().filter_map(|p| stale_set(p, directory)).collect();
    say("roles admins", subjects(&policy.roles.admins));
    say("roles auditors", subjects(&policy.roles.auditors));
    say("roles security", subjects(&policy.roles.security));
    for rule in &policy.eligibility {
        let of = format!("eligibility rule {}", rule.id);
        say(&of, subjects(&rule.who));
        say(&of, accounts(&rule.accounts));
        say(&of, sets(&rule.permission_sets));
        say(&of, subjects(&rule.approvers));
    }
    for rule in &policy.approvers {
        let of = format!("approver rule {}", rule.id);
        say(&of, accounts(&rule.accounts));
        say(&of, sets(&rule.permission_sets));
        say(&of, subjects(&rule.who));
        say(&of, subjects(&rule.escalate_to));
    }
    for rule in &policy.deny {
        let of = format!("deny rule {}", rule.id);
        say(&of, subjects(&rule.who));
        say(&of, accounts(&rule.accounts));
        say(&of, sets(&rule.permission_sets));
    }
    for route in &policy.routes {
        let of = format!("route {}", route.id);
        say(&of, accounts(&route.accounts));
        say(&of, sets(&route.permission_sets));
        say(&of, subjects(&route.people()));
    }
    lines
}

fn stale_subject(subject: &Subject, directory: &Directory) -> Option<String> {
    match subject {
        Subject::User(name) => match directory.person_named(name) {
            None => Some(format!("{subject} is not in Identity Center")),
            Some(person) if !person.enabled => Some(format!("{subject} is disabled in Identity Center")),
            Some(_) => None,
        },
        Subject::Group(name) => directory
            .groups_named(name)
            .is_empty()
            .then(|| format!("{subject} is not in Identity Center")),
        Subject::OnCall(name) => match directory.on_call.get(name) {
            None => Some(format!(
                "{subject} is nobody: no such source in [oncall] of teamd.toml"
            )),
            Some(OnCallMembers::Known(people)) if people.is_empty() => {
                Some(format!("{subject} names nobody at present"))
            }
            Some(OnCallMembers::Unknown { .. }) => Some(format!(
                "{subject} is unknown at present: its source fails or has not been read yet"
            )),
            Some(OnCallMembers::Known(_)) => None,
        },
    }
}

fn stale_account(pattern: &AccountPattern, directory: &Directory) -> Option<String> {
    match pattern {
        AccountPattern::Id(id) => match directory.accounts.get(id) {
            None => Some(format!("account {id} is not in the organisation")),
            Some(account) if !account.active => {
                Some(format!("account {id} ({}) is {}", account.name, account.state))
            }
            Some(_) => None,
        },
        AccountPattern::Ou(ou) | AccountPattern::OuDirect(ou) => {
            let meant = directory
                .organizational_units
                .values()
                .filter(|known| known.id == *ou || known.path == *ou)
                .count();
            match meant {
                _ if ou == "/" => None,
                0 => Some(format!("{pattern} is no OU of the organisation")),
                1 => None,
                // A `/` in the name of an OU can make its path look like another's.
                several => Some(format!("{pattern} means {several} OUs: use the id of one")),
            }
        }
        AccountPattern::Name(_) | AccountPattern::Tag { .. } => (!directory
            .accounts
            .values()
            .any(|account| pattern.fits(account, directory)))
        .then(|| format!("{pattern} fits no account")),
        AccountPattern::All => None,
    }
}

fn stale_set(pattern: &SetPattern, directory: &Directory) -> Option<String> {
    (!directory.permission_sets.values().any(|set| pattern.fits(set)))
        .then(|| format!("{pattern} fits no permission set"))
}
