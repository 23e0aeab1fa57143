//! Who or what a notice goes to, as it stands in a delivery; and the delivery's identity.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use team_shared::ids::UserId;

/// Who or what is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// A person; where to is looked up when it is sent.
    Person(UserId),
    /// A mail address that is no person's.
    Mail(String),
    /// A room.
    Room(String),
    /// The one place that a channel has.
    Place,
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "user:{id}"),
            Self::Mail(address) => write!(f, "mail:{address}"),
            Self::Room(room) => write!(f, "room:{room}"),
            Self::Place => f.write_str("place"),
        }
    }
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "place" {
            return Ok(Self::Place);
        }
        match text.split_once(':') {
            Some(("user", id)) => id.parse().map(Self::Person).map_err(|error| format!("{error}")),
            Some(("mail", address)) => Ok(Self::Mail(address.to_owned())),
            Some(("room", room)) => Ok(Self::Room(room.to_owned())),
            _ => Err(format!("{text:?} is no recipient")),
        }
    }
}

/// The identity of a delivery: the same for the same event of the same trail, channel and recipient, whatever happens in
/// between. `row_hash` is that of the event's row, which no other trail has.
#[must_use]
pub fn delivery_id(row_hash: &[u8; 32], channel: &str, recipient: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"team-delivery-v1\0");
    hash.update(row_hash);
    for part in [channel, recipient] {
        hash.update([0]);
        hash.update(part.as_bytes());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("ntf_{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_read_back() {
        for text in ["user:u-1", "mail:ops@example.com", "room:#prod", "place"] {
            assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        }
        assert!("nowhere".parse::<Recipient>().is_err());
        assert!("fax:1".parse::<Recipient>().is_err());
    }

    #[test]
    fn identities_differ_by_each_part() {
        let id = |hash: u8, channel: &str, to: &str| delivery_id(&[hash; 32], channel, to);
        let one = id(1, "smtp", "user:u-1");
        assert_eq!(one, id(1, "smtp", "user:u-1"));
        assert_eq!(one.len(), 36);
        assert!(!one.contains('.'));
        for other in [
            id(2, "smtp", "user:u-1"),
            id(1, "ses", "user:u-1"),
            id(1, "smtp", "user:u-2"),
            id(1, "smtpuser", ":u-1"),
        ] {
            assert_ne!(one, other);
        }
    }
}
