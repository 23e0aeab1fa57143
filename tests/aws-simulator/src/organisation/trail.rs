//! CloudTrail's event history: one for every account and region, and `LookupEvents` over it.

use std::collections::HashMap;

use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::types::Caller;
use super::{About, Organisation, ids};

/// CloudTrail keeps 90 days.
const KEPT_MS: i64 = 90 * 86_400_000;

/// One event of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// A UUID.
    pub id: String,
    /// For instance `DescribeInstances`.
    pub name: String,
    /// For instance `ec2.amazonaws.com`.
    pub source: String,
    /// When it happened, milliseconds since the epoch.
    pub time_ms: i64,
    /// Whether it only read.
    pub read_only: bool,
    /// The access key used, if one was.
    pub access_key_id: Option<String>,
    /// The role session's name: the user name. Empty: the event has none and is not found by one.
    pub username: String,
    /// Type and name of what it touched.
    pub resources: Vec<(String, String)>,
    /// The full record, a JSON text.
    pub record: String,
    pub(super) visible_ms: i64,
    pub(super) serial: u64,
}

/// A search of the history.
#[derive(Debug, Clone, Default)]
pub struct LookupQuery {
    /// At most one attribute and its value.
    pub attribute: Option<(String, String)>,
    /// Events from then on, milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// Events until then.
    pub end_ms: Option<i64>,
    /// Where the page before ended.
    pub cursor: Option<LookupCursor>,
    /// At most so many events.
    pub limit: usize,
}

/// A place in the results of a search. What arrives after its first page is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupCursor {
    /// The serial number of the last event that counts.
    pub last_serial: u64,
    /// When the search began, milliseconds since the epoch.
    pub as_of_ms: i64,
    /// How many events were delivered.
    pub offset: usize,
}

/// A page of events, newest first.
#[derive(Debug, Clone, Default)]
pub struct LookupPage {
    /// The events.
    pub events: Vec<TrailEvent>,
    /// Where the next page starts, if there is one.
    pub next: Option<LookupCursor>,
}

/// An event to be written, before it has its place.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) time_ms: i64,
    pub(crate) read_only: bool,
    pub(crate) access_key_id: Option<String>,
    pub(crate) username: String,
    pub(crate) resources: Vec<(String, String)>,
    pub(crate) record: String,
}

/// All histories.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    /// By account and region; sorted by time, oldest first.
    histories: HashMap<(String, String), Vec<TrailEvent>>,
    pub(super) serial: u64,
    /// How often the role of a permission set in an account was deleted; its name depends on it.
    retired: HashMap<(String, String), u32>,
}

impl Trail {
    /// Every event, with its account and region.
    pub(super) fn everything(&self) -> impl Iterator<Item = (&str, &str, &TrailEvent)> {
        self.histories.iter().flat_map(|((account, region), events)| {
            events
                .iter()
                .map(move |event| (account.as_str(), region.as_str(), event))
        })
    }

    pub(crate) fn write(&mut self, account: &str, region: &str, visible_ms: i64, new: NewEvent) {
        self.serial += 1;
        let event = TrailEvent {
            id: new.id,
            name: new.name,
            source: new.source,
            time_ms: new.time_ms,
            read_only: new.read_only,
            access_key_id: new.access_key_id,
            username: new.username,
            resources: new.resources,
            record: new.record,
            visible_ms,
            serial: self.serial,
        };
        let history = self
            .histories
            .entry((account.to_owned(), region.to_owned()))
            .or_default();
        let place = history.partition_point(|other| other.time_ms <= event.time_ms);
        let oldest_kept = event.time_ms - KEPT_MS;
        history.insert(place, event);
        if history.first().is_some_and(|oldest| oldest.time_ms < oldest_kept) {
            let forgotten = history.partition_point(|other| other.time_ms < oldest_kept);
            history.drain(..forgotten);
        }
    }

