//! The one table of keys. Dispatch, the key line and the help are all read from it, so they cannot disagree.

use crate::app::Screen;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Go(Screen),
    NextScreen,
    PreviousScreen,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    Open,
    Back,
    Filter,
    Sort,
    SortBack,
    Mark,
    Command,
    Help,
    LocalTime,
    Copy,
    Resync,
    Approve,
    Reject,
    Revoke,
    Cancel,
    Done,
    New,
    Repeat,
    Claim,
    Extend,
    Review,
    Freeze,
    Audit,
    Bars,
    Access,
    NextPart,
    Edit,
    Apply,
    Quit,
    ForceQuit,
    Suspend,
    Submit,
    NextField,
    PreviousField,
    Accept,
    Complete,
}

impl Action {
    /// Whether it is worth finding by its words: what only moves is not.
    pub(crate) fn is_of_the_palette(self) -> bool {
        !matches!(
            self,
            Self::Up
                | Self::Down
                | Self::Top
                | Self::Bottom
                | Self::PageUp
                | Self::PageDown
                | Self::Back
                | Self::Command
                | Self::Suspend
                | Self::ForceQuit
                | Self::Submit
                | Self::NextField
                | Self::PreviousField
                | Self::Accept
                | Self::Complete
        )
    }

    /// Whether the daemon is asked to change something.
    pub(crate) fn changes(self) -> bool {
        matches!(
            self,
            Self::Approve
                | Self::Reject
                | Self::Revoke
                | Self::Cancel
                | Self::Done
                | Self::New
                | Self::Repeat
                | Self::Claim
                | Self::Extend
                | Self::Review
                | Self::Freeze
                | Self::Edit
                | Self::Apply
        )
    }
}

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    Queue,
    Mine,
    Sessions,
    History,
    Status,
    Policy,
    Detail,
    Dialog,
    Form,
    Command,
    Filter,
    Help,
}

impl Context {
    pub(crate) const ALL: [Self; 12] = [
        Self::Queue,
        Self::Mine,
        Self::Sessions,
        Self::History,
        Self::Status,
        Self::Policy,
        Self::Detail,
        Self::Dialog,
        Self::Form,
        Self::Command,
        Self::Filter,
        Self::Help,
    ];

    /// Its heading in the help.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Mine => "Mine",
            Self::Sessions => "Sessions",
            Self::History => "History",
            Self::Status => "Status",
            Self::Policy => "Policy",
            Self::Detail => "request sheet",
            Self::Dialog => "dialog",
            Self::Form => "request form",
            Self::Command => "command line",
            Self::Filter => "filter",
            Self::Help => "help",
        }
    }

    pub(crate) fn of(screen: Screen) -> Self {
        match screen {
            Screen::Queue => Self::Queue,
            Screen::Mine => Self::Mine,
            Screen::Sessions => Self::Sessions,
            Screen::History => Self::History,
            Screen::Status => Self::Status,
            Screen::Policy => Self::Policy,
        }
    }
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The keys, the first of which is shown in the key line.
    pub(crate) keys: &'static [Key],
    pub(crate) action: Action,
    pub(crate) contexts: &'static [Context],
    /// For the key line; empty: not there.
    pub(crate) label: &'static str,
    /// For the help.
    pub(crate) help: &'static str,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match (self, event.code) {
            (Self::Char(c), KeyCode::Char(pressed)) => c == pressed && !control && !alt,
            (Self::Ctrl(c), KeyCode::Char(pressed)) => c == pressed.to_ascii_lowercase() && control && !alt,
            (Self::Code(code), pressed) => code == pressed && !control && !alt,
            _ => false,
        }
    }

    /// As the key line shows it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Char(' ') => "space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(KeyCode::Enter) => "Enter".to_owned(),
            Self::Code(KeyCode::BackTab) => "S-Tab".to_owned(),
            Self::Code(KeyCode::Up) => "↑".to_owned(),
            Self::Code(KeyCode::Down) => "↓".to_owned(),
            Self::Code(KeyCode::PageUp) => "PgUp".to_owned(),
            Self::Code(KeyCode::PageDown) => "PgDn".to_owned(),
            Self::Code(code) => format!("{code}"),
        }
    }
}

use Action as A;
use Context as C;
use Key::{Char, Code, Ctrl};

