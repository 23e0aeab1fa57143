//! STS, in the Query protocol: members come as strings and go out as XML.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::Call;
use super::input::Input;
use crate::organisation::Answer;

pub(super) fn get_caller_identity(call: &mut Call<'_>) -> Answer<Value> {
    let identity = call.org.get_caller_identity(call.by, call.now_ms)?;
    Ok(json!({ "Account": identity.account, "Arn": identity.arn, "UserId": identity.user_id }))
}

pub(super) fn assume_role(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let role = input.required("RoleArn")?;
    let session = input.required("RoleSessionName")?;
    let duration_s = input.number("DurationSeconds")?.unwrap_or(3_600);
    if !(900..=43_200).contains(&duration_s) {
        return Err(input
            .invalid("DurationSeconds", "Member must be between 900 and 43200")
            .into());
    }
    let issued = call
        .org
        .assume_role(call.by, role, session, duration_s, call.now_ms)?;
    let expires = DateTime::from_timestamp_millis(issued.expires_ms).unwrap_or_default();
    Ok(json!({
        "AssumedRoleUser": { "Arn": issued.session_arn, "AssumedRoleId": issued.session_id },
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        },
    }))
}
