//! A field of a dialog: a label and a line or a box of text, with a cursor where it has the focus.

use crate::format::inert;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Draws `label  text█  note` on one line.
pub(crate) fn line(
    frame: &mut Frame,
    area: Rect,
    theme: Theme,
    label: &str,
    input: &Input,
    focus: bool,
    note: &str,
) {
    const LABEL: u16 = 16;
    let marker = if focus { "▸" } else { " " };
    let style = if focus { theme.strong() } else { theme.dim() };
    frame.render_widget(Line::styled(format!("{marker}{label}"), style), area);
    let text_area = Rect {
        x: area.x + LABEL.min(area.width),
        width: area.width.saturating_sub(LABEL),
        ..area
    };
    // Where it is narrow, the note matters more than seeing all of a long text at once.
    let beside = if text_area.width < 54 {
        usize::from(text_area.width) / 3
    } else {
        24
    };
    let shown_width = if note.is_empty() {
        usize::from(text_area.width).saturating_sub(1)
    } else {
        beside
    };
    let scroll = input.visual_scroll(shown_width);
    let text = tail(input.value(), scroll, shown_width);
    let pad = shown_width.saturating_sub(text.width());
    let line = Line::from(vec![
        Span::styled(text, theme.text()),
        Span::raw(" ".repeat(pad)),
        Span::styled(
            if note.is_empty() {
                String::new()
            } else {
                format!("  {}", inert(note))
            },
            theme.dim(),
        ),
    ]);
    frame.render_widget(line, text_area);
    if focus {
        let column = input
            .visual_cursor()
            .saturating_sub(scroll)
            .min(usize::from(text_area.width));
        let x = text_area.x + u16::try_from(column).unwrap_or(0);
        frame.set_cursor_position(Position::new(x, text_area.y));
    }
}

/// What of `text` is in sight after `skip` columns.
fn tail(text: &str, skip: usize, width: usize) -> String {
    let (mut passed, mut shown) = (0, String::new());
    for grapheme in text.graphemes(true) {
        if passed < skip {
            passed += grapheme.width();
        } else if shown.width() + grapheme.width() <= width {
            shown.push_str(grapheme);
        }
    }
    shown
}

/// Draws a text over several lines in a frame, with its length in the corner.
pub(crate) fn boxed(frame: &mut Frame, area: Rect, theme: Theme, label: &str, input: &Input, focus: bool) {
    use ratatui::widgets::{Block, Borders, Paragraph};
    const LABEL: u16 = 16;
    let marker = if focus { "▸" } else { " " };
    let style = if focus { theme.strong() } else { theme.dim() };
    frame.render_widget(
        Line::styled(format!("{marker}{label}"), style),
        Rect { height: 1, ..area },
    );
    let box_area = Rect {
        x: area.x + LABEL.min(area.width),
        width: area.width.saturating_sub(LABEL),
        ..area
    };
    let count = format!(
        " {}/{} ",
        input.value().chars().count(),
        team_shared::text::MAX_TEXT
    );
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(if focus { theme.accent() } else { theme.dim() })
        .title_bottom(Line::from(count).right_aligned());
    let inside = block.inner(box_area);
    frame.render_widget(block, box_area);
    if inside.is_empty() {
        return;
    }
    let (lines, (column, row)) = broken(input, usize::from(inside.width));
    let first = (row + 1).saturating_sub(usize::from(inside.height));
    let visible: Vec<Line> = lines.into_iter().skip(first).map(Line::from).collect();
    frame.render_widget(Paragraph::new(visible), inside);
    if focus {
        let x = inside.x + u16::try_from(column).unwrap_or(0).min(inside.width - 1);
        let y = inside.y + u16::try_from(row - first).unwrap_or(0);
        frame.set_cursor_position(Position::new(x, y));
    }
}

/// Breaks by columns, not words: so the cursor is always where the next letter will stand.
fn broken(input: &Input, width: usize) -> (Vec<String>, (usize, usize)) {
    let mut lines = vec![String::new()];
    let mut cursor = (0, 0);
    let mut at = 0;
    for grapheme in input.value().graphemes(true) {
        if lines.last().map_or(0, |line| line.width()) + grapheme.width() > width {
            lines.push(String::new());
        }
        if at <= input.cursor() {
            cursor = (lines.last().map_or(0, |line| line.width()), lines.len() - 1);
        }
        lines
            .last_mut()
            .into_iter()
            .for_each(|line| line.push_str(grapheme));
        at += grapheme.chars().count();
    }
    if input.cursor() >= at {
        cursor = (lines.last().map_or(0, |line| line.width()), lines.len() - 1);
    }
    if cursor.0 >= width {
        lines.push(String::new());
        cursor = (0, lines.len() - 1);
    }
    (lines, cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stands_where_the_next_letter_goes() {
        let input = Input::new("abcdef".to_owned());
        assert_eq!(broken(&input, 4).1, (2, 1));
        assert_eq!(broken(&input, 6).1, (0, 1));
        assert_eq!(broken(&input.clone().with_cursor(1), 4).1, (1, 0));
        assert_eq!(broken(&Input::default(), 4).1, (0, 0));
    }
}
