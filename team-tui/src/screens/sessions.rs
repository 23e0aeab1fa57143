//! Sessions: live access with countdowns, what starts next, and below the CloudTrail activity of the selected one.

use super::{parts, timeline};
use crate::app::{App, Screen, Tail};
use crate::commands::activity_call;
use crate::format;
use crate::theme::Theme;
use crate::widgets::rule;
use crate::widgets::table::{self, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

/// Below this, an end is near.
const NEAR: i64 = 300;

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
    let title = format!("sessions: {} live, {scheduled} scheduled", rows.len() - scheduled);
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
    let wide = area.width >= 100;
    let mut columns = vec![
        fixed("", 1),
        fixed("ID", 6),
        growing("WHO", 8),
        growing("ACCOUNT", 10),
        growing("PERMISSION SET", 19),
        fixed("STATE", 10),
        fixed("LEFT", 10),
    ];
    if wide {
        columns.insert(4, fixed("NUMBER", 12));
        columns.push(fixed("", 12));
        columns.push(fixed("LAST HOUR", 12));
    }
    let row = |at: usize| {
        let view = rows.get(at)?;
        let mut cells = vec![
            parts::row_sign(app, view),
            view.id.short(),
            view.requester.user_name.clone(),
            view.account.name.clone(),
            view.permission_set.name.clone(),
            view.state.to_string(),
            left(view, app),
        ];
        if wide {
            cells.insert(4, view.account.id.to_string());
            cells.push(bar(view, app));
            cells.push(spark(view, app));
        }
        Some(Row {
            cells,
            style: style(view, app, theme),
        })
    };
    let at = app.position(Screen::Sessions, &rows);
    table::draw_some(frame, body, theme, &columns, rows.len(), &row, at);
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

fn seconds_left(view: &RequestView, app: &App) -> Option<i64> {
    view.end_at.map(|end| (end - app.now).num_seconds())
}

fn left(view: &RequestView, app: &App) -> String {
    match view.state {
        RequestState::Scheduled => view.start_at.map_or_else(
            || "soon".to_owned(),
            |at| format!("at {}", format::minute(at, app.zone)),
        ),
        RequestState::Ending => "removing".to_owned(),
        RequestState::Activating => "creating".to_owned(),
        _ => {
            let near = seconds_left(view, app).is_some_and(|left| left < NEAR);
            let text = view
                .end_at
                .map_or_else(String::new, |end| format::left(end, app.now));
            if near { format!("{text} !") } else { text }
        }
    }
}

/// How much of the time is used up.
fn bar(view: &RequestView, app: &App) -> String {
    const WIDTH: i64 = 11;
    let (Some(start), Some(end), RequestState::Active) = (view.start_at, view.end_at, view.state) else {
        return String::new();
    };
    let whole = (end - start).num_seconds().max(1);
    let used = (app.now - start).num_seconds().clamp(0, whole);
    let filled = usize::try_from(used * WIDTH / whole).unwrap_or(0);
    format!("{}{}", "▓".repeat(filled), "░".repeat(11 - filled))
}

/// Events of the last hour, five minutes a cell, as high as they are many.
fn spark(view: &RequestView, app: &App) -> String {
    const CELLS: usize = 12;
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let Some(tail) = app.tails.get(&view.id).filter(|tail| !tail.items.is_empty()) else {
        return String::new();
    };
    let mut counts = [0_usize; CELLS];
    for item in &tail.items {
        let ago = (app.now - item.event_time).num_minutes();
        if let Ok(cell) = usize::try_from(ago / 5)
            && ago >= 0
            && cell < CELLS
        {
            counts[CELLS - 1 - cell] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let level = |count: usize| match count {
        0 => ' ',
        some => LEVELS[(some * LEVELS.len()).div_ceil(most).min(LEVELS.len()) - 1],
    };
    counts.into_iter().map(level).collect()
}

fn style(view: &RequestView, app: &App, theme: Theme) -> Style {
    let near = seconds_left(view, app).is_some_and(|left| left < NEAR);
    match view.state {
        RequestState::Active if near => theme.care(),
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
        |newest| format!("following · newest {}", format::relative(newest, app.now)),
    );
    rule::draw(frame, area, theme, &title, &lag);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if tail.items.is_empty() {
        let text = if tail.coverage.is_empty() {
            "No events yet.  CloudTrail usually shows them after 5-15 minutes".to_owned()
        } else {
            format!("No events yet.  {}", tail.coverage)
        };
        parts::empty(frame, body, app, theme, &text);
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
