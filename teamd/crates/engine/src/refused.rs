//! Why the engine refused: a stable code, what was refused and by which rule, and what would help.

use team_shared::problem::{Code, FieldError};
use teamd_domain::request::TransitionError;
use teamd_policy::Refusal;
use teamd_store::port::StoreError;

/// A refusal. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    /// The stable code.
    pub code: Code,
    /// What was refused, and by which rule.
    pub detail: String,
    /// What would help.
    pub help: Option<String>,
    /// Wrong fields.
    pub errors: Vec<FieldError>,
}

impl Refused {
    /// A refusal.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            help: None,
            errors: Vec::new(),
        }
    }

    /// With what would help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Not there, or not visible: the two must not be told apart.
    #[must_use]
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} that you may see"))
    }

    /// Wrong fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|e| format!("{}: {}", e.field, e.message))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors,
            ..Self::new(Code::Invalid, detail)
        }
    }

    /// One wrong field.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            field: field.to_owned(),
            message: message.into(),
        }])
    }
}

impl From<teamd_host::failpoint::Injected> for Refused {
    fn from(injected: teamd_host::failpoint::Injected) -> Self {
        StoreError::from(injected).into()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::VersionConflict { .. } => {
                Self::new(Code::Stale, "it changed while you decided").help("read it again")
            }
            StoreError::Full => Self::new(Code::StoreUnavailable, "the disk of the daemon is full")
                .help("removals go on; nothing new is taken until there is room"),
            StoreError::AuditBroken(why) => {
                tracing::error!(%why, "the audit trail takes no row");
                Self::new(
                    Code::StoreUnavailable,
                    "the audit trail takes no row, so nothing is decided",
                )
                .help("removals go on; operators: teamd audit verify")
            }
            StoreError::Damaged(why) => Self::new(
                Code::StoreUnavailable,
                format!("the database is damaged, so access is only taken back: {why}"),
            )
            .help(super::degraded::RESTORE_HELP),
            StoreError::Failing(why) => Self::new(
                Code::StoreUnavailable,
                format!("the disk of the daemon fails, so access is only taken back: {why}"),
            )
            .help("removals go on; it is tried again by itself"),
            StoreError::Busy(why) => Self::new(
                Code::StoreUnavailable,
                format!("the database is locked by another process, so access is only taken back: {why}"),
            )
            .help(
                "removals go on; try again in a few seconds; operators: `team-tui status` names the process",
            ),
            StoreError::Superseded { .. } => Self::new(
                Code::StoreUnavailable,
                "another daemon has taken the database over; this one stops",
            ),
            StoreError::ImpossibleRow { .. } | StoreError::Closed | StoreError::Database(_) => {
                tracing::error!(%error, "the store refused");
                Self::new(Code::StoreUnavailable, "the store does not take it")
                    .help("operators: see the daemon's log")
            }
        }
    }
}

impl From<TransitionError> for Refused {
    fn from(error: TransitionError) -> Self {
        let code = match &error {
            TransitionError::SelfApproval => Code::SelfApproval,
            TransitionError::NotAnApprover => Code::NotAllowed,
            TransitionError::AlreadyVoted | TransitionError::AlreadySigned => Code::AlreadyVoted,
            TransitionError::Expired(_) => Code::Expired,
            TransitionError::AlreadyDecided(_)
            | TransitionError::TooEarly(_)
            | TransitionError::NotNow { .. } => Code::AlreadyDecided,
        };
        let refused = Self::new(code, error.to_string());
        match error {
            TransitionError::SelfApproval => refused.help("another approver must decide; `show` names them"),
            TransitionError::Expired(_) => refused.help("ask again with a new request"),
            TransitionError::NotNow {
                command: "cancel", ..
            } => refused.help("`done` ends live access"),
            TransitionError::AlreadySigned => refused.help("ask another administrator"),
            TransitionError::NotAnApprover
            | TransitionError::AlreadyVoted
            | TransitionError::AlreadyDecided(_)
            | TransitionError::TooEarly(_)
            | TransitionError::NotNow { .. } => refused,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            help: refusal.help(),
            ..Self::new(refusal.code(), refusal.to_string())
        }
    }
}
