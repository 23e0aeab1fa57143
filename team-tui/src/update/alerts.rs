//! Makes the terminal call where an event concerns whoever looks. What it says is in the request, which is read after the
//! event: so an event waits for that reading.

use crate::alert;
use crate::app::App;
use crate::effect::Effect;
use chrono::TimeDelta;
use team_shared::event::Event;

/// Older news came while nobody was connected, and stands on the screen.
const FRESH: TimeDelta = TimeDelta::minutes(2);

/// A storm of events calls once, not a hundred times.
const MOST: usize = 32;

/// Remembers an event until its request has been read.
pub(super) fn note(app: &mut App, event: &Event) {
    if app.now - event.at <= FRESH && app.to_alert.len() < MOST {
        app.to_alert.push(event.clone());
    }
}

/// Calls for what was remembered.
pub(super) fn call(app: &mut App) -> Vec<Effect> {
    let Some(me) = app
        .me
        .as_ref()
        .and_then(|me| me.person.as_ref())
        .map(|me| me.user_id.clone())
    else {
        app.to_alert.clear();
        return Vec::new();
    };
    let events = std::mem::take(&mut app.to_alert);
    let mut lines: Vec<String> = events
        .iter()
        .filter(|event| event.request_id.is_none_or(|id| app.requests.contains_key(&id)))
        .filter_map(|event| {
            let view = event.request_id.and_then(|id| app.requests.get(&id));
            alert::line(event, view, &me)
        })
        .collect();
    lines.dedup();
    match lines.len() {
        0 => Vec::new(),
        1 => vec![Effect::Alert(lines.remove(0))],
        n => vec![Effect::Alert(format!("{} (and {} more)", lines.remove(0), n - 1))],
    }
}
