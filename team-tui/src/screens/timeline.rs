//! Who had access, has it, and will have it: a bar each, over the hours before and after now.

use super::parts;
use crate::app::App;
use crate::format;
use crate::theme::Theme;
use crate::widgets::rule;
use chrono::{DateTime, Duration, DurationRound, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

/// So many hours on either side of now.
const HOURS: i64 = 4;

/// Room for who and where before a bar.
const NAME: usize = 26;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (from, until) = (app.now - Duration::hours(HOURS), app.now + Duration::hours(HOURS));
    let mut rows: Vec<(&RequestView, DateTime<Utc>, DateTime<Utc>)> = app
        .requests
        .values()
        .filter_map(|view| span(view, app.now).map(|(start, end)| (view, start, end)))
        .filter(|(_, start, end)| *start < until && *end > from)
        .collect();
    rows.sort_by_key(|(view, start, _)| {
        (
            view.account.name.clone(),
            view.requester.user_name.clone(),
            *start,
        )
    });
    let title = format!("who has what: {} from {HOURS}h ago to {HOURS}h ahead", rows.len());
    rule::draw(frame, area, theme, &title, &app.keyed("{bars} activity"));
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if rows.is_empty() {
        parts::empty(
            frame,
            body,
            app,
            theme,
            "Nobody had, has or will have access in these hours",
        );
        return;
    }
    let room = usize::from(area.width).saturating_sub(NAME + 2);
    let axis = axis(app, from, room);
    put(
        frame,
        body,
        0,
        Line::styled(format!("{}{axis}", " ".repeat(NAME + 1)), theme.dim()),
    );
    let height = usize::from(body.height).saturating_sub(1);
    let shown = if rows.len() > height {
        height.saturating_sub(1)
    } else {
        rows.len()
    };
    for (at, (view, start, end)) in rows.iter().take(shown).enumerate() {
        let who = format!(
            "{} {} {}",
            parts::sign(view),
            view.requester.user_name,
            view.account.name
        );
        let who = format::fit(&who, NAME);
        let pad = NAME.saturating_sub(unicode_width::UnicodeWidthStr::width(who.as_str()));
        let line = format!(
            "{who}{} {}",
            " ".repeat(pad),
            bar(app.now, *start, *end, from, room, view.state)
        );
        put(frame, body, at + 1, Line::styled(line, parts::style(view, theme)));
    }
    if shown < rows.len() {
        let more = format!(" and {} more", rows.len() - shown);
        put(frame, body, shown + 1, Line::styled(more, theme.dim()));
    }
}

fn put(frame: &mut Frame, body: Rect, row: usize, line: Line<'_>) {
    let y = body.y + u16::try_from(row).unwrap_or(u16::MAX);
    if y < body.bottom() {
        frame.render_widget(line, Rect { y, height: 1, ..body });
    }
}

/// From when to when a request is access; what never was is none.
fn span(view: &RequestView, now: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let start = view.start_at?;
    let over = view.ended.as_ref().map(|ended| ended.at);
    match view.state {
        RequestState::Active | RequestState::Scheduled => Some((start, view.end_at?)),
        // Until AWS says that it is gone, it is there.
        RequestState::Ending => Some((start, now)),
        RequestState::Ended | RequestState::Revoked => Some((start, over.or(view.end_at)?)),
        _ => None,
    }
}

/// Which cell a moment is in.
fn cell(at: DateTime<Utc>, from: DateTime<Utc>, room: usize) -> usize {
    let whole = Duration::hours(2 * HOURS).num_seconds();
    let passed = (at - from).num_seconds().clamp(0, whole);
    let room = i64::try_from(room).unwrap_or(0);
    usize::try_from(passed * room / whole).unwrap_or(0)
}

/// Full where it was or is, light where it will be; `│` is now.
fn bar(
    now: DateTime<Utc>,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    from: DateTime<Utc>,
    room: usize,
    state: RequestState,
) -> String {
    let (first, last, here) = (
        cell(start, from, room),
        cell(end, from, room),
        cell(now, from, room),
    );
    (0..room)
        .map(|at| match at {
            _ if at == here => '│',
            // What is shorter than a cell is seen all the same.
            _ if at < first || at >= last.max(first + 1) => ' ',
            _ if at > here || state == RequestState::Scheduled => '░',
            _ => '▓',
        })
        .collect()
}

/// Full hours, in the reader's zone.
fn axis(app: &App, from: DateTime<Utc>, room: usize) -> String {
    let mut line = vec![' '; room];
    let first = from.duration_trunc(Duration::hours(1)).unwrap_or(from);
    for hour in 1..=2 * HOURS {
        let at = first + Duration::hours(hour);
        let text = format::minute(at, app.zone);
        let place = cell(at, from, room);
        if place + text.len() <= room {
            for (offset, letter) in text.chars().enumerate() {
                line[place + offset] = letter;
            }
        }
    }
    line.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_where_their_hours_are() {
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().expect("a time");
        let from = now - Duration::hours(HOURS);
        let bar = |start: i64, end: i64, state| {
            let at = |minutes| now + Duration::minutes(minutes);
            super::bar(now, at(start), at(end), from, 16, state)
        };
        assert_eq!(bar(-60, 60, RequestState::Active), "      ▓▓│░      ");
        assert_eq!(bar(-240, -120, RequestState::Ended), "▓▓▓▓    │       ");
        assert_eq!(bar(60, 120, RequestState::Scheduled), "        │ ░░    ");
        // Five minutes are less than a cell.
        assert_eq!(bar(-65, -60, RequestState::Ended), "     ▓  │       ");
    }
}
