//! Expectations: what a policy author expects of the policy, in a TOML file beside it.

use super::Fault;
use super::patterns;
use super::reader::{Faults, Section};
use crate::expectation::{Allowed, Expectation, Outcome, Refused};
use crate::{AccountPattern, SetPattern, Subject};
use std::collections::BTreeSet;
use team_shared::problem::Code;
use toml::de::DeTable;

const ROOT: &[&str] = &["expect"];
const ALLOWED: &[&str] = &[
    "approval",
    "approvers",
    "overseers",
    "quorum",
    "max",
    "rules",
    "ticket",
];
const REFUSED: &[&str] = &["code", "says"];
const BOTH: &[&str] = &[
    "who",
    "account",
    "permission_set",
    "for",
    "break_glass",
    "at",
    "result",
    "rule",
    "reason",
];

/// Parses a document of expectations.
///
/// # Errors
/// All faults at once, in the order of the text.
pub fn parse_expectations(text: &str) -> Result<Vec<Expectation>, Vec<Fault>> {
    let mut faults = Faults::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        faults.syntax(&error);
    }
    if faults.any() {
        return Err(faults.in_order());
    }
    let root = Section::root(root.get_ref());
    root.refuse_unknown(ROOT, &mut faults);
    root.require("expect", &mut faults);
    let expectations = each(&root, &mut faults);
    if faults.any() {
        Err(faults.in_order())
    } else {
        Ok(expectations)
    }
}

/// The `[[expect]]` of a table.
pub(super) fn each(root: &Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<Expectation> {
    root.tables("expect", faults)
        .iter()
        .filter_map(|section| expectation(section, faults))
        .collect()
}

fn expectation(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Option<Expectation> {
    section.refuse_unknown(&[BOTH, ALLOWED, REFUSED].concat(), faults);
    for key in ["who", "account", "permission_set", "result"] {
        section.require(key, faults);
    }
    let line = section.line(faults);
    let who = section.parsed("who", faults, who);
    let account = section.parsed("account", faults, account);
    let permission_set = section.parsed("permission_set", faults, patterns::set);
    let duration = section.duration("for", faults);
    let break_glass = section.boolean("break_glass", faults).unwrap_or(false);
    let at = section.moment("at", faults);
    let rule = section.text("rule", faults);
    let reason = section.text("reason", faults);
    let outcome = outcome(section, faults);
    Some(Expectation {
        line,
        who: who?,
        account: account?,
        permission_set: SetPattern(permission_set?.0),
        duration,
        break_glass,
        at,
        outcome: outcome?,
        rule,
        reason,
    })
}

fn outcome(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Option<Outcome> {
    let is_allowed = section.parsed("result", faults, |written| word(written, "allowed", "refused"))?;
    let (others, result) = if is_allowed {
        (REFUSED, "allowed")
    } else {
        (ALLOWED, "refused")
    };
    for key in others.iter().filter(|key| section.has(key)) {
        section.fault(
            key,
            format!("has no meaning where the result is {result:?}"),
            faults,
        );
    }
    if !is_allowed {
        return Some(Outcome::Refused(Refused {
            code: section.parsed("code", faults, code),
            says: section.text("says", faults),
        }));
    }
    let names = |key, faults: &mut Faults<'_>| {
        section
            .list(key, faults, |written| Ok(user_name(written).to_owned()))
            .map(|names| names.into_iter().collect::<BTreeSet<String>>())
    };
    let allowed = Allowed {
        approval: section.parsed("approval", faults, |written| word(written, "required", "none")),
        approvers: names("approvers", faults),
        overseers: names("overseers", faults),
        quorum: section
            .integer("quorum", 0..=100, faults)
            .and_then(|quorum| u32::try_from(quorum).ok()),
        max: section.duration("max", faults),
        rules: section.list("rules", faults, |written| Ok(written.to_owned())),
        ticket: section.parsed("ticket", faults, |written| word(written, "required", "optional")),
    };
    if allowed.approval == Some(false) && allowed.quorum.is_some_and(|quorum| quorum > 0) {
        section.fault("quorum", "is 0 where no approval is needed", faults);
    }
    Some(Outcome::Allowed(allowed))
}

/// One of two words: whether it is the first.
fn word(written: &str, first: &str, second: &str) -> Result<bool, String> {
    match written {
        _ if written == first => Ok(true),
        _ if written == second => Ok(false),
        other => Err(format!("{other:?} is not known: write {first:?} or {second:?}")),
    }
}

fn code(written: &str) -> Result<Code, String> {
    /// What policy can say; the other codes are for what else can go wrong with a request.
    const OF_POLICY: &[Code] = &[
        Code::NotEligible,
        Code::Denied,
        Code::OverCap,
        Code::UnderMin,
        Code::NoApprover,
    ];
    let known: Vec<&str> = OF_POLICY.iter().map(|code| code.as_str()).collect();
    match OF_POLICY.iter().find(|code| code.as_str() == written) {
        Some(code) => Ok(*code),
        None => Err(match super::suggest::nearest(written, &known) {
            Some(meant) => format!("{written:?} is no code of a policy; did you mean {meant:?}?"),
            None => format!(
                "{written:?} is no code of a policy; known are {}",
                known.join(", ")
            ),
        }),
    }
}

/// A user name, with or without `user:`, or `group:NAME` for every member.
fn who(written: &str) -> Result<Subject, String> {
    if ["user:", "group:"]
        .iter()
        .any(|prefix| written.starts_with(prefix))
    {
        return patterns::subject(written);
    }
    patterns::plain(written)?;
    match written.split_once(':') {
        Some(_) => patterns::subject(written),
        None => Ok(Subject::User(written.to_owned())),
    }
}

fn user_name(written: &str) -> &str {
    written.strip_prefix("user:").unwrap_or(written)
}

/// An account as rules name it, or simply by its name.
fn account(written: &str) -> Result<AccountPattern, String> {
    let is_pattern = written == "*"
        || written.contains(':')
        || (!written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit()));
    if is_pattern {
        return patterns::account(written);
    }
    patterns::plain(written)?;
    Ok(AccountPattern::Name(written.to_owned()))
}
