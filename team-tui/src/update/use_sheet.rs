//! How one's own live access is used: the sheet of it, and its keys.

use crate::app::App;
use crate::client::ClientError;
use crate::effect::Effect;
use crate::keymap::Action;
use crate::modals::{Modal, UseSheet};
use crate::ways::Ways;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;

/// Why there is nothing to use, in words for the reader; `None`: there is.
pub(super) fn why_not(app: &App) -> Option<String> {
    let Some(view) = app.selected() else {
        return Some("no request is selected".to_owned());
    };
    if !app.is_live() {
        return Some("teamd is away: nothing can be read now".to_owned());
    }
    if !app.is_mine(view) {
        return Some(format!("only {} may use it", view.requester.user_name));
    }
    (view.state != RequestState::Active)
        .then(|| format!("{} is {}: there is nothing to use", view.id.short(), view.state))
}

/// Opens the sheet of the selected request.
pub(super) fn open(app: &mut App) -> Vec<Effect> {
    let Some(id) = app.selected().map(|view| view.id) else {
        return Vec::new();
    };
    app.modal = Some(Modal::Use(Box::new(UseSheet::new(id))));
    vec![Effect::LoadUse(id)]
}

/// What was read for it, if it is still open.
pub(super) fn take(app: &mut App, id: RequestId, result: Result<Box<Ways>, ClientError>) {
    let Some(Modal::Use(sheet)) = &mut app.modal else {
        return;
    };
    if sheet.id != id {
        return;
    }
    match result {
        Ok(ways) => sheet.ways = Some(*ways),
        Err(error) => {
            app.modal = None;
            app.complain(super::data::explain(&error));
        }
    }
}

pub(super) fn on_key(app: &mut App, action: Option<Action>) -> Vec<Effect> {
    let Some(Modal::Use(sheet)) = &mut app.modal else {
        return Vec::new();
    };
    let last = sheet
        .ways
        .as_ref()
        .map_or(0, |ways| ways.all.len().saturating_sub(1));
    match action {
        Some(Action::Back | Action::Quit) => app.modal = None,
        Some(Action::Up) => sheet.index = sheet.index.saturating_sub(1),
        Some(Action::Down) => sheet.index = (sheet.index + 1).min(last),
        Some(Action::Top | Action::PageUp) => sheet.index = 0,
        Some(Action::Bottom | Action::PageDown) => sheet.index = last,
        Some(Action::Copy) => {
            if let Some(way) = sheet.chosen().cloned() {
                app.say(format!("copied: {}", way.label));
                return vec![Effect::Copy(way.text)];
            }
        }
        _ => {}
    }
    Vec::new()
}
