//! The mouse, where the reader wants one: the wheel moves, a click goes to a tab or a row, and opens the row that it is on.
//! It never changes anything.

use super::{actions, context};
use crate::app::App;
use crate::drawn::Target;
use crate::effect::Effect;
use crate::keymap::{Action, Context};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

/// Rows of a notch of the wheel.
const NOTCH: usize = 3;

pub(super) fn on(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    if app.welcome && matches!(event.kind, MouseEventKind::Down(_)) {
        app.welcome = false;
        return vec![Effect::Welcomed];
    }
    match event.kind {
        MouseEventKind::ScrollDown => wheel(app, Action::Down),
        MouseEventKind::ScrollUp => wheel(app, Action::Up),
        MouseEventKind::Down(MouseButton::Left) => click(app, Position::new(event.column, event.row)),
        _ => Vec::new(),
    }
}

/// As the key would, where it moves something: in dialogs it would change what was chosen.
fn wheel(app: &mut App, action: Action) -> Vec<Effect> {
    match context(app) {
        Context::Help => {
            (0..NOTCH).for_each(|_| super::on_help(app, Some(action)));
            Vec::new()
        }
        Context::Dialog | Context::Form | Context::Command | Context::Filter => Vec::new(),
        _ => (0..NOTCH).flat_map(|_| actions::on(app, action)).collect(),
    }
}

fn click(app: &mut App, position: Position) -> Vec<Effect> {
    if app.modal.is_some() || app.help.is_some() {
        return Vec::new();
    }
    match app.drawn.at(position) {
        Some(Target::Tab(screen)) => actions::go(app, screen),
        Some(Target::Row(row)) if app.detail.is_none() => actions::point(app, row),
        _ => Vec::new(),
    }
}
