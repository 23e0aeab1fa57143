//! Reading an operation's input, with AWS's constraints on the members.

use serde_json::Value;

use super::page::{self, Paging};
use crate::organisation::{AwsError, ErrorKind, Operation, Service};

/// An operation's input.
pub(super) struct Input<'a> {
    value: &'a Value,
    operation: Operation,
}

impl<'a> Input<'a> {
    pub(super) fn new(value: &'a Value, operation: Operation) -> Self {
        Self { value, operation }
    }

    /// A member that may be absent.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&'a str>, AwsError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(name, "Member must be a string")),
        }
    }

    /// A member that must be there and not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, AwsError> {
        let value = self.optional(name)?.filter(|text| !text.is_empty());
        value.ok_or_else(|| self.invalid(name, "Member must not be null"))
    }

    /// A twelve digit account id.
    pub(super) fn account(&self, name: &str) -> Result<&'a str, AwsError> {
        self.check_account(name, self.required(name)?)
    }

    /// A twelve digit account id that may be absent.
    pub(super) fn optional_account(&self, name: &str) -> Result<Option<&'a str>, AwsError> {
        self.optional(name)?
            .map(|text| self.check_account(name, text))
            .transpose()
    }

    /// An ARN of Identity Center; `kind` is `instance` or `permissionSet`.
    pub(super) fn sso_arn(&self, name: &str, kind: &str) -> Result<&'a str, AwsError> {
        let arn = self.required(name)?;
        let prefix = format!(":sso:::{kind}/ssoins-");
        if arn.starts_with("arn:aws") && arn.contains(&prefix) {
            return Ok(arn);
        }
        Err(self.invalid(
            name,
            &format!("Member must satisfy regular expression pattern: arn:aws{prefix}"),
        ))
    }

    /// One of AWS's enumerated values.
    pub(super) fn one_of<T: Copy>(&self, name: &str, values: &[(&str, T)]) -> Result<T, AwsError> {
        let text = self.required(name)?;
        let found = values
            .iter()
            .find(|(value, _)| *value == text)
            .map(|(_, meaning)| *meaning);
        let legal: Vec<_> = values.iter().map(|(value, _)| *value).collect();
        found.ok_or_else(|| {
            self.invalid(
                name,
                &format!("Member must satisfy enum value set: [{}]", legal.join(", ")),
            )
        })
    }

    /// A number that may be absent.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, AwsError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            // The Query protocol has only strings.
            Some(Value::String(text)) => text
                .parse()
                .map(Some)
                .map_err(|_| self.invalid(name, "Member must be a number")),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| self.invalid(name, "Member must be a number")),
        }
    }

    /// A time, in seconds since the epoch on the wire, in milliseconds here.
    pub(super) fn time_ms(&self, name: &str) -> Result<Option<i64>, AwsError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let seconds = value
                    .as_f64()
                    .ok_or_else(|| self.invalid(name, "Member must be a timestamp"))?;
                Ok(Some((seconds * 1000.0).round() as i64))
            }
        }
    }

    /// Any member.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// A list of strings.
    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>, AwsError> {
        let list = self.value(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| self.invalid(name, "Member must not be null"))?;
        list.iter()
            .map(|item| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| self.invalid(name, "Member must be a string"))
            })
            .collect()
    }

    /// Which page is asked for, of pages with at most `limit` items.
    pub(super) fn paging(&self, limit: usize) -> Result<Paging, AwsError> {
        Paging::of(self.value, self.operation, limit)
    }

    /// The fingerprint that tokens for these parameters carry.
    pub(super) fn parameters(&self) -> u64 {
        page::parameters_of(self.value, self.operation)
    }

    /// The page's size, the token sent, and the fingerprint that tokens for these parameters carry.
    pub(super) fn page_parts(&self, limit: usize) -> Result<(usize, Option<String>, u64), AwsError> {
        let size = page::page_size(self.value, self.operation, limit)?;
        Ok((
            size,
            page::token_of(self.value),
            page::parameters_of(self.value, self.operation),
        ))
    }

    /// The error for a member that AWS would not accept.
    pub(super) fn invalid(&self, name: &str, problem: &str) -> AwsError {
        let lower = name[..1].to_ascii_lowercase() + &name[1..];
        AwsError::validation(format!(
            "1 validation error detected: Value at '{lower}' failed to satisfy constraint: {problem}"
        ))
    }

    fn check_account(&self, name: &str, text: &'a str) -> Result<&'a str, AwsError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(text);
        }
        Err(self.invalid(name, r"Member must satisfy regular expression pattern: \d{12}"))
    }
}

/// The error for a token that is not one of ours, or came with other parameters.
pub(super) fn invalid_token(operation: Operation) -> AwsError {
    match operation.service() {
        Service::CloudTrail => {
            let kind = ErrorKind::Named("InvalidNextTokenException");
            AwsError::new(
                kind,
                "Invalid or expired token, or not the parameters it was issued for",
            )
        }
        _ => AwsError::validation("Invalid NextToken"),
    }
}
