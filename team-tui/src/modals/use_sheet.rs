//! How one's own live access is used: console link, AWS profile, sign-in, each to be copied.

use super::window;
use crate::app::App;
use crate::format::{self, fit, wrap};
use crate::theme::Theme;
use crate::ways::{Way, Ways};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use team_shared::ids::RequestId;

/// Columns of a label and of the cursor before it.
const LABEL: usize = 10;

/// The sheet's state.
#[derive(Debug, Clone)]
pub(crate) struct UseSheet {
    pub(crate) id: RequestId,
    /// Absent: not read yet.
    pub(crate) ways: Option<Ways>,
    /// What the cursor is on.
    pub(crate) index: usize,
}

impl UseSheet {
    pub(crate) fn new(id: RequestId) -> Self {
        Self {
            id,
            ways: None,
            index: 0,
        }
    }

    /// What the cursor is on.
    pub(crate) fn chosen(&self) -> Option<&Way> {
        self.ways.as_ref()?.all.get(self.index)
    }
}

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, sheet: &UseSheet, theme: Theme) {
    let title = format!("Use {}", sheet.id.short());
    let inside = window(frame, area, theme, &title, 100, area.height);
    let width = usize::from(inside.width);
    let (lines, at) = lines(sheet, app, width, theme);
    // The part under the cursor is in sight, and above it as much as there is room for.
    let height = usize::from(inside.height);
    let first = at.min(lines.len().saturating_sub(height));
    let first = if at < height && lines.len() > height {
        0
    } else {
        first
    };
    for (y, line) in (inside.y..inside.bottom()).zip(lines.into_iter().skip(first)) {
        frame.render_widget(
            line,
            Rect {
                y,
                height: 1,
                ..inside
            },
        );
    }
}

/// All lines, and where the part under the cursor begins.
fn lines(sheet: &UseSheet, app: &App, width: usize, theme: Theme) -> (Vec<Line<'static>>, usize) {
    let Some(ways) = &sheet.ways else {
        return (vec![Line::styled("reading…", theme.dim())], 0);
    };
    let access = &ways.access;
    let target = format!(
        "{} ({}) as {}",
        access.account_name, access.account_id, access.role_name
    );
    let left = format::left(access.until, app.now);
    let until = format!("until {}, {left}", format::full(access.until, app.zone));
    let style = if access.until > app.now {
        theme.text()
    } else {
        theme.bad()
    };
    let mut lines = vec![
        Line::styled(fit(&target, width), theme.strong()),
        Line::styled(fit(&until, width), style),
    ];
    let mut at = 0;
    for (number, way) in ways.all.iter().enumerate() {
        // What is typed one after the other stands together, and all of it fits into 80x24.
        if way.label != "then" {
            lines.push(Line::default());
        }
        let is_chosen = number == sheet.index;
        if is_chosen {
            at = lines.len();
        }
        let style = if is_chosen { theme.strong() } else { theme.text() };
        lines.extend(of_way(way, is_chosen, width, style, theme));
    }
    if let Some(why) = &ways.missing {
        lines.push(Line::default());
        lines.extend(
            wrap(why, width)
                .into_iter()
                .map(|part| Line::styled(part, theme.care())),
        );
    }
    (lines, at)
}

fn of_way(way: &Way, is_chosen: bool, width: usize, style: Style, theme: Theme) -> Vec<Line<'static>> {
    let mark = if is_chosen { "▸ " } else { "  " };
    let parts = way
        .text
        .lines()
        .flat_map(|line| wrap(line, width.saturating_sub(LABEL)));
    let line = |(at, part): (usize, String)| {
        let label = if at == 0 {
            format!("{mark}{:<8}", way.label)
        } else {
            " ".repeat(LABEL)
        };
        Line::from(vec![Span::styled(label, theme.dim()), Span::styled(part, style)])
    };
    parts.enumerate().map(line).collect()
}
