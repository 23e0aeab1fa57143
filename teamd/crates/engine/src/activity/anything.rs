//! Whatever somebody writes into a record goes the whole way of an event, and harms nothing. For the fuzzer (`fuzz/`) and
//! for the property test below, which runs everywhere.

use super::shown::shown;
use chrono::TimeDelta;
use futures::FutureExt as _;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_aws::port::RawEvent;
use teamd_aws::record;
use teamd_domain::Time;
use teamd_domain::activity::{MarkRule, Recorded, Via, Watched, marks, via};
use teamd_domain::request::{Basis, Key, Request, State, Terms};
use teamd_store::activity::{ActivityStore, Owner, PageOf};
use teamd_store::port::StoreResult;

/// Parses, matches, marks, keeps, counts and shows records, the times of which are as odd as the bytes before them.
///
/// # Panics
/// Something on the way does, or an event that was kept is not shown: that is what is looked for.
#[expect(clippy::expect_used, reason = "it is there to fail")]
pub fn anything(records: &[(i64, &[u8])]) {
    let request = request();
    let events = records.iter().enumerate().map(|(n, (at, record))| {
        let raw = RawEvent {
            event_id: format!("e{n}"),
            at: Time::from_timestamp_millis(*at).unwrap_or_default(),
            record: String::from_utf8_lossy(record).into_owned(),
        };
        let call = record::call(&raw);
        // Hers whatever they say, else nearly all of them would end here.
        let via = via(&call, &watched(&request)).unwrap_or(Via::Session);
        Recorded {
            marks: marks(&call, via, &MarkRule::defaults()),
            call,
            via,
            record: raw.record,
        }
    });
    let kept = keep_and_show(&request, events.collect());
    // In memory nothing is waited for.
    let shown = kept
        .now_or_never()
        .expect("it is there at once")
        .expect("it is kept");
    assert_eq!(shown, records.len());
}

/// How many of them are shown.
async fn keep_and_show(request: &Request, events: Vec<Recorded>) -> StoreResult<usize> {
    let store = ActivityStore::in_memory()?;
    let owner = Owner {
        request: request.id,
        user: request.key.user.clone(),
        permission_set: request.key.permission_set.clone(),
    };
    store.keep(owner, events).await?;
    let wider = store.wider_marks(request.id).await?;
    let (mut position, mut count) = (None, 0);
    loop {
        let page = store.page(request.id, PageOf::After(position), 100).await?;
        position = page.lines.last().map(|line| line.position);
        count += page
            .lines
            .into_iter()
            .map(|line| shown(request, line, &wider))
            .filter(|line| line.call.event_id.starts_with('e'))
            .count();
        if !page.has_more {
            break;
        }
    }
    store.digest(request.id).await?;
    Ok(count)
}

fn watched(request: &Request) -> Watched {
    Watched {
        request: request.id,
        user: request.key.user.clone(),
        user_name: "alice".to_owned(),
        case_matters: true,
        account: request.key.account.clone(),
        permission_set: "Admin".to_owned(),
        from: Time::UNIX_EPOCH,
        until: Time::UNIX_EPOCH + TimeDelta::days(36_500),
        keys: vec!["ASIAEXAMPLE".to_owned()],
    }
}

#[expect(clippy::expect_used, reason = "written here")]
fn request() -> Request {
    Request {
        id: RequestId::from_parts(1, 1),
        version: 1,
        key: Key {
            user: "u-alice".parse().expect("an id"),
            account: "111122223333".parse().expect("an account"),
            permission_set: "arn:ps".parse().expect("a permission set"),
        },
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(3600).expect("an hour"),
            justification: "because it is asked".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: Time::UNIX_EPOCH,
        expires_at: Time::UNIX_EPOCH,
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// What attackers and broken programs put into a text.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            Just("\u{1b}]0;owned\u{7}\u{202e}exe.txt\u{2066}\u{0}\r\n".to_owned()),
            Just("AWSReservedSSO_Admin_7243976e43c75fc5".to_owned()),
            Just("x".repeat(300_000)),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(text(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn record() -> impl Strategy<Value = Vec<u8>> {
        let like_one = (value(), value(), value(), text(), text()).prop_map(|(who, asked, told, name, agent)| {
            let record = json!({
                "eventName": name, "eventSource": "iam.amazonaws.com", "userAgent": agent, "userIdentity": who,
                "requestParameters": asked, "responseElements": told, "resources": told, "errorCode": agent,
                "recipientAccountId": "111122223333", "serviceEventDetails": asked, "eventTime": name,
            });
            record.to_string().into_bytes()
        });
        prop_oneof![
            like_one,
            value().prop_map(|value| value.to_string().into_bytes()),
            proptest::collection::vec(any::<u8>(), 0..300),
            Just("[".repeat(100_000).into_bytes()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_in_a_record_harms_nothing(
            records in proptest::collection::vec((any::<i64>(), record()), 0..5)
        ) {
            let records: Vec<(i64, &[u8])> = records.iter().map(|(at, record)| (*at, record.as_slice())).collect();
            anything(&records);
        }
    }
}
