//! How a judgement came about: every rule, part by part. It asks the same functions as [`evaluate`](super::evaluate),
//! so that the two cannot disagree.

use super::evaluate::{Ask, Target, counting};
use super::matching::{Named, account_fits, is_protected, set_fits};
use super::model::{AccountPattern, EligibilityRule, Policy, SetPattern, Subject};
use std::collections::BTreeSet;
use std::fmt::Display;
use team_shared::duration::{Seconds, format_seconds};
use team_shared::ids::AccountId;
use team_shared::policy::{PartTrace, RuleTrace};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// What is asked about. Without account or permission set: whatever there is.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who.
    pub person: &'a Person,
    /// Where.
    pub account: Option<&'a Account>,
    /// As what.
    pub set: Option<&'a PermissionSet>,
    /// How long.
    pub duration: Option<Seconds>,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// When.
    pub now: Time,
}

/// Every rule in document order: deny rules, eligibility rules, approver rules.
#[must_use]
pub fn trace(
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    question: &Question<'_>,
) -> Vec<RuleTrace> {
    let tracer = Tracer {
        policy,
        directory,
        protected,
        question,
        named: Named::of(question.person, directory),
    };
    let counting = tracer.counting();
    let mut rules: Vec<RuleTrace> = Vec::new();
    for deny in &policy.deny {
        let parts = vec![
            tracer.person(&deny.who),
            tracer.account(&deny.accounts),
            tracer.set(&deny.permission_sets),
        ];
        let fits = parts.iter().all(|part| part.fits) && tracer.has_target();
        rules.push(rule(
            "deny",
            &deny.id,
            if fits { "denies" } else { MISS },
            parts,
            None,
        ));
    }
    for (at, eligible) in policy.eligibility.iter().enumerate() {
        rules.push(tracer.eligible(at, eligible, &counting));
    }
    let asks_them = counting
        .iter()
        .any(|at| policy.eligibility[*at].approvers.is_empty());
    for approver in &policy.approvers {
        let parts = vec![
            tracer.account(&approver.accounts),
            tracer.set(&approver.permission_sets),
        ];
        let outcome = match parts.iter().all(|part| part.fits) {
            true if asks_them || !tracer.has_target() => "approves",
            true => "not asked",
            false => MISS,
        };
        rules.push(rule("approver", &approver.id, outcome, parts, None));
    }
    rules
}

/// The outcome of a rule that does not fit.
const MISS: &str = "does not match";

struct Tracer<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    protected: &'a BTreeSet<AccountId>,
    question: &'a Question<'a>,
    named: Named<'a>,
}

