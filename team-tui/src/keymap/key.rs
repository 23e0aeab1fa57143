//! One key, as it is pressed, shown and written.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

impl Key {
    pub(super) fn matches(self, event: &KeyEvent) -> bool {
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

    /// As it is written in the settings: `a`, `space`, `ctrl-e`, `f5`, `enter`, `pageup`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        if let (Some(c), None) = (letters.next(), letters.next()) {
            return (!c.is_control() && !c.is_whitespace()).then_some(Self::Char(c));
        }
        let lower = text.to_ascii_lowercase();
        if let Some(letter) = lower.strip_prefix("ctrl-") {
            // A terminal sends ^H, ^I, ^J and ^M for Backspace, Tab and Enter: nobody can tell them apart.
            let mut letters = letter.chars();
            return match (letters.next(), letters.next()) {
                (Some(c @ 'a'..='z'), None) if !"hijm".contains(c) => Some(Self::Ctrl(c)),
                _ => None,
            };
        }
        if let Some(number) = lower.strip_prefix('f') {
            let number: u8 = number.parse().ok()?;
            return (1..=12)
                .contains(&number)
                .then_some(Self::Code(KeyCode::F(number)));
        }
        Some(match lower.as_str() {
            "space" => Self::Char(' '),
            "enter" => Self::Code(KeyCode::Enter),
            "esc" => Self::Code(KeyCode::Esc),
            "tab" => Self::Code(KeyCode::Tab),
            "backtab" => Self::Code(KeyCode::BackTab),
            "up" => Self::Code(KeyCode::Up),
            "down" => Self::Code(KeyCode::Down),
            "left" => Self::Code(KeyCode::Left),
            "right" => Self::Code(KeyCode::Right),
            "home" => Self::Code(KeyCode::Home),
            "end" => Self::Code(KeyCode::End),
            "pageup" => Self::Code(KeyCode::PageUp),
            "pagedown" => Self::Code(KeyCode::PageDown),
            "insert" => Self::Code(KeyCode::Insert),
            "delete" => Self::Code(KeyCode::Delete),
            _ => return None,
        })
    }

    /// Whether it types something, or moves and deletes in what was typed: no meaning of ours where one types.
    pub(super) fn is_of_text(self) -> bool {
        matches!(
            self,
            Self::Char(_)
                | Self::Code(KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End | KeyCode::Delete)
        )
    }
}
