//! Status: the daemon's health, as much of it as one may see.

use super::parts;
use crate::app::App;
use crate::commands::health_sheet;
use crate::theme::Theme;
use crate::widgets::sheet;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let body = parts::title(frame, area, app, theme, "status", &app.socket);
    let Some(health) = &app.health else {
        parts::empty(
            frame,
            body,
            app,
            theme,
            &app.keyed("No word on its health yet.  {resync} asks again"),
        );
        return;
    };
    let mut rows = health_sheet(health, app.now, app.zone);
    if let Some(me) = &app.me {
        rows.push(("you", me.explanation.clone()));
        rows.push((
            "your groups",
            if me.groups.is_empty() {
                "none".to_owned()
            } else {
                me.groups.join(", ")
            },
        ));
    }
    rows.extend(app.chaos.iter().map(|line| ("chaos", line.clone())));
    let lines = sheet::lines(&rows, usize::from(body.width), theme);
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(body.height);
    frame.render_widget(Paragraph::new(lines).scroll((app.scroll.min(most), 0)), body);
}
