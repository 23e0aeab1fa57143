//! From an SDK error to what it means: one table, for all services.
//!
//! The question that matters for a write is whether it may have had an effect. "Certainly not" needs proof: an answer in
//! the 4xx range, or a failure before there was a connection. Everything else is unknown.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::io;
use teamd_aws::health::State;
use teamd_aws::port::AwsError;
use teamd_domain::grant::{Refusal, Reply};

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Too fast.
    Throttled,
    /// A quota is used up. Of the calls that we make only CreateAccountAssignment has one: 15 unfinished operations,
    /// which waiting lifts.
    Quota,
    /// A write before has not settled.
    Conflict,
    /// No such thing.
    NotFound,
    /// The credentials may not, or are none.
    Denied,
    /// The request itself is wrong.
    Invalid,
    /// A 5xx.
    Server,
    /// Failed before a connection was there, so nothing was sent.
    NotSent,
    /// Sent, or perhaps sent, and no answer.
    Lost,
    /// Answered with success that could not be read.
    Garbled,
    /// Refused with something that we do not know.
    Odd,
}

/// A call that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// AWS's error code.
    pub(super) code: Option<String>,
    /// For people: operation, code and AWS's words, bounded. Text from outside.
    pub(super) message: String,
}

/// Longest message that is kept.
const LONGEST: usize = 400;

impl Failure {
    /// A failure that is ours to describe.
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
        }
    }

    /// Reads an SDK error.
    pub(super) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let code = error.code().map(str::to_owned);
        let (kind, words) = match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let kind = if names_a_key(service.raw()) {
                    // The instance's encryption key is gone or closed to us: not an answer about what was asked.
                    Kind::Denied
                } else {
                    by_code(code.as_deref(), status)
                };
                let words = match (&code, error.message()) {
                    (Some(code), Some(message)) => format!("{code}: {message}"),
                    (Some(code), None) => code.clone(),
                    (None, _) => format!("HTTP {status}"),
                };
                (kind, words)
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                (
                    by_code(None, status),
                    format!("HTTP {status}, which could not be read"),
                )
            }
            SdkError::TimeoutError(_) => (Kind::Lost, "no answer in time".to_owned()),
            SdkError::ConstructionFailure(_) => (Kind::Invalid, chain(error)),
            _ => (undispatched(error), chain(error)),
        };
        Self {
            kind,
            code,
            message: bounded(&format!("{operation}: {words}")),
        }
    }

    /// As the reply to a write.
    pub(super) fn reply_to_write(self) -> Reply {
        match self.kind {
            Kind::Server | Kind::Lost | Kind::Garbled => Reply::Unknown {
                message: self.message,
            },
            _ => self.reply_to_read(),
        }
    }

    /// As the reply to a read: it never had an effect, so it is never unknown.
    pub(super) fn reply_to_read(self) -> Reply {
        let class = match self.kind {
            Kind::NotFound => {
                return Reply::NotFound {
                    message: self.message,
                };
            }
            // Slots become free as operations finish: as with throttling, later is the answer.
            Kind::Throttled | Kind::Quota => Refusal::Throttled,
            Kind::Conflict => Refusal::Conflict,
            Kind::Denied => Refusal::AccessDenied,
            Kind::Invalid => Refusal::Permanent,
            // What we do not know is not permanent for certain; deadlines are the engine's.
            Kind::Server | Kind::NotSent | Kind::Lost | Kind::Garbled | Kind::Odd => Refusal::Transient,
        };
        Reply::Refused {
            class,
            message: self.message,
        }
    }

    /// What it says of AWS; `Ok` where AWS answered and only this call failed.
    pub(super) fn health(&self) -> State {
        match self.kind {
            Kind::Throttled => State::Throttling,
            Kind::Denied => State::Refusing,
            Kind::Server | Kind::NotSent | Kind::Lost => State::Unreachable,
            Kind::Quota | Kind::Conflict | Kind::NotFound | Kind::Invalid | Kind::Garbled | Kind::Odd => {
                State::Ok
            }
        }
    }

    /// The credentials are good and may not do this: other than a refusal of the credentials themselves.
    pub(super) fn lacks_permission(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("AccessDeniedException" | "AccessDenied")
        ) && self.kind == Kind::Denied
    }

    /// How emulators answer what they do not know: a 5xx or 4xx page without any of AWS's error codes, or a code that
    /// says so.
    pub(super) fn unsupported(&self) -> bool {
        match self.code.as_deref() {
            None => matches!(self.kind, Kind::Server | Kind::Odd),
            Some(code) => matches!(
                code,
                "UnknownOperationException" | "InvalidAction" | "NotImplemented"
            ),
        }
    }
}

