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

/// Draws heading and rows; scrolls so that `selected` is in sight. Says which row is the first one then.
pub(crate) fn draw(
    frame: &mut Frame,
    area: Rect,
    theme: Theme,
    columns: &[Column],
    rows: &[Row],
    selected: Option<usize>,
) -> usize {
    let row = |at: usize| rows.get(at).cloned();
    draw_some(frame, area, theme, columns, rows.len(), &row, selected)
}

/// The same for many rows, of which only those in sight are made.
pub(crate) fn draw_some(
    frame: &mut Frame,
    area: Rect,
    theme: Theme,
    columns: &[Column],
    count: usize,
    row: &dyn Fn(usize) -> Option<Row>,
    selected: Option<usize>,
) -> usize {
    if area.height < 2 {
        return 0;
    }
    let widths = widths(columns, usize::from(area.width).saturating_sub(3));
    let headings: Vec<String> = columns.iter().map(|column| column.heading.to_owned()).collect();
    let line = |cells: &[String]| {
        cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                if *width == 0 {
                    return String::new();
                }
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
    let in_sight = (first..count).take(height);
    for (offset, (at, row)) in in_sight.filter_map(|at| Some((at, row(at)?))).enumerate() {
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
    first
}

/// Widths of the columns: the least ones, and what is left in equal shares for those that grow. Where there is not
/// room for all, those that grow shrink by up to half, then whole columns go, from the right.
fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
    let needed: usize = widths.iter().sum::<usize>() + widths.len();
    let mut left = room.saturating_sub(needed);
    let mut lacking = needed.saturating_sub(room);
    // Twice: what one column cannot give, another may.
    for _ in 0..2 {
        let mut growing = columns.iter().filter(|column| column.grows).count();
        for (width, column) in widths.iter_mut().zip(columns).filter(|(_, column)| column.grows) {
            if lacking > 0 {
                let least = (column.width / 2).max(6).min(column.width);
                let given = width.saturating_sub(least).min(lacking.div_ceil(growing));
                *width -= given;
                lacking -= given;
            } else if needed <= room {
                let share = (left / growing).min(40);
                *width += share;
                left -= share;
            }
            growing = growing.saturating_sub(1).max(1);
        }
    }
    for width in widths.iter_mut().rev() {
        if lacking == 0 {
            break;
        }
        let given = *width + 1;
        *width = 0;
        lacking = lacking.saturating_sub(given);
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
        let columns = [fixed("A", 6), growing("B", 20), growing("C", 10), fixed("D", 4)];
        assert_eq!(widths(&columns, 34), [6, 14, 6, 4]);
    }
}
