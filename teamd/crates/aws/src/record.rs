//! CloudTrail's records, read leniently: whatever is in one, it gives a call. What is missing or of another type is
//! empty, and the text as received is kept beside it.

use super::port::RawEvent;
use serde_json::Value;
use teamd_domain::activity::{Assumed, Call, Door, door};

/// Characters kept of any one text; CloudTrail cuts most at less.
const LONGEST: usize = 1024;

/// Resources kept of a call.
const MOST: usize = 50;

/// Reads a record. Its id and its time are the source's: a record may claim others.
#[must_use]
pub fn call(event: &RawEvent) -> Call {
    let record: Value = serde_json::from_str(&event.record).unwrap_or_default();
    let text = |pointer: &str| text(&record, pointer);
    let named = |pointer: &str| Some(text(pointer)).filter(|text| !text.is_empty());
    let mut call = Call {
        event_id: bounded(&event.event_id),
        at: event.at,
        name: text("/eventName"),
        source: text("/eventSource"),
        region: text("/awsRegion"),
        account: text("/recipientAccountId"),
        source_ip: text("/sourceIPAddress"),
        user_agent: text("/userAgent"),
        // LookupEvents writes a text where records have a flag.
        read_only: match record.get("readOnly") {
            Some(Value::Bool(read_only)) => *read_only,
            Some(Value::String(text)) => text == "true",
            _ => false,
        },
        error: named("/errorCode"),
        resources: resources(&record),
        role: named("/userIdentity/sessionContext/sessionIssuer/userName"),
        session_name: session_name(&record),
        on_behalf_of: named("/userIdentity/onBehalfOf/userId"),
        access_key: named("/userIdentity/accessKeyId"),
        anchor: anchor(&record),
        ..Call::default()
    };
    call.signed_in_to =
        named("/serviceEventDetails/role_name").map(|role| (text("/serviceEventDetails/account_id"), role));
    call.assumed = assumed(&record, &call);
    call.doors = doors(&record, &call);
    call
}

/// The part of the principal's id behind the colon, else the last part of the ARN. Sign-ins have a user name.
fn session_name(record: &Value) -> Option<String> {
    let principal = text(record, "/userIdentity/principalId");
    let arn = text(record, "/userIdentity/arn");
    let by_principal = principal.split_once(':').map(|(_, name)| name.to_owned());
    let by_arn = || {
        let is_session = arn.contains(":assumed-role/");
        arn.rsplit_once('/')
            .filter(|_| is_session)
            .map(|(_, name)| name.to_owned())
    };
    let by_user = || Some(text(record, "/userIdentity/userName")).filter(|name| !name.is_empty());
    by_principal.or_else(by_arn).or_else(by_user)
}

/// The console signs in once and uses many keys; programs have a key for each session.
fn anchor(record: &Value) -> String {
    let is_console = text(record, "/sessionCredentialFromConsole") == "true";
    let signed_in = text(record, "/userIdentity/sessionContext/signInSessionArn");
    let created = text(record, "/userIdentity/sessionContext/attributes/creationDate");
    let key = text(record, "/userIdentity/accessKeyId");
    [
        (true, signed_in),
        (is_console, created.clone()),
        (true, key),
        (true, created),
    ]
    .into_iter()
    .find(|(counts, text)| *counts && !text.is_empty())
    .map(|(_, text)| text)
    .unwrap_or_default()
}

fn assumed(record: &Value, call: &Call) -> Option<Assumed> {
    if call.service() != "sts" || !call.name.starts_with("AssumeRole") {
        return None;
    }
    let role = text(record, "/requestParameters/roleArn");
    let account = role.split(':').nth(4).unwrap_or_default().to_owned();
    let key = text(record, "/responseElements/credentials/accessKeyId");
    Some(Assumed {
        account,
        role,
        access_key: Some(key).filter(|key| !key.is_empty()),
    })
}

/// What was refused made nothing.
fn doors(record: &Value, call: &Call) -> Vec<Door> {
    let Some((kind, pointers)) = door(call.service(), &call.name).filter(|_| call.error.is_none()) else {
        return Vec::new();
    };
    let parts: Vec<String> = pointers
        .iter()
        .map(|pointer| text(record, pointer))
        .filter(|part| !part.is_empty())
        .collect();
    vec![Door {
        kind: kind.to_owned(),
        name: if parts.is_empty() {
            "(not named in the record)".to_owned()
        } else {
            parts.join(" · ")
        },
    }]
}

