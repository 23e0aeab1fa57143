//! The digest of what is decided on: a vote counts for the terms whose digest it was given on.

use crate::ids::{AccountId, PermissionSetArn, RequestId, UserId};
use crate::state::words;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

words!(
    /// How a request's time is meant; fixed at submission.
    Shape {
        /// A duration that starts with the access.
        Floating = "floating",
        /// A start and a duration; does not move.
        Window = "window",
        /// A fixed end; starts now or at a time.
        Until = "until",
    }
);

/// What the digest is computed over. Absent values count as `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestInput<'a> {
    /// The request.
    pub request_id: &'a RequestId,
    /// Which terms of it.
    pub revision: u32,
    /// The requester.
    pub user_id: &'a UserId,
    /// The account.
    pub account_id: &'a AccountId,
    /// The permission set.
    pub permission_set_arn: &'a PermissionSetArn,
    /// The shape of its time.
    pub shape: Shape,
    /// Start, where fixed.
    pub start_at: Option<DateTime<Utc>>,
    /// End, where fixed.
    pub end_at: Option<DateTime<Utc>>,
    /// Length in seconds.
    pub duration_seconds: i64,
    /// The reason.
    pub justification: &'a str,
    /// The ticket.
    pub ticket: Option<&'a str>,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// The request that this one extends.
    pub extends: Option<&'a RequestId>,
}

#[derive(Serialize)]
struct Canonical<'a> {
    request_id: String,
    revision: u32,
    user_id: &'a str,
    account_id: &'a str,
    permission_set_arn: &'a str,
    shape: &'static str,
    start_at: Option<String>,
    end_at: Option<String>,
    duration_seconds: i64,
    justification: &'a str,
    ticket: Option<&'a str>,
    break_glass: bool,
    extends: Option<String>,
}

/// Lower-case hex SHA-256 of `team-terms-v1\0` and the RFC 8785 form of the terms. Times are RFC 3339 UTC with `Z`,
/// in whole seconds, or milliseconds where there are any.
///
/// # Panics
/// Never: the input has no value that JSON cannot carry.
#[must_use]
pub fn digest(input: &DigestInput<'_>) -> String {
    let time = |t: &DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let canonical = Canonical {
        request_id: input.request_id.to_string(),
        revision: input.revision,
        user_id: input.user_id.as_str(),
        account_id: input.account_id.as_str(),
        permission_set_arn: input.permission_set_arn.as_str(),
        shape: input.shape.as_str(),
        start_at: input.start_at.as_ref().map(time),
        end_at: input.end_at.as_ref().map(time),
        duration_seconds: input.duration_seconds,
        justification: input.justification,
        ticket: input.ticket,
        break_glass: input.break_glass,
        extends: input.extends.map(ToString::to_string),
    };
    let json = serde_json_canonicalizer::to_vec(&canonical).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(b"team-terms-v1\0")
        .chain_update(json)
        .finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_covers_every_term() {
        let id = RequestId::from_parts(1, 2);
        let (user, account, set) = (
            "u-1".parse().unwrap(),
            "111122223333".parse().unwrap(),
            "arn:ps".parse().unwrap(),
        );
        let base = DigestInput {
            request_id: &id,
            revision: 1,
            user_id: &user,
            account_id: &account,
            permission_set_arn: &set,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration_seconds: 3600,
            justification: "fix \"it\"",
            ticket: None,
            break_glass: false,
            extends: None,
        };
        let first = digest(&base);
        assert_eq!(first.len(), 64);
        let canonical = concat!(
            "team-terms-v1\0",
            r#"{"account_id":"111122223333","break_glass":false,"duration_seconds":3600,"end_at":null,"extends":null,"#,
            r#""justification":"fix \"it\"","permission_set_arn":"arn:ps","#,
            r#""request_id":"00000000010000000000000002","revision":1,"shape":"floating","start_at":null,"#,
            r#""ticket":null,"user_id":"u-1"}"#
        );
        let expected: String = Sha256::digest(canonical.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(first, expected);
        for changed in [
            DigestInput {
                revision: 2,
                ..base.clone()
            },
            DigestInput {
                duration_seconds: 3601,
                ..base.clone()
            },
            DigestInput {
                ticket: Some(""),
                ..base.clone()
            },
            DigestInput {
                justification: "fix it",
                ..base.clone()
            },
            DigestInput {
                break_glass: true,
                ..base.clone()
            },
            DigestInput {
                extends: Some(&id),
                ..base.clone()
            },
            DigestInput {
                start_at: Some(DateTime::UNIX_EPOCH),
                ..base.clone()
            },
        ] {
            assert_ne!(digest(&changed), first);
        }
    }
}
