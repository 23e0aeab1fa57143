//! `GET /v1/policy/explain`: why somebody may or may not have an access, and what would help.

use super::Api;
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use super::views::{Names, account_ref, set_ref};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use team_shared::duration::Seconds;
use team_shared::policy::{ExplainQuery, Explanation, RuleTrace};
use team_shared::problem::Code;
use team_shared::request::DemandView;
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};
use teamd_domain::identity::Caller;
use teamd_engine::{Facts, Refused};
use teamd_policy::{Ask, Judgement, Question, Refusal, entitlements, evaluate, trace};

/// `GET /v1/policy/explain`.
pub(super) async fn explain(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    query: Result<Query<ExplainQuery>, QueryRejection>,
) -> Result<Json<Explanation>, ApiError> {
    let Query(query) = query.map_err(|error| Refused::new(Code::Invalid, error.body_text()))?;
    let duration = query
        .duration_seconds
        .map(|seconds| {
            Seconds::new(seconds).map_err(|error| {
                ApiError::from(Refused::new(Code::Invalid, format!("duration_seconds: {error}")))
            })
        })
        .transpose()?;
    let (facts, now) = (api.engine.facts(), api.engine.now());
    let explained = budget.compute(&api.heavy, move || {
        Asked::read(&facts, &caller, &query, duration)?.answer(now)
    });
    Ok(Json(explained.await??))
}

/// The question, with its names looked up.
struct Asked<'a> {
    facts: &'a Facts,
    person: &'a Person,
    /// Whether it is the caller.
    is_self: bool,
    account: Named<&'a Account>,
    set: Named<&'a PermissionSet>,
    duration: Option<Seconds>,
    break_glass: bool,
}

/// What a name came to.
enum Named<T> {
    /// None was given.
    Nothing,
    /// It is this.
    Found(T),
    /// Nothing is called so: the sentence about it.
    Unknown(String),
}

impl<T: Copy> Named<T> {
    fn found(&self) -> Option<T> {
        match self {
            Self::Found(what) => Some(*what),
            Self::Nothing | Self::Unknown(_) => None,
        }
    }

    fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(sentence) => Some(sentence),
            Self::Nothing | Self::Found(_) => None,
        }
    }
}

impl<'a> Asked<'a> {
    fn read(
        facts: &'a Facts,
        caller: &'a Caller,
        query: &ExplainQuery,
        duration: Option<Seconds>,
    ) -> Result<Self, Refused> {
        let access = facts.access(caller);
        let (_, directory) = facts.both()?;
        let account = match &query.account {
            None => Named::Nothing,
            Some(name) => directory.account_called(name).map_or_else(
                || Named::Unknown(format!("the organisation has no account {name}")),
                Named::Found,
            ),
        };
        let set = match &query.permission_set {
            None => Named::Nothing,
            Some(name) => directory.permission_set(name).map_or_else(
                || Named::Unknown(format!("Identity Center has no permission set {name}")),
                Named::Found,
            ),
        };
        let person = match &query.user {
            None => caller.person().and_then(|id| directory.people.get(id)),
            Some(name) => directory.person_called(name),
        };
        let is_self = person.is_some_and(|person| caller.person() == Some(&person.id));
        let decides = || match (account.found(), set.found()) {
            (Some(account), Some(set)) => access.decides_on(&account.id, &set.arn),
            _ => false,
        };
        // Looked at before the person is: nobody learns by this who exists.
        if !is_self && query.user.is_some() && !access.sees_operations() && !decides() {
            return Err(Refused::new(
                Code::NotAllowed,
                "asking about others takes security, auditor, administrator or operator, or an approver of the target",
            )
            .help("`team-tui why` without a name is about yourself"));
        }
        let Some(person) = person else {
            return Err(match &query.user {
                Some(name) => Refused::new(Code::NotFound, format!("Identity Center has no person {name}"))
                    .help(
                        "`team-tui why USER ACCOUNT SET`: the user name, exactly as Identity Center has it",
                    ),
                None => Refused::new(
                    Code::NotAllowed,
                    "uid 0 operates the daemon and is never a person",
                )
                .help("name somebody: team-tui why USER ACCOUNT SET"),
            });
        };
        Ok(Self {
            facts,
            person,
            is_self,
            account,
            set,
            duration,
            break_glass: query.break_glass,
        })
    }

