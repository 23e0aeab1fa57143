//! History: requests of all states, or the audit rows behind them.

use super::{parts, requests};
use crate::app::{App, Screen};
use crate::format;
use crate::keymap::Action;
use crate::theme::Theme;
use crate::widgets::table::{Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::Rect;
use team_shared::event::Event;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    if app.on_audit() {
        return draw_audit(frame, area, app, theme);
    }
    if app.on_report() {
        return super::report::draw(frame, area, app, theme);
    }
    let (list, preview) = parts::split(area, app);
    let rows = app.rows(Screen::History);
    let shown = parts::shown_of(app, &rows);
    let reviews = rows.to_review;
    let reviews = match reviews {
        0 => String::new(),
        some => format!(", {some} for you to review ({})", app.key(Action::Review)),
    };
    let title = format!("history: {shown} requests{reviews}");
    let body = parts::title(
        frame,
        list,
        app,
        theme,
        &title,
        &parts::note(
            app,
            Screen::History,
            &app.keyed("newest first · {audit} audit rows"),
        ),
    );
    if rows.is_empty() {
        parts::empty(
            frame,
            body,
            app,
            theme,
            &format!(
                "No request that you may see so far.  {} asks for access",
                app.key(Action::New)
            ),
        );
        return;
    }
    requests::draw(frame, body, app, theme, area.width, &|view| {
        parts::style_at(view, app.now, theme)
    });
    if let Some(area) = preview {
        parts::preview(frame, area, app, theme);
    }
}

fn draw_audit(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let rows = app.audit_rows();
    let title = format!("audit: {} rows", rows.len());
    let body = parts::title(
        frame,
        area,
        app,
        theme,
        &title,
        &app.keyed("newest first · {audit} report"),
    );
    if rows.is_empty() {
        parts::empty(
            frame,
            body,
            app,
            theme,
            &app.keyed("No audit rows that you may see so far.  {audit} goes on to the report"),
        );
        return;
    }
    let columns = [
        fixed("SEQ", 7),
        fixed("AT", 12),
        fixed("WHO", 10),
        fixed("WHAT", 22),
        fixed("REQUEST", 7),
        growing("DATA", 10),
    ];
    let cells: Vec<Row> = rows
        .iter()
        .map(|event| Row {
            cells: vec![
                event.seq.to_string(),
                format::short(event.at, app.zone),
                who(event),
                event.kind.to_string(),
                event.request_id.map_or_else(String::new, |id| id.short()),
                particulars(event),
            ],
            style: theme.text(),
        })
        .collect();
    parts::list(frame, body, app, theme, &columns, &cells, app.audit_index);
}

/// Who did it, for a column.
pub(super) fn who(event: &Event) -> String {
    match (&event.actor.user_name, event.actor.uid) {
        (Some(name), _) => name.clone(),
        (None, Some(0)) => "operator".to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "teamd".to_owned(),
    }
}

/// The particulars as `key value` pairs: short ones are worth more than JSON's marks.
pub(super) fn particulars(event: &Event) -> String {
    let Some(data) = event.data.as_object() else {
        return String::new();
    };
    let parts: Vec<String> = data
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{key} {text}"),
            None => format!("{key} {value}"),
        })
        .collect();
    parts.join(" · ")
}
