//! STS: who is calling, and credentials for other accounts.

use super::error::{Answer, AwsError};
use super::operation::Operation;
use super::types::{AccountState, Caller};
use super::{About, Organisation, ids};

/// What `GetCallerIdentity` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's unique id.
    pub user_id: String,
}

/// What `AssumeRole` issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleCredentials {
    /// `ASIA…`; it alone decides which account later calls come from.
    pub access_key_id: String,
    /// Signatures are not checked.
    pub secret_access_key: String,
    /// Not checked either.
    pub session_token: String,
    /// When they should be renewed, milliseconds since the epoch. Not enforced.
    pub expires_ms: i64,
    /// The session's ARN.
    pub session_arn: String,
    /// The session's unique id.
    pub session_id: String,
}

impl Organisation {
    /// Who is calling.
    pub fn get_caller_identity(&mut self, by: &Caller, now_ms: i64) -> Answer<CallerIdentity> {
        self.call(
            by,
            Operation::GetCallerIdentity,
            About::NOTHING,
            now_ms,
            |_, _| {
                let account = by.account.clone();
                let arn = format!("arn:aws:sts::{account}:assumed-role/teamd/teamd");
                let user_id = format!("{}:teamd", ids::unique("AROA", &account));
                Ok(CallerIdentity {
                    account,
                    arn,
                    user_id,
                })
            },
        )
    }

    /// Credentials for the account in the role's ARN, whatever the role; an account that is not active and
    /// in the organisation refuses.
    pub fn assume_role(
        &mut self,
        by: &Caller,
        role_arn: &str,
        session_name: &str,
        duration_s: i64,
        now_ms: i64,
    ) -> Answer<RoleCredentials> {
        let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
        let (account, role) = match parts[..] {
            ["arn", _, "iam", "", account, role] => (account, role.strip_prefix("role/")),
            _ => ("", None),
        };
        self.call(
            by,
            Operation::AssumeRole,
            About::account(account),
            now_ms,
            |org, _| {
                let role = role.ok_or_else(|| AwsError::validation(format!("{role_arn} is invalid")))?;
                let active = org
                    .accounts
                    .get(account)
                    .is_some_and(|a| a.state == AccountState::Active);
                if !active {
                    return Err(AwsError::access_denied(format!(
                        "User: arn:aws:sts::{}:assumed-role/teamd/teamd is not authorized to perform: \
                     sts:AssumeRole on resource: {role_arn}",
                        by.account
                    )));
                }
                let serial = org.next_serial();
                let access_key_id = ids::unique("ASIA", &format!("{} session {serial}", org.id));
                org.issued.insert(access_key_id.clone(), account.to_owned());
                let role_name = role.rsplit('/').next().unwrap_or(role);
                Ok(RoleCredentials {
                    secret_access_key: ids::alphanumeric(&format!("secret {serial}"), 40),
                    session_token: ids::alphanumeric(&format!("token {serial}"), 120),
                    expires_ms: now_ms + duration_s * 1000,
                    session_arn: format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"),
                    session_id: format!("{}:{session_name}", ids::unique("AROA", role_arn)),
                    access_key_id,
                })
            },
        )
    }
}