impl Tracer<'_> {
    fn has_target(&self) -> bool {
        self.question.account.is_some() && self.question.set.is_some()
    }

    /// The rules that count, where the question has a target.
    fn counting(&self) -> Vec<usize> {
        let (Some(account), Some(set)) = (self.question.account, self.question.set) else {
            return Vec::new();
        };
        let duration = self
            .question
            .duration
            .unwrap_or(self.policy.settings.default_duration);
        let ask = Ask {
            person: &self.question.person.id,
            account: &account.id,
            permission_set: &set.arn,
            duration,
            break_glass: self.question.break_glass,
            is_escalated: false,
            now: self.question.now,
        };
        if !self.policy.settings.allows_session(set.session_seconds) {
            return Vec::new();
        }
        let target = Target {
            directory: self.directory,
            account,
            set,
            is_protected: is_protected(&account.id, self.protected, self.directory),
        };
        counting(
            self.policy,
            &target.fitting(self.policy, &self.named, &ask),
            duration,
        )
    }

    fn eligible(&self, at: usize, eligible: &EligibilityRule, counting: &[usize]) -> RuleTrace {
        let cap = eligible.cap_at(&self.policy.settings, self.question.now);
        let mut parts = vec![
            self.person(&eligible.who),
            self.account(&eligible.accounts),
            self.set(&eligible.permission_sets),
        ];
        if !eligible.is_for(self.question.break_glass) {
            let says = if self.question.break_glass {
                "it does not count for break-glass: ask without --break-glass"
            } else {
                "it counts only for break-glass: ask with --break-glass"
            };
            parts.push(part("break-glass", false, says));
        }
        let is_protected = self
            .question
            .account
            .is_some_and(|account| is_protected(&account.id, self.protected, self.directory));
        if is_protected {
            let says = if eligible.protected {
                "it covers protected accounts"
            } else {
                "the account is protected: only rules with `protected = true` cover it"
            };
            parts.push(part("protected", eligible.protected, says));
        }
        if let Some((set, most)) = self
            .question
            .set
            .zip(self.policy.settings.max_permission_set_session)
            && !self.policy.settings.allows_session(set.session_seconds)
        {
            let session = format_seconds(set.session_seconds);
            let says =
                format!("its sessions last {session}, and settings.max_permission_set_session is {most}");
            parts.push(part("session", false, says));
        }
        if let Some(end) = eligible.valid_until {
            let verb = if cap.is_some() { "ends" } else { "ended" };
            parts.push(part(
                "valid until",
                cap.is_some(),
                format!("it {verb} at {}", moment(end)),
            ));
        }
        if let (Some(cap), Some(duration)) = (cap, self.question.duration) {
            let is_long = duration > cap;
            let relation = if is_long { "over" } else { "within" };
            parts.push(part(
                "duration",
                !is_long,
                format!("{duration} is {relation} the {cap} that it allows"),
            ));
        }
        let fits = parts.iter().all(|part| part.fits);
        let outcome = match fits {
            true if !self.has_target() || counting.contains(&at) => "counts",
            true => {
                let above = counting.first().map(|first| &self.policy.eligibility[*first]);
                let says = above.map_or_else(
                    || "no rule counts".to_owned(),
                    |above| {
                        format!(
                            "rule {} comes before it: precedence {} over {}",
                            above.id, above.precedence, eligible.precedence
                        )
                    },
                );
                parts.push(part("precedence", false, says));
                "outranked"
            }
            false => MISS,
        };
        rule("eligibility", &eligible.id, outcome, parts, cap)
    }

    fn person(&self, who: &[Subject]) -> PartTrace {
        let name = &self.question.person.user_name;
        let by = who
            .iter()
            .find(|subject| self.named.is_in(std::slice::from_ref(*subject)));
        match by {
            Some(Subject::User(_)) => part("person", true, format!("{name} is named")),
            Some(subject) => part("person", true, format!("{name} is in {subject}")),
            None => part("person", false, format!("{name} is not {}", few(who, "or"))),
        }
    }

    fn account(&self, patterns: &[AccountPattern]) -> PartTrace {
        let Some(account) = self.question.account else {
            let active = self.directory.accounts.values().filter(|account| account.active);
            let names = active
                .filter(|account| account_fits(patterns, account, self.directory))
                .map(|account| account.name.clone());
            return covers("account", names.collect(), &few(patterns, "or"));
        };
        match patterns
            .iter()
            .find(|pattern| pattern.fits(account, self.directory))
        {
            Some(pattern) => part("account", true, format!("{} is in {pattern}", account.name)),
            None => part(
                "account",
                false,
                format!("{} is not in {}", account.name, few(patterns, "or")),
            ),
        }
    }

    fn set(&self, patterns: &[SetPattern]) -> PartTrace {
        let Some(set) = self.question.set else {
            let sets = self.directory.permission_sets.values();
            let names = sets
                .filter(|set| set_fits(patterns, set))
                .map(|set| set.name.clone());
            return covers("permission set", names.collect(), &few(patterns, "or"));
        };
        match patterns.iter().find(|pattern| pattern.fits(set)) {
            Some(pattern) => part("permission set", true, format!("{} fits {pattern}", set.name)),
            None => part(
                "permission set",
                false,
                format!("{} is not {}", set.name, few(patterns, "or")),
            ),
        }
    }
}

/// What patterns come to at present.
fn covers(of: &str, names: Vec<String>, written: &str) -> PartTrace {
    match names.len() {
        0 => part(of, false, format!("{written} fits none that there is")),
        1 => part(of, true, format!("covers {}", names[0])),
        count => part(of, true, format!("covers {count}: {}", few(&names, "and"))),
    }
}

fn rule(kind: &str, id: &str, outcome: &str, parts: Vec<PartTrace>, cap: Option<Seconds>) -> RuleTrace {
    RuleTrace {
        kind: kind.to_owned(),
        id: id.to_owned(),
        outcome: outcome.to_owned(),
        parts,
        cap_seconds: cap,
    }
}

fn part(part: &str, fits: bool, says: impl Into<String>) -> PartTrace {
    PartTrace {
        part: part.to_owned(),
        fits,
        says: says.into(),
    }
}

fn moment(at: Time) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A list for a sentence: a rule may name hundreds.
fn few<T: Display>(items: &[T], last: &str) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    match (items.len() - shown.len(), shown.as_slice()) {
        (0, [rest @ .., end]) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        (0, shown) => shown.join(", "),
        (more, shown) => format!("{} {last} {more} more", shown.join(", ")),
    }
}
