//! `:` and what may follow it.

use crate::format::fit;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;
use tui_input::Input;

/// The line's state.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommandLine {
    pub(crate) input: Input,
}

/// A command: its word, what it takes, what it does.
pub(crate) struct Command {
    pub(crate) word: &'static str,
    pub(crate) help: &'static str,
    pub(crate) demo: bool,
}

const fn command(word: &'static str, help: &'static str) -> Command {
    Command {
        word,
        help,
        demo: false,
    }
}

/// Those of every dashboard, then those of a demo.
pub(crate) const COMMANDS: &[Command] = &[
    command("queue", "pending requests"),
    command("mine", "your requests"),
    command("sessions", "live access"),
    command("history", "all requests"),
    command("audit", "audit rows"),
    command("status", "the daemon's health"),
    command(
        "freeze",
        "REASON, or --revoke REASON: stop everything new, or end what is live too",
    ),
    command("unfreeze", "lift the freeze"),
    command("new", "new request"),
    command("open", "ID: open a request"),
    command("help", "the keys"),
    command("refresh", "read everything again"),
    command("q", "quit"),
    command("quit", "quit"),
    Command {
        word: "as",
        help: "NAME: act as another person",
        demo: true,
    },
    Command {
        word: "chaos",
        help: "kill the daemon over an expiry and watch it recover",
        demo: true,
    },
];

/// What the typed text may become.
pub(crate) fn completions(typed: &str, people: Option<&[String]>) -> Vec<String> {
    if let (Some(name), Some(people)) = (typed.strip_prefix("as "), people) {
        return people
            .iter()
            .filter(|person| person.starts_with(name.trim_start()))
            .map(|person| format!("as {person}"))
            .collect();
    }
    COMMANDS
        .iter()
        .filter(|command| command.word.starts_with(typed) && (people.is_some() || !command.demo))
        .map(|command| command.word.to_owned())
        .collect()
}

pub(crate) fn draw(frame: &mut Frame, area: Rect, line: &CommandLine, theme: Theme) {
    let width = usize::from(area.width);
    frame.render_widget(Clear, area);
    let text = format!(":{}", line.input.value());
    frame.render_widget(Line::styled(fit(&text, width), theme.strong()), area);
    let column = u16::try_from(line.input.visual_cursor() + 1).unwrap_or(0);
    frame.set_cursor_position(Position::new(
        area.x + column.min(area.width.saturating_sub(1)),
        area.y,
    ));
}

#[cfg(test)]
mod tests {
    use super::completions;

    #[test]
    fn words_and_people_complete() {
        let people = ["alice".to_owned(), "bob".to_owned()];
        assert_eq!(completions("se", None), ["sessions"]);
        assert_eq!(completions("ch", Some(&people)), ["chaos"]);
        assert!(completions("ch", None).is_empty());
        assert_eq!(completions("as al", Some(&people)), ["as alice"]);
    }
}
