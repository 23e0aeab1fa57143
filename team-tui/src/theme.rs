//! All colours. The terminal's own 16, so that they follow the palette that the reader has chosen; none at all under
//! `NO_COLOR`. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use team_shared::state::RequestState;

/// Which styles there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// The terminal's 16 colours.
    #[default]
    Ansi16,
    /// Bold, dim and reversed, and no colour.
    Mono,
    /// Few colours, all of them bright, and nothing dim.
    HighContrast,
}

/// Styles by what they mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme(Palette);

impl Theme {
    /// This palette, or none of its colours where `NO_COLOR` is set to something.
    pub(crate) fn from_environment(palette: Palette) -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(if is_plain { Palette::Mono } else { palette })
    }

    /// Without colours, for tests that only look at text.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self(Palette::Mono)
    }

    /// As it would be without `NO_COLOR`.
    #[cfg(test)]
    pub(crate) fn of(palette: Palette) -> Self {
        Self(palette)
    }

    fn coloured(self, colour: Color, bright: Color) -> Style {
        match self.0 {
            Palette::Ansi16 => Style::new().fg(colour),
            Palette::Mono => Style::new(),
            Palette::HighContrast => Style::new().fg(bright).add_modifier(Modifier::BOLD),
        }
    }

    pub(crate) fn text(self) -> Style {
        Style::new()
    }

    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn dim(self) -> Style {
        match self.0 {
            Palette::Ansi16 => Style::new().fg(Color::DarkGray),
            Palette::Mono => Style::new().add_modifier(Modifier::DIM),
            Palette::HighContrast => Style::new(),
        }
    }

    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(crate) fn good(self) -> Style {
        self.coloured(Color::Green, Color::LightGreen)
    }

    pub(crate) fn care(self) -> Style {
        self.coloured(Color::Yellow, Color::LightYellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red, Color::LightRed)
            .add_modifier(Modifier::BOLD)
    }

    pub(crate) fn accent(self) -> Style {
        self.coloured(Color::Cyan, Color::LightCyan)
    }

    pub(crate) fn state(self, state: RequestState) -> Style {
        match state {
            RequestState::Active => self.good(),
            RequestState::Pending | RequestState::Activating | RequestState::Ending => self.care(),
            RequestState::Scheduled => self.accent(),
            RequestState::Failed | RequestState::Lost => self.bad(),
            _ => self.dim(),
        }
    }
}
