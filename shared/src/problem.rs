//! Errors as RFC 9457 problem documents with a stable code.
//!
//! To add a code: a line in [`Code`], its status and exit code below, and a row in `docs/API.md`.

use crate::state::words;
use serde::{Deserialize, Serialize};

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

words!(
    /// What was refused, in one word for programs.
    Code {
        /// The body is not JSON, or not of the right shape.
        BadJson = "bad_json",
        /// The body has a field that does not exist.
        UnknownField = "unknown_field",
        /// One or more fields are wrong; `errors` names them.
        Invalid = "invalid",
        /// Over the size limit.
        TooLarge = "too_large",
        /// The role does not allow it.
        NotAllowed = "not_allowed",
        /// No rule lets this person ask for this.
        NotEligible = "not_eligible",
        /// A deny rule refuses it.
        Denied = "denied",
        /// Longer than any matching rule allows.
        OverCap = "over_cap",
        /// Shorter than the policy's minimum.
        UnderMin = "under_min",
        /// The person's day on this target is used up.
        OverDailyMax = "over_daily_max",
        /// One's own request.
        SelfApproval = "self_approval",
        /// The login behind this session is another one.
        SudoRefused = "sudo_refused",
        /// The login maps to nobody in Identity Center.
        UnknownIdentity = "unknown_identity",
        /// Too few people could approve.
        NoApprover = "no_approver",
        /// A freeze is on.
        Frozen = "frozen",
        /// Nothing is granted until a fault is corrected; `detail` names it.
        Held = "held",
        /// Not there, or not yours to see.
        NotFound = "not_found",
        /// It has changed since you read it.
        Stale = "stale",
        /// Somebody decided before you.
        AlreadyDecided = "already_decided",
        /// You voted on these terms before.
        AlreadyVoted = "already_voted",
        /// The same request waits already, or the idempotency key was used with another body.
        Duplicate = "duplicate",
        /// The person holds exactly this without us.
        StandingAccess = "standing_access",
        /// The time to decide is over.
        Expired = "expired",
        /// A limit of the daemon is reached.
        LimitReached = "limit_reached",
        /// The socket has too many connections, of this user or of all.
        TooManyConnections = "too_many_connections",
        /// The directory was never loaded, AWS does not answer, or the name service of the machine does not.
        DirectoryUnavailable = "directory_unavailable",
        /// The store does not take writes.
        StoreUnavailable = "store_unavailable",
        /// The method is not one of this path.
        MethodNotAllowed = "method_not_allowed",
        /// A fault of ours.
        Internal = "internal",
    }
);

impl Code {
    /// The HTTP status that carries this code.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadJson | Self::UnknownField => 400,
            Self::Invalid => 422,
            Self::TooLarge => 413,
            Self::NotAllowed
            | Self::NotEligible
            | Self::Denied
            | Self::OverCap
            | Self::UnderMin
            | Self::OverDailyMax
            | Self::SelfApproval
            | Self::SudoRefused
            | Self::UnknownIdentity
            | Self::NoApprover
            | Self::Frozen => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Stale
            | Self::AlreadyDecided
            | Self::AlreadyVoted
            | Self::Duplicate
            | Self::StandingAccess
            | Self::Held
            | Self::Expired => 409,
            Self::LimitReached | Self::TooManyConnections => 429,
            Self::DirectoryUnavailable | Self::StoreUnavailable => 503,
            Self::Internal => 500,
        }
    }

    /// The exit code of the command line for this code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self.http_status() {
            400 | 405 | 413 | 422 => 2,
            403 => 3,
            404 => 4,
            409 => 5,
            _ => 1,
        }
    }
}

/// A wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the body or query.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// `about:blank`: the code says which problem it is.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: Code,
    /// What was refused, and by which rule.
    pub detail: String,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The wrong fields, for `invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// A problem with what was refused and by what.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: about_blank(),
            title: code.as_str().replace('_', " "),
            status: code.http_status(),
            code,
            detail: detail.into(),
            help: None,
            errors: Vec::new(),
        }
    }

    /// The same with what would help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
