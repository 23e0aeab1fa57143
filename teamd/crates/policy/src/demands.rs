//! From the rules that count to what is demanded: approvers, quorums, overseers, texts.

use super::evaluate::Judgement;
use super::matching::people;
use super::model::{ApprovalMode, EligibilityRule, Policy};
use super::refusal::Refusal;
use std::cell::OnceCell;
use std::sync::Arc;
use team_shared::duration::Seconds;
use team_shared::ids::UserId;
use teamd_domain::Time;
use teamd_domain::bits::Bits;
use teamd_domain::directory::Directory;
use teamd_domain::request::{Basis, Demand};

/// Works out demands for one requester. Whom a rule names is looked up once, when it is first needed.
pub(super) struct Demands<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    requester: &'a UserId,
    now: Time,
    is_escalated: bool,
    own: Vec<OnceCell<Bits>>,
    shared: Vec<OnceCell<Bits>>,
}

impl<'a> Demands<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        directory: &'a Directory,
        requester: &'a UserId,
        now: Time,
        is_escalated: bool,
    ) -> Self {
        Self {
            policy,
            directory,
            requester,
            now,
            is_escalated,
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
        // Rules without approvers of their own all have the same.
        let shared: OnceCell<Arc<[UserId]>> = OnceCell::new();
        let demands: Vec<Demand> = counting
            .iter()
            .filter(|rule| settings.approval && self.requires_approval(**rule))
            .map(|rule| self.demand(*rule, approver_rules, &shared))
            .collect();
        let overseers = if demands.is_empty() {
            let mut all = self.directory.nobody();
            for rule in counting {
                match self.own(*rule) {
                    Some(own) => all.join(own),
                    None => all.join(&self.people_of(approver_rules)),
                }
            }
            self.directory.people_of(&all).cloned().collect()
        } else {
            Vec::new()
        };
        Judgement {
            basis: Basis {
                rule: Some(leader.id.clone()),
                rules: rules.iter().map(|rule| rule.id.clone()).collect(),
                demands,
                overseers,
                valid_until: rules
                    .iter()
                    .map(|rule| rule.valid_until)
                    .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)))
                    .flatten(),
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

    fn demand(&self, rule: usize, approver_rules: &[usize], shared: &OnceCell<Arc<[UserId]>>) -> Demand {
        let named = &self.policy.eligibility[rule];
        let ids = |people: &Bits| self.directory.people_of(people).cloned().collect();
        let (theirs, approvers) = match self.own(rule) {
            Some(own) => (&[][..], ids(own)),
            None => {
                let all = shared.get_or_init(|| ids(&self.people_of(approver_rules)));
                (approver_rules, all.clone())
            }
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
            approvers,
        }
    }

    /// The rule's own approvers, where it has any: enabled, without the requester.
    fn own(&self, rule: usize) -> Option<&Bits> {
        let own = &self.policy.eligibility[rule].approvers;
        (!own.is_empty()).then(|| self.own[rule].get_or_init(|| people(own, self.directory, self.requester)))
    }

    /// The people of approver rules: enabled, without the requester.
    fn people_of(&self, approver_rules: &[usize]) -> Bits {
        let mut all = self.directory.nobody();
        for rule in approver_rules {
            all.join(self.shared[*rule].get_or_init(|| {
                let rule = &self.policy.approvers[*rule];
                let mut found = people(&rule.who, self.directory, self.requester);
                if self.is_escalated {
                    found.join(&people(&rule.escalate_to, self.directory, self.requester));
                }
                found
            }));
        }
        all
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
