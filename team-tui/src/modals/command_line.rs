//! `:` and what may follow it: the words of the command line, and everything that a key does here, found by pieces.

use super::window;
use crate::app::App;
use crate::format::fit;
use crate::keymap::{Action, Context};
use crate::theme::Theme;
use crate::update::why_not;
use crate::widgets::fuzzy;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;
use tui_input::Input;

/// The line's state.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine {
    pub(crate) input: Input,
    /// Which of what was found.
    pub(crate) index: usize,
    /// Where one comes from: what keys do there is found.
    pub(crate) from: Context,
}

impl CommandLine {
    pub(crate) fn new(from: Context) -> Self {
        Self {
            input: Input::default(),
            index: 0,
            from,
        }
    }

    /// What was typed may be meant for, best first. Nothing once a word of the line has something behind it.
    pub(crate) fn found(&self, app: &App) -> Vec<Candidate> {
        let typed = self.input.value();
        let first = typed.split(' ').next().unwrap_or_default();
        if typed.contains(' ') && COMMANDS.iter().any(|command| command.word == first) {
            return Vec::new();
        }
        let words = COMMANDS
            .iter()
            .filter(|command| app.demo.is_some() || !command.demo)
            .map(|command| Candidate {
                key: format!(":{}", command.word),
                text: command.help,
                does: Does::Word(command.word),
            });
        let keys = app
            .keys
            .bindings(self.from)
            .filter(|binding| binding.action.is_of_the_palette() && why_not(app, binding.action).is_none())
            .map(|binding| Candidate {
                key: binding.shown().unwrap_or_default(),
                text: binding.help,
                does: Does::Action(binding.action),
            });
        let all: Vec<Candidate> = words.chain(keys).collect();
        let ranked = fuzzy::rank(typed, &all, |candidate| {
            format!("{} {}", candidate.key, candidate.text)
        });
        ranked.into_iter().cloned().collect()
    }
}

/// Something that can be done from the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is typed for it.
    pub(crate) key: String,
    /// What it does, in words.
    pub(crate) text: &'static str,
    pub(crate) does: Does,
}

/// What a candidate stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Word(&'static str),
    Action(Action),
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
    command("report", "requests of the last 30 days, counted"),
    command("status", "the daemon's health"),
    command(
        "policy",
        "the policy: what you can ask for, rules, settings, history",
    ),
    command("activity", "what is done in all sessions"),
    command(
        "freeze",
        "REASON, or --revoke REASON: stop everything new, or end what is live too",
    ),
    command("unfreeze", "lift the freeze"),
    command("new", "new request"),
    command(
        "use",
        "your live access under the cursor: console link, AWS profile, sign-in",
    ),
    command(
        "lost",
        "give up the removal under the cursor: it can never succeed, two administrators",
    ),
    command("template", "NAME: new request, filled as config.toml says"),
    command("open", "ID: open a request"),
    command(
        "columns",
        "NAMES, or +NAME -NAME: the columns of this list; `usual` gives those it has by itself",
    ),
    command(
        "copy",
        "id, command, account, person, reason, ticket, link or line: onto the clipboard",
    ),
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
    if let Some(word) = typed.strip_prefix("copy ") {
        return crate::update::copy::WHAT
            .iter()
            .filter(|(known, _)| known.starts_with(word.trim_start()))
            .map(|(known, _)| format!("copy {known}"))
            .collect();
    }
    if typed.starts_with("columns ") {
        let (before, word) = typed.rsplit_once([' ', '+']).unwrap_or_default();
        let mark = &typed[before.len()..typed.len() - word.len()];
        return crate::lists::columns::names()
            .filter(|name| !word.is_empty() && name.starts_with(word))
            .map(|name| format!("{before}{mark}{name}"))
            .collect();
    }
    COMMANDS
        .iter()
        .filter(|command| command.word.starts_with(typed) && (people.is_some() || !command.demo))
        .map(|command| command.word.to_owned())
        .collect()
}

/// The line in `area`, and above it what it may become.
pub(crate) fn draw(frame: &mut Frame, body: Rect, area: Rect, app: &App, line: &CommandLine, theme: Theme) {
    const MOST: usize = 10;
    let width = usize::from(area.width);
    let found = line.found(app);
    if !found.is_empty() {
        let first = line.index.saturating_sub(MOST - 1);
        let shown = found.len().min(MOST);
        let height = u16::try_from(shown + 2).unwrap_or(u16::MAX).min(body.height);
        let foot = Rect {
            y: body.bottom().saturating_sub(height),
            height,
            ..body
        };
        let title = format!(
            "{} found · ↑ ↓ choose · {} does it",
            found.len(),
            app.key(Action::Accept)
        );
        let inside = window(frame, foot, theme, &title, 76, height);
        for (row, (at, candidate)) in found.iter().enumerate().skip(first).take(shown).enumerate() {
            let y = inside.y + u16::try_from(row).unwrap_or(u16::MAX);
            if y >= inside.bottom() {
                break;
            }
            let text = fit(
                &format!("{:<12} {}", candidate.key, candidate.text),
                usize::from(inside.width),
            );
            let style = if at == line.index {
                theme.selected()
            } else {
                theme.text()
            };
            frame.render_widget(
                Line::styled(text, style),
                Rect {
                    y,
                    height: 1,
                    ..inside
                },
            );
        }
    }
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
        assert_eq!(completions("columns id tic", None), ["columns id ticket"]);
        assert_eq!(completions("columns +rea", None), ["columns +reason"]);
    }
}
