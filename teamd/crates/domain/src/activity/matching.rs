//! Whose call it is. By the recording account, the exact permission-set name in the role's name, the person on whose
//! behalf the call was made or else the exact name of the session, and the time. Never by a part of a name: `bob` is not
//! `bobby`, `Admin` is not `ReadOnlyAdmin`.

use super::{Call, Watched};

/// How a call belongs to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The person signed in to the account with the permission set.
    SignIn,
    /// The session's own credentials.
    Session,
    /// Credentials of a role that the session went on to.
    Chain,
}

/// Whether and how a call belongs to a followed session.
#[must_use]
pub fn via(call: &Call, watched: &Watched) -> Option<Via> {
    if !watched.covers(call.at) {
        return None;
    }
    if let Some((account, set)) = &call.signed_in_to {
        let is_there = account == watched.account.as_str() && is_set(set, &watched.permission_set);
        return (is_there && is_person(call, watched)).then_some(Via::SignIn);
    }
    if call.account != watched.account.as_str() {
        return None;
    }
    let role = call.role.as_deref().and_then(permission_set_of);
    if role == Some(watched.permission_set.as_str()) && is_person(call, watched) {
        return Some(Via::Session);
    }
    let key = call.access_key.as_deref()?;
    watched
        .keys
        .iter()
        .any(|known| known == key)
        .then_some(Via::Chain)
}

fn is_person(call: &Call, watched: &Watched) -> bool {
    match (&call.on_behalf_of, &call.session_name) {
        // AWS writes ids in either case.
        (Some(user), _) => user.eq_ignore_ascii_case(watched.user.as_str()),
        (None, Some(name)) if watched.case_matters => *name == watched.user_name,
        (None, Some(name)) => name.to_lowercase() == watched.user_name.to_lowercase(),
        (None, None) => false,
    }
}

/// Sign-ins name the permission set, or the role behind it.
fn is_set(named: &str, set: &str) -> bool {
    named == set || permission_set_of(named) == Some(set)
}

/// The permission set behind a role of Identity Center: `AWSReservedSSO_`, the name, `_` and 16 hex digits. The name
/// may itself hold `_`.
#[must_use]
pub fn permission_set_of(role: &str) -> Option<&str> {
    let rest = role.strip_prefix("AWSReservedSSO_")?;
    let cut = rest.len().checked_sub(17)?;
    let (name, suffix) = rest.split_at_checked(cut)?;
    let hex = suffix.strip_prefix('_')?;
    hex.bytes().all(|b| b.is_ascii_hexdigit()).then_some(name)
}
