//! The history by pages: the newest at once, what is behind them while one looks at those, and further back by going on
//! past the end of the list.

use crate::app::App;
use crate::effect::Effect;
use std::collections::BTreeSet;
use team_shared::ids::RequestId;
use team_shared::list::{MAX_LIMIT, Page};
use team_shared::request::RequestView;

/// Rows that are read without being asked for.
const HELD: usize = 10_000;

/// How far the history was read.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// Where the next page begins; none: nothing is behind what was read.
    next: Option<String>,
    /// The oldest row of the last page.
    oldest: Option<RequestId>,
    /// Rows read since everything was last read anew.
    read: usize,
    /// Rows that somebody has asked for by going past the end.
    wanted: usize,
    reading: bool,
}

impl Pages {
    /// There is more than was read.
    pub(crate) fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// The next page, unless it is being read.
    fn go_on(&mut self) -> Option<Effect> {
        if self.reading || self.read >= self.wanted.max(HELD) {
            return None;
        }
        let effect = Effect::LoadOlder(self.next.clone()?);
        self.reading = true;
        Some(effect)
    }
}

/// Everything is read anew, and this is the first page: what lies behind it stays as it is known until it is read again.
pub(super) fn first(app: &mut App, page: Page<RequestView>) -> Option<Effect> {
    app.pages = Pages {
        wanted: app.pages.wanted,
        ..Pages::default()
    };
    take(app, page)
}

/// The next page. It says all there is between the one before and its own last row.
pub(super) fn take(app: &mut App, page: Page<RequestView>) -> Option<Effect> {
    let newest = app.pages.oldest;
    let last = page.items.last().map(|view| view.id);
    // The last page ends where everything does. A page can be short, or empty, and go on behind its own last row: then its
    // cursor says how far it reaches.
    let reaches = match &page.next_cursor {
        Some(cursor) => cursor.parse().ok().or(last).or(newest),
        None => None,
    };
    let oldest = reaches.or(last);
    let read: BTreeSet<RequestId> = page.items.iter().map(|view| view.id).collect();
    let is_gone = |id: &RequestId| {
        newest.is_none_or(|newest| *id < newest)
            && reaches.is_none_or(|reaches| *id > reaches)
            && !read.contains(id)
    };
    let gone: Vec<RequestId> = app.requests.keys().filter(|id| is_gone(id)).copied().collect();
    for id in gone {
        app.requests.remove(&id);
        app.marked.remove(&id);
    }
    app.pages.reading = false;
    app.pages.read += page.items.len();
    app.pages.oldest = oldest.or(newest);
    app.pages.next = page.next_cursor;
    for view in page.items {
        super::data::keep(app, view);
    }
    app.pages.go_on()
}

/// It could not be read. Whoever still wants it goes past the end once more.
pub(super) fn failed(app: &mut App) {
    app.pages.reading = false;
}

/// The reader has gone past the end of a list.
pub(super) fn past_the_end(app: &mut App) -> Option<Effect> {
    if !app.is_live() || app.pages.reading {
        return None;
    }
    app.pages.wanted = app.pages.read + MAX_LIMIT;
    let effect = app.pages.go_on()?;
    app.say("reading older requests");
    Some(effect)
}