fn resources(record: &Value) -> Vec<String> {
    let Some(Value::Array(list)) = record.get("resources") else {
        return Vec::new();
    };
    list.iter()
        .take(MOST)
        .filter_map(|resource| resource.get("ARN").or_else(|| resource.get("ARNPrefix")))
        .filter_map(Value::as_str)
        .map(bounded)
        .collect()
}

fn text(record: &Value, pointer: &str) -> String {
    match record.pointer(pointer) {
        Some(Value::String(text)) => bounded(text),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use teamd_domain::Time;

    fn read(record: impl ToString) -> Call {
        call(&RawEvent {
            event_id: "e1".to_owned(),
            at: Time::UNIX_EPOCH,
            record: record.to_string(),
        })
    }

    fn session() -> Value {
        json!({
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:bob@example.com",
                "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_7243976e43c75fc5/bob@example.com",
                "accessKeyId": "ASIAEXAMPLE",
                "sessionContext": {
                    "sessionIssuer": { "userName": "AWSReservedSSO_Admin_7243976e43c75fc5" },
                    "attributes": { "creationDate": "2026-07-01T00:08:20Z" },
                },
                "onBehalfOf": { "userId": "976710cc5d-9d976f61" },
            },
            "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey", "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli/2", "readOnly": false, "recipientAccountId": "111122223333",
            "resources": [{ "ARN": "arn:aws:iam::111122223333:user/x" }, { "type": "other" }],
            "responseElements": { "accessKey": { "userName": "x", "accessKeyId": "AKIAEXAMPLE" } },
        })
    }

    #[test]
    fn everything_that_is_shown_comes_from_the_record_d35() {
        let read = read(session());
        assert_eq!(read.action(), "iam:CreateAccessKey");
        assert_eq!(
            (read.region.as_str(), read.source_ip.as_str()),
            ("us-east-1", "192.0.2.1")
        );
        assert_eq!((read.user_agent.as_str(), read.read_only), ("aws-cli/2", false));
        assert_eq!(read.resources, ["arn:aws:iam::111122223333:user/x"]);
        assert_eq!(read.session_name.as_deref(), Some("bob@example.com"));
        assert_eq!(read.on_behalf_of.as_deref(), Some("976710cc5d-9d976f61"));
        assert_eq!(
            read.role.as_deref(),
            Some("AWSReservedSSO_Admin_7243976e43c75fc5")
        );
        assert_eq!(read.anchor, "ASIAEXAMPLE");
        assert_eq!(read.doors[0].name, "x · AKIAEXAMPLE");
        let mut refused = session();
        refused["errorCode"] = json!("AccessDenied");
        let refused = self::read(refused);
        assert_eq!(refused.error.as_deref(), Some("AccessDenied"));
        assert!(refused.doors.is_empty(), "what was refused made nothing");
    }

    #[test]
    fn the_console_is_one_session_whatever_keys_it_uses() {
        let mut console = session();
        console["sessionCredentialFromConsole"] = json!("true");
        let first = read(&console);
        console["userIdentity"]["accessKeyId"] = json!("ASIAOTHER");
        assert_eq!(read(&console).anchor, first.anchor);
    }

    #[test]
    fn an_assumed_role_gives_its_account_and_key() {
        let record = json!({
            "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "recipientAccountId": "111122223333",
            "requestParameters": { "roleArn": "arn:aws:iam::111122223333:role/deployer" },
            "responseElements": { "credentials": { "accessKeyId": "ASIACHAINED" } },
        });
        let assumed = read(record).assumed.unwrap();
        assert_eq!(assumed.account, "111122223333");
        assert_eq!(assumed.access_key.as_deref(), Some("ASIACHAINED"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            "[a-z]{1,5}".boxed(),
            proptest::sample::select(vec![
                "userIdentity",
                "principalId",
                "arn",
                "resources",
                "ARN",
                "eventName",
                "eventSource",
                "readOnly",
                "requestParameters",
                "roleArn",
                "responseElements",
                "serviceEventDetails",
                "role_name",
            ])
            .prop_map(ToOwned::to_owned)
            .boxed(),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_record_gives_a_bounded_call(record in any_json()) {
            let call = read(record);
            prop_assert!(call.resources.len() <= MOST);
        }

        #[test]
        fn what_is_no_json_gives_an_empty_call(text in "\\PC{0,200}") {
            prop_assert_eq!(read(text).event_id, "e1");
        }
    }

    #[test]
    fn a_record_of_256_kib_is_cut_in_every_text() {
        let mut record = session();
        record["userAgent"] = json!("\u{1b}[31m".repeat(64 * 1024));
        assert_eq!(read(record).user_agent.chars().count(), LONGEST);
    }
}
