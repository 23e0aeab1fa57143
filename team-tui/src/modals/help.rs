//! The keys, those of the place one comes from first.

use super::command_line::COMMANDS;
use super::window;
use crate::app::App;
use crate::keymap::{Binding, Context, Keymap};
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The lines of the help: each key of the table at least once.
pub(crate) fn lines(keys: &Keymap, from: Context, demo: bool, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(format!("Here: {}", from.name()), theme.strong())];
    lines.extend(keys.bindings(from).map(|binding| line(binding, theme)));
    lines.push(Line::default());
    lines.push(Line::styled("Elsewhere", theme.strong()));
    let elsewhere = keys
        .all()
        .iter()
        .filter(|binding| !binding.contexts.contains(&from));
    for binding in elsewhere {
        let mut line = line(binding, theme);
        let places: Vec<&str> = binding.contexts.iter().map(|context| context.name()).collect();
        if places.len() <= 2 {
            line.push_span(Span::styled(format!("  ({})", places.join(", ")), theme.dim()));
        }
        lines.push(line);
    }
    lines.push(Line::default());
    lines.push(Line::styled("Command line", theme.strong()));
    for command in COMMANDS.iter().filter(|command| demo || !command.demo) {
        lines.push(pair(&format!(":{}", command.word), command.help, theme));
    }
    lines.push(Line::default());
    lines.push(Line::from(
        "▸ cursor  ■ marked  B break-glass  ! needs care  ● active  ○ waits  ✓ done  ✗ not",
    ));
    lines.push(Line::from(
        "? needs a review  +k over, but keys that were issued may live",
    ));
    lines
}

fn line(binding: &Binding, theme: Theme) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(|key| key.name()).collect();
    pair(&keys.join(" "), binding.help, theme)
}

fn pair(left: &str, right: &str, theme: Theme) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!("  {left:<14} "), theme.accent()),
        Span::raw(right.to_owned()),
    ])
}

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let Some((scroll, from)) = app.help else { return };
    let inside = window(
        frame,
        area,
        theme,
        &app.keyed("help · {back} closes · {down} {up} scroll"),
        78,
        area.height,
    );
    let lines = lines(&app.keys, from, app.demo.is_some(), theme);
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(inside.height);
    frame.render_widget(Paragraph::new(lines).scroll((scroll.min(most), 0)), inside);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_every_help() {
        for context in Context::ALL {
            let text: String = lines(&Keymap::default(), context, true, Theme::plain())
                .iter()
                .map(|line| format!("{line}\n"))
                .collect();
            for binding in Keymap::default().all() {
                assert!(text.contains(binding.help), "{:?} in {context:?}", binding.help);
                for key in binding.keys.iter() {
                    assert!(text.contains(&key.name()), "{key:?}");
                }
            }
        }
    }
}
