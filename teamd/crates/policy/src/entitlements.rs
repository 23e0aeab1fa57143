//! Everything that a person may ask for.

use super::demands::Demands;
use super::evaluate::{Judgement, counting, longest};
use super::matching::{Named, account_fits, is_protected, set_fits};
use super::model::{AccountPattern, Policy, SetPattern};
use super::texts::TextRules;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use team_shared::duration::Seconds;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet};

/// One (account, permission set) that a person may ask for. What is said of approval, texts and rule holds for an ask
/// of `max_duration`; a shorter one may be judged by other rules.
///
/// A target that can be asked for both ordinarily and as break-glass is there twice, the ordinary one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitled {
    /// Where.
    pub account: AccountId,
    /// As what.
    pub permission_set: PermissionSetArn,
    /// The longest that may be asked for, by any rule.
    pub max_duration: Seconds,
    /// What is asked for when nobody says.
    pub default_duration: Seconds,
    /// Whether somebody must approve.
    pub approval_required: bool,
    /// Holds for asks made as break-glass only.
    pub break_glass: bool,
    /// The largest quorum among the demands; 0 where no approval is needed.
    pub quorum: u32,
    /// Who can approve: of all demands, without the person. Fewer than the quorum: an ask would be refused.
    pub approvers: Arc<[UserId]>,
    /// The counting rule with the longest cap.
    pub rule: Arc<str>,
    /// What must be written.
    pub texts: Arc<TextRules>,
    /// Whether the person is asked to type the account's name.
    pub guarded: bool,
}

/// Everything that the person may ask for at this moment, by account and permission set.
///
/// Accounts to which the same rules apply are worked out once: organisations have many accounts and few kinds of them.
#[must_use]
pub fn entitlements(
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    person: &UserId,
    now: Time,
) -> Vec<Entitled> {
    let Some(person) = directory.people.get(person).filter(|person| person.enabled) else {
        return Vec::new();
    };
    let named = Named::of(person, directory);
    let rules = Rules::of(policy, directory, &named, now);
    if rules.eligibility.is_empty() {
        return Vec::new();
    }
    let demands = Demands::new(policy, directory, &person.id, now, false);
    let sets: Vec<&PermissionSet> = directory.permission_sets.values().collect();
    let mut known: HashMap<Kind, Vec<Entitled>> = HashMap::new();
    let mut judged = Judged::new();
    let mut all = Vec::new();
    for account in directory.accounts.values().filter(|account| account.active) {
        let kind = rules.kind(
            policy,
            directory,
            account,
            is_protected(&account.id, protected, directory),
        );
        if kind.eligibility.is_empty() {
            continue;
        }
        let entitled = known
            .entry(kind)
            .or_insert_with_key(|kind| rules.entitled(policy, kind, &sets, &demands, account, &mut judged));
        all.extend(entitled.iter().map(|one| Entitled {
            account: account.id.clone(),
            ..one.clone()
        }));
    }
    all
}

/// What is said of targets, by the rules that count and the approver rules of the target: it hangs on nothing else, and
/// targets are many.
type Judged = HashMap<(Vec<usize>, Vec<usize>, bool), Entitled>;

/// A rule as far as it matters here.
struct Rule<'a> {
    /// Index in the policy.
    at: usize,
    accounts: &'a [AccountPattern],
    /// Whether it fits the permission sets, by their order in the directory.
    sets: Vec<bool>,
}

/// The rules that name the person, and all approver rules.
struct Rules<'a> {
    eligibility: Vec<(Rule<'a>, Seconds)>,
    deny: Vec<Rule<'a>>,
    approvers: Vec<Rule<'a>>,
}

/// What kind of account one is: the rules that fit it, by their place in [`Rules`].
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    eligibility: Vec<usize>,
    deny: Vec<usize>,
    approvers: Vec<usize>,
}

