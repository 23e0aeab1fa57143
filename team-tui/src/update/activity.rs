//! Keys on the Activity screen, and the events that arrive for it.

use crate::app::{App, Screen, Tail};
use crate::effect::Effect;
use crate::feed::{Feed, Place, Sheet, laid_out, place};
use crate::lists::Filter;
use chrono::Duration;
use team_shared::activity::ActivityPage;
use team_shared::ids::RequestId;
use team_shared::list::MAX_LIMIT;
use team_shared::state::RequestState;
use tui_input::Input;

/// Sessions whose past is read when the screen is opened.
const READ: usize = 20;
/// For so long what is covered is taken as it was read.
const COVERAGE_FOR: Duration = Duration::minutes(1);

/// What the screen shows and nobody has read yet: the last events of live sessions.
pub(super) fn load(app: &mut App) -> Vec<Effect> {
    let is_live = |state| matches!(state, RequestState::Active | RequestState::Ending);
    let live = app.requests.values().filter(|view| is_live(view.state));
    let new: Vec<RequestId> = live
        .map(|view| view.id)
        .filter(|id| !app.tails.contains_key(id))
        .take(READ)
        .collect();
    for id in &new {
        app.tails.insert(*id, Tail::default());
        app.stale_tails.remove(id);
    }
    let again = app.stale_tails.iter().take(READ - new.len()).copied();
    let again: Vec<RequestId> = again.collect();
    for id in &again {
        app.stale_tails.remove(id);
    }
    new.into_iter().chain(again).map(Effect::LoadActivity).collect()
}

/// What is covered grows with time and without an event: of the sessions that are looked at it is read again.
pub(super) fn load_coverage(app: &mut App) -> Vec<Effect> {
    let looked_at: Vec<RequestId> = match app.screen {
        Screen::Sessions => app.selected().map(|view| view.id).into_iter().collect(),
        Screen::Activity => app
            .followed()
            .map_or_else(|| app.tails.keys().copied().collect(), |id| vec![id]),
        _ => return Vec::new(),
    };
    let now = app.now;
    let mut effects = Vec::new();
    for id in looked_at {
        let Some(tail) = app.tails.get_mut(&id) else {
            continue;
        };
        let is_old = tail.covered_at.is_some_and(|at| now - at >= COVERAGE_FOR);
        if is_old && effects.len() < READ {
            tail.covered_at = Some(now);
            effects.push(Effect::LoadCoverage(id));
        }
    }
    effects
}

/// What was done under the request whose sheet is open; with each opening, and while it is, anew.
pub(super) fn load_digest(app: &mut App) -> Option<Effect> {
    let Some(id) = app.detail.as_ref().map(|detail| detail.id) else {
        app.digests.clear();
        return None;
    };
    let view = app.requests.get(&id)?;
    let is_live = matches!(view.state, RequestState::Active | RequestState::Ending);
    if !is_live && view.activity.is_none() {
        return None;
    }
    let now = app.now;
    let is_new = !app.digests.contains_key(&id);
    let digest = app.digests.entry(id).or_default();
    let is_old = digest.covered_at.is_some_and(|at| now - at >= COVERAGE_FOR);
    (is_new || is_old).then(|| {
        digest.covered_at = is_old.then_some(now);
        Effect::LoadDigest(id)
    })
}

/// Something may be missing in all that is shown: it is read again where it is looked at, and what is known already is
/// known by its id.
pub(super) fn gap(app: &mut App, missed: Option<u64>) {
    let shown = app.tails.keys().copied().chain(app.feed.sessions());
    app.stale_tails.extend(shown);
    if let Some(missed) = missed {
        app.say(format!(
            "{missed} events came faster than they were taken: reading the sessions again"
        ));
    }
}

/// Holds everything still, or goes on.
pub(super) fn pause(app: &mut App) {
    if app.feed.pause() {
        gap(app, None);
    }
}