    fn answer(&self, now: teamd_domain::Time) -> Result<Explanation, Refused> {
        let (in_force, directory) = self.facts.both()?;
        let policy = &in_force.policy;
        let (account, set) = (self.account.found(), self.set.found());
        let question = Question {
            person: self.person,
            account,
            set,
            duration: self.duration,
            break_glass: self.break_glass,
            now,
        };
        let rules = trace(policy, directory, &self.facts.protected, &question);
        let mut explanation = Explanation {
            person: Names(Some(directory)).person(&self.person.id),
            groups: directory
                .groups_of(&self.person.id)
                .into_iter()
                .map(|group| group.name.clone())
                .collect(),
            account: account.map(|account| account_ref(directory, account)),
            permission_set: set.map(set_ref),
            duration_seconds: self.duration,
            break_glass: self.break_glass,
            allowed: false,
            code: None,
            summary: String::new(),
            help: Vec::new(),
            rule: None,
            max_duration_seconds: None,
            demands: Vec::new(),
            overseers: Vec::new(),
            rules,
            policy_version: in_force.version,
        };
        if let Some(sentence) = self.account.unknown().or(self.set.unknown()) {
            explanation.code = Some(Code::NotFound.as_str().to_owned());
            explanation.summary = sentence.to_owned();
            explanation.help = vec![
                "`team-tui accounts` and `team-tui permission-sets` list what there is, as far as you may know of it"
                    .to_owned(),
            ];
            return Ok(explanation);
        }
        let (Some(account), Some(set)) = (account, set) else {
            self.survey(&mut explanation, now)?;
            return Ok(explanation);
        };
        let mut ask = Ask {
            is_escalated: false,
            person: &self.person.id,
            account: &account.id,
            permission_set: &set.arn,
            duration: self.duration.unwrap_or(policy.settings.default_duration),
            break_glass: self.break_glass,
            now,
        };
        let mut outcome = evaluate(policy, directory, &self.facts.protected, &ask);
        // Nobody said for how long: a rule whose cap is below the default is no reason to say no.
        if let (None, Err(Refusal::OverCap { cap, .. })) = (self.duration, &outcome) {
            ask.duration = *cap;
            outcome = evaluate(policy, directory, &self.facts.protected, &ask);
        }
        match outcome {
            Ok(judgement) => self.allowed(&mut explanation, directory, &judgement, account, set),
            Err(refusal) => self.refused(&mut explanation, &refusal),
        }
        Ok(explanation)
    }

    /// "you", or their name.
    fn who(&self) -> &str {
        if self.is_self {
            "you"
        } else {
            &self.person.user_name
        }
    }

    fn allowed(
        &self,
        explanation: &mut Explanation,
        directory: &Directory,
        judgement: &Judgement,
        account: &Account,
        set: &PermissionSet,
    ) {
        let names = Names(Some(directory));
        explanation.allowed = true;
        explanation.rule.clone_from(&judgement.basis.rule);
        explanation.max_duration_seconds = Some(judgement.cap);
        explanation.demands = judgement
            .basis
            .demands
            .iter()
            .map(|demand| DemandView {
                rule: demand.rule.clone(),
                quorum: demand.quorum,
                approvers: names.people(demand.approvers.iter()),
                votes: Vec::new(),
            })
            .collect();
        explanation.overseers = names.people(&judgement.basis.overseers);
        let how = if self.break_glass { " as break-glass" } else { "" };
        explanation.summary = format!(
            "{} may ask for {} in {}{how}, up to {}",
            self.who(),
            set.name,
            account.name,
            judgement.cap
        );
        explanation.help = if explanation.demands.is_empty() {
            vec!["nobody need approve it: it begins at once".to_owned()]
        } else {
            let demand = |demand: &DemandView| {
                let approvers: Vec<&str> = demand
                    .approvers
                    .iter()
                    .map(|person| person.user_name.as_str())
                    .collect();
                format!(
                    "rule {}: approval by {} of {}",
                    demand.rule,
                    demand.quorum,
                    approvers.join(", ")
                )
            };
            explanation.demands.iter().map(demand).collect()
        };
    }

