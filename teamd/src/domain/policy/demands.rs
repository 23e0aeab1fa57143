//! From the rules that count to what is demanded: approvers, quorums, overseers, texts.

use super::evaluate::Judgement;
use super::matching::people;
use super::model::{ApprovalMode, EligibilityRule, Policy};
use super::refusal::Refusal;
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::request::{Basis, Demand};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use team_shared::ids::UserId;

/// Works out demands for one requester. Whom a rule names is looked up once, when it is first needed.
pub(super) struct Demands<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    requester: &'a UserId,
    now: Time,
    own: Vec<OnceCell<BTreeSet<&'a UserId>>>,
    shared: Vec<OnceCell<BTreeSet<&'a UserId>>>,
}

impl<'a> Demands<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        directory: &'a Directory,
        requester: &'a UserId,
        now: Time,
    ) -> Self {
        Self {
            policy,
            directory,
            requester,
            now,
            own: vec![OnceCell::new(); policy.eligibility.len()],
            shared: vec![OnceCell::new(); policy.approvers.len()],
        }
    }

    /// What the counting rules say together. Both lists are indices into the policy, in document order; `counting` is
    /// not empty.
    pub(super) fn judge(&self, counting: &[usize], approver_rules: &[usize]) -> Judgement {
        let settings = &self.policy.settings;
        let rules: Vec<&EligibilityRule> = counting
            .iter()
            .map(|rule| &self.policy.eligibility[*rule])
            .collect();
        let mut leading = (rules[0], self.cap(rules[0]));
        let mut texts = settings.texts.with(&rules[0].overrides);
        let mut request_expiry = expiry(rules[0], settings.request_expiry);
        let extensions =
            |rule: &EligibilityRule| rule.overrides.max_extensions.unwrap_or(settings.max_extensions);
        let mut max_extensions = extensions(rules[0]);
        for rule in &rules[1..] {
            let cap = self.cap(rule);
            if cap > leading.1 {
                leading = (rule, cap);
            }
            texts = texts.strictest(settings.texts.with(&rule.overrides));
            request_expiry = request_expiry.min(expiry(rule, settings.request_expiry));
            max_extensions = max_extensions.min(extensions(rule));
        }
        let (leader, cap) = leading;
        let demands: Vec<Demand> = counting
            .iter()
            .filter(|rule| self.policy.settings.approval && self.requires_approval(**rule))
            .map(|rule| self.demand(*rule, approver_rules))
            .collect();
        let overseers = if demands.is_empty() {
            let mut all = BTreeSet::new();
            for rule in counting {
                all.extend(self.approvers(*rule, approver_rules));
            }
            all.into_iter().cloned().collect()
        } else {
            Vec::new()
        };
        Judgement {
            basis: Basis {
                rule: Some(leader.id.clone()),
                rules: rules.iter().map(|rule| rule.id.clone()).collect(),
                demands,
                overseers,
            },
            cap,
            default_duration: leader
                .overrides
                .default_duration
                .unwrap_or(settings.default_duration)
                .max(settings.min_duration)
                .min(cap),
            request_expiry,
            max_extensions,
            max_per_day: rules
                .iter()
                .filter_map(|rule| rule.overrides.max_per_day.unwrap_or(settings.max_per_day))
                .min(),
            texts,
            guarded: rules.iter().any(|rule| rule.guarded),
            valid_until: rules
                .iter()
                .map(|rule| rule.valid_until)
                .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)))
                .flatten(),
        }
    }

    fn cap(&self, rule: &EligibilityRule) -> Seconds {
        // A rule that counts has not ended; should it, its own end allows the shortest there is.
        rule.cap_at(&self.policy.settings, self.now)
            .unwrap_or(self.policy.settings.min_duration)
    }

    fn requires_approval(&self, rule: usize) -> bool {
        self.policy.eligibility[rule].approval == ApprovalMode::Required
    }

    fn demand(&self, rule: usize, approver_rules: &[usize]) -> Demand {
        let named = &self.policy.eligibility[rule];
        let theirs = if named.approvers.is_empty() {
            approver_rules
        } else {
            &[]
        };
        let quorum = named
            .quorum
            .or_else(|| {
                theirs
                    .iter()
                    .filter_map(|theirs| self.policy.approvers[*theirs].quorum)
                    .max()
            })
            .unwrap_or(1);
        Demand {
            rule: named.id.clone(),
            quorum: quorum.max(1),
            approvers: self
                .approvers(rule, approver_rules)
                .into_iter()
                .cloned()
                .collect(),
        }
    }

    /// The rule's own approvers, else the people of the approver rules that match: enabled, without the requester.
    fn approvers(&self, rule: usize, approver_rules: &[usize]) -> BTreeSet<&'a UserId> {
        let own = &self.policy.eligibility[rule].approvers;
        if own.is_empty() {
            let mut all = BTreeSet::new();
            for theirs in approver_rules {
                all.extend(self.people_of(*theirs).iter().copied());
            }
            all
        } else {
            self.own[rule]
                .get_or_init(|| people(own, self.directory, self.requester))
                .clone()
        }
    }

    fn people_of(&self, approver_rule: usize) -> &BTreeSet<&'a UserId> {
        self.shared[approver_rule].get_or_init(|| {
            people(
                &self.policy.approvers[approver_rule].who,
                self.directory,
                self.requester,
            )
        })
    }
}

fn expiry(rule: &EligibilityRule, setting: Seconds) -> Seconds {
    rule.overrides.request_expiry.unwrap_or(setting)
}

/// A demand that cannot be met by the people there are.
pub(super) fn unmet(basis: &Basis) -> Option<Refusal> {
    basis
        .demands
        .iter()
        .find(|demand| demand.approvers.len() < demand.quorum as usize)
        .map(|demand| Refusal::NoApprover {
            rule: demand.rule.clone(),
            quorum: demand.quorum,
            available: demand.approvers.len(),
        })
}
