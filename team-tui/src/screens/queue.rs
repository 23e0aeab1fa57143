//! Queue: pending requests, those that one may decide first.

use super::{parts, requests};
use crate::app::{App, Screen};
use crate::keymap::Action;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

/// The order to decide by.
const USUAL: &str = "yours first · first to expire";

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (list, preview) = parts::split(area, app);
    let rows = app.rows(Screen::Queue);
    let mine = rows.to_decide;
    let shown = parts::shown_of(app, &rows);
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
    let style = |view: &RequestView| {
        if App::may_decide(view) {
            theme.text()
        } else {
            theme.dim()
        }
    };
    requests::draw(frame, body, app, theme, area.width, &style);
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