    fn refused(&self, explanation: &mut Explanation, refusal: &Refusal) {
        explanation.code = Some(refusal.code().as_str().to_owned());
        explanation.summary = refusal.about(self.who());
        let near = nearest(&explanation.rules);
        explanation.help = match refusal {
            Refusal::NotEligible { .. } if !near.is_empty() => near,
            Refusal::NotEligible { .. } => {
                vec![format!(
                    "no rule is for {}: an administrator can write one",
                    self.who()
                )]
            }
            refusal => refusal.help().into_iter().collect(),
        };
        if let Refusal::OverCap { cap, rule, .. } = refusal {
            explanation.max_duration_seconds = Some(*cap);
            explanation.rule = Some(rule.clone());
        }
    }

    /// What the person can ask for at all.
    fn survey(&self, explanation: &mut Explanation, now: teamd_domain::Time) -> Result<(), Refused> {
        let (in_force, directory) = self.facts.both()?;
        let entitled = entitlements(
            &in_force.policy,
            directory,
            &self.facts.protected,
            &self.person.id,
            now,
        );
        let account = explanation.account.as_ref().map(|account| account.id.clone());
        let set = explanation.permission_set.as_ref().map(|set| set.arn.clone());
        let meant = entitled.iter().filter(|one| {
            account.as_ref().is_none_or(|account| one.account == *account)
                && set.as_ref().is_none_or(|set| one.permission_set == *set)
                && one.break_glass == self.break_glass
        });
        let meant: Vec<_> = meant.collect();
        let accounts: std::collections::BTreeSet<_> = meant.iter().map(|one| &one.account).collect();
        let sets: std::collections::BTreeSet<_> = meant.iter().map(|one| &one.permission_set).collect();
        explanation.allowed = !meant.is_empty();
        explanation.max_duration_seconds = meant.iter().map(|one| one.max_duration).max();
        let place = match (&explanation.account, &explanation.permission_set) {
            (Some(account), _) => format!(" in {}", account.name),
            (None, Some(set)) => format!(" as {}", set.name),
            (None, None) => String::new(),
        };
        if explanation.allowed {
            explanation.summary = format!(
                "{} may ask for {} permission set(s) in {} account(s){place}",
                self.who(),
                sets.len(),
                accounts.len()
            );
            explanation.help = vec!["`team-tui entitlements` lists one's own, each with its rule".to_owned()];
            return Ok(());
        }
        explanation.code = Some(Code::NotEligible.as_str().to_owned());
        explanation.summary = if self.person.enabled {
            format!("no rule lets {} ask for anything{place}", self.who())
        } else {
            format!("{} is disabled in Identity Center", self.person.user_name)
        };
        explanation.help = nearest(&explanation.rules);
        if explanation.help.is_empty() {
            explanation.help = vec![format!(
                "no rule is for {}: an administrator can write one",
                self.who()
            )];
        }
        if explanation.groups.is_empty() {
            explanation.help.push(format!(
                "{} is in no group of Identity Center",
                self.person.user_name
            ));
        }
        Ok(())
    }
}

/// The eligibility rules that lack least, in sentences; none that has nothing in common with the question.
fn nearest(rules: &[RuleTrace]) -> Vec<String> {
    const SHOWN: usize = 3;
    let missing = |rule: &RuleTrace| rule.parts.iter().filter(|part| !part.fits).count();
    let is_related = |rule: &&RuleTrace| {
        rule.kind == "eligibility" && rule.parts.iter().take(3).filter(|part| part.fits).count() >= 2
    };
    let mut near: Vec<&RuleTrace> = rules.iter().filter(is_related).collect();
    near.sort_by_key(|rule| missing(rule));
    let sentence = |rule: &&RuleTrace| {
        let lacks: Vec<&str> = rule
            .parts
            .iter()
            .filter(|part| !part.fits)
            .map(|part| part.says.as_str())
            .collect();
        format!("rule {} would fit, but {}", rule.id, lacks.join(", and "))
    };
    near.iter().take(SHOWN).map(sentence).collect()
}