impl From<Failure> for AwsError {
    fn from(failure: Failure) -> Self {
        let Failure { kind, message, .. } = failure;
        match kind {
            Kind::Throttled | Kind::Quota => Self::Throttled(message),
            Kind::Denied => Self::Refused(message),
            Kind::Server | Kind::NotSent | Kind::Lost => Self::Unreachable(message),
            Kind::Conflict | Kind::NotFound | Kind::Invalid | Kind::Garbled | Kind::Odd => {
                Self::Unexpected(message)
            }
        }
    }
}

fn by_code(code: Option<&str>, status: u16) -> Kind {
    match code {
        Some(
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "MaxConcurrentQueriesException"
            | "SlowDown",
        ) => Kind::Throttled,
        Some("ServiceQuotaExceededException") => Kind::Quota,
        Some("ConflictException" | "ConcurrentModificationException") => Kind::Conflict,
        Some(
            "AccessDeniedException"
            | "AccessDenied"
            | "AccessDeniedForDependencyException"
            | "NotAuthorized"
            | "UnauthorizedException"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "TokenRefreshRequired"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "OptInRequired",
        ) => Kind::Denied,
        Some(
            "ValidationException"
            | "ValidationError"
            | "InvalidInputException"
            | "InvalidParameterValue"
            | "SerializationException"
            | "UnknownOperationException"
            | "InvalidAction"
            | "UnsupportedOperationException"
            | "OperationNotPermittedException",
        ) => Kind::Invalid,
        Some("InternalServerException" | "InternalFailure" | "ServiceException" | "ServiceUnavailable") => {
            Kind::Server
        }
        Some(code) if code.ends_with("NotFoundException") => Kind::NotFound,
        _ => match status {
            200..=299 => Kind::Garbled,
            429 => Kind::Throttled,
            // Without a code it is a proxy's or a gateway's word, not AWS's.
            401 | 403 | 407 => Kind::Denied,
            408 => Kind::Lost,
            500..=599 => Kind::Server,
            _ => Kind::Odd,
        },
    }
}

/// AWS's `Reason` is one of the `KMS_…`.
fn names_a_key(response: &HttpResponse) -> bool {
    let reason = response
        .body()
        .bytes()
        .and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok())
        .and_then(|body| {
            let reason = body.get("Reason").or_else(|| body.get("reason"))?;
            Some(reason.as_str()?.starts_with("KMS_"))
        });
    reason == Some(true)
}

/// No answer: whether anything can have been sent, and whose fault it is.
fn undispatched(error: &(dyn Error + 'static)) -> Kind {
    if let Some(credentials) = sources(error).find_map(|error| error.downcast_ref::<CredentialsError>()) {
        // Credentials come before the connection.
        return match credentials {
            CredentialsError::ProviderTimedOut(_) => Kind::NotSent,
            CredentialsError::ProviderError(_) if sources(credentials).any(is_transport) => Kind::NotSent,
            _ => Kind::Denied,
        };
    }
    if sources(error).any(before_connection) {
        Kind::NotSent
    } else {
        Kind::Lost
    }
}

/// The SDK does not say whether there was a connection, and the types that know are private to its HTTP stack. Their
/// texts are pinned by tests; should one change, the failure is taken as lost, which costs a listing.
fn before_connection(error: &(dyn Error + 'static)) -> bool {
    let refused = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    let text = error.to_string();
    refused || text == "client error (Connect)" || text.starts_with("HTTP connect timeout")
}

fn is_transport(error: &(dyn Error + 'static)) -> bool {
    let text = error.to_string();
    text == "dispatch failure" || text == "request has timed out" || error.is::<io::Error>()
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The chain in words, without repetitions. Never `Debug`: that prints requests and responses.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for text in sources(error).map(ToString::to_string) {
        if !words.iter().any(|word| word.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}

pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
