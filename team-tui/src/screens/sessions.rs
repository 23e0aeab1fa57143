//! Sessions: live access with countdowns, what starts next, and below the CloudTrail activity of the selected one.

use super::{parts, requests, timeline};
use crate::app::{App, Screen, Tail};
use crate::commands::activity_call;
use crate::coverage::{self, Cover};
use crate::format;
use crate::theme::Theme;
use crate::widgets::rule;
use crate::widgets::table::{self, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let rows = app.rows(Screen::Sessions);
    let list_height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    // Alone, the activity has all the room but for the rows around the cursor.
    let most = if app.zoomed { 4 } else { (area.height / 2).max(4) };
    let [list, tail] = Layout::vertical([
        Constraint::Length(list_height.clamp(4, most)),
        Constraint::Fill(1),
    ])
    .areas(area);
    let scheduled = rows.scheduled;
    let keys = match rows.keys_alive(app.now) {
        0 => String::new(),
        some => format!(" · {some} over whose keys may live"),
    };
    let title = format!(
        "sessions: {} live, {scheduled} scheduled{keys}",
        rows.len() - scheduled
    );
    let body = parts::title(
        frame,
        list,
        app,
        theme,
        &title,
        &parts::note(app, Screen::Sessions, "ending first"),
    );
    if rows.is_empty() {
        let text =
            app.keyed("Nobody has access through teamd now.  {new} asks for some   {go_history} history");
        parts::empty(
            frame,
            Rect {
                height: area.height - 1,
                ..body
            },
            app,
            theme,
            &text,
        );
        return;
    }
    requests::draw(frame, body, app, theme, area.width, &|view| {
        style(view, app, theme)
    });
    let at = app.position(Screen::Sessions, &rows);
    if app.bars_shown {
        timeline::draw(frame, tail, app, theme);
    } else if let Some(view) = at.and_then(|at| rows.get(at)) {
        let pinned = u16::from(tail.height > 6);
        let [why, tail] = Layout::vertical([Constraint::Length(pinned), Constraint::Fill(1)]).areas(tail);
        draw_why(frame, why, view, theme);
        draw_tail(frame, tail, app, view, theme);
    }
}

/// Why there is a session at all stands above what is done in it.
fn draw_why(frame: &mut Frame, area: Rect, view: &RequestView, theme: Theme) {
    if area.height == 0 {
        return;
    }
    let ticket = view
        .ticket
        .as_ref()
        .map_or_else(String::new, |ticket| format!("{ticket}: "));
    let text = format!(" Why {ticket}{}", view.justification);
    let text = format::fit(&text, usize::from(area.width));
    frame.render_widget(ratatui::text::Line::styled(text, theme.accent()), area);
}

fn style(view: &RequestView, app: &App, theme: Theme) -> Style {
    match view.state {
        RequestState::Active if requests::is_near(view, app) => theme.care(),
        RequestState::Active => theme.text(),
        state => theme.state(state),
    }
}

fn draw_tail(frame: &mut Frame, area: Rect, app: &App, view: &RequestView, theme: Theme) {
    let nothing = Tail::default();
    let tail = app.tails.get(&view.id).unwrap_or(&nothing);
    let title = format!(
        "CloudTrail  {}  {}@{}",
        view.id.short(),
        view.requester.user_name,
        view.account.name
    );
    let lag = tail.newest.map_or_else(
        || "following".to_owned(),
        |newest| format!("newest {} · following", format::relative(newest, app.now)),
    );
    rule::draw(frame, area, theme, &title, &lag);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let said = coverage::of_one(&Cover::of_tail(app, view.id, tail), app.zone);
    let body = parts::covered(frame, body, &said, theme);
    if tail.items.is_empty() {
        let text = "No events yet.  CloudTrail usually shows them after 5-15 minutes";
        parts::empty(frame, body, app, theme, text);
        return;
    }
    let mut columns = vec![
        fixed("TIME", 9),
        growing("EVENT", 24),
        fixed("", 2),
        growing("RESOURCE", 16),
        growing("FROM / RESULT", 15),
    ];
    if area.width >= 100 {
        columns.insert(3, fixed("REGION", 12));
    }
    let height = usize::from(body.height).saturating_sub(1);
    let first = tail.items.len().saturating_sub(height);
    let rows: Vec<Row> = tail.items[first..]
        .iter()
        .map(|item| {
            let refused = item.error_code.is_some();
            let mut cells = vec![
                format::clock(item.event_time, app.zone),
                activity_call(item),
                if item.read_only { "" } else { "W" }.to_owned(),
                item.resources.join(" "),
                item.error_code
                    .as_ref()
                    .map_or_else(|| item.source_ip.clone(), |code| format!("! {code}")),
            ];
            if area.width >= 100 {
                cells.insert(3, item.region.clone());
            }
            let style = match (refused, item.read_only) {
                (true, _) => theme.bad(),
                (false, true) => theme.dim(),
                (false, false) => theme.text(),
            };
            Row { cells, style }
        })
        .collect();
    table::draw(frame, body, theme, &columns, &rows, None);
}
