//! Puts expectations to the policy.

use super::model::{Allowed, Expectation, Outcome, Refused};
use super::names::Named;
use super::sentence;
use crate::{Ask, Judgement, Policy, Refusal, evaluate};
use std::collections::BTreeSet;
use team_shared::duration::{LONGEST, Seconds};
use team_shared::ids::{AccountId, UserId};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// The most asks of one run: a few lines could otherwise ask for years of work.
pub const MOST_ASKS: usize = 100_000;

/// The most failures of one expectation that are said one by one.
const SAID: usize = 3;

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Where it stands in its document.
    pub line: usize,
    /// What was expected, in a sentence.
    pub expected: String,
    /// How many asks it was put to.
    pub asks: usize,
    /// For how many it does not hold.
    pub failed: usize,
    /// What came instead, for the first of those; and why, where it could not be tried at all.
    pub came: Vec<String>,
    /// Why it must be so, in the author's words.
    pub reason: Option<String>,
}

impl Checked {
    /// Whether it holds for all that it is about.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.came.is_empty()
    }
}

/// Puts every expectation to the policy, in order.
#[must_use]
pub fn check(
    expectations: &[Expectation],
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    now: Time,
) -> Vec<Checked> {
    let mut left = MOST_ASKS;
    expectations
        .iter()
        .map(|expectation| {
            let world = World {
                policy,
                directory,
                protected,
                now: expectation.at.unwrap_or(now),
            };
            world.check(expectation, &mut left)
        })
        .collect()
}

/// What asks are judged by.
struct World<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    protected: &'a BTreeSet<AccountId>,
    now: Time,
}

/// One ask of an expectation.
struct One<'a> {
    person: &'a Person,
    account: &'a Account,
    set: &'a PermissionSet,
}

