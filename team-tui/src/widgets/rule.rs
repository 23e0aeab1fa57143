//! A line with a title on the left and a note on the right: `── pending ─────── 3 of 3 ──`.

use crate::format::fit;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

pub(crate) fn draw(frame: &mut Frame, area: Rect, theme: Theme, title: &str, note: &str) {
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width);
    let title = fit(title, width.saturating_sub(6));
    let room = width.saturating_sub(title.width() + 9);
    let note = if room < 8 { String::new() } else { fit(note, room) };
    let mut spans = vec![
        Span::styled("── ", theme.dim()),
        Span::styled(title.clone(), theme.strong()),
        Span::raw(" "),
    ];
    let used = 4 + title.width() + if note.is_empty() { 0 } else { note.width() + 3 };
    spans.push(Span::styled("─".repeat(width.saturating_sub(used)), theme.dim()));
    if !note.is_empty() {
        spans.push(Span::styled(format!(" {note} "), theme.dim()));
        spans.push(Span::styled("─", theme.dim()));
    }
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
}
