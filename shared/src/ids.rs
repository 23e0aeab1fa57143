//! Identifiers. Each is a newtype that can only be made by parsing, so that code past the edge need not look again. Their
//! text is shared: a copy costs a count, not an allocation, since answers about policy name the same people hundreds of
//! times.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not the identifier that it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What would have been right, in words.
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { text: text.chars().take(80).collect(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

/// Printable ASCII without blanks: all that AWS uses in ids and ARNs. Membership in AWS's own lists is what counts;
/// this only keeps out what could never be one.
fn opaque(text: &str) -> bool {
    (1..=1224).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

text_id!(
    /// An AWS account id: 12 digits, kept as text because of leading zeros.
    AccountId, "an account id of 12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
text_id!(
    /// The immutable id of a person in the identity store.
    UserId, "an identity-store user id", opaque
);
text_id!(
    /// The immutable id of a group in the identity store.
    GroupId, "an identity-store group id", opaque
);
text_id!(
    /// The ARN of a permission set. Not held to AWS's pattern: emulators differ from it.
    PermissionSetArn, "a permission-set ARN", opaque
);

impl PermissionSetArn {
    /// The ARN of the Identity Center instance that the permission set belongs to; `None` where the ARN has not AWS's form,
    /// `arn:PARTITION:sso:::permissionSet/INSTANCE/ID`.
    #[must_use]
    pub fn instance_arn(&self) -> Option<String> {
        let (partition, rest) = self.0.strip_prefix("arn:")?.split_once(':')?;
        let (instance, id) = rest.strip_prefix("sso:::permissionSet/")?.split_once('/')?;
        let is_whole = ![partition, instance, id].iter().any(|part| part.is_empty()) && !id.contains('/');
        is_whole.then(|| format!("arn:{partition}:sso:::instance/{instance}"))
    }
}

/// The id of a request: a ULID, printed in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(ulid::Ulid);

impl RequestId {
    /// An id from its two parts: Unix time in milliseconds (48 bits used) and 80 random bits.
    #[must_use]
    pub fn from_parts(at_ms: u64, random: u128) -> Self {
        Self(ulid::Ulid::from_parts(at_ms, random))
    }

    /// The last six characters: what lists show and what people type. The first ten are a timestamp and look alike.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[20..].to_owned()
    }
}

impl FromStr for RequestId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        ulid::Ulid::from_string(text).map(Self).map_err(|_| InvalidId {
            text: text.chars().take(80).collect(),
            expected: "a request id (ULID)",
        })
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> String {
        id.to_string()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_set_arn_names_its_instance() {
        let instance = |arn: &str| arn.parse::<PermissionSetArn>().unwrap().instance_arn();
        assert_eq!(
            instance("arn:aws-cn:sso:::permissionSet/ssoins-1/ps-2").as_deref(),
            Some("arn:aws-cn:sso:::instance/ssoins-1")
        );
        for other in [
            "arn:aws:sso:::instance/ssoins-1/ps-2",
            "arn:aws:sso:::permissionSet/ps-2",
            "arn:aws:sso:::permissionSet//ps-2",
            "arn:aws:sso:::permissionSet/ssoins-1/ps-2/x",
            "ps-2",
        ] {
            assert_eq!(instance(other), None, "{other}");
        }
    }

    #[test]
    fn account_ids_keep_leading_zeros_and_refuse_the_rest() {
        assert_eq!(
            "000011112222".parse::<AccountId>().unwrap().as_str(),
            "000011112222"
        );
        for bad in [
            "123456789012 ",
            "12345678901",
            "1234567890123",
            "12345678901a",
            "",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn request_ids_print_as_they_parse_and_show_their_tail() {
        let id = RequestId::from_parts(1_795_000_000_000, 0x0123_4567_89ab_cdef_0123);
        let text = id.to_string();
        assert_eq!(text.parse::<RequestId>().unwrap(), id);
        assert_eq!(text.len(), 26);
        assert!(text.ends_with(&id.short()) && id.short().len() == 6);
    }
}