impl World<'_> {
    fn check(&self, expectation: &Expectation, left: &mut usize) -> Checked {
        let mut checked = Checked {
            line: expectation.line,
            expected: sentence::expected(expectation),
            asks: 0,
            failed: 0,
            came: Vec::new(),
            reason: expectation.reason.clone(),
        };
        let named = match Named::of(expectation, self.directory) {
            Ok(named) => named,
            Err(why) => {
                checked.came.push(why);
                return checked;
            }
        };
        let count = named.count();
        let Some(rest) = left.checked_sub(count) else {
            checked.came.push(format!(
                "is about {count} asks, and a run has {MOST_ASKS}: name fewer people, accounts or permission sets"
            ));
            return checked;
        };
        *left = rest;
        checked.asks = count;
        for person in &named.people {
            for account in &named.accounts {
                for set in &named.sets {
                    let one = One { person, account, set };
                    let differences = self.differences(expectation, &one);
                    if !differences.is_empty() {
                        checked.failed += 1;
                        if checked.came.len() < SAID {
                            let (who, place, set) = (&person.user_name, &account.name, &set.name);
                            let differences = differences.join("; ");
                            // Of one ask the sentence has said which.
                            checked.came.push(if count == 1 {
                                differences
                            } else {
                                format!("{who}, {set} in {place}: {differences}")
                            });
                        }
                    }
                }
            }
        }
        checked
    }

    fn ask(&self, one: &One<'_>, duration: Seconds, break_glass: bool) -> Result<Judgement, Refusal> {
        let ask = Ask {
            is_escalated: false,
            person: &one.person.id,
            account: &one.account.id,
            permission_set: &one.set.arn,
            duration,
            break_glass,
            now: self.now,
        };
        evaluate(self.policy, self.directory, self.protected, &ask)
    }

    fn differences(&self, expectation: &Expectation, one: &One<'_>) -> Vec<String> {
        let duration = expectation.duration.unwrap_or(self.policy.settings.min_duration);
        let came = self.ask(one, duration, expectation.break_glass);
        match (&expectation.outcome, &came) {
            (Outcome::Allowed(allowed), Ok(judgement)) => {
                let mut differences = self.of_judgement(allowed, judgement);
                let rule = judgement.basis.rule.as_deref();
                differ(
                    &mut differences,
                    "rule",
                    expectation.rule.as_deref(),
                    rule.unwrap_or_default(),
                );
                if let Some(max) = allowed.max {
                    let longest = self
                        .longest(one, expectation.break_glass)
                        .unwrap_or(judgement.cap);
                    differ(&mut differences, "max", Some(max), longest);
                }
                differences
            }
            (Outcome::Refused(refused), Err(refusal)) => {
                let mut differences = of_refusal(refused, refusal);
                let rule = rule_of(refusal).unwrap_or("none");
                differ(&mut differences, "rule", expectation.rule.as_deref(), rule);
                differences
            }
            (Outcome::Allowed(_), Err(refusal)) => {
                let help = refusal
                    .help()
                    .map(|help| format!(" ({help})"))
                    .unwrap_or_default();
                vec![format!("refused with {}: {refusal}{help}", refusal.code())]
            }
            (Outcome::Refused(_), Ok(judgement)) => {
                vec![sentence::allowed(judgement, |id| self.name(id))]
            }
        }
    }

    /// The longest that may be asked for.
    fn longest(&self, one: &One<'_>, break_glass: bool) -> Option<Seconds> {
        let ever = Seconds::new(LONGEST).ok()?;
        match self.ask(one, ever, break_glass) {
            Err(Refusal::OverCap { cap, .. }) => Some(cap),
            _ => None,
        }
    }

    fn name(&self, id: &UserId) -> String {
        let person = self.directory.people.get(id);
        person.map_or_else(|| id.to_string(), |person| person.user_name.clone())
    }

    fn names<'i>(&self, ids: impl IntoIterator<Item = &'i UserId>) -> BTreeSet<String> {
        ids.into_iter().map(|id| self.name(id)).collect()
    }

    fn of_judgement(&self, allowed: &Allowed, judgement: &Judgement) -> Vec<String> {
        let basis = &judgement.basis;
        let mut found = Vec::new();
        let word = |required: bool| if required { "required" } else { "none" };
        differ(
            &mut found,
            "approval",
            allowed.approval.map(word),
            word(!basis.demands.is_empty()),
        );
        let approvers = self.names(basis.demands.iter().flat_map(|demand| demand.approvers.iter()));
        differ(
            &mut found,
            "approvers",
            allowed.approvers.as_ref().map(sentence::list),
            sentence::list(&approvers),
        );
        let overseers = self.names(&basis.overseers);
        differ(
            &mut found,
            "overseers",
            allowed.overseers.as_ref().map(sentence::list),
            sentence::list(&overseers),
        );
        let quorum = basis
            .demands
            .iter()
            .map(|demand| demand.quorum)
            .max()
            .unwrap_or(0);
        differ(&mut found, "quorum", allowed.quorum, quorum);
        differ(
            &mut found,
            "rules",
            allowed.rules.as_ref().map(sentence::list),
            sentence::list(&basis.rules),
        );
        let ticket = |needed: bool| if needed { "required" } else { "optional" };
        differ(
            &mut found,
            "ticket",
            allowed.ticket.map(ticket),
            ticket(judgement.texts.require_ticket),
        );
        found
    }
}

fn of_refusal(refused: &Refused, refusal: &Refusal) -> Vec<String> {
    let mut found = Vec::new();
    differ(&mut found, "code", refused.code, refusal.code());
    let said = match refusal.help() {
        Some(help) => format!("{refusal}; {help}"),
        None => refusal.to_string(),
    };
    if let Some(part) = &refused.says
        && !said.contains(part)
    {
        found.push(format!("says {part:?} expected, {said:?} came"));
    }
    found
}

fn differ<T: PartialEq + std::fmt::Display>(
    found: &mut Vec<String>,
    what: &str,
    expected: Option<T>,
    came: T,
) {
    if let Some(expected) = expected.filter(|expected| *expected != came) {
        found.push(format!("{what} {expected} expected, {came} came"));
    }
}

/// The rule that a refusal names.
fn rule_of(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::Denied { rule, .. }
        | Refusal::Protected { rule, .. }
        | Refusal::OverCap { rule, .. }
        | Refusal::NoApprover { rule, .. } => Some(rule),
        Refusal::NotEligible { nearest, .. } => nearest.as_ref().map(|nearest| nearest.rule.as_str()),
        Refusal::UnknownPerson { .. }
        | Refusal::PersonDisabled { .. }
        | Refusal::UnknownAccount { .. }
        | Refusal::AccountInactive { .. }
        | Refusal::UnknownPermissionSet { .. }
        | Refusal::SessionTooLong { .. }
        | Refusal::UnderMin { .. } => None,
    }
}
