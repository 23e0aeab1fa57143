//! Labels and texts under each other, the texts wrapped beside their labels.

use crate::format::{fit, wrap};
use crate::glass;
use crate::theme::Theme;
use ratatui::text::{Line, Span};

/// Lines of a sheet that is `width` columns wide.
pub(crate) fn lines(rows: &[(&str, String)], width: usize, theme: Theme) -> Vec<Line<'static>> {
    let label_width = rows
        .iter()
        .map(|(label, _)| label.chars().count())
        .max()
        .unwrap_or(0)
        .min(14);
    let text_width = width.saturating_sub(label_width + 3);
    let mut lines = Vec::new();
    for (label, text) in rows {
        let (label_style, style) = match *label {
            glass::WORD => (theme.bad(), theme.bad()),
            label if label.starts_with('!') => (theme.dim(), theme.care()),
            _ => (theme.dim(), theme.text()),
        };
        for (at, part) in wrap(text, text_width).into_iter().enumerate() {
            let label = if at == 0 {
                fit(label, label_width)
            } else {
                String::new()
            };
            lines.push(Line::from(vec![
                Span::styled(format!(" {label:<label_width$}  "), label_style),
                Span::styled(part, style),
            ]));
        }
    }
    lines
}
