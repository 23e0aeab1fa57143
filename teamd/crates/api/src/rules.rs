//! The policy rule by rule, with what each comes to at present.

use super::Api;
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use super::policy::may_read;
use super::views::{Names, account_ref, set_ref};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;
use team_shared::policy::{PolicyRule, PolicyRules, RuleDetail, SettingView};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_engine::{InForce, Refused};
use teamd_policy::document::{RulePlace, rule_places};
use teamd_policy::plan::{
    Fields, approver_fields, deny_fields, eligibility_fields, role_fields, route_fields, setting_fields,
};
use teamd_policy::{AccountPattern, Policy, SetPattern, Subject, accounts_of, people_of, sets_of};

/// `GET /v1/policy/rules`.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
) -> Result<Response, ApiError> {
    may_read(&api, &caller)?;
    let pool = Arc::clone(&api.heavy);
    let listed = budget.compute(&pool, move || Json(all_rules(&api)).into_response());
    Ok(listed.await?)
}

fn all_rules(api: &Api) -> PolicyRules {
    let facts = api.engine.facts();
    let Some(in_force) = facts.policy.as_deref() else {
        return PolicyRules::default();
    };
    let book = Book::new(
        in_force,
        facts.directory.as_deref(),
        api.engine.policy_warnings(),
        api.engine.now(),
    );
    PolicyRules {
        version: in_force.version,
        rules: book.rules().iter().map(|rule| book.row(rule)).collect(),
        settings: settings(&in_force.policy),
    }
}

/// `GET /v1/policy/rules/{kind}/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<RuleDetail>, ApiError> {
    may_read(&api, &caller)?;
    let pool = Arc::clone(&api.heavy);
    let shown = budget.compute(&pool, move || one_rule(&api, &kind, &id));
    Ok(Json(shown.await??))
}

fn one_rule(api: &Api, kind: &str, id: &str) -> Result<RuleDetail, Refused> {
    let facts = api.engine.facts();
    let (in_force, directory) = facts.both()?;
    let book = Book::new(
        in_force,
        Some(directory),
        api.engine.policy_warnings(),
        api.engine.now(),
    );
    let rule = book
        .rules()
        .into_iter()
        .find(|rule| rule.kind == kind && rule.id == id)
        .ok_or_else(|| Refused::not_found(format!("{kind} rule {id}")))?;
    let names = Names(Some(directory));
    let deciders = book.deciders(&rule, directory);
    Ok(RuleDetail {
        text: book
            .place(&rule)
            .map_or_else(String::new, |place| place.text.clone()),
        people: names.people(people_of(&rule.who, directory).iter().map(|person| &person.id)),
        accounts: accounts_of(&rule.accounts, directory)
            .iter()
            .map(|account| account_ref(directory, account))
            .collect(),
        permission_sets: sets_of(&rule.sets, directory)
            .iter()
            .map(|set| set_ref(set))
            .collect(),
        approvers: names.people(people_of(&deciders, directory).iter().map(|person| &person.id)),
        rule: book.row(&rule),
    })
}

/// A rule of any kind.
struct Rule<'a> {
    kind: &'static str,
    id: &'a str,
    who: Cow<'a, [Subject]>,
    accounts: Cow<'a, [AccountPattern]>,
    sets: Cow<'a, [SetPattern]>,
    approvers: &'a [Subject],
    quorum: Option<u32>,
    cap: Option<i64>,
    fields: Fields,
    has_ended: bool,
}

struct Book<'a> {
    policy: &'a Policy,
    directory: Option<&'a Directory>,
    places: Vec<RulePlace>,
    warnings: Vec<String>,
    now: Time,
}

impl<'a> Book<'a> {
    fn new(
        in_force: &'a InForce,
        directory: Option<&'a Directory>,
        warnings: Vec<String>,
        now: Time,
    ) -> Self {
        Self {
            policy: &in_force.policy,
            directory,
            places: rule_places(&in_force.row.document),
            warnings,
            now,
        }
    }

