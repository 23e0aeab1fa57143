//! The whole sheet of one request: terms, demands, votes, the assignment, what it waits for, what happened.

use super::history::{particulars, who};
use crate::app::{App, Detail};
use crate::commands::request_sheet;
use crate::coverage::{self, Cover};
use crate::digest;
use crate::format;
use crate::theme::Theme;
use crate::widgets::{rule, sheet};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, detail: &Detail, theme: Theme) {
    let Some(view) = app.requests.get(&detail.id) else {
        rule::draw(frame, area, theme, &detail.id.short(), &app.keyed("{back} back"));
        let line = Line::styled(
            app.keyed(" Nothing that you may see, or not read yet.  {back} goes back"),
            theme.care(),
        );
        frame.render_widget(
            line,
            Rect {
                y: area.y + 1,
                height: 1,
                ..area
            },
        );
        return;
    };
    let title = format!("{} {}", view.id.short(), view.state);
    rule::draw(
        frame,
        area,
        theme,
        &title,
        &app.keyed("{down} {up} scroll · {back} back"),
    );
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let mut lines = sheet::lines(
        &request_sheet(view, app.now, app.zone),
        usize::from(body.width),
        theme,
    );
    lines.extend(done(app, detail, usize::from(body.width), theme));
    lines.push(Line::default());
    lines.push(Line::styled(" what happened", theme.strong()));
    let events = app.timelines.get(&view.id).map_or(&[][..], Vec::as_slice);
    if events.is_empty() {
        lines.push(Line::styled(" nothing on record yet", theme.dim()));
    }
    for event in events {
        let text = format!(
            " {}  {:<10} {:<20} {}",
            format::short(event.at, app.zone),
            who(event),
            event.kind,
            particulars(event)
        );
        lines.push(Line::from(format::fit(&text, usize::from(body.width))));
    }
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(body.height);
    frame.render_widget(Paragraph::new(lines).scroll((detail.scroll.min(most), 0)), body);
}

/// What was done with the access, in full, and what of it is known.
fn done(app: &App, detail: &Detail, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some(known) = app.digests.get(&detail.id) else {
        return Vec::new();
    };
    let mut rows = known
        .digest
        .as_ref()
        .map_or_else(Vec::new, |digest| digest::lines(digest, app.zone));
    let said = coverage::of_one(&Cover::of_tail(app, detail.id, known), app.zone);
    rows.push(("covered", said.whole()));
    let mut lines = vec![
        Line::default(),
        Line::styled(" what was done with it", theme.strong()),
    ];
    lines.extend(sheet::lines(&rows, width, theme));
    lines
}
