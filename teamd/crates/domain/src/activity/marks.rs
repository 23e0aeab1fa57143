//! What about a call is worth a look. The first marks come from the record alone; `new-…` and `denied-burst` from what
//! else is known, so that they are the same in whatever order events arrive.

use super::{Call, Via};

/// A word for it.
pub type Mark = String;

/// Which calls a rule looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those that change something.
    Writes,
    /// Those that read.
    Reads,
}

/// Marks the calls that one of its patterns matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRule {
    /// The mark.
    pub name: String,
    /// `service:Call`, with `*` at the end of either part.
    pub calls: Vec<String>,
    /// Of these.
    pub only: Only,
    /// Security is told at the first of a session.
    pub tells: bool,
}

/// Marks that nobody is told of at once.
const QUIET: &[&str] = &["write", "error", "new-agent", "new-action"];

impl MarkRule {
    /// The rules that hold where the configuration has no other of the same name.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let rule = |name: &str, only, calls: &[&str]| Self {
            name: name.to_owned(),
            calls: calls.iter().map(|call| (*call).to_owned()).collect(),
            only,
            tells: true,
        };
        vec![
            rule(
                "iam-change",
                Only::Writes,
                &[
                    "iam:*",
                    "sso:*",
                    "sso-directory:*",
                    "identitystore:*",
                    "rolesanywhere:*",
                ],
            ),
            rule(
                "organization-change",
                Only::Writes,
                &["organizations:*", "account:*"],
            ),
            rule(
                "detection-change",
                Only::Writes,
                &[
                    "cloudtrail:*",
                    "guardduty:*",
                    "securityhub:*",
                    "config:*",
                    "access-analyzer:*",
                ],
            ),
            rule("key-change", Only::Writes, &["kms:*"]),
            rule(
                "secret-read",
                Only::All,
                &[
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:BatchGetSecretValue",
                    "ssm:GetParameter*",
                ],
            ),
        ]
    }

    fn applies(&self, call: &Call) -> bool {
        let fits = match self.only {
            Only::All => true,
            Only::Writes => !call.read_only,
            Only::Reads => call.read_only,
        };
        fits && self.calls.iter().any(|pattern| matches(pattern, call))
    }
}

fn matches(pattern: &str, call: &Call) -> bool {
    let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    part(service, call.service()) && part(name, &call.name)
}

fn part(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

/// The marks of a call that its record shows.
#[must_use]
pub fn marks(call: &Call, via: Via, rules: &[MarkRule]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    if via == Via::SignIn {
        return marks;
    }
    let mut add = |is: bool, mark: &str| {
        if is {
            marks.push(mark.to_owned());
        }
    };
    add(!call.read_only, "write");
    add(call.error.is_some(), "error");
    for rule in rules {
        add(rule.applies(call), &rule.name);
    }
    if let Some(assumed) = call.assumed.as_ref().filter(|_| call.error.is_none()) {
        let is_here = assumed.account == call.account;
        add(true, "role-chaining");
        add(!is_here || assumed.access_key.is_none(), "left-our-view");
    }
    add(!call.doors.is_empty(), "left-behind");
    marks
}

/// Whether security is told of a mark at the first of a session.
#[must_use]
pub fn tells(mark: &str, rules: &[MarkRule]) -> bool {
    match rules.iter().find(|rule| rule.name == mark) {
        Some(rule) => rule.tells,
        None => !QUIET.contains(&mark),
    }
}

/// Whether AWS refused the call for want of permission.
#[must_use]
pub fn is_denied(call: &Call) -> bool {
    let denied = |error: &str| {
        error.contains("AccessDenied")
            || error.contains("UnauthorizedOperation")
            || error == "AuthorizationError"
    };
    call.error.as_deref().is_some_and(denied)
}