const LISTS: &[C] = &[C::Queue, C::Mine, C::Sessions, C::History];
const FILTERED: &[C] = &[C::Queue, C::Mine, C::Sessions, C::History, C::Policy];
const SCREENS: &[C] = &[C::Queue, C::Mine, C::Sessions, C::History, C::Status, C::Policy];
const SHEETS: &[C] = &[C::Queue, C::Mine, C::Sessions, C::History, C::Detail];
const PAGES: &[C] = &[
    C::Queue,
    C::Mine,
    C::Sessions,
    C::History,
    C::Status,
    C::Policy,
    C::Detail,
];
const READING: &[C] = &[
    C::Queue,
    C::Mine,
    C::Sessions,
    C::History,
    C::Status,
    C::Policy,
    C::Detail,
    C::Help,
];
const TYPING: &[C] = &[C::Dialog, C::Form, C::Command, C::Filter];
const FIELDS: &[C] = &[C::Dialog, C::Form];
const CHOOSING: &[C] = &[C::Dialog, C::Form, C::Command];
const EVERYWHERE: &[C] = &C::ALL;

/// Shortens the table below to a line a key.
const fn key(
    keys: &'static [Key],
    action: Action,
    contexts: &'static [Context],
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        keys,
        action,
        contexts,
        label,
        help,
    }
}

/// The table, in the order of the key line.
#[rustfmt::skip]
pub(crate) const KEYS: &[Binding] = &[
    key(&[Ctrl('s')], A::Submit, FIELDS, "submit", "submit"),
    key(&[Code(KeyCode::Tab)], A::NextField, FIELDS, "next field", "take the choice, next field"),
    key(&[Code(KeyCode::BackTab)], A::PreviousField, FIELDS, "back", "previous field"),
    key(&[Code(KeyCode::Down)], A::Down, CHOOSING, "", "next choice, or next field"),
    key(&[Code(KeyCode::Up)], A::Up, CHOOSING, "", "previous choice, or previous field"),
    key(&[Code(KeyCode::Enter)], A::Accept, TYPING, "", "take the choice and go on; press the button"),
    key(&[Code(KeyCode::Tab)], A::Complete, &[C::Command], "complete", "complete the word"),
    key(&[Char('a')], A::Approve, SHEETS, "approve", "approve…"),
    key(&[Char('r'), Char('d')], A::Reject, SHEETS, "reject", "reject… (a comment is required)"),
    key(&[Char('x')], A::Revoke, SHEETS, "revoke", "revoke… (end somebody's access now)"),
    key(&[Char('w')], A::Cancel, SHEETS, "cancel", "cancel… (your own, before it is active)"),
    key(&[Char('D')], A::Done, SHEETS, "done", "done… (end your own access now)"),
    key(&[Char('E')], A::Extend, SHEETS, "extend", "extend… (more time on your own live access)"),
    key(&[Char('c')], A::Claim, SHEETS, "claim", "say that you look at it; again: that you do not"),
    key(&[Char('R')], A::Review, SHEETS, "review", "close its review… (access that is over)"),
    key(&[Char('F')], A::Freeze, PAGES, "", "freeze… (stop everything new); lift it where one is on"),
    key(&[Char('n')], A::New, PAGES, "new", "new request"),
    key(&[Char('N')], A::Repeat, SHEETS, "", "new request like this one"),
    key(&[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)], A::Open, LISTS, "open", "open the request"),
    key(&[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)], A::Open, &[C::Policy], "open", "why; the rule in full; what a version changed"),
    key(&[Char('v')], A::NextPart, &[C::Policy], "part", "what you can ask for, rules, settings, history"),
    key(&[Char('e')], A::Edit, &[C::Policy], "edit", "edit the document in $EDITOR, then see its plan"),
    key(&[Ctrl('s')], A::Apply, &[C::Policy], "apply", "apply what the plan shows"),
    key(&[Char('v')], A::Audit, &[C::History], "audit", "audit rows or requests"),
    key(&[Char('v')], A::Bars, &[C::Sessions], "bars", "who has what over the hours, or activity"),
    key(&[Char('v')], A::Access, &[C::Status], "access", "what teamd holds, what others hold, drift, the health"),
    key(&[Char('/')], A::Filter, FILTERED, "filter", "filter: words, who:bob, !state:ended; Esc clears"),
    key(&[Char('s')], A::Sort, LISTS, "", "sort by the next column"),
    key(&[Char('S')], A::SortBack, LISTS, "", "the other way round"),
    key(&[Char(' ')], A::Mark, LISTS, "", "mark: a, r, x, c, R are then for all that is marked"),
    key(&[Char('y')], A::Copy, SHEETS, "", "copy the id (by the terminal: OSC 52)"),
    key(&[Char('1')], A::Go(Screen::Queue), PAGES, "", "Queue: pending requests"),
    key(&[Char('2')], A::Go(Screen::Mine), PAGES, "", "Mine: your requests"),
    key(&[Char('3')], A::Go(Screen::Sessions), PAGES, "", "Sessions: live access and its activity"),
    key(&[Char('4')], A::Go(Screen::History), PAGES, "", "History: all requests, audit rows"),
    key(&[Char('5')], A::Go(Screen::Status), PAGES, "", "Status: the daemon's health"),
    key(&[Char('6')], A::Go(Screen::Policy), PAGES, "", "Policy: what you can ask for, rules, settings, history"),
    key(&[Code(KeyCode::Tab)], A::NextScreen, SCREENS, "", "next screen"),
    key(&[Code(KeyCode::BackTab)], A::PreviousScreen, SCREENS, "", "previous screen"),
    key(&[Char('k'), Code(KeyCode::Up)], A::Up, READING, "", "up"),
    key(&[Char('j'), Code(KeyCode::Down)], A::Down, READING, "", "down"),
    key(&[Char('g'), Code(KeyCode::Home)], A::Top, READING, "", "top"),
    key(&[Char('G'), Code(KeyCode::End)], A::Bottom, READING, "", "bottom"),
    key(&[Code(KeyCode::PageUp), Ctrl('u')], A::PageUp, READING, "", "page up"),
    key(&[Code(KeyCode::PageDown), Ctrl('d')], A::PageDown, READING, "", "page down"),
    key(&[Char('t')], A::LocalTime, PAGES, "", "UTC or local time"),
    key(&[Ctrl('r'), Code(KeyCode::F(5))], A::Resync, PAGES, "", "read everything again; reconnect now"),
    key(&[Code(KeyCode::Esc)], A::Back, EVERYWHERE, "", "back, clear, leave the dialog; never quits"),
    key(&[Char(':')], A::Command, PAGES, "", "command line: everything, found by pieces"),
    key(&[Char('?'), Code(KeyCode::F(1))], A::Help, READING, "help", "this help"),
    key(&[Code(KeyCode::F(1))], A::Help, TYPING, "", "this help"),
    key(&[Char('q')], A::Quit, READING, "quit", "quit; from a sheet or the help: back"),
    key(&[Ctrl('c')], A::ForceQuit, EVERYWHERE, "", "quit at once"),
    key(&[Ctrl('z')], A::Suspend, EVERYWHERE, "", "suspend"),
];

