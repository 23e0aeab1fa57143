//! How granted access is used: the access portal's link, and what an AWS profile takes. Never credentials: these come
//! from AWS, to the person who signs in there.

use crate::ids::{AccountId, RequestId};
use crate::routes::percent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The longest part of a profile's name that comes from one name of the directory.
const LONGEST_PART: usize = 48;

/// Answer of `GET /v1/requests/{id}/use`: live access, as its requester uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The request.
    pub request_id: RequestId,
    /// The access portal; absent where `[aws] portal_url` is not set.
    pub portal_url: Option<String>,
    /// Region of Identity Center, `[aws] region`; absent where it is not set.
    pub sso_region: Option<String>,
    /// The region that a profile begins with: the same one.
    pub region: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// Its name, from the directory.
    pub account_name: String,
    /// The permission set's name, which is the role's name in the portal.
    pub role_name: String,
    /// A name for an AWS profile.
    pub profile: String,
    /// When the access ends.
    pub until: DateTime<Utc>,
}

impl Use {
    /// The link that opens the account's console under this role, where the portal is known.
    ///
    /// The form is the one that the portal's own "create shortcut" makes.
    #[must_use]
    pub fn console_url(&self) -> Option<String> {
        let portal = self.portal_url.as_deref()?.trim_end_matches(['/', '#']);
        Some(format!(
            "{portal}/#/console?account_id={}&role_name={}",
            percent(self.account_id.as_str()),
            percent(&self.role_name)
        ))
    }
}

/// A name for a profile. The account's id is in it because neither account names nor what is left of them are unique.
#[must_use]
pub fn profile_name(account_name: &str, account_id: &AccountId, role_name: &str) -> String {
    let parts = [
        safe_name(account_name),
        account_id.to_string(),
        safe_name(role_name),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// A name of the directory in letters, digits, `_`, `.` and `-`: whatever else it holds becomes one `-`. Such a name
/// means nothing to a shell, an INI file or a terminal.
#[must_use]
pub fn safe_name(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        let c = match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') => c,
            _ if safe.ends_with('-') => continue,
            _ => '-',
        };
        safe.push(c);
        if safe.len() == LONGEST_PART {
            break;
        }
    }
    safe.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "111122223333".parse().expect("an account id")
    }

    #[test]
    fn names_keep_to_the_safe_alphabet() {
        for (text, safe) in [
            ("prod-ledger", "prod-ledger"),
            ("Prod Ledger (EU)", "Prod-Ledger-EU"),
            (
                "]\n[default]\naws_access_key_id = x",
                "default-aws_access_key_id-x",
            ),
            ("$(reboot)`id`;#", "reboot-id"),
            ("-rf ../..", "rf"),
            ("\u{202e}dorp\u{1b}[2J", "dorp-2J"),
            ("東京", ""),
        ] {
            assert_eq!(safe_name(text), safe, "{text:?}");
            assert_eq!(safe_name(safe), safe);
        }
        assert_eq!(safe_name(&"x".repeat(500)).len(), LONGEST_PART);
    }

    #[test]
    fn profiles_of_two_accounts_never_share_a_name() {
        assert_eq!(
            profile_name("prod ledger", &account(), "ReadOnlyAccess"),
            "prod-ledger-111122223333-ReadOnlyAccess"
        );
        assert_eq!(profile_name("東京", &account(), "A+B"), "111122223333-A-B");
    }

    #[test]
    fn the_link_is_encoded() {
        let mut access = Use {
            request_id: "01KAPX5T8E3M2Q9V7WB4D6F0GH".parse().expect("an id"),
            portal_url: Some("https://example.awsapps.com/start/#/".to_owned()),
            sso_region: None,
            region: None,
            account_id: account(),
            account_name: "x".to_owned(),
            role_name: "A+b=c&d@e,f.g_h-i/é #".to_owned(),
            profile: "x".to_owned(),
            until: DateTime::default(),
        };
        assert_eq!(
            access.console_url().as_deref(),
            Some(
                "https://example.awsapps.com/start/#/console?account_id=111122223333\
                 &role_name=A%2Bb%3Dc%26d%40e%2Cf.g_h-i%2F%C3%A9%20%23"
            )
        );
        access.portal_url = None;
        assert_eq!(access.console_url(), None);
    }
}
