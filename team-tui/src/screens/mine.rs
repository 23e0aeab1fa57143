//! Mine: one's own requests, those that are still open first.

use super::parts;
use crate::app::{App, Screen};
use crate::format;
use crate::theme::Theme;
use crate::widgets::table::{self, Row, fixed, growing};
use chrono::{DateTime, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (list, preview) = parts::split(area, app);
    let rows = app.rows(Screen::Mine);
    let open = rows.open;
    let shown = parts::shown_of(&rows);
    let title = format!("your requests: {shown}, {open} open");
    let body = parts::title(
        frame,
        list,
        app,
        theme,
        &title,
        &parts::note(app, Screen::Mine, "open first · newest first"),
    );
    if rows.is_empty() {
        parts::empty(frame, body, app, theme, &nothing(app));
        return;
    }
    let columns = [
        fixed("", 1),
        fixed("ID", 6),
        fixed("STATE", 10),
        growing("ACCOUNT", 10),
        growing("PERMISSION SET", 19),
        fixed("FOR", 6),
        fixed("WHEN", 17),
    ];
    let row = |at: usize| {
        let view = rows.get(at)?;
        Some(Row {
            cells: vec![
                parts::row_sign(app, view),
                view.id.short(),
                view.state.to_string(),
                view.account.name.clone(),
                view.permission_set.name.clone(),
                format::length(view.duration_seconds),
                when(view, app.now, app.zone),
            ],
            style: theme.state(view.state),
        })
    };
    let at = app.position(Screen::Mine, &rows);
    table::draw_some(frame, body, theme, &columns, rows.len(), &row, at);
    if let Some(area) = preview {
        parts::preview(frame, area, app, theme);
    }
}

/// What matters about its time in its state.
fn when(view: &RequestView, now: DateTime<Utc>, zone: format::Zone) -> String {
    match (view.state, view.start_at, view.end_at) {
        (RequestState::Pending, ..) => format!(
            "expires in {}",
            format::coarse((view.expires_at - now).num_seconds())
        ),
        (RequestState::Scheduled, Some(start), _) => format!("starts {}", format::relative(start, now)),
        (RequestState::Active, _, Some(end)) => format!("{} left", format::left(end, now)),
        (RequestState::Activating | RequestState::Ending, ..) => "AWS is asked".to_owned(),
        _ => format::short(
            view.ended.as_ref().map_or(view.created_at, |ended| ended.at),
            zone,
        ),
    }
}

fn nothing(app: &App) -> String {
    let Some(me) = &app.me else {
        return "loading…".to_owned();
    };
    if me.person.is_none() {
        return format!("You cannot have requests: {}", me.explanation);
    }
    if app.entitlements.is_empty() {
        let groups = if me.groups.is_empty() {
            "none".to_owned()
        } else {
            me.groups.join(", ")
        };
        return format!(
            "You have no requests, and no rule lets you ask for anything.  Your groups: {groups}.  Ask an administrator"
        );
    }
    let accounts: std::collections::BTreeSet<_> = app.entitlements.iter().map(|e| &e.account.id).collect();
    format!(
        "You have no requests yet.  {} asks for access; you may ask for {} accounts ({} shows the keys)",
        app.key(crate::keymap::Action::New),
        accounts.len(),
        app.key(crate::keymap::Action::Help)
    )
}
