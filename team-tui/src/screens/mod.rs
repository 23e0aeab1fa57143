//! The view: reads the app, writes cells.
//!
//! To add a screen: a variant of [`Screen`], a file here with its rows and its words for emptiness.

mod access;
mod activity;
mod detail;
mod history;
mod mine;
mod parts;
mod policy;
mod queue;
mod report;
mod requests;
mod sessions;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;

use crate::app::{App, Link, Screen};
use crate::modals;
use crate::theme::Theme;
use crate::widgets::{footer, header};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// The least that can be worked with.
const LEAST: (u16, u16) = (60, 15);

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame, app: &App, theme: Theme) {
    let area = frame.area();
    app.drawn.clear();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!(
            "needs {}x{}, now {}x{}",
            LEAST.0, LEAST.1, area.width, area.height
        );
        frame.render_widget(Line::styled(text, theme.care()), area);
        return;
    }
    let banners = header::banners(app);
    let room = if area.height >= 30 { 4 } else { 2 };
    let shown = banners.len().min(room);
    let [identity, tabs, notices, body, toast, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(u16::try_from(shown).unwrap_or(0)),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw_identity(frame, identity, app, theme);
    header::draw_tabs(frame, tabs, app, theme);
    for (at, (bad, text)) in banners.iter().take(shown).enumerate() {
        let y = notices.y + u16::try_from(at).unwrap_or(0);
        let style = if *bad { theme.bad() } else { theme.care() };
        let line = crate::format::fit(&format!(" {text}"), usize::from(area.width));
        frame.render_widget(
            Line::styled(line, style),
            Rect {
                y,
                height: 1,
                ..notices
            },
        );
    }
    draw_body(frame, body, app, theme);
    if matches!(app.link, Link::Lost { .. }) {
        // Old data looks old: nobody should decide on it.
        frame
            .buffer_mut()
            .set_style(body, theme.dim().add_modifier(Modifier::DIM));
    }
    footer::draw_toast(frame, toast, app, theme);
    footer::draw_keys(frame, keys, app, theme);
    let over = Rect {
        height: body.height + toast.height,
        ..body
    };
    modals::draw(frame, over, keys, app, theme);
    modals::welcome::draw(frame, over, app, theme);
    if app.help.is_some() {
        modals::help::draw(frame, over, app, theme);
    }
}

fn draw_body(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    if let Some(detail) = &app.detail {
        detail::draw(frame, area, app, detail, theme);
        return;
    }
    match app.screen {
        Screen::Queue => queue::draw(frame, area, app, theme),
        Screen::Mine => mine::draw(frame, area, app, theme),
        Screen::Sessions => sessions::draw(frame, area, app, theme),
        Screen::History => history::draw(frame, area, app, theme),
        Screen::Policy => policy::draw(frame, area, app, theme),
        Screen::Activity => activity::draw(frame, area, app, theme),
        Screen::Status => match &app.access {
            Some(access) => access::draw(frame, area, app, access, theme),
            None => status::draw(frame, area, app, theme),
        },
    }
}
