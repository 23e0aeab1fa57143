//! What a policy author expects of the document, written beside it:
//!
//! ```toml
//! [[expect]]
//! says = "on call may fix production, with an approval"
//! who = "alice"
//! account = "prod-ledger"
//! permission_set = "AdministratorAccess"
//! for = "2h"
//! allowed = true
//! approvers = ["bob", "carol"]
//! quorum = 1
//! ```
//!
//! Names or ids; only what is written is compared.

use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::policy::{Ask, Judgement, Policy, Refusal, evaluate};
use crate::offline::Exported;
use chrono::Utc;
use serde::Deserialize;
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use team_shared::ids::UserId;
use team_shared::policy::{PolicyTest, TestResult};
use team_shared::problem::{Code, FieldError};
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Spanned<Expectation>>,
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// In words, for whoever reads that it does not hold.
    pub says: Option<String>,
    /// Who asks: a user name or an id.
    pub who: String,
    /// Where: a name or an id.
    pub account: String,
    /// As what: a name or an ARN.
    pub permission_set: String,
    /// For how long; the setting's default where it is not written.
    #[serde(rename = "for")]
    pub duration: Option<String>,
    /// Asked as break-glass.
    #[serde(default)]
    pub break_glass: bool,
    /// At which moment; now where it is not written.
    pub at: Option<String>,
    /// Whether a request is taken.
    pub allowed: bool,
    /// The code with which it is refused.
    pub code: Option<String>,
    /// `required` or `none`.
    pub approval: Option<String>,
    /// Everybody who can approve: neither more nor fewer.
    pub approvers: Option<Vec<String>>,
    /// The largest quorum of the demands.
    pub quorum: Option<u32>,
    /// How many rules demand an approval of their own.
    pub demands: Option<usize>,
    /// The longest that may be asked for.
    pub max: Option<String>,
    /// The counting rule with the longest cap.
    pub rule: Option<String>,
}

/// Reads a file of expectations, each with the line at which it begins.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse(text: &str) -> Result<Vec<(usize, Expectation)>, FieldError> {
    let fault = |line: usize, message: String| FieldError {
        field: format!("expectations, line {line}"),
        message,
    };
    let line_at = |byte: usize| {
        text.get(..byte)
            .map_or(1, |before| before.matches('\n').count() + 1)
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(1, |span| line_at(span.start));
        fault(at, error.message().to_owned())
    })?;
    file.expect
        .into_iter()
        .map(|one| {
            let line = line_at(one.span().start);
            let expectation = one.into_inner();
            check(&expectation).map_err(|message| fault(line, message))?;
            Ok((line, expectation))
        })
        .collect()
}

/// Values that say nothing would make an expectation that always holds.
fn check(one: &Expectation) -> Result<(), String> {
    for (key, written) in [("for", &one.duration), ("max", &one.max)] {
        if let Some(written) = written {
            written
                .parse::<Seconds>()
                .map_err(|error| format!("{key}: {error}"))?;
        }
    }
    if let Some(at) = &one.at {
        at.parse::<chrono::DateTime<Utc>>()
            .map_err(|_| format!("at: {at:?} is not a moment: write it like \"2027-01-31T00:00:00Z\""))?;
    }
    if let Some(code) = &one.code {
        if one.allowed {
            return Err("code: what is allowed is not refused with a code".to_owned());
        }
        code.parse::<Code>()
            .map_err(|_| format!("code: there is no code {code:?}"))?;
    }
    match one.approval.as_deref() {
        None | Some("required" | "none") => {}
        Some(other) => return Err(format!("approval: {other:?}: write \"required\" or \"none\"")),
    }
    let of_allowed = [
        ("approval", one.approval.is_some()),
        ("approvers", one.approvers.is_some()),
        ("quorum", one.quorum.is_some()),
        ("demands", one.demands.is_some()),
    ];
    match of_allowed.into_iter().find(|(_, is_set)| *is_set && !one.allowed) {
        Some((key, _)) => Err(format!("{key}: nobody approves what is refused")),
        None => Ok(()),
    }
}

/// Runs them all.
#[must_use]
pub fn run(
    policy: &Policy,
    exported: &Exported,
    expectations: &[(usize, Expectation)],
    now: Time,
) -> PolicyTest {
    let results: Vec<TestResult> = expectations
        .iter()
        .map(|(line, one)| {
            let faults = faults(policy, exported, one, now);
            TestResult {
                line: *line,
                says: one.says.clone().unwrap_or_else(|| in_words(one)),
                passed: faults.is_empty(),
                faults,
            }
        })
        .collect();
    PolicyTest {
        total: results.len(),
        failed: results.iter().filter(|one| !one.passed).count(),
        results,
    }
}

