//! Activity of all sessions, as it arrives: what the Activity screen shows and `tail` prints, and what both filter by.

use crate::lists::Filter;
use crate::lists::rows::Requests;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;

/// Events kept; older ones are read from the daemon again.
const KEEP: usize = 5_000;

/// Where an event stands: in the order of time, and once.
pub(crate) type Place = (DateTime<Utc>, String, Option<RequestId>);

/// One event in full.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// Which one: an answer may come when another is open.
    pub(crate) event: String,
    /// The record as received, laid out; absent: not read yet.
    pub(crate) lines: Option<Vec<String>>,
    pub(crate) scroll: u16,
}

/// The events.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    items: BTreeMap<Place, ActivityItem>,
    /// What arrived while nothing moves; none: everything moves.
    held: Option<BTreeMap<Place, ActivityItem>>,
    /// More waited than are held.
    has_dropped: bool,
    /// Before then events of these are missing that no page brought back: more came at once than one holds.
    gaps: HashMap<RequestId, DateTime<Utc>>,
    /// The event under the cursor; none: the newest, whichever that is.
    pub(crate) cursor: Option<Place>,
    pub(crate) sheet: Option<Sheet>,
}

impl Feed {
    /// Takes an event in.
    pub(crate) fn take(&mut self, item: ActivityItem) {
        match &mut self.held {
            // What is shown already, and read once more, waits for nothing.
            Some(_) if self.items.contains_key(&place(&item)) => {}
            Some(held) if held.len() < KEEP => {
                held.insert(place(&item), item);
            }
            Some(_) => self.has_dropped = true,
            None => {
                self.items.insert(place(&item), item);
                while self.items.len() > KEEP {
                    self.items.pop_first();
                }
            }
        }
    }

    /// Holds everything still, or lets it move again; whether events were dropped meanwhile.
    pub(crate) fn pause(&mut self) -> bool {
        match self.held.take() {
            None => self.held = Some(BTreeMap::new()),
            Some(held) => held.into_values().for_each(|item| self.take(item)),
        }
        std::mem::take(&mut self.has_dropped)
    }

    /// The sessions of which there are events.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.all().filter_map(|item| item.request_id)
    }

    /// The newest of all there are, whatever is filtered.
    pub(crate) fn newest(&self) -> Option<DateTime<Utc>> {
        self.items.keys().next_back().map(|(at, _, _)| *at)
    }

    /// Notes what a page of the newest events of a session does not reach back to: what lies between is not here.
    pub(crate) fn note_gap(&mut self, session: RequestId, page: &[ActivityItem]) {
        if let Some(first) = page.first()
            && self.is_apart(session, page)
        {
            self.gaps.insert(session, first.event_time);
        }
    }

    /// Before when events of a session are missing.
    pub(crate) fn gap_before(&self, session: RequestId) -> Option<DateTime<Utc>> {
        self.gaps.get(&session).copied()
    }

    fn is_apart(&self, session: RequestId, page: &[ActivityItem]) -> bool {
        let known: HashSet<&str> = self
            .all()
            .filter(|item| item.request_id == Some(session))
            .map(|item| item.event_id.as_str())
            .collect();
        !known.is_empty() && !page.iter().any(|item| known.contains(item.event_id.as_str()))
    }

    fn all(&self) -> impl Iterator<Item = &ActivityItem> {
        let held = self.held.iter().flat_map(BTreeMap::values);
        self.items.values().chain(held)
    }

    /// How many wait; none: nothing is held.
    pub(crate) fn waiting(&self) -> Option<usize> {
        self.held.as_ref().map(BTreeMap::len)
    }

    /// What fits a filter, oldest first.
    pub(crate) fn rows<'a>(
        &'a self,
        filter: &'a Filter,
        requests: &'a Requests,
    ) -> Vec<(&'a Place, &'a ActivityItem)> {
        let view = |item: &ActivityItem| item.request_id.and_then(|id| requests.get(&id));
        self.items
            .iter()
            .filter(|(_, item)| filter.is_empty() || filter.fits_activity(item, view(item)))
            .collect()
    }

    pub(crate) fn get(&self, place: &Place) -> Option<&ActivityItem> {
        self.items.get(place)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Where an event stands.
pub(crate) fn place(item: &ActivityItem) -> Place {
    (item.event_time, item.event_id.clone(), item.request_id)
}

/// A record for reading: JSON laid out, whatever else as it is; every line harmless.
pub(crate) fn laid_out(raw: &serde_json::Value) -> Vec<String> {
    let text = match raw {
        serde_json::Value::String(text) => text.clone(),
        json => serde_json::to_string_pretty(json).unwrap_or_default(),
    };
    text.lines().map(team_shared::text::inert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).expect("a moment")
    }

    #[test]
    fn events_stand_in_their_order_once_and_wait_while_it_is_paused() {
        let id = fixtures::id(now(), "X4TE2N");
        let items = fixtures::activity(now(), id);
        let mut feed = Feed::default();
        for item in items.iter().rev().chain(&items) {
            feed.take(item.clone());
        }
        let (filter, nothing) = (Filter::default(), Requests::default());
        let times: Vec<_> = feed
            .rows(&filter, &nothing)
            .iter()
            .map(|(_, item)| item.event_time)
            .collect();
        assert_eq!(times.len(), items.len());
        assert!(times.is_sorted());
        feed.pause();
        let mut late = items[0].clone();
        late.event_id = "late".to_owned();
        feed.take(late);
        assert_eq!(
            (feed.waiting(), feed.rows(&filter, &nothing).len()),
            (Some(1), items.len())
        );
        feed.pause();
        assert_eq!(
            (feed.waiting(), feed.rows(&filter, &nothing).len()),
            (None, items.len() + 1)
        );
    }

    #[test]
    fn a_filter_takes_service_error_write_person_and_account() {
        let view = fixtures::request(now(), "X4TE2N", "bob", 5);
        let mut feed = Feed::default();
        for item in fixtures::activity(now(), view.id) {
            feed.take(item);
        }
        let mut requests = Requests::default();
        requests.insert(view.id, view);
        let count = |text: &str| feed.rows(&Filter::read(text), &requests).len();
        let all = count("");
        assert_eq!(
            (count("who:bob"), count("account:pay"), count("who:ann")),
            (all, all, 0)
        );
        assert!(count("service:ecs") < all && count("service:ecs") > 0);
        assert_eq!(count("error:denied") + count("error:no"), all);
        assert_eq!(count("write:yes") + count("write:no"), all);
        assert!(count("UpdateService") > 0 && count("!what:UpdateService") < all);
    }

    #[test]
    fn what_a_record_holds_is_harmless() {
        let lines = laid_out(&serde_json::json!({"userAgent": "\u{1b}[31m\u{202e}x"}));
        assert!(
            lines
                .iter()
                .all(|line| !line.contains('\u{1b}') && !line.contains('\u{202e}'))
        );
        assert_eq!(laid_out(&"no json\u{7}".into()).len(), 1);
    }
}
