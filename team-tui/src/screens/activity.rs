//! Activity: what is done in all sessions that one may see, as CloudTrail tells of it.

use super::parts;
use crate::app::App;
use crate::commands::activity_call;
use crate::feed::Sheet;
use crate::format;
use crate::keymap::Action;
use crate::theme::Theme;
use crate::widgets::rule;
use crate::widgets::table::{self, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use team_shared::activity::ActivityItem;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    if let Some(sheet) = &app.feed.sheet {
        return draw_sheet(frame, area, app, sheet, theme);
    }
    let filter = app.filter_read();
    let rows = app.feed.rows(&filter, &app.requests);
    let title = match app.feed.waiting() {
        Some(waiting) => format!("activity: {} events, paused, {waiting} waiting", rows.len()),
        None => format!("activity: {} events", rows.len()),
    };
    // Of all that came, or of the one session: what the filter hides is no older for that.
    let newest = match app.followed().and_then(|id| app.tails.get(&id)) {
        Some(tail) => tail.newest,
        None => app.feed.newest(),
    };
    let note = newest.map_or_else(
        || "following".to_owned(),
        |at| format!("newest {}", format::relative(at, app.now)),
    );
    let body = parts::title(frame, area, app, theme, &title, &note);
    let body = parts::covered(frame, body, &app.covered(), theme);
    if rows.is_empty() {
        let text = match app.filter.value().is_empty() {
            true => "No events yet.  CloudTrail usually shows them after 5-15 minutes",
            false => "No event fits the filter",
        };
        return parts::empty(frame, body, app, theme, text);
    }
    let (wide, wider) = (area.width >= 100, area.width >= 120);
    let mut columns = vec![
        fixed("TIME", 9),
        fixed("WHO", 10),
        fixed("ACCOUNT", 12),
        growing("EVENT", 24),
        fixed("", 2),
        growing("RESULT", 12),
    ];
    if wide {
        columns.push(growing("MARKS", 12));
        columns.push(fixed("REGION", 10));
    }
    if wider {
        columns.push(fixed("FROM", 15));
    }
    let at = app
        .feed
        .cursor
        .as_ref()
        .and_then(|cursor| rows.iter().position(|(place, _)| *place == cursor));
    let at = at.unwrap_or(rows.len() - 1);
    let row = |at: usize| rows.get(at).map(|(_, item)| line(item, app, theme));
    let first = table::draw_some(frame, body, theme, &columns, rows.len(), &row, Some(at));
    app.drawn.list_is(body, first);
}

/// All that a row may have: what has no column is not drawn.
fn line(item: &ActivityItem, app: &App, theme: Theme) -> Row {
    let view = item.request_id.and_then(|id| app.requests.get(&id));
    let account = view.map_or_else(|| item.account_id.to_string(), |view| view.account.name.clone());
    let result = match &item.error_code {
        Some(code) => format!("! {code}"),
        None => item.resources.join(" "),
    };
    let is_usual = |mark: &&String| matches!(mark.as_str(), "write" | "error");
    let marks: Vec<&str> = item
        .marks
        .iter()
        .filter(|mark| !is_usual(mark))
        .map(String::as_str)
        .collect();
    let cells = vec![
        format::clock(item.event_time, app.zone),
        view.map_or_else(String::new, |view| view.requester.user_name.clone()),
        account,
        activity_call(item),
        if item.read_only { "" } else { "W" }.to_owned(),
        result,
        marks.join(" "),
        item.region.clone(),
        item.source_ip.clone(),
    ];
    let style = match (item.error_code.is_some(), !marks.is_empty(), item.read_only) {
        (true, _, _) => theme.bad(),
        (false, true, _) => theme.care(),
        (false, false, true) => theme.dim(),
        (false, false, false) => theme.text(),
    };
    Row { cells, style }
}

fn draw_sheet(frame: &mut Frame, area: Rect, app: &App, sheet: &Sheet, theme: Theme) {
    rule::draw(
        frame,
        area,
        theme,
        &sheet.title,
        &format!("{} back", app.key(Action::Back)),
    );
    let Some(lines) = &sheet.lines else {
        let body = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        return parts::empty(frame, body, app, theme, "reading the record…");
    };
    let height = usize::from(area.height).saturating_sub(1);
    let first = usize::from(sheet.scroll).min(lines.len().saturating_sub(height));
    let width = usize::from(area.width);
    for (at, text) in lines.iter().skip(first).take(height).enumerate() {
        let y = area.y + 1 + u16::try_from(at).unwrap_or(0);
        let line = Line::styled(format::fit(&format!(" {text}"), width), theme.text());
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}
