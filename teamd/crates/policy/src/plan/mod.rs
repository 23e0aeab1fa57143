//! What a policy document would change, against the one in force and the directory as it is. Pure.
//!
//! * `lens` who, where and as what, of all rules of both documents, as sets of bits: what makes a plan fast · `terms` what follows
//!   from them
//! * `fields` rules and settings as text, for what differs · `access` entitlements and approvals gained and lost
//! * `lint` what about the document deserves a look

mod access;
mod fields;
mod lens;
mod lint;
mod terms;
#[cfg(test)]
mod tests;

pub use fields::{
    Fields, approver_fields, deny_fields, eligibility_fields, role_fields, route_fields, setting_fields,
};

use crate::{Policy, Target, roles_of, stale_references};
use lens::Lens;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, UserId};
use team_shared::policy::{Finding, PolicyPlan, RoleChange};
use teamd_domain::Time;
use teamd_domain::directory::Directory;

/// What a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// In force; `None`: nothing is yet.
    pub before: Option<&'a Policy>,
    /// Wanted.
    pub after: &'a Policy,
    /// As it is.
    pub directory: &'a Directory,
    /// Accounts that only protected rules match.
    pub protected: &'a BTreeSet<AccountId>,
    /// Who wants it, where that is a person.
    pub author: Option<&'a UserId>,
    /// When.
    pub now: Time,
}

/// What this host's configuration lacks for the routes of a policy to lead anywhere: by `lacks`, which knows it. The
/// document may be meant for other hosts too, so it is not refused for that.
#[must_use]
pub fn dead_ends(policy: &Policy, lacks: impl Fn(&Target) -> Option<String>) -> Vec<Finding> {
    let ends = policy.routes.iter().flat_map(|route| {
        let missing = route.to.iter().filter_map(&lacks);
        missing.map(|lack| lint::dead_end(&route.id, &lack))
    });
    ends.collect()
}

/// The plan, without what is known outside of policy and directory: version, hash, diff and the requests it touches.
#[must_use]
pub fn plan(change: &Change<'_>) -> PolicyPlan {
    let nothing = Policy::default();
    let before = change.before.unwrap_or(&nothing);
    let lens = Lens::new(before, change.after, change);
    let access = access::changes(&lens);
    let mut plan = PolicyPlan {
        rules: fields::rule_changes(before, change.after),
        settings: fields::setting_changes(before, change.after),
        roles: role_changes(before, change.after, change.directory),
        gains: access.gains,
        losses: access.losses,
        changes: access.changes,
        approvals: access::approvals(&lens),
        stale: stale_references(change.after, change.directory),
        administrators_before: lens.administrators(lens::Side::Before),
        administrators_after: lens.administrators(lens::Side::After),
        ..PolicyPlan::default()
    };
    plan.findings = lint::findings(&lens, &plan, access.widens_author);
    plan
}

/// Those that keep a document from being applied, unless it is forced with a reason.
#[must_use]
pub fn refusals(plan: &PolicyPlan) -> Vec<&Finding> {
    plan.findings
        .iter()
        .filter(|finding| finding.severity == lint::REFUSED)
        .collect()
}

fn role_changes(before: &Policy, after: &Policy, directory: &Directory) -> Vec<RoleChange> {
    let held = |policy: &Policy| {
        let people = directory.people.values();
        people
            .map(|person| (person.user_name.clone(), roles_of(policy, directory, &person.id)))
            .collect::<Vec<_>>()
    };
    let (was, is) = (held(before), held(after));
    let mut changes = Vec::new();
    for role in ["admin", "auditor", "security"] {
        let has = |roles: &crate::Roles| match role {
            "admin" => roles.admin,
            "auditor" => roles.auditor,
            _ => roles.security,
        };
        let (mut gain, mut lose) = (Vec::new(), Vec::new());
        for ((name, was), (_, is)) in was.iter().zip(&is) {
            match (has(was), has(is)) {
                (false, true) => gain.push(name.clone()),
                (true, false) => lose.push(name.clone()),
                _ => {}
            }
        }
        if !gain.is_empty() || !lose.is_empty() {
            changes.push(RoleChange {
                role: role.to_owned(),
                gain,
                lose,
            });
        }
    }
    changes
}