impl<'a> Rules<'a> {
    fn of(policy: &'a Policy, directory: &Directory, named: &Named<'_>, now: Time) -> Self {
        let rule = |at, accounts, permission_sets: &[SetPattern]| Rule {
            at,
            accounts,
            sets: directory
                .permission_sets
                .values()
                .map(|set| set_fits(permission_sets, set))
                .collect(),
        };
        Self {
            eligibility: policy
                .eligibility
                .iter()
                .enumerate()
                .filter(|(_, eligible)| named.is_in(&eligible.who))
                .filter_map(|(at, eligible)| {
                    let cap = eligible.cap_at(&policy.settings, now)?;
                    // Too close to its end for the shortest ask.
                    (cap >= policy.settings.min_duration)
                        .then(|| (rule(at, &eligible.accounts, &eligible.permission_sets), cap))
                })
                .collect(),
            deny: policy
                .deny
                .iter()
                .enumerate()
                .filter(|(_, deny)| named.is_in(&deny.who))
                .map(|(at, deny)| rule(at, &deny.accounts, &deny.permission_sets))
                .collect(),
            approvers: policy
                .approvers
                .iter()
                .enumerate()
                .map(|(at, approver)| rule(at, &approver.accounts, &approver.permission_sets))
                .collect(),
        }
    }

    fn kind(&self, policy: &Policy, directory: &Directory, account: &Account, is_protected: bool) -> Kind {
        let fitting = |rules: &[Rule<'_>]| {
            (0..rules.len())
                .filter(|place| account_fits(rules[*place].accounts, account, directory))
                .collect()
        };
        let eligibility: Vec<usize> = (0..self.eligibility.len())
            .filter(|place| {
                let (rule, _) = &self.eligibility[*place];
                (policy.eligibility[rule.at].protected || !is_protected)
                    && account_fits(rule.accounts, account, directory)
            })
            .collect();
        if eligibility.is_empty() {
            // Nobody will ask for the rest.
            return Kind {
                eligibility,
                deny: Vec::new(),
                approvers: Vec::new(),
            };
        }
        Kind {
            eligibility,
            deny: fitting(&self.deny),
            approvers: fitting(&self.approvers),
        }
    }

    /// What the person may ask for in accounts of this kind, with one such account filled in.
    fn entitled(
        &self,
        policy: &Policy,
        kind: &Kind,
        sets: &[&PermissionSet],
        demands: &Demands<'_>,
        account: &Account,
        judged: &mut Judged,
    ) -> Vec<Entitled> {
        let mut found = Vec::new();
        for (column, set) in sets.iter().enumerate() {
            let is_denied = kind.deny.iter().any(|place| self.deny[*place].sets[column]);
            if is_denied || !policy.settings.allows_session(set.session_seconds) {
                continue;
            }
            for break_glass in [false, true] {
                let fitting: Vec<(usize, Seconds)> = kind
                    .eligibility
                    .iter()
                    .map(|place| &self.eligibility[*place])
                    .filter(|(rule, _)| rule.sets[column] && policy.eligibility[rule.at].is_for(break_glass))
                    .map(|(rule, cap)| (rule.at, *cap))
                    .collect();
                let Some((_, cap)) = longest(&fitting) else {
                    continue;
                };
                let approver_rules: Vec<usize> = kind
                    .approvers
                    .iter()
                    .map(|place| &self.approvers[*place])
                    .filter(|rule| rule.sets[column])
                    .map(|rule| rule.at)
                    .collect();
                let counting = counting(policy, &fitting, cap);
                let of = |one: &Entitled| Entitled {
                    account: account.id.clone(),
                    permission_set: set.arn.clone(),
                    ..one.clone()
                };
                let by = (counting, approver_rules, break_glass);
                let one = match judged.get(&by) {
                    Some(one) => of(one),
                    None => {
                        let judgement = demands.judge(&by.0, &by.1);
                        let one = entitled(account, set, break_glass, judgement);
                        judged.insert(by, one.clone());
                        one
                    }
                };
                found.push(one);
            }
        }
        found
    }
}

fn entitled(account: &Account, set: &PermissionSet, break_glass: bool, judgement: Judgement) -> Entitled {
    let demands = judgement.basis.demands;
    let approvers: BTreeSet<&UserId> = demands
        .iter()
        .flat_map(|demand| demand.approvers.iter())
        .collect();
    Entitled {
        account: account.id.clone(),
        permission_set: set.arn.clone(),
        max_duration: judgement.cap,
        default_duration: judgement.default_duration,
        approval_required: !demands.is_empty(),
        break_glass,
        quorum: demands.iter().map(|demand| demand.quorum).max().unwrap_or(0),
        approvers: approvers.into_iter().cloned().collect(),
        rule: judgement.basis.rule.unwrap_or_default().into(),
        texts: Arc::new(judgement.texts),
        guarded: judgement.guarded,
    }
}
