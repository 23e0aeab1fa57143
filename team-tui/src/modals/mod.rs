//! Dialogs over a screen. At most one is open; the help lies over everything.
//!
//! To add one: a variant of [`Modal`], a file here for its state and looks, and one in `update/` for its keys.

pub(crate) mod command_line;
pub(crate) mod decide;
pub(crate) mod help;
pub(crate) mod request_form;
pub(crate) mod use_sheet;
pub(crate) mod welcome;

pub(crate) use command_line::CommandLine;
pub(crate) use decide::Decide;
pub(crate) use request_form::Form;
pub(crate) use use_sheet::UseSheet;

use crate::app::App;
use crate::keymap::Action;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear};

/// The open dialog.
#[derive(Debug, Clone)]
pub(crate) enum Modal {
    /// Approve, reject, revoke, cancel, done, and what else is decided.
    Decide(Box<Decide>),
    /// New request.
    Form(Box<Form>),
    /// How an access is used.
    Use(Box<UseSheet>),
    /// `:`.
    Command(CommandLine),
}

pub(crate) fn draw(frame: &mut Frame, body: Rect, keys: Rect, app: &App, theme: Theme) {
    match &app.modal {
        Some(Modal::Decide(dialog)) => decide::view::draw(frame, body, app, dialog, theme),
        Some(Modal::Form(form)) => request_form::draw(frame, body, app, form, theme),
        Some(Modal::Use(sheet)) => use_sheet::draw(frame, body, app, sheet, theme),
        Some(Modal::Command(line)) => command_line::draw(frame, body, keys, app, line, theme),
        None => {}
    }
}

/// An empty framed box in the middle of `area`; gives its inside.
pub(crate) fn window(
    frame: &mut Frame,
    area: Rect,
    theme: Theme,
    title: &str,
    width: u16,
    height: u16,
) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(theme.accent())
        .title(Line::styled(format!(" {title} "), theme.strong()));
    let inside = block.inner(outer);
    frame.render_widget(Clear, outer);
    frame.render_widget(block, outer);
    Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        ..inside
    }
}

/// The two buttons at the foot of a dialog; cancel stands first.
pub(crate) fn buttons(
    app: &App,
    theme: Theme,
    verb: &str,
    (cancel, submit): (bool, bool),
    sending: bool,
) -> Line<'static> {
    let style = |focus| if focus { theme.selected() } else { theme.text() };
    if sending {
        return Line::styled("sending…", theme.care()).right_aligned();
    }
    Line::from(vec![
        ratatui::text::Span::styled(app.keyed("[ Leave  {back} ]"), style(cancel)),
        ratatui::text::Span::raw("   "),
        ratatui::text::Span::styled(format!("[ {verb}  {} ]", app.key(Action::Submit)), style(submit)),
    ])
    .right_aligned()
}
