//! Listings page by page. A token holds where the page before ended and a fingerprint of the other
//! parameters: AWS wants them re-sent unchanged.

use serde_json::{Map, Value};

use super::input::invalid_token;
use crate::organisation::ids::fingerprint;
use crate::organisation::{AwsError, ErrorKind, Operation, Service};

/// The page asked for.
#[derive(Debug)]
pub(super) struct Paging {
    offset: usize,
    size: usize,
    /// Whether the empty page that may precede this one has been delivered.
    was_empty: bool,
    parameters: u64,
}

impl Paging {
    pub(super) fn of(input: &Value, operation: Operation, limit: usize) -> Result<Self, AwsError> {
        let size = page_size(input, operation, limit)?;
        let parameters = parameters_of(input, operation);
        let Some(token) = token_of(input) else {
            return Ok(Self {
                offset: 0,
                size,
                was_empty: false,
                parameters,
            });
        };
        let fields = decode_token(&token, parameters).ok_or_else(|| invalid_token(operation))?;
        let [offset, was_empty] = fields[..] else {
            return Err(invalid_token(operation));
        };
        let offset = usize::try_from(offset).map_err(|_| invalid_token(operation))?;
        Ok(Self {
            offset,
            size,
            was_empty: was_empty == 1,
            parameters,
        })
    }

    /// An answer with this page of `items` as the member `name`.
    pub(super) fn cut(&self, name: &str, items: Vec<Value>, empty_pages: bool) -> Value {
        let mut answer = Map::new();
        if empty_pages && !self.was_empty && !items.is_empty() {
            answer.insert(name.into(), Value::Array(Vec::new()));
            answer.insert("NextToken".into(), self.token(self.offset, true).into());
            return Value::Object(answer);
        }
        let total = items.len();
        let page: Vec<Value> = items.into_iter().skip(self.offset).take(self.size).collect();
        let end = self.offset + page.len();
        answer.insert(name.into(), Value::Array(page));
        if end < total {
            answer.insert("NextToken".into(), self.token(end, false).into());
        }
        Value::Object(answer)
    }

    fn token(&self, offset: usize, was_empty: bool) -> String {
        encode_token(&[offset as u64, u64::from(was_empty)], self.parameters)
    }
}

/// `MaxResults`, or the limit.
pub(super) fn page_size(input: &Value, operation: Operation, limit: usize) -> Result<usize, AwsError> {
    let Some(wanted) = input.get("MaxResults").filter(|value| !value.is_null()) else {
        return Ok(limit);
    };
    let size = wanted.as_u64().and_then(|size| usize::try_from(size).ok());
    size.filter(|size| (1..=limit).contains(size)).ok_or_else(|| {
        let message = format!("Value at 'maxResults' must be between 1 and {limit}");
        match operation.service() {
            Service::CloudTrail => AwsError::new(ErrorKind::Named("InvalidMaxResultsException"), message),
            _ => AwsError::validation(message),
        }
    })
}

/// The token sent, if one was.
pub(super) fn token_of(input: &Value) -> Option<String> {
    input
        .get("NextToken")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

/// A fingerprint of everything but the token.
pub(super) fn parameters_of(input: &Value, operation: Operation) -> u64 {
    let mut rest = input.clone();
    if let Some(members) = rest.as_object_mut() {
        members.remove("NextToken");
        members.remove("nextToken");
        members.retain(|_, value| !value.is_null());
    }
    fingerprint(&format!("{operation} {rest}"))
}

/// Numbers and a fingerprint, as hexadecimal digits.
pub(super) fn encode_token(fields: &[u64], parameters: u64) -> String {
    fields
        .iter()
        .chain([&parameters])
        .map(|field| format!("{field:016x}"))
        .collect()
}

/// The numbers, if the token is for these parameters.
pub(super) fn decode_token(token: &str, parameters: u64) -> Option<Vec<u64>> {
    if !token.is_ascii() || !token.len().is_multiple_of(16) {
        return None;
    }
    let field = |at: usize| u64::from_str_radix(&token[at..at + 16], 16).ok();
    let mut fields = (0..token.len())
        .step_by(16)
        .map(field)
        .collect::<Option<Vec<_>>>()?;
    (fields.pop()? == parameters).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pages(empty_pages: bool) -> Vec<usize> {
        let items: Vec<Value> = (0..5).map(Value::from).collect();
        let mut input = json!({ "MaxResults": 2, "InstanceArn": "x" });
        let mut sizes = Vec::new();
        loop {
            let paging = Paging::of(&input, Operation::ListPermissionSets, 100).unwrap();
            let answer = paging.cut("Items", items.clone(), empty_pages);
            sizes.push(answer["Items"].as_array().unwrap().len());
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return sizes,
            }
        }
    }

    #[test]
    fn walks_to_the_end() {
        assert_eq!(pages(false), [2, 2, 1]);
        assert_eq!(pages(true), [0, 2, 0, 2, 0, 1]);
    }

    #[test]
    fn tokens_belong_to_their_parameters() {
        let token = encode_token(&[2, 0], parameters_of(&json!({ "A": 1 }), Operation::ListUsers));
        let of = |input: Value| Paging::of(&input, Operation::ListUsers, 100).is_ok();
        assert!(of(json!({ "A": 1, "NextToken": token })));
        assert!(!of(json!({ "A": 2, "NextToken": token })));
        assert!(!of(json!({ "A": 1, "NextToken": "xyz" })));
        assert!(!of(json!({ "MaxResults": 101 })));
        assert!(!of(json!({ "MaxResults": 0 })));
    }
}
