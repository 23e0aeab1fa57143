//! Mine: one's own requests, those that are still open first.

use super::{parts, requests};
use crate::app::{App, Screen};
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (list, preview) = parts::split(area, app);
    let rows = app.rows(Screen::Mine);
    let open = rows.open;
    let shown = parts::shown_of(app, &rows);
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
    requests::draw(frame, body, app, theme, area.width, &|view| {
        parts::style_at(view, app.now, theme)
    });
    if let Some(area) = preview {
        parts::preview(frame, area, app, theme);
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
