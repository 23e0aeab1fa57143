//! `[keys]` of the settings: other keys for actions. Either all of it holds or none, and every mistake is named at once.

use super::{Action, Binding, Context, Key, Keymap};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// `"key"` or `["key", "key"]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Keymap {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, Written>::deserialize(from)?;
        let written = written.into_iter().map(|(action, keys)| match keys {
            Written::One(key) => (action, vec![key]),
            Written::Many(keys) => (action, keys),
        });
        Self::remapped(written).map_err(|mistakes| serde::de::Error::custom(mistakes.join("\n")))
    }
}

impl Keymap {
    /// The usual table with other keys for some actions, or all that is wrong with them.
    fn remapped(written: impl Iterator<Item = (String, Vec<String>)>) -> Result<Self, Vec<String>> {
        let mut map = Self::default();
        let mut mistakes = Vec::new();
        for (name, keys) in written {
            let found = map.bindings.iter().map(|binding| binding.action);
            let Some(action) = found.into_iter().find(|action| action.name() == name) else {
                mistakes.push(format!(
                    "[keys] {name}: no such action; docs/DASHBOARD.md lists them"
                ));
                continue;
            };
            if keys.is_empty() {
                mistakes.push(format!("[keys] {name}: an action needs a key"));
            }
            let mut read = Vec::new();
            for text in keys {
                match Key::read(&text) {
                    Some(key) => read.push(key),
                    None => mistakes.push(format!(
                        "[keys] {name}: {text:?} is no key: a letter, ctrl-e, f5, enter, esc, tab, space, up, pageup"
                    )),
                }
            }
            if !read.is_empty() {
                map.give(action, &read);
            }
        }
        mistakes.extend(map.conflicts());
        if mistakes.is_empty() {
            Ok(map)
        } else {
            Err(mistakes)
        }
    }

    /// Where one types, keys that are text keep out, and what would be left without any keeps its own.
    fn give(&mut self, action: Action, keys: &[Key]) {
        let typing: Vec<Key> = keys.iter().copied().filter(|key| !key.is_of_text()).collect();
        let mut bindings = Vec::with_capacity(self.bindings.len() + 1);
        for binding in self.bindings.drain(..) {
            if binding.action != action {
                bindings.push(binding);
                continue;
            }
            let (typed, read): (Vec<Context>, Vec<Context>) =
                binding.contexts.iter().partition(|context| context.is_typing());
            for (contexts, keys) in [(read, keys), (typed, typing.as_slice())] {
                if contexts.is_empty() {
                    continue;
                }
                bindings.push(Binding {
                    keys: if keys.is_empty() {
                        binding.keys.clone()
                    } else {
                        keys.to_vec().into()
                    },
                    contexts: contexts.into(),
                    ..binding.clone()
                });
            }
        }
        self.bindings = bindings;
    }

    /// Keys that would have two meanings in one place, each pair told once.
    fn conflicts(&self) -> Vec<String> {
        let mut told = Vec::new();
        for context in Context::ALL {
            let mut seen: HashMap<Key, Action> = HashMap::new();
            for binding in self.bindings(context) {
                for key in binding.keys.iter() {
                    let Some(other) = seen.insert(*key, binding.action) else {
                        continue;
                    };
                    let text = format!(
                        "[keys] {} is {} and {}",
                        key.name(),
                        other.name(),
                        binding.action.name()
                    );
                    if !told.iter().any(|line: &String| line.starts_with(&text)) {
                        told.push(format!("{text} ({})", context.name()));
                    }
                }
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn read(text: &str) -> Result<Keymap, toml::de::Error> {
        toml::from_str(text)
    }

    fn press(map: &Keymap, context: Context, code: KeyCode) -> Option<Action> {
        map.lookup(context, &KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn an_action_moves_to_its_new_keys() {
        let map = read("approve = \"A\"\nclaim = [\"K\", \"f6\"]").expect("keys");
        assert_eq!(
            press(&map, Context::Queue, KeyCode::Char('A')),
            Some(Action::Approve)
        );
        assert_eq!(press(&map, Context::Detail, KeyCode::F(6)), Some(Action::Claim));
        assert_eq!(press(&map, Context::Queue, KeyCode::Char('a')), None);
        assert_eq!(map.name(Action::Approve), "A");
    }

    #[test]
    fn two_actions_may_change_places() {
        let map = read("approve = \"x\"\nrevoke = \"a\"").expect("keys");
        assert_eq!(
            press(&map, Context::Queue, KeyCode::Char('a')),
            Some(Action::Revoke)
        );
    }

    #[test]
    fn letters_stay_text_where_one_types() {
        let map = read("back = \"b\"\ndown = \"e\"\nedit = \"J\"\nhelp = \"h\"").expect("keys");
        for context in Context::ALL.into_iter().filter(|context| context.is_typing()) {
            assert_eq!(press(&map, context, KeyCode::Char('b')), None, "{context:?}");
            assert_eq!(
                press(&map, context, KeyCode::Esc),
                Some(Action::Back),
                "{context:?}"
            );
            assert_eq!(
                press(&map, context, KeyCode::F(1)),
                Some(Action::Help),
                "{context:?}"
            );
        }
        assert_eq!(press(&map, Context::Form, KeyCode::Down), Some(Action::Down));
        assert_eq!(
            press(&map, Context::Queue, KeyCode::Char('b')),
            Some(Action::Back)
        );
        assert_eq!(press(&map, Context::Queue, KeyCode::Esc), None);
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let text =
            "aprove = \"A\"\nclaim = []\nreject = [\"ctrl-m\", \"hyper-x\"]\nsort = \"a\"\nfilter = \"q\"";
        let error = read(text).expect_err("mistakes").to_string();
        for says in [
            "aprove: no such action",
            "claim: an action needs a key",
            "\"ctrl-m\" is no key",
            "\"hyper-x\" is no key",
            "a is approve and sort (Queue)",
            "q is filter and quit (Queue)",
        ] {
            assert!(error.contains(says), "{says:?} in {error}");
        }
    }
}
