//! Who may ask for what under which conditions, and who decides, for classes of people and kinds of targets.

use super::lens::{Kind, Lens, Side};
use crate::{ApprovalMode, ApproverRule, EligibilityRule};
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use teamd_domain::bits::Bits;
use teamd_domain::directory::Account;

/// Under which conditions somebody may ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Terms {
    pub(super) says: String,
    pub(super) rule: String,
}

impl<'a> Lens<'a> {
    /// Whether people of such a class decide on the target.
    pub(super) fn decides(&self, side: Side, person: &Bits, account: &Kind<&Account>, set: &Bits) -> bool {
        let (policy, places) = (self.policy(side), self.places(side));
        let shares = |bit: usize| person.has(bit) && account.bits.has(bit) && set.has(bit);
        (0..policy.approvers.len()).any(|at| shares(places.approver + at))
            || policy
                .eligibility
                .iter()
                .enumerate()
                .any(|(at, rule)| shares(places.eligibility + at) && (rule.protected || !account.is_special))
    }

    /// Whether people of this class may ask for such a set in such an account.
    pub(super) fn may(
        &self,
        side: Side,
        person: &Bits,
        account: &Kind<&Account>,
        set: &Bits,
        break_glass: bool,
    ) -> bool {
        let places = self.places(side);
        let (mut may, words) = (false, places.denies.0.len());
        for at in 0..words {
            let shared = person.0[at] & account.bits.0[at] & set.0[at];
            if shared & places.denies.0[at] != 0 {
                return false;
            }
            let covering = if account.is_special {
                places.covering.0[at]
            } else {
                u64::MAX
            };
            may |= shared & places.eligible[usize::from(break_glass)].0[at] & covering != 0;
        }
        may
    }

    /// Under which conditions people of this class may ask for such a set in such an account; `None`: they may not.
    pub(super) fn terms(
        &self,
        side: Side,
        person: &Bits,
        account: &Kind<&Account>,
        set: &Bits,
        break_glass: bool,
    ) -> Option<Terms> {
        if !self.may(side, person, account, set, break_glass) {
            return None;
        }
        let shared = person.and(&account.bits).and(set);
        let (policy, places) = (self.policy(side), self.places(side));
        let fitting: Vec<(&EligibilityRule, Seconds)> = policy
            .eligibility
            .iter()
            .enumerate()
            .filter(|(at, rule)| {
                shared.has(places.eligibility + at)
                    && rule.is_for(break_glass)
                    && (rule.protected || !account.is_special)
            })
            .filter_map(|(_, rule)| Some((rule, rule.cap_at(&policy.settings, self.change.now)?)))
            .filter(|(_, cap)| *cap >= policy.settings.min_duration)
            .collect();
        let cap = fitting.iter().map(|(_, cap)| *cap).max()?;
        let longest = fitting.iter().filter(|(_, own)| *own == cap);
        let highest = longest.clone().map(|(rule, _)| rule.precedence).max()?;
        let counting: Vec<&EligibilityRule> = longest
            .map(|(rule, _)| *rule)
            .filter(|rule| rule.precedence == highest)
            .collect();
        let deciders = self.deciders(side, account, set);
        let mut needs: Vec<String> = counting
            .iter()
            .filter(|rule| policy.settings.approval && rule.approval == ApprovalMode::Required)
            .map(|rule| approval_in_words(rule, &deciders))
            .collect();
        needs.dedup();
        let approval = if needs.is_empty() {
            "no approval".to_owned()
        } else {
            needs.join(" and ")
        };
        Some(Terms {
            says: format!("up to {cap}, {approval}"),
            rule: counting.first()?.id.clone(),
        })
    }

    /// The approver rules of a target.
    pub(super) fn deciders(&self, side: Side, account: &Kind<&Account>, set: &Bits) -> Vec<&'a ApproverRule> {
        let rules = self.policy(side).approvers.iter().enumerate();
        rules
            .filter(|(at, _)| {
                let bit = self.approver_bit(side, *at);
                account.bits.has(bit) && set.has(bit)
            })
            .map(|(_, rule)| rule)
            .collect()
    }

    /// How many (person, account) pairs can get administrator-like access.
    pub(super) fn administrators(&self, side: Side) -> u64 {
        let mut pairs = 0;
        let mut leading = Bits::none(self.length);
        for set in self.sets.iter().filter(|set| set.is_special) {
            leading.join(&set.bits);
        }
        let [ordinary, break_glass] = &self.places(side).eligible;
        let mut allowing = ordinary.clone();
        allowing.join(break_glass);
        let leading = leading.and(&allowing);
        for class in &self.people {
            // Most people have no rule that leads to such a set at all.
            let theirs = class.bits.and(&leading);
            if theirs.is_empty() {
                continue;
            }
            for account in self.accounts.iter().filter(|account| theirs.meets(&account.bits)) {
                let can = self.sets.iter().filter(|set| set.is_special).any(|set| {
                    [false, true]
                        .into_iter()
                        .any(|way| self.may(side, &class.bits, account, &set.bits, way))
                });
                if can {
                    pairs += (class.members.len() * account.members.len()) as u64;
                }
            }
        }
        pairs
    }
}

fn approval_in_words(rule: &EligibilityRule, deciders: &[&ApproverRule]) -> String {
    let own = rule.approvers.iter().map(ToString::to_string);
    let who: BTreeSet<String> = if rule.approvers.is_empty() {
        deciders
            .iter()
            .flat_map(|rule| rule.who.iter().map(ToString::to_string))
            .collect()
    } else {
        own.collect()
    };
    let theirs = if rule.approvers.is_empty() { deciders } else { &[] };
    let quorum = rule
        .quorum
        .or_else(|| theirs.iter().filter_map(|rule| rule.quorum).max())
        .unwrap_or(1);
    if who.is_empty() {
        return "approval that nobody can give".to_owned();
    }
    let who: Vec<String> = who.into_iter().collect();
    format!("approval by {quorum} of {}", who.join(", "))
}
