//! What is in a list, in which order, and which of it is meant.
//!
//! * [`rows`] the list itself · [`columns`] what of a request is shown · [`filter`] what was typed behind `/` · [`sort`] the orders of a list

pub(crate) mod columns;
pub(crate) mod filter;
pub(crate) mod rows;
pub(crate) mod sort;

pub use columns::Columns;
pub(crate) use filter::Filter;
pub(crate) use rows::Rows;
pub(crate) use sort::Sort;

use crate::app::{App, Screen};
use team_shared::event::Event;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

impl App {
    /// Rows that belong on a screen, filter aside.
    fn belongs(&self, screen: Screen, view: &RequestView) -> bool {
        match screen {
            Screen::Queue => view.state == RequestState::Pending,
            Screen::Mine => self.is_mine(view),
            Screen::Sessions => is_live(view.state),
            Screen::History => true,
            Screen::Status | Screen::Policy | Screen::Activity => false,
        }
    }

    /// Audit rows, newest first, filter applied.
    pub(crate) fn audit_rows(&self) -> Vec<&Event> {
        let filter = Filter::read(self.filter.value());
        let rows = self.audit.values().rev();
        rows.filter(|event| filter.is_empty() || filter.fits_event(event))
            .collect()
    }

    /// The position of the cursor among `rows`.
    pub(crate) fn position(&self, screen: Screen, rows: &Rows<'_>) -> Option<usize> {
        let cursor = self.cursors.get(&screen).copied().unwrap_or_default();
        let by_id = cursor.id.and_then(|id| rows.place_of(id));
        by_id.or_else(|| (!rows.is_empty()).then(|| cursor.index.min(rows.len() - 1)))
    }

    /// What a verb is for, as the daemon last said: the marked rows that it is open for, where any are marked.
    pub(crate) fn marked_for(&self, verb: &str) -> Vec<&RequestView> {
        let marked = self.marked.iter().filter_map(|id| self.requests.get(id));
        marked.filter(|view| crate::app::may(view, verb)).collect()
    }

    /// What the same person has had or asked for in the same account, newest first, but for the request itself.
    pub(crate) fn past_of(&self, view: &RequestView) -> Vec<&RequestView> {
        let same = |other: &&RequestView| {
            other.id != view.id
                && other.requester.user_id == view.requester.user_id
                && other.account.id == view.account.id
        };
        let near = self.lists.near(&self.requests, view);
        let mut past: Vec<&RequestView> = near
            .iter()
            .filter_map(|id| self.requests.get(id))
            .filter(same)
            .collect();
        past.sort_by_key(|other| std::cmp::Reverse((other.created_at, other.id)));
        past
    }
}

/// Access that is there, on its way, or about to be.
pub(crate) fn is_live(state: RequestState) -> bool {
    matches!(
        state,
        RequestState::Scheduled | RequestState::Activating | RequestState::Active | RequestState::Ending
    )
}
