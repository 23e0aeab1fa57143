//! The one table of keys. Dispatch, the key line, the palette and the help are all read from it, so they cannot disagree.
//!
//! [`table`] is how it comes; [`remap`] what the reader's `[keys]` make of it.

mod action;
mod context;
mod key;
mod remap;
mod table;

pub(crate) use action::Action;
pub(crate) use context::Context;
pub(crate) use key::Key;
#[cfg(test)]
pub(crate) use table::KEYS;

use crossterm::event::KeyEvent;
use std::borrow::Cow;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The keys, the first of which is shown in the key line.
    pub(crate) keys: Cow<'static, [Key]>,
    pub(crate) action: Action,
    pub(crate) contexts: Cow<'static, [Context]>,
    /// For the key line; empty: not there.
    pub(crate) label: &'static str,
    /// For the help.
    pub(crate) help: &'static str,
}

/// The table as this reader has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self {
            bindings: table::KEYS.to_vec(),
        }
    }
}

impl Keymap {
    /// What a key means here.
    pub(crate) fn lookup(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        self.bindings(context)
            .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
            .map(|binding| binding.action)
    }

    /// Lines that have a meaning here.
    pub(crate) fn bindings(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.bindings
            .iter()
            .filter(move |binding| binding.contexts.contains(&context))
    }

    /// All lines.
    pub(crate) fn all(&self) -> &[Binding] {
        &self.bindings
    }

    /// The key that is shown for an action where one reads, for texts that tell people what to press.
    /// A text of ours in which `{back}` stands for the key of that action: keys may be others than usual.
    pub(crate) fn keyed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for binding in &self.bindings {
            let name = format!("{{{}}}", binding.action.name());
            if text.contains(&name) {
                text = text.replace(&name, &self.name(binding.action));
            }
        }
        text
    }

    pub(crate) fn name(&self, action: Action) -> String {
        self.bindings
            .iter()
            .filter(|binding| binding.action == action)
            .find_map(Binding::shown)
            .unwrap_or_default()
    }
}

impl Binding {
    /// The key that stands for it in the key line.
    pub(crate) fn shown(&self) -> Option<String> {
        self.keys.first().map(|key| key.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};
    use std::collections::HashSet;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            let map = Keymap::default();
            for binding in map.bindings(context) {
                for key in binding.keys.iter() {
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
            assert_eq!(
                Keymap::default().lookup(context, &quit),
                Some(Action::ForceQuit),
                "{context:?}"
            );
            let back = press(KeyCode::Esc, KeyModifiers::NONE);
            assert_eq!(
                Keymap::default().lookup(context, &back),
                Some(Action::Back),
                "{context:?}"
            );
        }
    }

    #[test]
    fn letters_are_text_while_one_types() {
        for context in [Context::Dialog, Context::Form, Context::Command, Context::Filter] {
            for c in ' '..='~' {
                let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                assert_eq!(
                    Keymap::default().lookup(context, &event),
                    None,
                    "{c:?} in {context:?}"
                );
            }
        }
    }

    /// The table of `docs/DASHBOARD.md`.
    fn documented() -> String {
        let mut text = String::from("| action | keys | what | where |\n|---|---|---|---|\n");
        for binding in KEYS {
            let keys: Vec<String> = binding
                .keys
                .iter()
                .map(|key| format!("`{}`", key.name()))
                .collect();
            let places: Vec<&str> = binding.contexts.iter().map(|context| context.name()).collect();
            let places = if places.len() == Context::ALL.len() {
                "everywhere".to_owned()
            } else {
                places.join(", ")
            };
            let (action, keys, help) = (binding.action.name(), keys.join(" "), binding.help);
            text.push_str(&format!("| `{action}` | {keys} | {help} | {places} |\n"));
        }
        text
    }

    #[test]
    fn every_key_is_documented() {
        let page = include_str!("../../docs/DASHBOARD.md");
        let table = documented();
        assert!(page.contains(&table), "docs/DASHBOARD.md should have:\n{table}");
    }

    #[test]
    fn every_key_is_reached_by_pressing_it() {
        let map = Keymap::default();
        for context in Context::ALL {
            for binding in map.bindings(context) {
                for key in binding.keys.iter() {
                    let event = match *key {
                        Key::Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
                        Key::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
                        Key::Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
                    };
                    assert_eq!(
                        map.lookup(context, &event),
                        Some(binding.action),
                        "{key:?} in {context:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn control_and_plain_letters_differ() {
        let event = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
        assert_eq!(
            Keymap::default().lookup(Context::Queue, &event),
            Some(Action::PageDown)
        );
        let event = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert_eq!(
            Keymap::default().lookup(Context::Queue, &event),
            Some(Action::Reject)
        );
    }
}