fn in_words(one: &Expectation) -> String {
    format!(
        "{} {} {} in {}{}",
        one.who,
        if one.allowed {
            "may ask for"
        } else {
            "may not ask for"
        },
        one.permission_set,
        one.account,
        one.duration
            .as_ref()
            .map_or_else(String::new, |length| format!(" for {length}"))
    )
}

fn faults(policy: &Policy, exported: &Exported, one: &Expectation, now: Time) -> Vec<String> {
    let directory = &exported.directory;
    let Some(person) = directory.person_called(&one.who) else {
        return vec![format!("the directory has no person {}", one.who)];
    };
    let Some(account) = directory.account_called(&one.account) else {
        return vec![format!("the directory has no account {}", one.account)];
    };
    let Some(set) = directory.permission_set(&one.permission_set) else {
        return vec![format!(
            "the directory has no permission set {}",
            one.permission_set
        )];
    };
    let length = |written: &Option<String>| written.as_ref().and_then(|text| text.parse::<Seconds>().ok());
    let at = one
        .at
        .as_ref()
        .and_then(|text| text.parse::<chrono::DateTime<Utc>>().ok());
    let ask = Ask {
        person: &person.id,
        account: &account.id,
        permission_set: &set.arn,
        duration: length(&one.duration).unwrap_or(policy.settings.default_duration),
        break_glass: one.break_glass,
        now: at.unwrap_or(now),
    };
    match (
        one.allowed,
        evaluate(policy, directory, &exported.protected, &ask),
    ) {
        (true, Ok(judgement)) => differences(directory, one, &judgement, length(&one.max)),
        (false, Err(refusal)) => refused(one, &refusal, length(&one.max)),
        (true, Err(refusal)) => vec![format!(
            "it is refused ({}): {}",
            refusal.code().as_str(),
            refusal.about(&one.who)
        )],
        (false, Ok(judgement)) => vec![format!("it is allowed, by {}", judgement.basis.rules.join(", "))],
    }
}

fn refused(one: &Expectation, refusal: &Refusal, max: Option<Seconds>) -> Vec<String> {
    let mut faults = Vec::new();
    let code = refusal.code();
    if let Some(expected) = one.code.as_ref().filter(|expected| *expected != code.as_str()) {
        faults.push(format!(
            "code is {}, not {expected}: {}",
            code.as_str(),
            refusal.about(&one.who)
        ));
    }
    let (cap, rule) = match refusal {
        Refusal::OverCap { cap, rule, .. } => (Some(*cap), Some(rule.clone())),
        Refusal::Denied { rule, .. } | Refusal::NoApprover { rule, .. } => (None, Some(rule.clone())),
        _ => (None, None),
    };
    compare("max", max.map(Some), &cap, &mut faults);
    compare("rule", one.rule.clone().map(Some), &rule, &mut faults);
    faults
}

fn differences(
    directory: &Directory,
    one: &Expectation,
    judgement: &Judgement,
    max: Option<Seconds>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let demands = &judgement.basis.demands;
    let approval = if demands.is_empty() { "none" } else { "required" };
    compare(
        "approval",
        one.approval.clone(),
        &approval.to_owned(),
        &mut faults,
    );
    compare("demands", one.demands, &demands.len(), &mut faults);
    let quorum = demands.iter().map(|demand| demand.quorum).max().unwrap_or(0);
    compare("quorum", one.quorum, &quorum, &mut faults);
    compare("max", max, &judgement.cap, &mut faults);
    compare(
        "rule",
        one.rule.clone().map(Some),
        &judgement.basis.rule,
        &mut faults,
    );
    if let Some(expected) = &one.approvers {
        let can: BTreeSet<&UserId> = demands.iter().flat_map(|demand| &demand.approvers).collect();
        let names: BTreeSet<String> = can
            .into_iter()
            .map(|id| {
                let known = directory.people.get(id);
                known.map_or_else(|| id.to_string(), |person| person.user_name.clone())
            })
            .collect();
        let expected: BTreeSet<String> = expected.iter().cloned().collect();
        if expected != names {
            let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
            faults.push(format!(
                "approvers are [{}], not [{}]",
                list(names),
                list(expected)
            ));
        }
    }
    faults
}

fn compare<T: PartialEq + std::fmt::Debug>(
    key: &str,
    expected: Option<T>,
    found: &T,
    faults: &mut Vec<String>,
) {
    if let Some(expected) = expected.filter(|expected| expected != found) {
        faults.push(format!("{key} is {found:?}, not {expected:?}"));
    }
}
