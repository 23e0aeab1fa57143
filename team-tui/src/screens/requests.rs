//! Requests in rows: what each column says of one.

use super::parts;
use crate::app::App;
use crate::digest::in_short;
use crate::format::{self, Zone};
use crate::glass;
use crate::lists::columns::Column;
use crate::residual;
use crate::theme::Theme;
use crate::widgets::table::{self, Row, fixed};
use chrono::{DateTime, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

/// Below so many seconds, an end is near.
const NEAR: i64 = 300;

/// Draws the rows of a screen, each in its style; `width` decides which columns there are.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    app: &App,
    theme: Theme,
    width: u16,
    style: &dyn Fn(&RequestView) -> Style,
) {
    let rows = app.rows(app.screen);
    let chosen = app.columns_of(app.screen, width).unwrap_or_default();
    let mut columns = vec![fixed("", 1)];
    columns.extend(chosen.iter().map(|column| column.drawn()));
    // Which column says that a row goes with the one before it: whose they are, else where.
    let leader = [Column::Who, Column::Account]
        .into_iter()
        .find(|column| chosen.contains(column));
    let row = |at: usize| {
        let view = rows.get(at)?;
        let mut cells = vec![parts::row_sign(app, view)];
        let texts = chosen.iter().map(|column| {
            let text = cell(*column, view, app);
            if leader == Some(*column) && rows.follows(at) {
                format!("└ {text}")
            } else {
                text
            }
        });
        cells.extend(texts);
        Some(Row {
            cells,
            // Nothing that a screen says by a colour matters more.
            style: if glass::is_open(view) {
                theme.bad()
            } else {
                style(view)
            },
        })
    };
    let at = app.position(app.screen, &rows);
    let first = table::draw_some(frame, area, theme, &columns, rows.len(), &row, at);
    app.drawn.list_is(area, first);
}

fn cell(column: Column, view: &RequestView, app: &App) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    match column {
        Column::Id => view.id.short(),
        Column::Filed => format::short(view.created_at, app.zone),
        Column::Who => view.requester.user_name.clone(),
        Column::Account => view.account.name.clone(),
        Column::Number => view.account.id.to_string(),
        Column::Set => view.permission_set.name.clone(),
        Column::For => format::length(view.duration_seconds),
        Column::Age => format::coarse((app.now - view.created_at).num_seconds()),
        Column::Expires if view.state == RequestState::Pending => {
            format::coarse((view.expires_at - app.now).num_seconds())
        }
        Column::Expires => String::new(),
        Column::Votes => parts::votes(view),
        Column::Looks => parts::claimed(view, app),
        Column::State if residual::until(view, app.now).is_some() => format!("{} +k", view.state),
        Column::State => view.state.to_string(),
        Column::When => when(view, app.now, app.zone),
        Column::Left => left(view, app),
        Column::Bar => bar(view, app),
        Column::LastHour => spark(view, app),
        Column::End => view
            .end_at
            .map_or_else(String::new, |end| format::short(end, app.zone)),
        Column::Used => view.activity.as_ref().and_then(in_short).unwrap_or_default(),
        Column::Ticket => or_none(&view.ticket),
        Column::Rule => or_none(&view.rule),
        Column::Reason => view.justification.clone(),
    }
}

/// What matters about its time in its state.
fn when(view: &RequestView, now: DateTime<Utc>, zone: Zone) -> String {
    if let Some(until) = residual::until(view, now) {
        return format!("keys till {}", format::minute(until, zone));
    }
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

/// Whether its end is near.
pub(super) fn is_near(view: &RequestView, app: &App) -> bool {
    view.end_at
        .is_some_and(|end| (end - app.now).num_seconds() < NEAR)
}

fn left(view: &RequestView, app: &App) -> String {
    match view.state {
        RequestState::Scheduled => view.start_at.map_or_else(
            || "soon".to_owned(),
            |at| format!("at {}", format::minute(at, app.zone)),
        ),
        RequestState::Ending => "removing".to_owned(),
        RequestState::Activating => "creating".to_owned(),
        RequestState::Active => {
            let text = view
                .end_at
                .map_or_else(String::new, |end| format::left(end, app.now));
            if is_near(view, app) {
                format!("{text} !")
            } else {
                text
            }
        }
        _ => String::new(),
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
