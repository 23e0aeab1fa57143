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
    // Where there is no room for all of a row's marks, the first of them and how many more; else how many.
    let (marks, who, account) = match area.width {
        0..80 => (fixed("M", 3), 8, 12),
        80..100 => (fixed("MARKS", 11), 9, 10),
        _ => (growing("MARKS", 12), 10, 12),
    };
    let short = (!wide).then_some(marks.width);
    let mut columns = vec![
        fixed("TIME", 9),
        fixed("WHO", who),
        fixed("ACCOUNT", account),
        growing("EVENT", 24),
        fixed("", 2),
        marks,
        growing("RESULT", 12),
    ];
    if wide {
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
    let row = |at: usize| rows.get(at).map(|(_, item)| line(item, short, app, theme));
    let first = table::draw_some(frame, body, theme, &columns, rows.len(), &row, Some(at));
    app.drawn.list_is(body, first);
}

/// All that a row may have: what has no column is not drawn.
fn line(item: &ActivityItem, short: Option<usize>, app: &App, theme: Theme) -> Row {
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
        short.map_or_else(|| marks.join(" "), |width| in_short(&marks, width)),
        result,
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

/// `secret-read`, `secret-…+2`, or `*3`: colour alone says nothing where there is none.
fn in_short(marks: &[&str], width: usize) -> String {
    match marks {
        [] => String::new(),
        some if width < 8 => format!("*{}", some.len()),
        [one] => format::fit(one, width),
        [first, more @ ..] => {
            let more = format!("+{}", more.len());
            format!("{}{more}", format::fit(first, width.saturating_sub(more.len())))
        }
    }
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

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn marks_are_said_in_any_room() {
        assert_eq!(in_short(&[], 11), "");
        assert_eq!(in_short(&["secret-read"], 11), "secret-read");
        assert_eq!(
            in_short(&["new-address", "new-agent", "new-action"], 11),
            "new-addr…+2"
        );
        assert_eq!(in_short(&["new-address", "new-agent"], 3), "*2");
    }
}