/// Takes in what was read of a request. A full page that does not reach back to what is known leaves a gap before it.
pub(super) fn take(app: &mut App, id: RequestId, page: &ActivityPage) {
    if page.items.len() >= MAX_LIMIT {
        app.feed.note_gap(id, &page.items);
    }
    for item in &page.items {
        app.feed.take(item.clone());
    }
}

/// Another event under the cursor; behind the last one there is the newest, whichever that will be.
pub(super) fn step(app: &mut App, to: impl Fn(usize) -> usize) {
    if let Some(sheet) = &mut app.feed.sheet {
        let most = sheet.lines.as_ref().map_or(0, Vec::len);
        let scroll = to(usize::from(sheet.scroll)).min(most.saturating_sub(1));
        sheet.scroll = u16::try_from(scroll).unwrap_or(u16::MAX);
        return;
    }
    let places: Vec<Place> = places(app);
    let Some(last) = places.len().checked_sub(1) else {
        return;
    };
    let at = app
        .feed
        .cursor
        .as_ref()
        .and_then(|cursor| places.iter().position(|place| place == cursor));
    let next = to(at.unwrap_or(last)).min(last);
    app.feed.cursor = (next < last).then(|| places[next].clone());
}

/// The number of the row under the cursor.
pub(super) fn row(app: &App) -> Option<usize> {
    let places = places(app);
    let cursor = app.feed.cursor.as_ref();
    let at = cursor.and_then(|cursor| places.iter().position(|place| place == cursor));
    at.or(places.len().checked_sub(1))
}

/// Opens the record of the event under the cursor.
pub(super) fn open(app: &mut App) -> Vec<Effect> {
    let Some(item) = selected(&app.feed, &places(app)).and_then(|place| app.feed.get(&place)) else {
        app.complain("no event is selected");
        return Vec::new();
    };
    let Some(id) = item.request_id else {
        return Vec::new();
    };
    let (title, event) = (crate::commands::activity_call(item), item.event_id.clone());
    app.feed.sheet = Some(Sheet {
        title: format!("{title}  {event}"),
        event: event.clone(),
        lines: None,
        scroll: 0,
    });
    vec![Effect::LoadRecord(id, event)]
}

/// The record that was asked for.
pub(super) fn take_record(app: &mut App, page: &ActivityPage) {
    let item = page.items.first();
    let raw = item.and_then(|item| item.raw.as_ref());
    if let Some(sheet) = &mut app.feed.sheet
        && item.is_none_or(|item| item.event_id == sheet.event)
    {
        sheet.lines = Some(match raw {
            Some(raw) => laid_out(raw),
            None => vec!["teamd does not keep this event any more".to_owned()],
        });
    }
}

/// Only the session of the event under the cursor, or all of them again.
pub(super) fn follow_one(app: &mut App) {
    let is_one = app.filter.value().contains("id:");
    let one = selected(&app.feed, &places(app)).and_then(|(_, _, id)| id);
    app.filter = match one {
        Some(id) if !is_one => Input::new(format!("id:{}", id.short())),
        _ => Input::default(),
    };
    app.feed.cursor = None;
}

/// One step back; whether there was one.
pub(super) fn back(app: &mut App) -> bool {
    app.screen == Screen::Activity && app.feed.sheet.take().is_some()
}

fn places(app: &App) -> Vec<Place> {
    let filter: Filter = app.filter_read();
    let rows = app.feed.rows(&filter, &app.requests);
    rows.into_iter().map(|(_, item)| place(item)).collect()
}

fn selected(feed: &Feed, places: &[Place]) -> Option<Place> {
    let cursor = feed.cursor.as_ref().filter(|cursor| places.contains(cursor));
    cursor.or(places.last()).cloned()
}

impl App {
    /// The request of the event under the cursor.
    pub(crate) fn request_of_event(&self) -> Option<RequestId> {
        selected(&self.feed, &places(self)).and_then(|(_, _, id)| id)
    }

    /// The filter as it is typed.
    pub(crate) fn filter_read(&self) -> Filter {
        Filter::read(self.filter.value())
    }
}
