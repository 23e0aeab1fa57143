//! The rows of a list, worked out once for as long as nothing they depend on changes: a key or a second that passes must
//! not cost a sort of everything that is loaded.

use super::sort;
use super::{Filter, Sort};
use crate::app::{App, Screen, may};
use crate::claim;
use crate::residual;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use team_shared::ids::RequestId;
use team_shared::request::{AccountRef, PermissionSetRef, PersonRef, RequestView};
use team_shared::state::RequestState;

/// The requests that are loaded. Whoever changes them makes the lists anew.
///
/// There may be many of them: a row of a tree does not hold a whole request, and people, accounts and permission sets are
/// there once, however many requests name them.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    known: BTreeMap<RequestId, Box<RequestView>>,
    people: Once<PersonRef>,
    accounts: Once<AccountRef>,
    sets: Once<PermissionSetRef>,
    revision: u64,
}

impl Requests {
    pub(crate) fn get(&self, id: &RequestId) -> Option<&RequestView> {
        self.known.get(id).map(Box::as_ref)
    }

    pub(crate) fn contains_key(&self, id: &RequestId) -> bool {
        self.known.contains_key(id)
    }

    /// By their ids: the oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &RequestId> {
        self.known.keys()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &RequestView> {
        self.known.values().map(Box::as_ref)
    }

    pub(crate) fn insert(&mut self, id: RequestId, mut view: RequestView) {
        self.revision += 1;
        self.people.share(&mut view.requester);
        self.accounts.share(&mut view.account);
        self.sets.share(&mut view.permission_set);
        view.you_may.shrink_to_fit();
        self.known.insert(id, Box::new(view));
    }

    #[cfg(test)]
    pub(crate) fn get_mut(&mut self, id: &RequestId) -> Option<&mut RequestView> {
        self.revision += 1;
        self.known.get_mut(id).map(Box::as_mut)
    }

    #[cfg(test)]
    pub(crate) fn clear(&mut self) {
        self.revision += 1;
        self.known.clear();
    }

    pub(crate) fn remove(&mut self, id: &RequestId) {
        self.revision += 1;
        self.known.remove(id);
    }
}

/// What is the same in many requests.
#[derive(Debug)]
struct Once<T>(HashSet<Arc<T>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash> Once<T> {
    /// Puts the one that is known in the place of one like it.
    fn share(&mut self, one: &mut Arc<T>) {
        match self.0.get(one) {
            Some(known) => *one = Arc::clone(known),
            None => {
                self.0.insert(Arc::clone(one));
            }
        }
    }
}

/// What a list depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    revision: u64,
    filter: String,
    sort: Sort,
}

/// A list, and what its title says of it.
#[derive(Debug, Default)]
pub(crate) struct List {
    ids: Vec<RequestId>,
    /// How many there are, filter aside.
    pub(crate) total: usize,
    /// Of those shown: for one to decide, not over, scheduled, for one to review.
    pub(crate) to_decide: usize,
    pub(crate) open: usize,
    pub(crate) scheduled: usize,
    pub(crate) to_review: usize,
    /// Until when somebody looks at one of them. A moment, not a number: lists are kept while time passes.
    pub(crate) claimed_until: Option<DateTime<Utc>>,
    /// On Sessions, of all that is over: until when its keys may live, the earliest first.
    keys_until: Vec<DateTime<Utc>>,
}

impl List {
    /// How many are over whose keys may still live.
    pub(crate) fn keys_alive(&self, now: DateTime<Utc>) -> usize {
        let over = self.keys_until.partition_point(|until| *until <= now);
        self.keys_until.len() - over
    }
}

/// Requests by a number made of their person and account: others may have the same number.
type Near = HashMap<u64, Vec<RequestId>>;

/// The lists that were worked out.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    by_screen: Mutex<HashMap<Screen, (Key, Arc<List>)>>,
    near: Mutex<Option<(u64, Near)>>,
}

impl Lists {
    /// Requests of the same person in the same account, and perhaps a few others.
    pub(crate) fn near(&self, requests: &Requests, view: &RequestView) -> Vec<RequestId> {
        let mut known = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        let (revision, near) = known.get_or_insert_with(|| (requests.revision, near_of(requests)));
        if *revision != requests.revision {
            (*revision, *near) = (requests.revision, near_of(requests));
        }
        near.get(&number_of(view)).cloned().unwrap_or_default()
    }
}

