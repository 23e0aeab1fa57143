//! CloudWatch Logs, of one log group: an organisation's trail writes the events of every account and region there.

use serde_json::Value;

use super::condition::pattern;
use super::error::{Answer, AwsError};
use super::operation::Operation;
use super::trail::TrailEvent;
use super::types::Caller;
use super::{About, Organisation, ids};

/// A page's events have at most a megabyte.
const PAGE_BYTES: usize = 1_000_000;

/// Events larger than this do not get into a log group.
const LARGEST: usize = 256 * 1024;

/// A question to a log group.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Its name or its ARN.
    pub group: String,
    /// Events from then on, milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// Events until then.
    pub end_ms: Option<i64>,
    /// The filter pattern.
    pub pattern: String,
    /// At most so many events.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<LogCursor>,
}

/// A place in the results. What arrives after the first page is not in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCursor {
    /// The serial number of the last event that counts.
    pub last_serial: u64,
    /// When the search began, milliseconds since the epoch.
    pub as_of_ms: i64,
    /// How many events were delivered.
    pub offset: usize,
    /// Whether the empty page before this one was delivered.
    pub was_empty: bool,
}

/// An event of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Which trail, account and region.
    pub stream: String,
    /// The log group's time for it, milliseconds since the epoch.
    pub time_ms: i64,
    /// When it came, milliseconds since the epoch.
    pub ingested_ms: i64,
    /// The record, a JSON text.
    pub message: String,
    /// The log group's id for it, which is not CloudTrail's.
    pub id: String,
}

/// A page of events.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    /// The events.
    pub events: Vec<LogEvent>,
    /// Where the next page starts, if there may be one.
    pub next: Option<LogCursor>,
}

impl Organisation {
    /// The log group of the organisation's trail, in the management account and the organisation's region.
    pub fn trail_log_group(&self) -> String {
        format!("aws-cloudtrail-logs-{}", self.id)
    }

    /// Its ARN.
    pub fn trail_log_group_arn(&self) -> String {
        let (region, account) = (&self.region, &self.management);
        format!(
            "arn:aws:logs:{region}:{account}:log-group:{}",
            self.trail_log_group()
        )
    }

    /// Searches a log group of the caller's account and region.
    pub fn filter_log_events(&mut self, by: &Caller, query: &LogQuery, now_ms: i64) -> Answer<LogPage> {
        let about = About::account(&by.account);
        self.call(by, Operation::FilterLogEvents, about, now_ms, |org, _| {
            let known = query.group == org.trail_log_group() || query.group == org.trail_log_group_arn();
            if !known || by.account != org.management || by.region != org.region {
                return Err(AwsError::not_found("The specified log group does not exist."));
            }
            let condition = pattern(&query.pattern).map_err(AwsError::validation)?;
            let cursor = query.cursor.unwrap_or(LogCursor {
                last_serial: org.trail.serial,
                as_of_ms: now_ms,
                offset: 0,
                was_empty: false,
            });
            if org.faults().empty_pages && !cursor.was_empty {
                let next = Some(LogCursor {
                    was_empty: true,
                    ..cursor
                });
                return Ok(LogPage {
                    events: Vec::new(),
                    next,
                });
            }
            let on_delivery = org.faults().logs_stamped_on_delivery;
            let stamp = |event: &TrailEvent| {
                if on_delivery {
                    event.visible_ms
                } else {
                    event.time_ms
                }
            };
            let mut found: Vec<_> = org
                .trail
                .everything()
                .filter(|(_, _, event)| {
                    event.serial <= cursor.last_serial
                        && event.visible_ms <= cursor.as_of_ms
                        && event.record.len() <= LARGEST
                        && query.start_ms.is_none_or(|start| stamp(event) >= start)
                        && query.end_ms.is_none_or(|end| stamp(event) <= end)
                        && serde_json::from_str::<Value>(&event.record)
                            .is_ok_and(|record| condition.holds(&record))
                })
                .collect();
            let shuffled = org.faults().delivery.shuffled;
            found.sort_by_key(|(_, _, event)| match shuffled {
                true => (0, event.shuffled()),
                false => (stamp(event), (event.serial, 0)),
            });
            let (mut events, mut bytes) = (Vec::new(), 0);
            for (account, region, event) in found.iter().skip(cursor.offset).take(query.limit) {
                bytes += event.record.len();
                if bytes > PAGE_BYTES && !events.is_empty() {
                    break;
                }
                events.push(LogEvent {
                    stream: format!("{}_{account}_CloudTrail_{region}", org.id),
                    time_ms: stamp(event),
                    ingested_ms: event.visible_ms,
                    message: event.record.clone(),
                    id: ids::hex(&format!("log event {}", event.serial), 56),
                });
            }
            let offset = cursor.offset + events.len();
            let next = (offset < found.len()).then_some(LogCursor {
                offset,
                was_empty: false,
                ..cursor
            });
            Ok(LogPage { events, next })
        })
    }
}
