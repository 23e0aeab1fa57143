//! The sources of activity, each behind [`teamd_aws::port::ActivitySource`].
//!
//! * `lookup` the event history of one account and region at a time
//! * `logs` the log group of an organisation's trail: every account and region
//! * `lake` an event data store of CloudTrail Lake: the same
//!
//! Whose calls these are is for the engine to say, exactly. What the sources are asked is never narrower than that, and
//! may be wider.

mod lake;
mod logs;
mod lookup;

pub use lake::EventDataStore;
#[cfg(test)]
pub(super) use lake::Patience;
pub use logs::LogGroup;
pub use lookup::EventHistory;

use serde_json::Value;
use teamd_aws::port::{Look, RawEvent};
use teamd_domain::Time;

/// A record as an event, by what it says of itself, else by what the source says of it. Without an id or a time it cannot
/// be placed at all.
fn placed(record: String, id: Option<String>, at: Option<Time>) -> Option<RawEvent> {
    let known: Value = serde_json::from_str(&record).unwrap_or_default();
    let text = |name: &str| {
        known
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let happened = text("eventTime").and_then(|time| time.parse::<Time>().ok());
    let event_id = text("eventID").map(ToOwned::to_owned).or(id);
    let (Some(event_id), Some(at)) = (event_id, happened.or(at)) else {
        tracing::warn!("CloudTrail record without an id or a time left out");
        return None;
    };
    Some(RawEvent { event_id, at, record })
}

/// How the person's id may be written: AWS writes ids in either case.
fn ids(look: &Look) -> Vec<String> {
    let as_given = look.user.iter().map(|id| id.as_str().to_owned());
    let lower = look.user.iter().map(|id| id.as_str().to_ascii_lowercase());
    let mut ids: Vec<String> = as_given.chain(lower).collect();
    ids.dedup();
    ids
}

/// Region and account of an ARN; none of a plain name or id.
fn place_of(arn: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = arn.strip_prefix("arn:").unwrap_or_default().split(':').skip(2);
    let mut next = || parts.next().filter(|part| !part.is_empty());
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_itself_when_it_happened() {
        let delivered = Time::from_timestamp(1_795_000_600, 0);
        let place = |record: &str| placed(record.to_owned(), Some("log-1".to_owned()), delivered).unwrap();
        let event = place(r#"{"eventID": "e1", "eventTime": "2026-11-18T11:06:40Z"}"#);
        assert_eq!(
            (event.event_id.as_str(), event.at.timestamp()),
            ("e1", 1_795_000_000)
        );
        for odd in [
            "not json",
            "{}",
            r#"{"eventID": 7, "eventTime": "yesterday"}"#,
            "[]",
        ] {
            let event = place(odd);
            assert_eq!(
                (event.event_id.as_str(), Some(event.at)),
                ("log-1", delivered),
                "{odd}"
            );
            assert_eq!(event.record, odd);
        }
        assert_eq!(placed("{}".to_owned(), None, delivered), None);
    }

    #[test]
    fn an_arn_says_where() {
        let arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:x";
        assert_eq!(place_of(arn), (Some("cn-north-1"), Some("111122223333")));
        assert_eq!(place_of("aws-cloudtrail-logs"), (None, None));
        assert_eq!(place_of("arn:aws:logs"), (None, None));
    }
}