fn near_of(requests: &Requests) -> Near {
    let mut near = Near::new();
    for view in requests.values() {
        near.entry(number_of(view)).or_default().push(view.id);
    }
    near
}

fn number_of(view: &RequestView) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&view.requester.user_id, &view.account.id).hash(&mut hasher);
    hasher.finish()
}

/// The rows of a screen in its order, filter applied.
pub(crate) struct Rows<'a> {
    requests: &'a Requests,
    list: Arc<List>,
}

impl Deref for Rows<'_> {
    type Target = List;

    fn deref(&self) -> &List {
        &self.list
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn len(&self) -> usize {
        self.list.ids.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.ids.is_empty()
    }

    /// The row at a place.
    pub(crate) fn get(&self, at: usize) -> Option<&'a RequestView> {
        self.requests.get(self.list.ids.get(at)?)
    }

    /// Where a request stands.
    pub(crate) fn place_of(&self, id: RequestId) -> Option<usize> {
        self.list.ids.iter().position(|other| *other == id)
    }

    /// All of them, in order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a RequestView> + '_ {
        self.list.ids.iter().filter_map(|id| self.requests.get(id))
    }

    /// Whether a row goes with the one before it: both of one batch.
    pub(crate) fn follows(&self, at: usize) -> bool {
        let batch = |at: usize| self.get(at).and_then(|row| row.batch_id.as_deref());
        at > 0 && batch(at).is_some() && batch(at) == batch(at - 1)
    }
}

impl App {
    /// Rows of a screen in its order, filter applied.
    pub(crate) fn rows(&self, screen: Screen) -> Rows<'_> {
        let key = Key {
            revision: self.requests.revision,
            filter: self.filter.value().to_owned(),
            sort: self.sorts.get(&screen).copied().unwrap_or_default(),
        };
        let mut lists = self
            .lists
            .by_screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = lists.get(&screen).filter(|(of, _)| *of == key);
        let list = match known {
            Some((_, list)) => Arc::clone(list),
            None => {
                let list = Arc::new(self.worked_out(screen, &key));
                lists.insert(screen, (key, Arc::clone(&list)));
                list
            }
        };
        Rows {
            requests: &self.requests,
            list,
        }
    }

    fn worked_out(&self, screen: Screen, key: &Key) -> List {
        let filter = Filter::read(&key.filter);
        let mut list = List::default();
        let mut rows: Vec<&RequestView> = Vec::new();
        for view in self.requests.values().filter(|view| self.belongs(screen, view)) {
            list.total += 1;
            if !filter.fits(view) {
                continue;
            }
            list.to_decide += usize::from(App::may_decide(view));
            list.open += usize::from(!view.state.is_terminal());
            list.scheduled += usize::from(view.state == RequestState::Scheduled);
            list.to_review += usize::from(may(view, "review"));
            list.claimed_until = list.claimed_until.max(claim::until(view));
            rows.push(view);
        }
        if screen == Screen::Sessions {
            list.keys_until = self.requests.values().filter_map(residual::end).collect();
            list.keys_until.sort_unstable();
        }
        sort::order(screen, key.sort, &mut rows);
        list.ids = rows.iter().map(|row| row.id).collect();
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn what_many_requests_name_is_there_once() {
        let now = "2026-11-22T14:02:31Z".parse().expect("a time");
        let mut requests = Requests::default();
        for (short, who) in [("000001", "bob"), ("000002", "bob"), ("000003", "carol")] {
            let view = fixtures::request(now, short, who, 4);
            requests.insert(view.id, view);
        }
        let all: Vec<&RequestView> = requests.values().collect();
        assert!(Arc::ptr_eq(&all[0].requester, &all[1].requester));
        assert!(Arc::ptr_eq(&all[0].account, &all[2].account));
        assert_eq!(all[2].requester.user_name, "carol");
        let id = all[0].id;
        requests.remove(&id);
        assert_eq!((requests.get(&id), requests.keys().count()), (None, 2));
    }
}