    pub(crate) fn history(&self, account: &str, region: &str) -> &[TrailEvent] {
        self.histories
            .get(&(account.to_owned(), region.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn retire_role(&mut self, account: &str, set: &str) {
        *self
            .retired
            .entry((account.to_owned(), set.to_owned()))
            .or_default() += 1;
    }

    pub(crate) fn role_generation(&self, account: &str, set: &str) -> u32 {
        self.retired
            .get(&(account.to_owned(), set.to_owned()))
            .copied()
            .unwrap_or(0)
    }
}

impl Organisation {
    /// Writes a record as it stands into the history of an account and region, under the name and key that AWS would index
    /// it by: for tests of those who read it. Identity Center's own events have no name, whatever is given. What AWS writes
    /// into every record (its id, the time, the account) is added where it is missing, if the record is an object at all.
    /// Its id.
    pub fn record_event(&mut self, place: (&str, &str), username: &str, record: &str, at_ms: i64) -> String {
        let mut known: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
        let mut record = record.to_owned();
        if let Some(members) = known.as_object_mut() {
            let count = members.len();
            if !members.contains_key("eventID") {
                members.insert("eventID".into(), self.event_id().into());
            }
            let time = || super::record::timestamp(at_ms).into();
            members.entry("eventTime").or_insert_with(time);
            members
                .entry("recipientAccountId")
                .or_insert_with(|| place.0.into());
            if members.len() > count {
                record = known.to_string();
            }
        }
        let text = |pointer: &str| {
            known
                .pointer(pointer)
                .and_then(|text| text.as_str())
                .map(str::to_owned)
        };
        let is_nameless = text("/userIdentity/type").as_deref() == Some("IdentityCenterUser");
        let id = text("/eventID").unwrap_or_else(|| self.event_id());
        let event = NewEvent {
            id: id.clone(),
            name: text("/eventName").unwrap_or_default(),
            source: text("/eventSource").unwrap_or_default(),
            time_ms: at_ms,
            read_only: known.pointer("/readOnly") == Some(&true.into()),
            access_key_id: text("/userIdentity/accessKeyId"),
            username: if is_nameless { "" } else { username }.to_owned(),
            resources: Vec::new(),
            record,
        };
        self.write_event(place.0, place.1, event);
        id
    }

    /// Searches the event history of the caller's account and region.
    pub fn lookup_events(&mut self, by: &Caller, query: &LookupQuery, now_ms: i64) -> Answer<LookupPage> {
        self.call(
            by,
            Operation::LookupEvents,
            About::account(&by.account),
            now_ms,
            |org, _| {
                if let (Some(start), Some(end)) = (query.start_ms, query.end_ms)
                    && start > end
                {
                    let code = ErrorKind::Named("InvalidTimeRangeException");
                    return Err(AwsError::new(code, "The start time is after the end time."));
                }
                let began = LookupCursor {
                    last_serial: org.trail.serial,
                    as_of_ms: now_ms,
                    offset: 0,
                };
                let cursor = query.cursor.unwrap_or(began);
                let history = org.trail.history(&by.account, &by.region);
                let mut found: Vec<_> = history
                    .iter()
                    .rev()
                    .filter(|event| query.matches(event, cursor))
                    .collect();
                if org.faults().delivery.shuffled {
                    found.sort_by_key(|event| event.shuffled());
                }
                let mut matching = found.into_iter();
                let events: Vec<_> = matching
                    .by_ref()
                    .skip(cursor.offset)
                    .take(query.limit)
                    .cloned()
                    .collect();
                let offset = cursor.offset + events.len();
                let next = matching.next().map(|_| LookupCursor { offset, ..cursor });
                Ok(LookupPage { events, next })
            },
        )
    }

    /// The whole event history of an account and region, oldest first.
    pub fn history(&self, account: &str, region: &str) -> &[TrailEvent] {
        self.trail.history(account, region)
    }
}

impl TrailEvent {
    /// A place that has nothing to do with time, the same in every answer so that pages fit together.
    pub(super) fn shuffled(&self) -> (u64, u64) {
        (ids::fingerprint(&self.id), self.serial)
    }
}

impl LookupQuery {
    fn matches(&self, event: &TrailEvent, cursor: LookupCursor) -> bool {
        event.serial <= cursor.last_serial
            && event.visible_ms <= cursor.as_of_ms
            && event.time_ms >= cursor.as_of_ms - KEPT_MS
            && self.start_ms.is_none_or(|start| event.time_ms >= start)
            && self.end_ms.is_none_or(|end| event.time_ms <= end)
            && self
                .attribute
                .as_ref()
                .is_none_or(|(key, value)| has_attribute(event, key, value))
    }
}

fn has_attribute(event: &TrailEvent, key: &str, value: &str) -> bool {
    match key {
        "EventId" => event.id == value,
        "EventName" => event.name == value,
        "ReadOnly" => event.read_only.to_string() == value,
        "Username" => !event.username.is_empty() && event.username == value,
        "ResourceType" => event.resources.iter().any(|(kind, _)| kind == value),
        "ResourceName" => event.resources.iter().any(|(_, name)| name == value),
        "EventSource" => event.source == value,
        "AccessKeyId" => event.access_key_id.as_deref() == Some(value),
        _ => false,
    }
}
