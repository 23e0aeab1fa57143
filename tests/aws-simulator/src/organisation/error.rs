//! How a call can end other than well. [`AwsError`] is AWS's answer; [`CallError`] adds the answers
//! that never arrive, which a caller must be able to tell from a refusal.

use thiserror::Error;

use super::operation::Service;

/// What AWS refused, in its own categories; the wire name depends on the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is malformed. The caller's fault; do not retry.
    Validation,
    /// The thing named does not exist.
    NotFound,
    /// A previous write has not propagated; retry with backoff.
    Conflict,
    /// Too many calls; retry with backoff.
    Throttled,
    /// A quota is used up; retry when something has finished.
    QuotaExceeded,
    /// The caller may not do this.
    AccessDenied,
    /// AWS failed (5xx); retry. A write may or may not have happened.
    Internal,
    /// An error only one service has, by its name on the wire.
    Named(&'static str),
}

/// A refusal by AWS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct AwsError {
    /// The category.
    pub kind: ErrorKind,
    /// AWS's message.
    pub message: String,
}

impl AwsError {
    /// A refusal of `kind`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The request is malformed.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Validation, message)
    }

    /// The thing named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The caller may not do this.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AccessDenied, message)
    }

    /// The exception's name on the wire of `service`.
    pub fn code(&self, service: Service) -> &'static str {
        match (self.kind, service) {
            (ErrorKind::Named(code), _) => code,
            (ErrorKind::Validation, Service::Organizations) => "InvalidInputException",
            (ErrorKind::Validation, Service::Sts) => "ValidationError",
            (ErrorKind::Validation, Service::Logs) => "InvalidParameterException",
            (ErrorKind::Validation, _) => "ValidationException",
            (ErrorKind::NotFound, _) => "ResourceNotFoundException",
            (ErrorKind::Conflict, _) => "ConflictException",
            (ErrorKind::Throttled, Service::Organizations) => "TooManyRequestsException",
            (ErrorKind::Throttled, Service::Sts) => "Throttling",
            (ErrorKind::Throttled, _) => "ThrottlingException",
            (ErrorKind::QuotaExceeded, _) => "ServiceQuotaExceededException",
            (ErrorKind::AccessDenied, Service::Sts) => "AccessDenied",
            (ErrorKind::AccessDenied, _) => "AccessDeniedException",
            (ErrorKind::Internal, Service::Organizations) => "ServiceException",
            (ErrorKind::Internal, Service::Sts) => "InternalFailure",
            (ErrorKind::Internal, Service::Logs) => "ServiceUnavailableException",
            (ErrorKind::Internal, _) => "InternalServerException",
        }
    }

    /// The HTTP status it travels with.
    pub fn status(&self, service: Service) -> u16 {
        match (self.kind, service) {
            (ErrorKind::Internal, _) => 500,
            (ErrorKind::AccessDenied, Service::Sts | Service::Scheduler) => 403,
            (ErrorKind::NotFound, Service::Scheduler) => 404,
            (ErrorKind::Conflict, Service::Scheduler) => 409,
            (ErrorKind::QuotaExceeded, Service::Scheduler) => 402,
            (ErrorKind::Throttled, Service::Scheduler) => 429,
            _ => 400,
        }
    }
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// AWS answered with an error.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The connection broke or stayed silent. Only the simulator knows whether AWS acted.
    #[error("no answer")]
    NoAnswer {
        /// Whether the request took effect.
        performed: bool,
    },
}

impl CallError {
    /// The category, if AWS answered.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Aws(error) => Some(error.kind),
            Self::NoAnswer { .. } => None,
        }
    }
}

/// What every API method returns.
pub type Answer<T> = Result<T, CallError>;