/// What a key means here.
pub(crate) fn lookup(context: Context, event: &KeyEvent) -> Option<Action> {
    KEYS.iter()
        .filter(|binding| binding.contexts.contains(&context))
        .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
        .map(|binding| binding.action)
}

/// Lines that have a meaning here.
pub(crate) fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    KEYS.iter()
        .filter(move |binding| binding.contexts.contains(&context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for binding in bindings(context) {
                for key in binding.keys {
                    assert!(seen.insert(*key), "{key:?} twice in {context:?}");
                }
            }
        }
    }

    #[test]
    fn every_key_is_explained_and_leaves_exist_everywhere() {
        assert!(
            KEYS.iter()
                .all(|binding| !binding.help.is_empty() && !binding.keys.is_empty())
        );
        let press = |code, modifiers| KeyEvent::new(code, modifiers);
        for context in Context::ALL {
            let quit = press(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(lookup(context, &quit), Some(Action::ForceQuit), "{context:?}");
            let back = press(KeyCode::Esc, KeyModifiers::NONE);
            assert_eq!(lookup(context, &back), Some(Action::Back), "{context:?}");
        }
    }

    #[test]
    fn letters_are_text_while_one_types() {
        for context in [Context::Dialog, Context::Form, Context::Command, Context::Filter] {
            for c in ' '..='~' {
                let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                assert_eq!(lookup(context, &event), None, "{c:?} in {context:?}");
            }
        }
    }

    #[test]
    fn control_and_plain_letters_differ() {
        let event = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
        assert_eq!(lookup(Context::Queue, &event), Some(Action::PageDown));
        let event = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert_eq!(lookup(Context::Queue, &event), Some(Action::Reject));
    }
}
