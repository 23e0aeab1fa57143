//! A line with a title on the left and a note on the right: `── pending ─────── 3 of 3 ──`.

use crate::format::fit;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use team_shared::text::inert;
use unicode_width::UnicodeWidthStr;

pub(crate) fn draw(frame: &mut Frame, area: Rect, theme: Theme, title: &str, note: &str) {
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width);
    let title = fit(title, width.saturating_sub(6));
    let room = width.saturating_sub(title.width() + 9);
    let note = whole(note, room);
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

/// The first parts of a note that are whole: half a hint helps nobody. Where not even the first has room there is none,
/// unless what is there of it can still be read.
fn whole(note: &str, room: usize) -> String {
    let mut note = inert(note);
    while note.width() > room {
        match note.rfind(" · ") {
            Some(cut) => note.truncate(cut),
            None if room < 8 => return String::new(),
            None => return fit(&note, room),
        }
    }
    note
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_note_loses_its_last_parts_first() {
        let note = "yours first · oldest first";
        assert_eq!(whole(note, 26), note);
        assert_eq!(whole(note, 25), "yours first");
        assert_eq!(whole(note, 10), "yours fir…");
        assert_eq!(whole(note, 7), "");
    }
}
