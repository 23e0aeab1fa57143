//! A list with a heading and a cursor. Rows are cut to their columns; what does not fit is never wrapped.

use crate::format::fit;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

/// A column: its heading, its least width and whether it takes a share of what is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) width: usize,
    pub(crate) grows: bool,
}

pub(crate) const fn fixed(heading: &'static str, width: usize) -> Column {
    Column {
        heading,
        width,
        grows: false,
    }
}

pub(crate) const fn growing(heading: &'static str, width: usize) -> Column {
    Column {
        heading,
        width,
        grows: true,
    }
}

/// A row: its cells and how they look.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) style: Style,
}

/// Draws heading and rows; scrolls so that `selected` is in sight.
pub(crate) fn draw(
    frame: &mut Frame,
    area: Rect,
    theme: Theme,
    columns: &[Column],
    rows: &[Row],
    selected: Option<usize>,
) {
    if area.height < 2 {
        return;
    }
    let widths = widths(columns, usize::from(area.width).saturating_sub(3));
    let headings: Vec<String> = columns.iter().map(|column| column.heading.to_owned()).collect();
    let line = |cells: &[String]| {
        cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                let cell = fit(cell, *width);
                let pad = width.saturating_sub(cell.width());
                format!("{cell}{} ", " ".repeat(pad))
            })
            .collect::<String>()
    };
    let heading = Line::styled(format!("  {}", line(&headings)), theme.dim());
    frame.render_widget(heading, Rect { height: 1, ..area });
    let height = usize::from(area.height) - 1;
    let first = selected.map_or(0, |at| at.saturating_sub(height.saturating_sub(1)));
    for (offset, (at, row)) in rows.iter().enumerate().skip(first).take(height).enumerate() {
        let is_selected = selected == Some(at);
        let mark = if is_selected { "▸ " } else { "  " };
        let style = if is_selected {
            row.style.patch(theme.selected())
        } else {
            row.style
        };
        let y = area.y + 1 + u16::try_from(offset).unwrap_or(u16::MAX);
        let mut text = format!("{mark}{}", line(&row.cells));
        let pad = usize::from(area.width).saturating_sub(text.width());
        text.push_str(&" ".repeat(pad));
        frame.render_widget(Line::styled(text, style), Rect { y, height: 1, ..area });
    }
}

/// Widths of the columns: the least ones, and what is left in equal shares for those that grow. Columns on the right
/// go first where there is not room for all.
fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
    let needed: usize = widths.iter().sum::<usize>() + widths.len();
    let growing = columns.iter().filter(|column| column.grows).count();
    if needed <= room {
        let mut left = room - needed;
        let mut shares = growing;
        for (width, column) in widths.iter_mut().zip(columns) {
            if column.grows && shares > 0 {
                let share = (left / shares).min(40);
                *width += share;
                left -= share;
                shares -= 1;
            }
        }
    } else {
        let mut left = room;
        for width in &mut widths {
            *width = (*width).min(left.saturating_sub(1));
            left = left.saturating_sub(*width + 1);
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_what_is_left() {
        let columns = [fixed("A", 6), growing("B", 4), growing("C", 4)];
        assert_eq!(widths(&columns, 27), [6, 9, 9]);
        assert_eq!(widths(&columns, 12), [6, 4, 0]);
    }
}