    fn rules(&self) -> Vec<Rule<'a>> {
        let settings = &self.policy.settings;
        let eligibility = self.policy.eligibility.iter().map(|rule| Rule {
            kind: "eligibility",
            id: &rule.id,
            who: Cow::Borrowed(&rule.who),
            accounts: Cow::Borrowed(&rule.accounts),
            sets: Cow::Borrowed(&rule.permission_sets),
            approvers: &rule.approvers,
            quorum: rule.quorum,
            cap: Some(rule.max_duration.unwrap_or(settings.max_duration).get()),
            fields: eligibility_fields(rule),
            has_ended: rule.cap_at(settings, self.now).is_none(),
        });
        let approvers = self.policy.approvers.iter().map(|rule| Rule {
            kind: "approver",
            id: &rule.id,
            who: Cow::Borrowed(&rule.who),
            accounts: Cow::Borrowed(&rule.accounts),
            sets: Cow::Borrowed(&rule.permission_sets),
            approvers: &[],
            quorum: rule.quorum,
            cap: None,
            fields: approver_fields(rule),
            has_ended: false,
        });
        let deny = self.policy.deny.iter().map(|rule| Rule {
            kind: "deny",
            id: &rule.id,
            who: Cow::Borrowed(&rule.who),
            accounts: Cow::Borrowed(&rule.accounts),
            sets: Cow::Borrowed(&rule.permission_sets),
            approvers: &[],
            quorum: None,
            cap: None,
            fields: deny_fields(rule),
            has_ended: false,
        });
        let routes = self.policy.routes.iter().map(|route| Rule {
            kind: "route",
            id: &route.id,
            who: Cow::Owned(route.people()),
            // What it does not name it is about all of.
            accounts: or_all(&route.accounts, AccountPattern::All),
            sets: or_all(&route.permission_sets, SetPattern("*".to_owned())),
            approvers: &[],
            quorum: None,
            cap: None,
            fields: route_fields(route),
            has_ended: false,
        });
        eligibility.chain(approvers).chain(deny).chain(routes).collect()
    }

    fn place(&self, rule: &Rule<'_>) -> Option<&RulePlace> {
        let mut places = self.places.iter();
        places.find(|place| place.kind == rule.kind && place.id == rule.id)
    }

    fn row(&self, rule: &Rule<'_>) -> PolicyRule {
        let field = |key: &str| {
            let found = rule.fields.iter().find(|(other, _)| *other == key);
            found.map(|(_, value)| value.clone())
        };
        let count = |count: fn(&Rule<'_>, &Directory) -> usize| {
            self.directory.map_or(0, |directory| count(rule, directory))
        };
        let of = match rule.kind {
            "route" => format!("route {}: ", rule.id),
            kind => format!("{kind} rule {}: ", rule.id),
        };
        let mine = self.warnings.iter().filter_map(|line| line.strip_prefix(&of));
        let ended = rule.has_ended.then_some("it has ended");
        PolicyRule {
            kind: rule.kind.to_owned(),
            id: rule.id.to_owned(),
            line: self.place(rule).map_or(0, |place| place.line),
            who: written(&rule.who),
            accounts: written(&rule.accounts),
            permission_sets: written(&rule.sets),
            approval: field("approval").unwrap_or_default(),
            approvers: written(rule.approvers),
            quorum: rule.quorum,
            max_duration_seconds: rule.cap,
            other: rule
                .fields
                .iter()
                .filter(|(key, _)| !COLUMNS.contains(key))
                .map(|(key, value)| format!("{key} = {value}"))
                .collect(),
            owner: field("owner"),
            change_ticket: field("change_ticket"),
            people_count: count(|rule, directory| people_of(&rule.who, directory).len()),
            account_count: count(|rule, directory| accounts_of(&rule.accounts, directory).len()),
            permission_set_count: count(|rule, directory| sets_of(&rule.sets, directory).len()),
            warnings: ended.into_iter().chain(mine).map(ToOwned::to_owned).collect(),
        }
    }

    /// Who would decide: the rule's own approvers, else those of the approver rules that match any of it.
    fn deciders(&self, rule: &Rule<'_>, directory: &Directory) -> Vec<Subject> {
        if rule.kind == "approver" {
            return rule.who.to_vec();
        }
        if matches!(rule.kind, "deny" | "route") {
            return Vec::new();
        }
        if !rule.approvers.is_empty() {
            return rule.approvers.to_vec();
        }
        let (accounts, sets) = (
            accounts_of(&rule.accounts, directory),
            sets_of(&rule.sets, directory),
        );
        let theirs = self.policy.approvers.iter().filter(|other| {
            let at =
                |pattern: &AccountPattern| accounts.iter().any(|account| pattern.fits(account, directory));
            let with = |pattern: &SetPattern| sets.iter().any(|set| pattern.fits(set));
            other.accounts.iter().any(at) && other.permission_sets.iter().any(with)
        });
        theirs.flat_map(|other| other.who.iter().cloned()).collect()
    }
}

/// What is named, or all where nothing is.
fn or_all<T: Clone>(named: &[T], all: T) -> Cow<'_, [T]> {
    match named {
        [] => Cow::Owned(vec![all]),
        named => Cow::Borrowed(named),
    }
}

/// Keys that a row has places of its own for.
const COLUMNS: &[&str] = &[
    "who",
    "accounts",
    "permission_sets",
    "approval",
    "approvers",
    "quorum",
    "max_duration",
    "owner",
    "change_ticket",
];

fn settings(policy: &Policy) -> Vec<SettingView> {
    let defaults = Policy::default();
    let mut all = setting_fields(&policy.settings);
    all.extend(role_fields(&policy.roles));
    let mut plain = setting_fields(&defaults.settings);
    plain.extend(role_fields(&defaults.roles));
    all.into_iter()
        .map(|(key, value)| SettingView {
            is_default: plain
                .iter()
                .any(|(other, default)| *other == key && *default == value),
            key: key.to_owned(),
            value,
        })
        .collect()
}

fn written<T: Display>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
