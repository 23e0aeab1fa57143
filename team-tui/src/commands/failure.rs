//! Errors of the command line: one type, one table from cause to exit code.

use crate::client::ClientError;
use crate::format::{inert, json_inert};
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;
use team_shared::duration::InvalidDuration;
use team_shared::problem::{Code, Problem};

/// Why a verb did not do what it was asked. The exit codes are the contract's.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon refused, or we did in its words.
    Problem(Box<Problem>),
    /// The daemon is out of reach: exit 6.
    Unreachable { detail: String, help: Option<String> },
    /// The time to wait is over: exit 7.
    TimedOut(String),
    /// Waited for one state, and it ended in another: exit 8.
    EndedOtherwise(String),
    /// A fault that is nobody's input: exit 1.
    Failed { detail: String, help: Option<String> },
    /// The answer is printed and it is a no: exit 1, nothing to add.
    Unhealthy,
    /// The command that was run ended so, and has said why itself.
    Command(u8),
    /// Whoever read our output has gone: not an error.
    ReaderGone,
}

impl Failure {
    /// Wrong input: exit 2.
    pub(crate) fn usage(detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new(Code::Invalid, detail).help(help)))
    }

    /// Not there, or not visible: exit 4.
    pub(crate) fn not_found(detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new(Code::NotFound, detail).help(help)))
    }

    /// A fault: exit 1.
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::Failed {
            detail: detail.into(),
            help: None,
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(problem) => problem.code.exit_code(),
            Self::Failed { .. } | Self::Unhealthy => 1,
            Self::Unreachable { .. } => 6,
            Self::TimedOut(_) => 7,
            Self::EndedOtherwise(_) => 8,
            Self::Command(code) => *code,
            Self::ReaderGone => 0,
        }
    }

    /// Says it on stderr, as text or as a problem document, and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let text = if json { self.as_json() } else { self.as_text() };
        if !text.is_empty() {
            // Nothing is left to tell if stderr is gone too.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
        ExitCode::from(self.exit_code())
    }

    fn parts(&self) -> (&'static str, &str, Option<&str>) {
        match self {
            Self::Problem(problem) => (problem.code.as_str(), &problem.detail, problem.help.as_deref()),
            Self::Unreachable { detail, help } => ("unreachable", detail, help.as_deref()),
            Self::TimedOut(detail) => ("timed_out", detail, None),
            Self::EndedOtherwise(detail) => ("ended_otherwise", detail, None),
            Self::Failed { detail, help } => ("failed", detail, help.as_deref()),
            Self::Unhealthy | Self::Command(_) | Self::ReaderGone => ("", "", None),
        }
    }

    fn as_text(&self) -> String {
        let (code, detail, help) = self.parts();
        if code.is_empty() {
            return String::new();
        }
        let mut text = format!("error: {}", inert(detail));
        // One wrong field is in the detail already; of several each is a line, and the detail would say them twice.
        if let Self::Problem(problem) = self
            && problem.errors.len() > 1
        {
            text = format!("error: {} fields are wrong", problem.errors.len());
            for error in &problem.errors {
                text += &format!("\n  {}: {}", inert(&error.field), inert(&error.message));
            }
        }
        if let Some(help) = help {
            text += &format!("\nhelp: {}", inert(help));
        }
        text
    }

    fn as_json(&self) -> String {
        let (code, detail, help) = self.parts();
        let document = match self {
            Self::Problem(problem) => serde_json::to_value(problem).unwrap_or_default(),
            _ if code.is_empty() => return String::new(),
            // These never travelled over HTTP: no status.
            _ => json!({
                "type": "about:blank", "title": code.replace('_', " "), "code": code, "detail": detail, "help": help,
            }),
        };
        json_inert(&document.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (_, detail, help) = self.parts();
        f.write_str(detail)?;
        help.map_or(Ok(()), |help| write!(f, ": {help}"))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let help = error.help();
        match error {
            ClientError::Problem(problem) => Self::Problem(problem),
            error if error.is_unreachable() => Self::Unreachable {
                detail: error.to_string(),
                help,
            },
            error => Self::Failed {
                detail: error.to_string(),
                help,
            },
        }
    }
}

impl From<InvalidDuration> for Failure {
    fn from(error: InvalidDuration) -> Self {
        Self::Problem(Box::new(Problem::new(Code::Invalid, error.to_string())))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::failed(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_contracts() {
        let problem = |code| Failure::Problem(Box::new(Problem::new(code, "no")));
        for (failure, code) in [
            (Failure::failed("x"), 1),
            (problem(Code::LimitReached), 1),
            (Failure::usage("x", "y"), 2),
            (problem(Code::SelfApproval), 3),
            (Failure::not_found("x", "y"), 4),
            (problem(Code::Stale), 5),
            (
                Failure::Unreachable {
                    detail: String::new(),
                    help: None,
                },
                6,
            ),
            (Failure::TimedOut(String::new()), 7),
            (Failure::EndedOtherwise(String::new()), 8),
        ] {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
        }
    }

    #[test]
    fn several_wrong_fields_are_a_line_each_and_said_once() {
        let mut problem = Problem::new(Code::Invalid, "reason: too short; ticket: is needed");
        let error = |field: &str, message: &str| team_shared::problem::FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        };
        problem.errors = vec![error("reason", "too short"), error("ticket", "is needed")];
        let text = Failure::Problem(Box::new(problem)).as_text();
        assert_eq!(
            text,
            "error: 2 fields are wrong\n  reason: too short\n  ticket: is needed"
        );
    }

    #[test]
    fn reports_are_inert() {
        let failure = Failure::failed("x\u{1b}[2J\u{202e}");
        assert!(!failure.as_text().chars().any(team_shared::text::is_hidden));
        assert!(!failure.as_json().chars().any(team_shared::text::is_hidden));
    }
}
