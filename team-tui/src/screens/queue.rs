//! Queue: pending requests, those that one may decide first.

use super::parts;
use crate::app::{App, Screen};
use crate::format;
use crate::keymap::Action;
use crate::theme::Theme;
use crate::widgets::table::{self, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::Rect;
use team_shared::state::RequestState;

/// The order to decide by.
const USUAL: &str = "yours first · first to expire";

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (list, preview) = parts::split(area, app);
    let rows = app.rows(Screen::Queue);
    let mine = rows.to_decide;
    let shown = parts::shown_of(&rows);
    let title = format!("pending: {shown}, {mine} for you to decide");
    let body = parts::title(
        frame,
        list,
        app,
        theme,
        &title,
        &parts::note(app, Screen::Queue, USUAL),
    );
    if rows.is_empty() {
        parts::empty(frame, body, app, theme, &nothing(app));
        return;
    }
    let mut columns = vec![
        fixed("", 1),
        fixed("ID", 6),
        growing("WHO", 8),
        growing("ACCOUNT", 10),
        growing("PERMISSION SET", 19),
        fixed("FOR", 5),
        fixed("AGE", 6),
        fixed("EXPIRES", 7),
        fixed("OK", 4),
    ];
    // Names need the room where nobody looks at anything.
    let is_claimed = rows.claimed > 0;
    if is_claimed {
        columns.push(fixed("LOOKS", 6));
    }
    let row = |at: usize| {
        let view = rows.get(at)?;
        Some(Row {
            cells: vec![
                parts::row_sign(app, view),
                view.id.short(),
                if rows.follows(at) {
                    format!("└ {}", view.requester.user_name)
                } else {
                    view.requester.user_name.clone()
                },
                view.account.name.clone(),
                view.permission_set.name.clone(),
                format::length(view.duration_seconds),
                format::coarse((app.now - view.created_at).num_seconds()),
                format::coarse((view.expires_at - app.now).num_seconds()),
                parts::votes(view),
                parts::claimed(view),
            ],
            style: if App::may_decide(view) {
                theme.text()
            } else {
                theme.dim()
            },
        })
    };
    let at = app.position(Screen::Queue, &rows);
    table::draw_some(frame, body, theme, &columns, rows.len(), &row, at);
    if let Some(area) = preview {
        parts::preview(frame, area, app, theme);
    }
}

/// Says what was decided today, so that an empty queue reads as done, not as broken.
fn nothing(app: &App) -> String {
    let me = app
        .me
        .as_ref()
        .and_then(|me| me.person.as_ref())
        .map(|person| &person.user_id);
    let today = app.now.date_naive();
    let decided = app
        .requests
        .values()
        .filter(|view| view.state != RequestState::Pending)
        .filter(|view| {
            view.approval
                .demands
                .iter()
                .flat_map(|demand| &demand.votes)
                .any(|vote| Some(&vote.by.user_id) == me && vote.at.date_naive() == today)
        })
        .count();
    format!(
        "Nothing is pending.  Approved by you today: {decided}.  {} new request   {} history",
        app.key(Action::New),
        app.key(Action::Go(Screen::History))
    )
}
