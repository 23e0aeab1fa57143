//! Records that are too large to be kept whole: CloudTrail's own limit is 256 KiB, and CloudTrail Lake goes past it.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// The largest record that is kept whole, in bytes.
const LARGEST: usize = 256 * 1024;

/// What is kept of a record. A large one loses its largest members, and stays JSON: who, what, where and when are small.
pub(super) fn kept(record: &str) -> Cow<'_, str> {
    if record.len() <= LARGEST {
        return Cow::Borrowed(record);
    }
    let parsed = serde_json::from_str::<Map<String, Value>>(record);
    match parsed.ok().and_then(smaller) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(&record[..record.floor_char_boundary(LARGEST)]),
    }
}

fn smaller(mut members: Map<String, Value>) -> Option<String> {
    let mut sizes: Vec<(usize, String)> = members
        .iter()
        .map(|(name, value)| (value.to_string().len(), name.clone()))
        .collect();
    sizes.sort_unstable();
    // A record has some twenty members. One with thousands is nobody's, and is cut like what is no JSON.
    for (size, name) in sizes.into_iter().rev().take(20) {
        members.insert(name, format!("(teamd has left out {size} bytes)").into());
        let text = Value::Object(members.clone()).to_string();
        if text.len() <= LARGEST {
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_large_record_stays_json_and_says_what_it_has_lost() {
        let record = json!({
            "eventName": "PutBucketPolicy",
            "userIdentity": { "principalId": "AROAEXAMPLE:alice" },
            "requestParameters": { "policy": "x".repeat(300 * 1024) },
            "responseElements": "y".repeat(1000),
        });
        let text = record.to_string();
        let kept: Value = serde_json::from_str(&kept(&text)).unwrap();
        for name in ["eventName", "userIdentity", "responseElements"] {
            assert_eq!(kept[name], record[name]);
        }
        assert_eq!(kept["requestParameters"], "(teamd has left out 307213 bytes)");
    }

    #[test]
    fn what_is_no_object_is_cut_and_what_is_small_is_as_it_was() {
        assert_eq!(kept("not json"), "not json");
        let long = format!("{}ß", "x".repeat(LARGEST - 1));
        assert_eq!(kept(&long).len(), LARGEST - 1);
        let many: Map<String, Value> = (0..40_000)
            .map(|n| (format!("member{n:05}"), Value::Null))
            .collect();
        assert!(kept(&Value::Object(many).to_string()).len() <= LARGEST);
    }
}
